package read_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// randomRead returns a read of reports, which reads the same rows whenever it is run.
func randomRead(random *rand.Rand, n int) (name string, run func(context.Context, *read.Reader, *read.Selection) (*read.Rows, error)) {
	ids := make([]int64, random.IntN(4))
	for i := range ids {
		ids[i] = random.Int64N(int64(n))
	}
	slug := fmt.Sprintf("report-%d", random.IntN(n))
	first := 1 + random.IntN(2)*6
	order := &read.OrderBy{Field: []string{"SLUG", "PUBLISHED_AT"}[random.IntN(2)], Direction: []string{read.Ascending, read.Descending}[random.IntN(2)]}
	switch kind := random.IntN(6); kind {
	case 0:
		return "FindRow " + slug, func(ctx context.Context, r *read.Reader, sel *read.Selection) (*read.Rows, error) {
			return r.FindRow(ctx, catalog.Reports.Table, sel, nil, &slug, nil)
		}
	case 1:
		return fmt.Sprint("RowsByID ", ids), func(ctx context.Context, r *read.Reader, sel *read.Selection) (*read.Rows, error) {
			return r.RowsByID(ctx, catalog.Reports.Table, sel, ids, false)
		}
	case 2, 3:
		edge := &catalog.EntityReports.Relation
		return fmt.Sprint("reports of ", ids, order), func(ctx context.Context, r *read.Reader, sel *read.Selection) (*read.Rows, error) {
			listing, err := edge.Listing(ctx, r, read.Args{First: &first, Order: order})
			if err != nil {
				return nil, err
			}
			rows, _, err := listing.Rows(ctx, sel, ids, false)
			return rows, err
		}
	case 4:
		filter := []object{
			{"tags": slugIs("common")},
			{"tags": slugIs(fmt.Sprintf("tag-%d", random.IntN(20)))},
			{"entities": object{"tags": slugIs("tag-3")}},
			{"wordCount": object{"in": []any{random.IntN(2), 30}}},
		}[random.IntN(4)]
		return fmt.Sprint("tagged reports ", order), func(ctx context.Context, r *read.Reader, sel *read.Selection) (*read.Rows, error) {
			listing, err := r.Listing(ctx, catalog.Reports.Table, read.Args{Last: &first, Order: order, Filter: filter})
			if err != nil {
				return nil, err
			}
			rows, _, err := listing.Rows(ctx, sel, nil, false)
			return rows, err
		}
	default:
		return fmt.Sprint("page ", first, order), func(ctx context.Context, r *read.Reader, sel *read.Selection) (*read.Rows, error) {
			listing, err := r.Listing(ctx, catalog.Reports.Table, read.Args{First: &first, Order: order})
			if err != nil {
				return nil, err
			}
			rows, _, err := listing.Rows(ctx, sel, nil, false)
			return rows, err
		}
	}
}

// A selection whose texts were built for other viewers, rows and pages reads what a new one
// reads.
func TestTextsAreOfNoRequest(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		const n = 60
		fillLive(t, s, n)
		r := read.NewReader(s, catalog.Tables())
		random := rand.New(rand.NewPCG(13, 5))
		shared := &read.Selection{}
		shared.Add("slug")
		shared.Add("title")
		found := 0
		const reads = 400
		for range reads {
			viewer := &domain.Viewer{Role: domain.Partner, Clearance: domain.Marking(random.IntN(4)), KeyID: 1}
			ctx := domain.WithViewer(t.Context(), viewer)
			if random.IntN(2) == 0 {
				ctx, _ = read.WithMarkingTracker(ctx)
			}
			name, run := randomRead(random, n)
			fresh := &read.Selection{}
			fresh.Add("slug")
			fresh.Add("title")
			got, err := run(ctx, r, shared)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			want, err := run(ctx, read.NewReader(s, catalog.Tables()), fresh)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if diff := cmp.Diff(want.Values(), got.Values()); diff != "" {
				t.Fatalf("%s with clearance %s (-want +got):\n%s", name, viewer.Clearance, diff)
			}
			found += got.Len()
		}
		if found == 0 {
			t.Error("nothing was found")
		}
		if n := r.Texts(); n == 0 || n > reads*2/3 {
			t.Errorf("got %d texts for %d reads, want some and fewer", n, reads)
		}
	})
}

// Relations that are made for a request have no texts that a later request could use.
func TestTextsOfRelations(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t)
	fillLive(t, s, 20)
	r := read.NewReader(s, catalog.Tables())
	ctx := domain.WithViewer(t.Context(), domain.Anonymous())
	sel := &read.Selection{}
	for _, tt := range []struct {
		name string
		edge func() *read.Relation
		want int // texts, more than before
	}{
		{"AnyRole", func() *read.Relation { return &catalog.ContributedTo(nil).Relation }, 1},
		{"SomeRoles", func() *read.Relation { return &catalog.ContributedTo([]string{"AUTHOR"}).Relation }, 0},
		{"Outgoing", func() *read.Relation { return &catalog.RelationshipsOf("OUTGOING", nil).Relation }, 1},
		{"SomeKinds", func() *read.Relation { return &catalog.RelationshipsOf("OUTGOING", []string{"OWNS"}).Relation }, 1},
		{"OtherKinds", func() *read.Relation { return &catalog.RelationshipsOf("OUTGOING", []string{"FUNDS"}).Relation }, 1},
	} {
		before := r.Texts()
		for range 3 {
			listing, err := tt.edge().Listing(ctx, r, read.Args{})
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := listing.Rows(ctx, sel, []int64{1}, false); err != nil {
				t.Fatal(err)
			}
		}
		if got := r.Texts() - before; got != tt.want {
			t.Errorf("%s: got %d texts, want %d", tt.name, got, tt.want)
		}
	}
}

// A value of a filter that looks like the placeholder for ids stays as it is.
func TestFiltersWithPlaceholders(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		fillLive(t, s, 20)
		const title = "[-9223372036854775808,-9223372036854775808]"
		if err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, "UPDATE reports SET title = '"+title+"' WHERE id = 2")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		r := read.NewReader(s, catalog.Tables())
		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		args := read.Args{Filter: object{"title": object{"eq": title}}, Order: &read.OrderBy{Field: "SLUG", Direction: read.Ascending}}
		for range 2 {
			listing, err := r.Listing(ctx, catalog.Reports.Table, args)
			if err != nil {
				t.Fatal(err)
			}
			rows, _, err := listing.Rows(ctx, &read.Selection{}, nil, false)
			if err != nil {
				t.Fatal(err)
			}
			if rows.Len() != 1 {
				t.Errorf("got %d rows, want 1", rows.Len())
			}
		}
	})
}
