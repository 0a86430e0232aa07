package store_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// Indexes that are made anew are those that the migrations made: the same columns in the same order, and the same condition.
func TestIndexesAreMadeAsMigrated(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		want := liveIndexes(t, s)
		for name := range want {
			exec(t, s, "live", `DROP INDEX "`+name+`"`)
		}
		if err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			missing, err := store.MissingLiveIndexes(ctx, tx)
			if err != nil || len(missing) != len(want) {
				t.Errorf("got %d missing indexes, %v, want %d", len(missing), err, len(want))
			}
			for range 2 { // those that are there stay
				if err := store.CreateIndexes(ctx, tx, missing, nil); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, liveIndexes(t, s)); diff != "" {
			t.Errorf("indexes (-migrated +made anew):\n%s", diff)
		}
	})
}

// Only those indexes are dropped that are asked for, and none on PostgreSQL.
func TestDropLiveIndexes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		want := slices.Sorted(maps.Keys(liveIndexes(t, s)))
		if err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return store.DropLiveIndexes(ctx, tx, func(i store.Index) bool {
				return i.Table == "reports" && slices.Equal(i.Columns, []string{"published_at", "id", "effective_marking"})
			})
		}); err != nil {
			t.Fatal(err)
		}
		if s.Dialect() == dialect.SQLite {
			want = slices.DeleteFunc(want, func(name string) bool { return name == "report_published_at_id_effective_marking" })
		}
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(liveIndexes(t, s)))); diff != "" {
			t.Errorf("indexes (-want +got):\n%s", diff)
		}
	})
}

// liveIndexes returns the definitions of the indexes of live by name, without those of constraints.
func liveIndexes(t *testing.T, s *store.Stores) map[string]string {
	t.Helper()
	query := "SELECT name || '|' || sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
	if s.Dialect() == dialect.Postgres {
		query = "SELECT indexname || '|' || indexdef FROM pg_indexes WHERE schemaname = current_schema()" +
			" AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = indexname AND c.connamespace = current_schema()::regnamespace)"
	}
	all := map[string]string{}
	for _, row := range column[string](t, s, "live", query) {
		name, definition, _ := strings.Cut(row, "|")
		all[name] = strings.ReplaceAll(definition, "`", `"`)
	}
	if len(all) < 100 {
		t.Fatalf("got %d indexes of live", len(all))
	}
	return all
}
