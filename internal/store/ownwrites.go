package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"time"

	"entgo.io/ent/dialect"
)

// ownWrites is the state of the desk that the last write transaction under a
// context has left: a snapshot that is opened between the commit and the moment
// at which the next writer may begin. So an answer that is read after a write is
// about that write, however many follow it.
type ownWrites struct {
	write, read *pool
	reserved    bool // one of the read pool's places for snapshots
	snap        *snapshot
}

type ownWritesKey struct{}

// ReadOwnWrites returns a context under which reads of the desk see what the
// last write transaction of that context has left, and nothing that came after
// it, and a function that ends it. Before the first such transaction reads are
// as without it. It is not meant for concurrent use.
func (s *Stores) ReadOwnWrites(ctx context.Context) (context.Context, func()) {
	own := &ownWrites{write: s.deskWrite, read: s.deskRead}
	return context.WithValue(ctx, ownWritesKey{}, own), own.end
}

// ownWritesFrom returns those of a context if they are of the pool; else nil,
// of which every method does nothing.
func ownWritesFrom(ctx context.Context, p *pool) *ownWrites {
	own, _ := ctx.Value(ownWritesKey{}).(*ownWrites)
	if own == nil || own.write != p {
		return nil
	}
	return own
}

// reserve waits for a place for the snapshot: ahead of the write lock, so that
// readers who hold all places don't hold up the writers.
func (own *ownWrites) reserve(ctx context.Context) error {
	if own == nil || own.reserved {
		return nil
	}
	own.end()
	select {
	case own.read.snapshots <- struct{}{}:
		own.reserved = true
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// take opens the snapshot. The write is done: what goes wrong here, the reads
// report.
func (own *ownWrites) take(ctx context.Context) {
	if own == nil {
		return
	}
	own.reserved = false
	own.snap = &snapshot{pool: own.read, placed: true}
	if err := own.snap.begin(ctx); err != nil {
		return
	}
	// Neither engine takes the snapshot before the first statement.
	pin := "SELECT 1 FROM sqlite_master LIMIT 1"
	if own.read.dialect == dialect.Postgres {
		pin = "SELECT 1"
	}
	if _, err := own.snap.tx.ExecContext(context.WithoutCancel(ctx), pin); err != nil {
		own.snap.err = fmt.Errorf("read what was written: %w", translate(err))
	}
}

func (own *ownWrites) end() {
	if own.reserved {
		own.reserved = false
		<-own.read.snapshots
	}
	if own.snap != nil {
		own.snap.end()
		own.snap = nil
	}
}

// unlockTimeout bounds the statement that gives a lock back; where it fails the
// connection is given up, and the lock with it.
const unlockTimeout = 5 * time.Second

// sessionLock takes an advisory lock that is held until unlock.
func sessionLock(ctx context.Context, conn *sql.Conn, lock int64) (unlock func(), err error) {
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", lock); err != nil {
		return nil, fmt.Errorf("take the write lock: %w", translate(err))
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockTimeout)
		defer cancel()
		if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", lock); err != nil {
			_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // closes it
		}
	}, nil
}
