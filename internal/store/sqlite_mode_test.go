//go:build unix

package store_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// wantPrivate checks the modes of the files of both stores, with those that SQLite
// puts beside them.
func wantPrivate(t *testing.T, dir string, least int) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < least {
		t.Errorf("found only %v", files)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("%s has the mode %o", f.Name(), got)
		}
	}
}

func writeBoth(t *testing.T, s *store.Stores) {
	t.Helper()
	write := func(_ context.Context, tx *store.Tx) error {
		tag(t, tx, "x", domain.Clear)
		return nil
	}
	if err := s.Desk(t.Context(), write); err != nil {
		t.Fatal(err)
	}
	if err := s.Live(t.Context(), write); err != nil {
		t.Fatal(err)
	}
}

func TestDatabaseFilesArePrivate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	open := func() *store.Stores {
		s, err := store.Open(t.Context(), store.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	writeBoth(t, s)
	wantPrivate(t, dir, 6)

	// The files of an older version have wider modes, also while it runs.
	for _, name := range []string{"desk.db", "live.db", "desk.db-wal", "live.db-wal", "desk.db-shm", "live.db-shm"} {
		if err := os.Chmod(filepath.Join(dir, name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	again := open()
	wantPrivate(t, dir, 6)
	for _, s := range []*store.Stores{s, again} {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "desk.db"), 0o644); err != nil {
		t.Fatal(err)
	}
	last := open()
	defer last.Close()
	wantPrivate(t, dir, 2)
}
