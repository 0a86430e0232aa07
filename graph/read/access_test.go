package read_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

type object = map[string]any

func slugIs(slug string) object { return object{"slug": object{"eq": slug}} }

// fillLive writes n reports and n entities to live, each marked AMBER where its number
// divides by 7. Report i has the tags common (each second), rare (5 in all), old (the first
// tenth) and tag-(i%20), and three entities; entity i has tag-(i%20).
func fillLive(tb testing.TB, s *store.Stores, n int) {
	tb.Helper()
	postgres := s.Dialect() == dialect.Postgres
	series := func(n int) string {
		if postgres {
			return fmt.Sprintf("(SELECT i FROM generate_series(0, %d) i) s", n-1)
		}
		return fmt.Sprintf("(WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM c WHERE i < %d) SELECT i FROM c) s", n-1)
	}
	at := "strftime('%Y-%m-%d %H:%M:%S+00:00', 1000000000 + i*60, 'unixepoch')"
	if postgres {
		at = "to_timestamp(1000000000 + i*60)"
	}
	const names = "marking, version, created_at, updated_at, published_at, effective_marking"
	values := "0, 1, " + at + ", " + at + ", " + at + ", CASE WHEN i % 7 = 0 THEN 2 ELSE 0 END"
	tag := func(id, owner, owners, tag, where string) string {
		return fmt.Sprintf("INSERT INTO %s_tags (id, position, %[1]s_id, tag_id, owner_published, owner_marking) SELECT %[2]s + i, %[2]s / 1000000, i, %[4]s, (1000000000 + i*60) * CAST(1000000 AS bigint), CASE WHEN i %% 7 = 0 THEN 2 ELSE 0 END FROM %[3]s WHERE %[5]s",
			owner, id, owners, tag, where)
	}
	statements := []string{
		"INSERT INTO tags (id, slug, label, vocabulary, " + names + ") SELECT 10000000 + i, CASE i WHEN 20 THEN 'common' WHEN 21 THEN 'rare' WHEN 22 THEN 'old' ELSE 'tag-' || i END, 'T', 'TOPIC', 0, 1, " +
			at + ", " + at + ", " + at + ", 0 FROM " + series(23),
		"INSERT INTO entities (id, slug, kind, name, " + names + ") SELECT i, 'entity-' || i, CASE i % 3 WHEN 0 THEN 'PERSON' ELSE 'COMPANY' END, 'E' || i, " + values + " FROM " + series(n),
		"INSERT INTO reports (id, slug, kind, title, language, word_count, " + names + ") SELECT i, 'report-' || i, 'BRIEF', 'R' || i, 'en', i % 37, " + values + " FROM " + series(n),
		// The slug of a tag that another had before: two match it.
		fmt.Sprintf("INSERT INTO aliases (id, document_id, type, slug) VALUES (1, 10000005, %d, 'tag-2')", domain.Tag),
		tag("1000000", "report", series(n), "10000000 + i % 20", "1 = 1"),
		tag("2000000", "report", series(n), "10000020", "i % 2 = 0"),
		tag("3000000", "report", series(n), "10000021", fmt.Sprintf("i %% %d = 1", n/5)),
		tag("4000000", "report", series(n/10), "10000022", "1 = 1"),
		tag("5000000", "entity", series(n), "10000000 + i % 20", "1 = 1"),
	}
	for k := range 3 {
		statements = append(statements, fmt.Sprintf("INSERT INTO report_entities (id, position, report_id, entity_id, owner_published, owner_marking) SELECT %d + i, %d, i, (i * %d + %d) %% %d, (1000000000 + i*60) * CAST(1000000 AS bigint), CASE WHEN i %% 7 = 0 THEN 2 ELSE 0 END FROM %s",
			(6+k)*1000000, k, []int{1, 3, 7}[k], k*11, n, series(n)))
	}
	if postgres {
		statements = append(statements, "ANALYZE")
	}
	err := s.Live(tb.Context(), func(ctx context.Context, tx *store.Tx) error {
		for _, statement := range statements {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// total counts the reports that match.
func total(t *testing.T, ctx context.Context, r *read.Reader, filter object) int {
	t.Helper()
	list, err := read.List(ctx, r, catalog.Reports, read.Args{Filter: filter, Order: &read.OrderBy{Field: "SLUG", Direction: read.Ascending}})
	if err != nil {
		t.Fatal(err)
	}
	n, err := list.TotalCount(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// pages reads up to so many pages of reports and returns the slugs.
func pages(t *testing.T, ctx context.Context, r *read.Reader, n int, filter object, order read.OrderBy) string {
	t.Helper()
	first := 7
	var slugs []string
	var after *string
	for range n {
		list, err := read.List(ctx, r, catalog.Reports, read.Args{First: &first, After: after, Filter: filter, Order: &order})
		if err != nil {
			t.Fatal(err)
		}
		nodes, err := list.Nodes(ctx)
		if err != nil {
			t.Fatalf("%v: %v", filter, err)
		}
		for _, node := range nodes {
			slugs = append(slugs, node.Slug)
		}
		info, err := list.PageInfo(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if after = info.EndCursor; !info.HasNextPage {
			break
		}
	}
	return strings.Join(slugs, " ")
}

// Filters that go through relations hold for the same rows whichever way they are read.
func TestWaysThroughFilters(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		fillLive(t, s, 140)
		random := rand.New(rand.NewPCG(13, 1))
		leaf := func() object {
			return []object{
				{"tags": slugIs("common")}, {"tags": slugIs("rare")}, {"tags": slugIs("old")}, {"tags": slugIs("nothing")}, {"tags": object{}},
				{"tags": object{"label": object{"eq": "T"}, "vocabulary": object{"eq": "TOPIC"}}},
				{"entities": object{"tags": slugIs("tag-3")}}, {"entities": object{"kind": object{"eq": "PERSON"}, "tags": slugIs("tag-6")}},
				{"entities": object{"not": object{"tags": slugIs("tag-4")}}}, {"entities": slugIs("entity-8")}, {"entities": object{"reports": object{"tags": slugIs("rare")}}},
				{"entities": object{"or": []any{object{"tags": slugIs("tag-1")}, slugIs("entity-9")}}},
				{"tags": object{"slug": object{"in": []any{"tag-2", "rare"}}, "entities": object{"kind": object{"eq": "PERSON"}}}},
				{"tags": slugIs("tag-2")}, {"entities": slugIs("entity-8"), "tags": slugIs("tag-2")}, {"wordCount": object{"lt": 12}}, {"tags": object{"parent": object{}}}, {"contributors": object{}},
			}[random.IntN(18)]
		}
		var filter func(depth int) object
		filter = func(depth int) object {
			if depth == 0 {
				return leaf()
			}
			switch random.IntN(5) {
			case 0:
				return object{"not": filter(depth - 1)}
			case 1:
				return object{"or": []any{filter(depth - 1), filter(depth - 1)}}
			case 2:
				return object{"and": []any{filter(depth - 1), filter(depth - 1)}}
			case 3:
				return object{"or": []any{filter(depth - 1)}}
			}
			return leaf()
		}
		all := 1 << 20
		bounds := [][4]int{{all, all, all, 0}, {all, all, all, 1}, {-1, -1, 0, 1}, {-1, -1, all, all}, {6, 6, all, 1}, {6, 40, 50, 20}, {6, all, 50, 1}, {40, 6, 20, 0}}
		readers := make([]*read.Reader, len(bounds))
		for i, b := range bounds {
			readers[i] = read.NewReader(s, catalog.Tables())
			readers[i].SetBounds(b[0], b[1], b[2], b[3])
		}
		orders := []read.OrderBy{{"PUBLISHED_AT", read.Descending}, {"PUBLISHED_AT", read.Ascending}, {"SLUG", read.Ascending}, {"WORD_COUNT", read.Descending}}
		contexts := []context.Context{
			domain.WithViewer(t.Context(), domain.Anonymous()),
			domain.WithViewer(t.Context(), &domain.Viewer{Role: domain.Partner, Clearance: domain.Red, KeyID: 1}),
		}
		for range 80 {
			f, order, ctx := filter(3), orders[random.IntN(len(orders))], contexts[random.IntN(2)]
			want := pages(t, ctx, readers[0], 3, f, order)
			for i, r := range readers[1:] {
				if got := pages(t, ctx, r, 3, f, order); got != want {
					t.Fatalf("%v by %v with bounds %v: got %q, want %q", f, order, bounds[i+1], got, want)
				}
				if got, want := total(t, ctx, r, f), total(t, ctx, readers[0], f); got != want {
					t.Fatalf("%v: counted %d, want %d", f, got, want)
				}
			}
		}
		// By the content: report i is seen unless 7 divides i.
		var want []string
		for i := 139; i >= 0 && len(want) < 21; i-- {
			if i%7 != 0 && i%2 == 0 && i%20 != 4 {
				want = append(want, fmt.Sprintf("report-%d", i))
			}
		}
		f := object{"tags": slugIs("common"), "not": object{"tags": slugIs("tag-4")}}
		for i, r := range readers {
			if got := pages(t, contexts[0], r, 3, f, orders[0]); got != strings.Join(want, " ") {
				t.Errorf("bounds %v: got %q, want %q", bounds[i], got, want)
			}
		}
	})
}

// The plans of the engines are what the bounds of ways rest on: rows are found by a rare
// condition; and for common ones, a list is read in its order.
func TestPlansOfFilters(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		var last string
		c.Fault = func(_, query string) error {
			if strings.HasPrefix(query, "SELECT") && strings.Contains(query, "ORDER BY") && !strings.HasPrefix(query, "SELECT (SELECT COUNT(*)") {
				last = query
			}
			return nil
		}
		s, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		fillLive(t, s, 7000)
		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		r := read.NewReader(s, catalog.Tables())
		r.SetBounds(100, 500, 2000, 500)
		byID, inOrder := "reports USING INTEGER PRIMARY KEY", "reports USING INDEX report_published_at_id_effective_marking"
		byLink, beyond := "walked USING COVERING INDEX reporttag_tag_id_owner_published_report_id_owner_marking", "(owner_published,report_id)<(?,?))"
		if s.Dialect() == dialect.Postgres {
			byID, inOrder = "Index Cond: (id = ANY", "Index Scan using report_published_at_id_effective_marking on reports"
			byLink, beyond = "Index Only Scan using reporttag_tag_id_owner_published_report_id_owner_marking", "(ROW(owner_published, report_id) < "
		}
		for _, tt := range []struct {
			name   string
			filter object
			want   string
			sorted bool
		}{
			{"NoFilter", nil, inOrder, false},
			{"Rare", object{"tags": slugIs("rare")}, byLink, false},
			{"Common", object{"tags": slugIs("common")}, byLink, false},
			{"RareAndCommon", object{"and": []any{object{"tags": slugIs("common")}, object{"tags": slugIs("rare")}}}, byLink, false},
			{"TwoTags", object{"tags": object{"slug": object{"in": []any{"rare", "tag-3"}}}}, inOrder, false},
			{"CommonThroughTwo", object{"entities": object{"tags": slugIs("tag-3")}}, inOrder, false},
			{"RareThroughTwo", object{"tags": object{"slug": object{"in": []any{"rare", "nothing"}}}}, byID, true},
			{"NotRare", object{"not": object{"tags": slugIs("rare")}}, inOrder, false},
			{"CommonAmongOldRows", object{"tags": slugIs("old")}, byLink, false},
		} {
			pages(t, ctx, r, 1, tt.filter, read.OrderBy{Field: "PUBLISHED_AT", Direction: read.Descending})
			got := explain(t, s, last)
			if !strings.Contains(got, tt.want) {
				t.Errorf("%s: got\n%s\nwant %q in it, of\n%s", tt.name, got, tt.want, last)
			}
			if sorted := strings.Contains(got, "TEMP B-TREE FOR ORDER BY") || strings.Contains(got, "Sort Key"); sorted != tt.sorted {
				t.Errorf("%s: got\n%s\nsorted %t, want %t", tt.name, got, sorted, tt.sorted)
			}
			if tt.sorted || tt.name == "Rare" || tt.name == "RareAndCommon" {
				continue
			}
			// A page further on begins in the index where the one before has ended.
			pages(t, ctx, r, 2, tt.filter, read.OrderBy{Field: "PUBLISHED_AT", Direction: read.Descending})
			if got := explain(t, s, last); !strings.Contains(got, tt.want) || !strings.Contains(got, beyond) && !strings.Contains(got, "(published_at<?)") && !strings.Contains(got, "(ROW(published_at, id) < ") {
				t.Errorf("%s, the second page: got\n%s", tt.name, got)
			}
		}
	})
}

// explain returns the plan of a statement with parameters that are null. Settings of
// PostgreSQL's planner are turned off for it.
func explain(t *testing.T, s *store.Stores, query string, off ...string) string {
	t.Helper()
	var plan []string
	err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		before, n := "EXPLAIN QUERY PLAN ", strings.Count(query, "?")
		nulls := make([]any, n)
		if s.Dialect() == dialect.Postgres {
			for n = 0; strings.Contains(query, fmt.Sprintf("$%d", n+1)); n++ {
			}
			for _, statement := range []string{"SET LOCAL plan_cache_mode = force_generic_plan", "PREPARE explained AS " + query} {
				if _, err := tx.Exec(ctx, statement); err != nil {
					return err
				}
			}
			for _, setting := range off {
				if _, err := tx.Exec(ctx, "SET LOCAL "+setting+" = off"); err != nil {
					return err
				}
			}
			before, nulls = "EXPLAIN EXECUTE explained", nil
			query = ""
			if n > 0 {
				query = "(" + strings.Join(slices.Repeat([]string{"NULL"}, n), ", ") + ")"
			}
		}
		rows, err := tx.Query(ctx, before+query, nulls...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var line string
			var ignored any
			targets := []any{&line}
			if s.Dialect() == dialect.SQLite {
				targets = []any{&ignored, &ignored, &ignored, &line}
			}
			if err := rows.Scan(targets...); err != nil {
				return err
			}
			plan = append(plan, line)
		}
		if s.Dialect() == dialect.Postgres {
			_ = rows.Close()
			_, err = tx.Exec(ctx, "DEALLOCATE explained")
			return err
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("explain %s: %v", query, err)
	}
	return strings.Join(plan, "\n")
}
