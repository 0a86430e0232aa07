package store

import (
	"context"
	"fmt"
	"time"
)

// rebuildPause is how long a process waits at a time for another one that rebuilds live.
const rebuildPause = time.Second

// RebuildAlone runs fn, which rebuilds live, when no other process does; until then it waits. On SQLite it does not wait: the
// processes that have the file share one machine, and what two of them write is right as well. Nor is anything wrong
// where the connection that holds the lock is lost meanwhile.
func (s *Stores) RebuildAlone(ctx context.Context, fn func() error) error {
	if !s.postgres() {
		return fn()
	}
	// A connection beside those of the pools, which fn uses, and a lock of its transaction, since a pooler may
	// lend the session to others.
	db := s.deskServer.open(Config{}, "live", writing)
	defer db.Close()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", translate(err))
	}
	defer tx.Rollback() // releases the lock
	for waited := false; ; waited = true {
		var alone bool
		if err := tx.QueryRowContext(ctx, "SELECT pg_try_advisory_xact_lock($1)", lockRebuild).Scan(&alone); err != nil {
			return fmt.Errorf("take the lock of rebuilds: %w", translate(err))
		}
		if alone {
			return fn()
		}
		if !waited {
			s.log.InfoContext(ctx, "another process rebuilds live: waiting for it")
		}
		select {
		case <-time.After(rebuildPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
