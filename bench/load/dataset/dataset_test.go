package dataset_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/redthread-api/redthread/bench/load/dataset"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// The stores are as mutations would have left them: live is the projection of the log,
// the tables are what the revisions say, and documents can be edited and published.
func TestGeneratedStoresAreConsistent(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		set := dataset.New(0.01, 1)
		if name, err := dataset.In(t.Context(), s); name != "" || err != nil {
			t.Fatalf("empty stores: got %q, %v", name, err)
		}
		done := 0
		if err := dataset.Generate(t.Context(), s, set, func(n, _ int) { done = n }); err != nil {
			t.Fatal(err)
		}
		if want := set.Tags + set.Sources + set.Narratives + set.Entities + set.Relationships + set.Reports; done != want {
			t.Errorf("generated %d documents, want %d", done, want)
		}
		if name, err := dataset.In(t.Context(), s); name != set.Name() || err != nil {
			t.Errorf("got the name %q, %v; want %q", name, err, set.Name())
		}
		if err := dataset.Generate(t.Context(), s, set, nil); err == nil {
			t.Error("stores that are not empty were filled again")
		}
		if diff, err := editorialtest.ReindexLive(t.Context(), s); diff != "" || err != nil {
			t.Errorf("the desk's index of live was not right: %v\n%s", err, diff)
		}
		d := editorialtest.New(t, s)
		if n, err := d.IndexNames(t.Context()); n > 0 || err != nil {
			t.Errorf("%d documents had no keys of names, %v", n, err)
		}
		d.WantTablesAsRevised()
		d.WantRebuilt()

		editor := domain.AsSystem(t.Context(), "test")
		saved, err := d.Save(editor, editorial.SaveParams{Type: domain.Report, Mode: editorial.Update, Fields: map[string]any{"id": "report-7", "title": "Another title"}})
		if err != nil || saved.Version != 2 {
			t.Fatalf("got version %d, %v, want 2", saved.Version, err)
		}
		d.MustPublish("report:report-7")
		d.WantRebuilt()
	})
}

// The relationships of an entity are those that start at it.
func TestOutgoing(t *testing.T) {
	t.Parallel()
	for _, scale := range []float64{0.01, 0.05, 1} {
		set := dataset.New(scale, 3)
		from := map[int][]int{}
		for n := set.Relationships - 1; n >= 0; n-- {
			r := set.Relationship(n)
			if r.From == r.To || r.From >= set.Entities || r.To >= set.Entities {
				t.Fatalf("relationship %d goes from %d to %d of %d entities", n, r.From, r.To, set.Entities)
			}
			from[r.From] = append(from[r.From], n)
		}
		for n := range set.Entities {
			got := set.Outgoing(n)
			if len(got) != len(from[n]) {
				t.Fatalf("scale %g: entity %d has %v, want %v", scale, n, got, from[n])
			}
			for i := range got {
				if got[i] != from[n][i] {
					t.Fatalf("scale %g: entity %d has %v, want %v", scale, n, got, from[n])
				}
			}
		}
	}
}

// The content is the same for the same seed and version.
func TestContentIsDeterministic(t *testing.T) {
	t.Parallel()
	const want = "12fa612a971ea4e5685d34ba71a94951006cee3e528228290260ec841c26aff9"
	set := dataset.New(0.01, 1)
	sum := sha256.Sum256(fmt.Append(nil, set.Tag(3), set.Source(4), set.Narrative(5), set.Entity(6), set.Relationship(7), set.Report(8), set.Body(8)))
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("got the hash %s, want %s: raise dataset.Version if the content was meant to change", got, want)
	}
}
