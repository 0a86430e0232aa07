package editorial_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
)

// A rehearsal sees what it writes and publishes, is refused what the desk would
// refuse, and leaves nothing.
func TestRehearse(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Entity("kept")
		before := editorialtest.Dump(t, d.Stores.DeskRows())
		var number int64
		err := d.DryRun(d.Ctx, func(ctx context.Context, r *editorial.DryRun) error {
			saved, err := r.Save(ctx, editorial.SaveParams{Type: domain.Entity, Mode: editorial.Create, Fields: fields{"slug": "new", "name": "New", "kind": "COMPANY"}})
			if err != nil {
				return err
			}
			_, err = r.Save(ctx, editorial.SaveParams{Type: domain.Entity, Mode: editorial.Create, Fields: fields{"slug": "new", "name": "Again", "kind": "COMPANY"}})
			if !errors.Is(err, domain.ErrInvalid) {
				t.Errorf("a slug that is taken: got %v, want ErrInvalid", err)
			}
			if stored, err := r.Find(ctx, domain.Entity, "new"); err != nil || stored == nil || stored.ID != saved.ID {
				t.Errorf("what was saved: got %v, %v", stored, err)
			}
			if names, err := r.Authors(ctx, saved.ID, 0); err != nil || len(names) != 1 {
				t.Errorf("authors: got %v, %v", names, err)
			}
			released, err := r.Release(ctx, editorial.ReleaseParams{Publish: []string{"entity:new", "entity:kept"}})
			if number = released.Sequence; err != nil || len(released.Published) != 2 {
				t.Errorf("release: got %+v, %v", released, err)
			}
			standings, err := r.PublicationStatuses(ctx, []domain.ID{saved.ID})
			if err != nil || standings[saved.ID].IsPending() {
				t.Errorf("standing: got %+v, %v", standings, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if after := editorialtest.Dump(t, d.Stores.DeskRows()); after != before {
			t.Errorf("something stayed:\n%s\nwas:\n%s", after, before)
		}
		d.WantLive(domain.Red)
		if released := d.MustPublish("entity:kept"); released.Sequence != number-1 {
			t.Errorf("the log goes on at %d; the rehearsal of two was at %d", released.Sequence, number)
		}
		failed := errors.New("failed")
		if err := d.DryRun(d.Ctx, func(context.Context, *editorial.DryRun) error { return failed }); !errors.Is(err, failed) {
			t.Errorf("got %v, want what went wrong", err)
		}
		never := func(context.Context, *editorial.DryRun) error { t.Error("it was rehearsed"); return nil }
		if err := d.DryRun(as(t.Context(), domain.Author), never); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("an author: got %v, want ErrForbidden", err)
		}
	})
}

// Authors are those of the revisions after one.
func TestAuthors(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		id := d.Entity("edited")
		system := domain.AsSystem(t.Context(), "import")
		if _, err := d.Save(system, editorial.SaveParams{Type: domain.Entity, Mode: editorial.Update, Fields: fields{"id": "edited", "country": "JP"}}); err != nil {
			t.Fatal(err)
		}
		all, err := d.Authors(d.Ctx, id, 0)
		later, err2 := d.Authors(d.Ctx, id, 1)
		none, err3 := d.Authors(d.Ctx, id, 2)
		if err := errors.Join(err, err2, err3); err != nil || len(all) != 2 || !slices.Equal(later, []string{"system: import"}) || len(none) != 0 {
			t.Errorf("got %v, %v, %v, %v", all, later, none, err)
		}
		if _, err := d.Authors(domain.WithViewer(t.Context(), domain.Anonymous()), id, 0); err == nil {
			t.Error("an anonymous viewer learned the authors")
		}
	})
}
