package projection_test

import (
	"io"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/dependency"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
	"github.com/redthread-api/redthread/internal/projection"
)

// changedKeys returns the keys of steps that changed for viewers of a clearance.
func changedKeys(steps []projection.Step, clearance domain.Marking) (keys []dependency.Key) {
	for _, s := range steps {
		for _, k := range s.Keys {
			if k.ChangedFor(clearance) {
				keys = append(keys, k.Key)
			}
		}
	}
	return keys
}

// A process that does not project learns what releases changed, as one does that projects.
func TestSteps(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		other := projection.New(d.Stores, slog.New(slog.NewTextHandler(io.Discard, nil)), time.Now)
		t.Cleanup(other.Close)
		d.Report("before")
		d.MustPublish("report:before")
		if err := other.Project(t.Context()); err != nil {
			t.Fatal(err)
		}
		here, there := d.Version(), other.Version()
		if steps, now, ok := other.Steps(there); len(steps) != 0 || !ok || !now.Same(there) || !here.Same(there) {
			t.Fatalf("before a release: got %v, %v, %t", steps, now, ok)
		}
		first, second := d.Report("first"), d.Report("second")
		d.MustPublish("report:first")
		d.MustPublish("report:second")
		if err := other.Project(t.Context()); err != nil {
			t.Fatal(err)
		}
		for name, live := range map[string]*projection.Live{"the projecting process": d.Live, "another process": other} {
			steps, now, ok := live.Steps(here)
			keys := changedKeys(steps, domain.Clear)
			if !ok || !now.Same(d.Version()) || !slices.Contains(keys, dependency.Document(first)) || !slices.Contains(keys, dependency.Name(domain.Report, "second")) ||
				!slices.Contains(keys, dependency.Document(second)) || slices.Contains(keys, dependency.Name(domain.Report, "before")) {
				t.Errorf("%s: got %v, %v, %t", name, steps, now, ok)
			}
		}

		// After a rebuild anything may have changed, and the steps go on.
		before := d.Version()
		if _, err := d.RebuildLive(as(t.Context(), domain.Admin), nil); err != nil {
			t.Fatal(err)
		}
		rebuilt := func(live *projection.Live) {
			t.Helper()
			if err := live.Project(t.Context()); err != nil {
				t.Fatal(err)
			}
			if steps, now, ok := live.Steps(before); ok || now.Same(before) {
				t.Errorf("over a rebuild: got %v, %v, %t", steps, now, ok)
			}
		}
		rebuilt(d.Live)
		after := d.Version()
		if _, err := d.Unpublish(d.Ctx, editorial.UnpublishParams{Documents: []string{"report:first"}}); err != nil {
			t.Fatal(err)
		}
		rebuilt(other) // which has seen neither
		if steps, _, ok := d.Live.Steps(after); !ok || !slices.Contains(changedKeys(steps, domain.Clear), dependency.Document(first)) {
			t.Errorf("after a rebuild: got %v, %t", steps, ok)
		}
	})
}

// A live that was lost and made again has steps of its own.
func TestStepsOfALiveThatWasMadeAgain(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Report("first")
		d.MustPublish("report:first")
		before := d.Version()
		d.Report("second")
		d.MustPublish("report:second")
		d.loseLive()
		other := projection.New(d.Stores, slog.New(slog.NewTextHandler(io.Discard, nil)), time.Now)
		t.Cleanup(other.Close)
		if err := other.Project(t.Context()); err != nil {
			t.Fatal(err)
		}
		if steps, _, ok := other.Steps(before); ok {
			t.Errorf("since a version of the lost live: got %v", steps)
		}
	})
}

// What a release changes for a clearance names nothing that the clearance does not see.
func TestStepsNameNothingHidden(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Report("seen")
		d.MustPublish("report:seen")
		here := d.Version()
		hidden := d.Report("hidden", editorialtest.Fields{"marking": "RED"})
		d.MustPublish("report:hidden")
		steps, _, ok := d.Live.Steps(here)
		if !ok || !slices.Contains(changedKeys(steps, domain.Red), dependency.Document(hidden)) {
			t.Errorf("for RED: got %v, %t", steps, ok)
		}
		for c := domain.Clear; c < domain.Red; c++ {
			if keys := changedKeys(steps, c); len(keys) != 0 {
				t.Errorf("for %s: got %x, want nothing", c, keys)
			}
		}
	})
}
