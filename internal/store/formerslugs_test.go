package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// A filter by slug or id that also matches former ones uses the indexes of both
// tables, however many documents there are.
func TestFormerSlugsAreFoundByTheirIndexes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		if err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for i := range 3000 {
				if _, err := tx.Exec(ctx, store.Bind(s.Dialect(), "INSERT INTO tags (id, slug, label, vocabulary, created_at, updated_at, effective_marking) VALUES (?, ?, 'x', 'TOPIC', '2024-01-01 00:00:00+00:00', '2024-01-01 00:00:00+00:00', 0)"),
					i, fmt.Sprint("t-", i)); err != nil {
					return err
				}
				if _, err := tx.Exec(ctx, store.Bind(s.Dialect(), "INSERT INTO aliases (id, document_id, type, slug, former_id) VALUES (?, ?, 5, ?, ?)"),
					i, i, fmt.Sprint("was-", i), 10_000+i); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		exec(t, s, "live", "ANALYZE")
		explain := map[bool]string{true: "EXPLAIN ", false: "EXPLAIN QUERY PLAN "}[s.Dialect() == dialect.Postgres]
		for _, tt := range []struct{ now, once string }{
			{"slug = 't-7'", "slug = 't-7'"},
			{"id = 7", "former_id = 7"},
		} {
			query := explain + "SELECT * FROM tags WHERE effective_marking <= 0 AND id IN (SELECT id FROM tags WHERE " + tt.now +
				" UNION ALL SELECT document_id FROM aliases WHERE type = 5 AND " + tt.once + ") ORDER BY label_key, id LIMIT 21"
			plan := planOf(t, s, query, false)
			if strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "SCAN tags") || strings.Contains(plan, "SCAN aliases") {
				t.Errorf("%s: full table scan:\n%s", query, plan)
			}
		}
	})
}
