package search_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/search/query"
	"github.com/redthread-api/redthread/internal/store"
)

// finds returns how many documents a viewer finds.
func finds(t *testing.T, index *search.Index, ctx context.Context, text string) int {
	t.Helper()
	found, err := index.Search(ctx, search.Params{Query: query.Parse(text), First: 10})
	if err != nil {
		t.Fatalf("search %q: %v", text, err)
	}
	return found.Total
}

func onDesk(ctx context.Context) context.Context { return domain.WithStage(ctx, domain.Desk) }

// empty deletes the index of a store, as it is after an upgrade from a version without one.
func empty(ctx context.Context, write func(context.Context, func(context.Context, *store.Tx) error) error) error {
	return write(ctx, func(ctx context.Context, tx *store.Tx) error {
		for _, table := range []string{"search_state", "search_units", "search_unit_blocks", "search_pending", "search_segments", "search_blocks"} {
			if err := store.Exec(ctx, tx, "DELETE FROM "+table); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestAnIndexIsBuiltForStoresWithoutOne(t *testing.T) {
	editorialtest.Each(t, func(t *testing.T, d *editorialtest.Desk) {
		d.Report("cranes", editorialtest.Fields{"title": "Cranes over the harbour"})
		d.Report("ferries")
		d.MustPublish("report:cranes")
		for _, write := range []func(context.Context, func(context.Context, *store.Tx) error) error{d.Stores.Desk, d.Stores.Live} {
			if err := empty(t.Context(), write); err != nil {
				t.Fatal(err)
			}
		}
		index, maintenance := search.New(d.Stores), search.NewMaintenance(d.Stores, time.Now)
		if err := maintenance.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := index.Search(d.Ctx, search.Params{Query: query.Parse("cranes"), First: 1}); domain.KindOf(err) != domain.KindUnavailable {
			t.Errorf("before the index is built: got %v, want that it is unavailable", err)
		}
		d.Report("ports", editorialtest.Fields{"title": "Cranes of the ports"}) // is written meanwhile

		if err := maintenance.Due(t.Context(), slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		if n := finds(t, index, onDesk(d.Ctx), "harbor cranes"); n != 1 {
			t.Errorf("on the desk: got %d reports, want 1", n)
		}
		if n := finds(t, index, onDesk(d.Ctx), "crane"); n != 2 {
			t.Errorf("on the desk: got %d reports, want 2", n)
		}
		if n := finds(t, index, d.Ctx, "crane"); n != 1 {
			t.Errorf("in live: got %d reports, want 1", n)
		}
		if n := finds(t, index, d.Ctx, "ferries"); n != 0 {
			t.Errorf("in live: got %d reports that are not published, want 0", n)
		}
	})
}

func TestReindex(t *testing.T) {
	editorialtest.Each(t, func(t *testing.T, d *editorialtest.Desk) {
		d.Report("cranes", editorialtest.Fields{"title": "Cranes over the harbour"})
		d.Entity("acme")
		d.MustPublish("report:cranes", "entity:acme")
		index, maintenance := search.New(d.Stores), search.NewMaintenance(d.Stores, time.Now)
		check := func(when string) {
			t.Helper()
			if n := finds(t, index, d.Ctx, "cranes"); n != 1 {
				t.Errorf("%s: got %d reports in live, want 1", when, n)
			}
			if n := finds(t, index, onDesk(d.Ctx), "acme"); n != 1 {
				t.Errorf("%s: got %d entities on the desk, want 1", when, n)
			}
		}
		check("before")
		var last, of int
		if err := maintenance.Reindex(t.Context(), func(n, all int) { last, of = n, all; check("while it is rebuilt") }); err != nil {
			t.Fatal(err)
		}
		if last != of || of < 4 {
			t.Errorf("progress ended with %d of %d", last, of)
		}
		check("afterwards")
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		interrupted := 0
		if err := maintenance.Reindex(ctx, func(n, _ int) {
			if interrupted = n; n > 1 { // the first type of document of the desk, and the next
				stop()
			}
		}); !errors.Is(err, context.Canceled) || interrupted == of {
			t.Fatalf("interrupted: got %v after %d documents", err, interrupted)
		}
		var counts []int
		if err := maintenance.Reindex(t.Context(), func(n, _ int) { counts = append(counts, n) }); err != nil {
			t.Fatal(err)
		}
		// The other store may have finished a step that was not reported any more.
		if counts[0] < interrupted || counts[len(counts)-1] != of {
			t.Errorf("resumed: got %d documents, want at least %d to %d", counts, interrupted, of)
		}
		check("resumed")
		if err := maintenance.MergeAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		check("after a merge")
		if err := maintenance.Wipe(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := maintenance.Reindex(t.Context(), func(int, int) {}); err != nil {
			t.Fatal(err)
		}
		check("after it was emptied and rebuilt")
	})
}

// A transaction that is rolled back leaves nothing in what a process keeps of the index.
func TestWhatIsRolledBackIsNotFound(t *testing.T) {
	editorialtest.Each(t, func(t *testing.T, d *editorialtest.Desk) {
		index := search.New(d.Stores)
		d.Report("first")
		rolledBack := domain.Conflict("no")
		err := d.Stores.Join(onDesk(d.Ctx), 0, func(ctx context.Context) error {
			joined := *d
			joined.Ctx = ctx
			joined.Report("cranes")
			if n := finds(t, index, ctx, "cranes"); n != 1 {
				t.Errorf("within the transaction: got %d reports, want 1", n)
			}
			return rolledBack
		})
		if err != rolledBack {
			t.Fatal(err)
		}
		d.Report("ferries")
		for text, want := range map[string]int{"cranes": 0, "ferries": 1, "first": 1} {
			if n := finds(t, index, onDesk(d.Ctx), text); n != want {
				t.Errorf("%q: got %d reports, want %d", text, n, want)
			}
		}
	})
}

func TestTrashAndReturn(t *testing.T) {
	editorialtest.Each(t, func(t *testing.T, d *editorialtest.Desk) {
		index := search.New(d.Stores)
		d.Report("cranes")
		if _, err := d.Delete(d.Ctx, editorial.DeleteParams{Type: domain.Report, ID: "cranes"}); err != nil {
			t.Fatal(err)
		}
		if n := finds(t, index, onDesk(d.Ctx), "cranes"); n != 0 {
			t.Errorf("in the trash: got %d reports, want 0", n)
		}
		if _, err := d.Undelete(d.Ctx, "report:cranes"); err != nil {
			t.Fatal(err)
		}
		if n := finds(t, index, onDesk(d.Ctx), "cranes"); n != 1 {
			t.Errorf("back from the trash: got %d reports, want 1", n)
		}
	})
}
