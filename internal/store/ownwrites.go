package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"time"

	"entgo.io/ent/dialect"
)

// ownWrites holds the state of the desk right after the last write transaction
// of a context: a snapshot that is opened after the commit and before the next
// writer may begin. So the response to a write shows that write, however many
// follow.
type ownWrites struct {
	write, read *pool
	hasSlot     bool // holds one of the read pool's snapshot slots
	snapshot    *snapshot
}

type ownWritesKey struct{}

// ReadOwnWrites returns a context under which reads of the desk see the state
// right after the last write transaction of that context, and a function that
// ends it. Before the first such transaction, reads see the present state. It is
// not safe for concurrent use. A context of [Stores.Join] stays as it is: its reads see
// what was written.
func (s *Stores) ReadOwnWrites(ctx context.Context) (context.Context, func()) {
	if Joined(ctx) {
		return ctx, func() {}
	}
	own := &ownWrites{write: s.deskWrite, read: s.deskRead}
	return context.WithValue(ctx, ownWritesKey{}, own), own.end
}

// ownWritesFrom returns the ownWrites of a context if they belong to the pool,
// else nil. The methods of nil do nothing.
func ownWritesFrom(ctx context.Context, p *pool) *ownWrites {
	own, _ := ctx.Value(ownWritesKey{}).(*ownWrites)
	if own == nil || own.write != p {
		return nil
	}
	return own
}

// reserveSlot waits for a snapshot slot. It is called before the write lock is
// taken, so that readers that hold all slots do not block the writers.
func (own *ownWrites) reserveSlot(ctx context.Context) error {
	if own == nil || own.hasSlot {
		return nil
	}
	own.end()
	select {
	case own.read.snapshotSlots <- struct{}{}:
		own.hasSlot = true
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// openSnapshot opens the snapshot. The write is already durable, so errors are
// not returned here but by the reads.
func (own *ownWrites) openSnapshot(ctx context.Context) {
	if own == nil {
		return
	}
	own.hasSlot = false
	own.snapshot = &snapshot{pool: own.read, hasSlot: true}
	// Neither engine takes the snapshot before the first statement.
	pin := "SELECT 1 FROM sqlite_master LIMIT 1"
	if own.read.dialect == dialect.Postgres {
		pin = "SELECT 1"
	}
	if err := own.snapshot.readValues(context.WithoutCancel(ctx), pin, nil, 1, false, &Values{}); err != nil {
		own.snapshot.err = fmt.Errorf("read what was written: %w", translate(err))
	}
}

func (own *ownWrites) end() {
	if own.hasSlot {
		own.hasSlot = false
		<-own.read.snapshotSlots
	}
	if own.snapshot != nil {
		own.snapshot.end()
		own.snapshot = nil
	}
}

// unlockTimeout bounds the statement that releases a lock. If it fails, the
// connection is closed, which releases the lock too.
const unlockTimeout = 5 * time.Second

// sessionLock takes an advisory lock that is held until unlock is called.
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
