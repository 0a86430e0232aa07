package graph_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// Of a live that is made anew readers get nothing, not even a part: neither from the plan of a query nor from the executor.
func TestIncompleteLive(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		g := newAccessAPI(t, s, nil)
		stored := func(statement string) {
			t.Helper()
			if err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error { return store.Exec(ctx, tx, statement) }); err != nil {
				t.Fatal(err)
			}
		}
		queries := []string{
			`{ reports { totalCount nodes { slug } } }`,
			`{ tag(slug: "x") { label } }`,
			`{ changes { nodes { at } } }`,
			`{ search(query: "x") { totalCount } }`,
			`{ __typename reports(first: 1) { nodes { ...F } } } fragment F on Report { title @include(if: true) }`,
		}
		stored("INSERT INTO projection (id, applied_sequence, applied_at, history, rebuild_sequence) VALUES (1, 0, '2026-06-01 00:00:00+00:00', 1, 5)")
		for _, query := range queries {
			got := g.send(public, http.MethodPost, vars{"query": query})
			if got.status != http.StatusServiceUnavailable || len(got.Errors) != 1 || got.code() != "UNAVAILABLE" || !strings.Contains(got.body, "made anew") ||
				strings.Contains(got.body, `"data"`) || got.header.Get("Retry-After") == "" {
				t.Errorf("%s: got %d %s, %v", query, got.status, got.body, got.header)
			}
		}
		stored("UPDATE projection SET applied_sequence = 5, rebuild_sequence = 0")
		for _, query := range queries {
			if got := g.send(public, http.MethodPost, vars{"query": query}); got.status != http.StatusOK || got.code() != "" {
				t.Errorf("%s: got %d %s", query, got.status, got.body)
			}
		}
	})
}
