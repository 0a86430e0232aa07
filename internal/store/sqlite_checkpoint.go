package store

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"modernc.org/sqlite"
)

// SQLite copies committed pages from the write-ahead log of a file into the file, which is a
// checkpoint. By default the commit does it that finds 1,000 pages in the log, and so one
// write in some dozens waits for thousands of writes at random places and for two syncs.
// Here a goroutine beside the writers does it.
const (
	// checkpointPages is from how many pages on a checkpoint is begun.
	checkpointPages = 1000
	// writerCheckpointPages is from how many pages on the writers make checkpoints
	// themselves, and the goroutine makes none: 32 MB. The log begins anew only after all of
	// it was copied. Where writes go on without a pause that never is so beside them, and
	// the log would grow without end.
	writerCheckpointPages = 8000
	// checkpointPause is the least time between two looks at the length of the log.
	checkpointPause = 50 * time.Millisecond
)

// A checkpointer makes checkpoints of one file.
type checkpointer struct {
	db      *sql.DB // one connection of its own
	commits *afterCommits
	// mu is held during a checkpoint: SQLite refuses a second one at the same time.
	mu sync.Mutex
}

// startCheckpointer begins to make checkpoints of a file that is in WAL mode.
func startCheckpointer(file string) (*checkpointer, error) {
	inner, err := sqlite.NewConnector(sqliteDSN(file, "_pragma=query_only(1)", "_pragma=cache_size(-100)"))
	if err != nil {
		return nil, err
	}
	c := &checkpointer{db: sql.OpenDB(inner)}
	c.db.SetMaxOpenConns(1)
	c.commits = startAfterCommits(func(ctx context.Context) time.Duration {
		c.checkpoint(ctx)
		return checkpointPause
	})
	return c, nil
}

// checkpoint makes a checkpoint if there are enough pages. It waits for no reader and no
// writer, and no writer waits for it. What fails is tried again after the next commit, and
// in the end by the writer, which reports it.
func (c *checkpointer) checkpoint(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var busy, pages, copied int
	if err := c.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(NOOP)").Scan(&busy, &pages, &copied); err == nil && pages-copied >= checkpointPages && pages < writerCheckpointPages {
		_, _ = c.db.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
	}
}

// afterCommit says that pages were written. It does not block.
func (c *checkpointer) afterCommit() {
	if c != nil {
		c.commits.committedOne()
	}
}

// pause waits for a checkpoint that is under way, and allows none until resume is called.
func (c *checkpointer) pause() (resume func()) {
	c.mu.Lock()
	return c.mu.Unlock
}

func (c *checkpointer) close() error {
	if c == nil {
		return nil
	}
	c.commits.close()
	return c.db.Close()
}
