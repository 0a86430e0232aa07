package store_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// A table that is filled gets statistics, though autovacuum is off as in all tests. One that has not grown since is
// left alone, however often its rows are written: with new statistics, all prepared statements are planned anew.
func TestStatisticsFollowGrowth(t *testing.T) {
	t.Parallel()
	s := storetest.Postgres(t)
	write := func(statement string) {
		t.Helper()
		if err := s.Desk(t.Context(), func(ctx context.Context, tx *store.Tx) error { return store.Exec(ctx, tx, statement) }); err != nil {
			t.Fatal(err)
		}
	}
	count := func(query string) (n int) {
		t.Helper()
		// Each of these is a commit, after which the store looks for tables that have grown.
		err := s.Desk(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return store.QueryRows(ctx, tx, query, nil, func(rows *sql.Rows) error { return rows.Scan(&n) })
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	made := func(table string) int {
		t.Helper()
		return count("SELECT analyze_count FROM pg_stat_user_tables WHERE schemaname = 'desk' AND relname = '" + table + "'")
	}
	awaitMade := func(table string) {
		t.Helper()
		late := time.After(storetest.Patience)
		for made(table) == 0 {
			select {
			case <-late:
				t.Fatalf("there are no statistics of %s", table)
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	write("INSERT INTO name_keys (id, document_id, type, name) SELECT n, n, 1, 'name ' || n FROM generate_series(1, 300) n")
	awaitMade("name_keys")
	if n := count("SELECT CAST(reltuples AS int) FROM pg_class WHERE oid = 'desk.name_keys'::regclass"); n != 300 {
		t.Errorf("the statistics say %d rows, want 300", n)
	}
	for range 5 {
		write("UPDATE name_keys SET name = name || '.'")
	}
	write("INSERT INTO mentions (document_id, target_id) SELECT n, 1 FROM generate_series(1, 300) n")
	awaitMade("mentions")
	if n := made("name_keys"); n != 1 {
		t.Errorf("the statistics of a table that did not grow were made %d times, want once", n)
	}
}
