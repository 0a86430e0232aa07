package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// The pages of many commits, too few for a checkpoint by the writer, get into the files of
// SQLite beside the writers.
func TestCheckpointsBesideWriters(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		if s.Dialect() != dialect.SQLite {
			return // PostgreSQL has processes for it
		}
		storetest.Published(t, s)
		admin := domain.WithViewer(t.Context(), &domain.Viewer{Name: "ada", Role: domain.Admin, Clearance: domain.Red})
		for stage, write := range map[domain.Stage]func(context.Context, func(context.Context, *store.Tx) error) error{domain.Desk: s.Desk, domain.Live: s.Live} {
			for n := range 20 {
				if err := write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
					tag(t, tx, fmt.Sprintf("tag-%d", n), domain.Clear)
					if _, err := tx.Exec(ctx, "CREATE TABLE IF NOT EXISTS pages (bytes BLOB)"); err != nil {
						return err
					}
					_, err := tx.Exec(ctx, "INSERT INTO pages VALUES (randomblob(300000))") // 73 pages
					return err
				}); err != nil {
					t.Fatal(err)
				}
			}
			var pages, copied int64
			for deadline := time.Now().Add(time.Minute); copied == 0 && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
				got, err := s.ReadValues(domain.WithStage(admin, stage), "PRAGMA wal_checkpoint(NOOP)", nil, 3)
				if err != nil {
					t.Fatal(err)
				}
				pages, copied = got.At(1).Int(), got.At(2).Int()
			}
			if copied == 0 {
				t.Errorf("%s: none of %d pages were copied into the file", stage, pages)
			}
			t.Logf("%s: %d of %d pages", stage, copied, pages)
		}
	})
}

// The write-ahead log does not grow without end where writes go on without a pause.
func TestLogIsBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 150 {
		if err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for _, statement := range []string{"CREATE TABLE IF NOT EXISTS pages (bytes BLOB)", "DELETE FROM pages", "INSERT INTO pages VALUES (randomblob(1000000))"} {
				if _, err := tx.Exec(ctx, statement); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "live.db-wal"))
	if err != nil {
		t.Fatal(err)
	}
	if size := info.Size() >> 20; size > 64 {
		t.Errorf("after 150 MB were written the log has %d MB", size)
	}
}
