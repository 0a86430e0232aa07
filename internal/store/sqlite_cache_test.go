package store_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// The writer of live has the large cache for as long as it was asked for, also where that ends with an error.
func TestWithLargeCache(t *testing.T) {
	t.Parallel()
	s, err := store.Open(t.Context(), storetest.SQLiteConfig(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cache := func() (size int) {
		t.Helper()
		if err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return store.QueryRows(ctx, tx, "PRAGMA cache_size", nil, func(rows *sql.Rows) error { return rows.Scan(&size) })
		}); err != nil {
			t.Fatal(err)
		}
		return size
	}
	before, failed := cache(), errors.New("failed")
	for _, want := range []error{nil, failed} {
		err := s.WithLargeCache(t.Context(), func() error {
			if got := cache(); got != -64<<10 {
				t.Errorf("meanwhile the cache is %d", got)
			}
			return want
		})
		if after := cache(); after != before || !errors.Is(err, want) {
			t.Errorf("afterwards the cache is %d, want %d; got %v, want %v", after, before, err, want)
		}
	}
}
