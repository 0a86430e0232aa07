package bench_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"testing"
)

const reportQuery = `query One($slug: String!) { report(slug: $slug) { slug title summary body publishedAt
	tags { slug label } entities(first: 50) { nodes { slug name kind } } narratives(first: 10) { nodes { slug title claim } } } }`

const listQuery = `query Newest { reports(first: 20, orderBy: {field: PUBLISHED_AT, direction: DESC}) { nodes {
	slug title summary publishedAt tags { slug label } entities(first: 20) { nodes { slug name kind } } } } }`

func request(tb testing.TB, query string, variables map[string]any) string {
	tb.Helper()
	raw, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		tb.Fatal(err)
	}
	return string(raw)
}

func oneReport(tb testing.TB, slug string) (ours, baseline string) {
	return request(tb, reportQuery, map[string]any{"slug": slug}), fmt.Sprintf(`{"slug":%q}`, slug)
}

// Both sides must do the same work, or the quotient has no meaning.
func TestBothSidesReturnTheSame(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	bl := newBaseline(t, s.live)
	same := func(ours, theirs []byte) {
		t.Helper()
		var a, b map[string]any
		if err := json.Unmarshal(ours, &a); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(theirs, &b); err != nil {
			t.Fatal(err)
		}
		// The baseline has no extensions beside the data.
		delete(a, "extensions")
		if !reflect.DeepEqual(a, b) {
			t.Errorf("we answer\n%s\nand the baseline\n%s", ours, theirs)
		}
	}
	ours, theirs := oneReport(t, "report-7")
	same(post(t, s.handler, ours), post(t, http.HandlerFunc(bl.report), theirs))
	same(post(t, s.handler, request(t, listQuery, nil)), post(t, http.HandlerFunc(bl.list), "{}"))
}

func BenchmarkReportBySlug(b *testing.B) {
	s := newSite(b)
	bl := newBaseline(b, s.live)
	versus(b, func(i int) {
		ours, _ := oneReport(b, fmt.Sprintf("report-%d", i%reports))
		post(b, s.handler, ours)
	}, func(i int) {
		_, theirs := oneReport(b, fmt.Sprintf("report-%d", i%reports))
		post(b, http.HandlerFunc(bl.report), theirs)
	})
}

func BenchmarkNewestReports(b *testing.B) {
	s := newSite(b)
	bl := newBaseline(b, s.live)
	ours := request(b, listQuery, nil)
	versus(b, func(int) { post(b, s.handler, ours) }, func(int) { post(b, http.HandlerFunc(bl.list), "{}") })
}

// The number of all reports costs the same however many there are; that of the reports
// that a filter leaves grows with them, as the baseline does.
func BenchmarkTotalCount(b *testing.B) {
	for _, n := range []int{100, 5000} {
		s := newSiteOf(b, n, entities)
		count, err := s.live.PrepareContext(b.Context(), "SELECT count(*) FROM reports WHERE effective_marking <= ?")
		if err != nil {
			b.Fatal(err)
		}
		for name, query := range map[string]string{
			"all":      `{ reports { totalCount } }`,
			"filtered": `{ reports(filter: {kind: {eq: BRIEF}}) { totalCount } }`,
		} {
			ours := request(b, query, nil)
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				versus(b, func(int) { post(b, s.handler, ours) }, func(int) {
					var got int
					if err := count.QueryRowContext(b.Context(), 0).Scan(&got); err != nil || got != n {
						b.Fatalf("got %d reports, %v; want %d", got, err, n)
					}
				})
			})
		}
	}
}
