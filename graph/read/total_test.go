package read_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
	"github.com/redthread-api/redthread/internal/store"
)

func totalOf[T any](t *testing.T, ctx context.Context, r *read.Reader, of *read.Type[T], filter map[string]any) (int, domain.Marking) {
	t.Helper()
	ctx, tracker := read.WithMarkingTracker(ctx)
	list, err := read.List(ctx, r, of, read.Args{Filter: filter, Order: &read.OrderBy{Field: "SLUG", Direction: read.Ascending}})
	if err != nil {
		t.Fatal(err)
	}
	n, err := list.TotalCount(ctx)
	if err != nil {
		t.Fatal(err)
	}
	highest, err := tracker.Highest(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	return n, highest
}

// A total that is brought up to date by the history of changes is what a count gives, for
// each clearance, after any acts.
func TestTotalsFollowChanges(t *testing.T) {
	editorialtest.Each(t, func(t *testing.T, d *editorialtest.Desk) {
		random := rand.New(rand.NewPCG(13, 2))
		following := read.NewReader(d.Stores, catalog.Tables())
		var names []string
		for i := range 4 {
			d.Tag(fmt.Sprintf("tag-%d", i), editorialtest.Fields{"marking": domain.Marking(i).String()})
			d.Entity(fmt.Sprintf("entity-%d", i), editorialtest.Fields{"marking": domain.Marking(i).String()})
			names = append(names, fmt.Sprintf("entity:entity-%d", i))
		}
		for i := range 6 {
			d.Report(fmt.Sprintf("report-%d", i), editorialtest.Fields{"tags": editorialtest.List(fmt.Sprintf("tag-%d", i%4)), "entities": editorialtest.List(fmt.Sprintf("entity-%d", i%3))})
			names = append(names, fmt.Sprintf("report:report-%d", i))
		}
		following.CacheCounts(0)
		filters := []map[string]any{
			{"tags": slugIs("tag-1")}, {"tags": object{"slug": object{"in": []any{"tag-1", "tag-2"}}}}, {"tags": object{}},
			{"entities": object{"kind": object{"eq": "PERSON"}}}, {"not": object{"entities": slugIs("entity-2")}},
			{"kind": object{"eq": "BRIEF"}}, {"kind": object{"in": []any{"BRIEF", "RESEARCH"}}, "language": object{"eq": "en"}},
			{"tags": slugIs("tag-1"), "entities": slugIs("entity-1")}, {"slug": object{"startsWith": "report-"}},
		}
		acts := map[string]int{}
		for range 40 {
			name := names[random.IntN(len(names))]
			act := []string{"publish", "publish", "unpublish", "mark", "rebuild"}[random.IntN(5)]
			var err error
			switch act {
			case "publish":
				_, err = d.Publish(d.Ctx, editorial.PublishParams{Documents: []string{name}, References: editorial.Include})
			case "unpublish":
				_, err = d.Unpublish(d.Ctx, editorial.UnpublishParams{Documents: []string{name}})
			case "mark":
				_, err = d.Save(d.Ctx, editorial.SaveParams{Type: domain.Report, Mode: editorial.Upsert, Fields: editorialtest.Fields{
					"slug": fmt.Sprintf("report-%d", random.IntN(6)), "marking": domain.Marking(random.IntN(4)).String()}})
			case "rebuild":
				_, err = d.RebuildLive(domain.AsSystem(d.Ctx, "test"), nil)
			}
			if err == nil {
				acts[act]++ // others are refused, by what refers to what
			}
			for c := domain.Clear; c <= domain.Red; c++ {
				ctx := domain.WithViewer(t.Context(), &domain.Viewer{Role: domain.Partner, Clearance: c, KeyID: 1})
				compareTotal(t, ctx, act, d.Stores, following, catalog.Reports, nil)
				compareTotal(t, ctx, act, d.Stores, following, catalog.Entities, nil)
				compareTotal(t, ctx, act, d.Stores, following, catalog.Tags, nil)
				for _, filter := range filters {
					compareTotal(t, ctx, act, d.Stores, following, catalog.Reports, filter)
				}
				compareTotal(t, ctx, act, d.Stores, following, catalog.Tags, object{"reports": object{"kind": object{"eq": "BRIEF"}}})
			}
		}
		if n := following.CachedCounts(); n == 0 {
			t.Error("no count of a filtered list was cached")
		}
		for _, act := range []string{"publish", "unpublish", "mark", "rebuild"} {
			if acts[act] == 0 {
				t.Errorf("nothing was done by %s: %v", act, acts)
			}
		}
	})
}

func compareTotal[T any](t *testing.T, ctx context.Context, act string, s *store.Stores, following *read.Reader, of *read.Type[T], filter map[string]any) {
	t.Helper()
	got, gotMarking := totalOf(t, ctx, following, of, filter)
	want, wantMarking := totalOf(t, ctx, read.NewReader(s, catalog.Tables()), of, filter)
	list, err := read.List(ctx, following, of, read.Args{Filter: filter, Order: &read.OrderBy{Field: "SLUG", Direction: read.Ascending}})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := list.Nodes(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got != want || got != len(rows) || gotMarking != wantMarking {
		t.Errorf("after %s: got %d %s with %v, marked %s; want %d, marked %s; there are %d", act, got, of.Name, filter, gotMarking, want, wantMarking, len(rows))
	}
}
