package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/domain"
)

// snapshot is a read transaction for one operation, so that all its statements
// see one state and a release is visible whole or not at all. It begins with the
// first statement.
//
// It holds a connection, and begins and ends the transaction on the driver's side of
// database/sql: a sql.Tx has a goroutine for itself and one for each query.
type snapshot struct {
	pool *pool
	once sync.Once
	conn *sql.Conn // nil before the first statement
	err  error
	// hasSlot says that the snapshot holds one of its pool's slots.
	hasSlot  bool
	slotOnce sync.Once // for tryAcquire
	// desk is the snapshot of reads of the desk in an operation of live.
	desk *snapshot

	// mu is held from a query until its rows are closed: a PostgreSQL
	// connection runs one statement at a time.
	mu sync.Mutex
	// failed is the first error that made the snapshot unusable. All later
	// statements return it, because the engines differ in what they report of a
	// broken transaction. Guarded by mu.
	failed error
}

// ErrSnapshotEnded is the error of a statement after the last one of a snapshot, as
// [Stores.ReadLastValues] reads it.
var ErrSnapshotEnded = errors.New("store: the snapshot has ended with its last statement")

// rollbackLimit is how long the end of a snapshot waits for the server. After
// that its connection is closed.
const rollbackLimit = 5 * time.Second

type snapshotKey struct{}

// Snapshot returns a context under which all reads of the stage of ctx see one
// state of the store, and a function that ends the snapshot. It is for operations
// that only read: later writes are not visible.
//
// An operation of live may read lists of the desk as well, as those of webhooks. Those reads
// have a snapshot of their own, unless too many are open: an operation must not wait for a
// second while it holds the first.
func (s *Stores) Snapshot(ctx context.Context) (context.Context, func()) {
	if domain.StageFrom(ctx) == domain.Desk {
		snap := &snapshot{pool: s.deskRead}
		return context.WithValue(ctx, snapshotKey{}, snap), snap.end
	}
	both := &[2]snapshot{{pool: s.liveRead}, {pool: s.deskRead}}
	snap, desk := &both[0], &both[1]
	snap.desk = desk
	return context.WithValue(ctx, snapshotKey{}, snap), func() {
		snap.end()
		desk.end()
	}
}

func snapshotFrom(ctx context.Context, p *pool) *snapshot {
	if own, _ := ctx.Value(ownWritesKey{}).(*ownWrites); own != nil && own.read == p && own.snapshot != nil {
		return own.snapshot
	}
	snap, _ := ctx.Value(snapshotKey{}).(*snapshot)
	switch {
	case snap == nil:
		return nil
	case snap.pool == p:
		return snap
	case snap.desk != nil && snap.desk.pool == p && snap.desk.tryAcquire():
		return snap.desk
	}
	return nil
}

// tryAcquire takes one of the pool's slots, if there is a free one, and reports whether the
// snapshot holds one. The answer does not change before its end.
func (snap *snapshot) tryAcquire() bool {
	snap.slotOnce.Do(func() {
		select {
		case snap.pool.snapshotSlots <- struct{}{}:
			snap.hasSlot = true
		default:
		}
	})
	return snap.hasSlot
}

// lock prepares for a statement: mu is held if there is no error. The first statement runs
// within it: first begins the transaction, and may run it in the same round trip. ran
// reports whether first has run, and begun what it returned.
func (snap *snapshot) lock(ctx context.Context, first func(*connection) (begun bool, err error)) (ran bool, err error) {
	var failed error // the statement, in a transaction that has begun
	snap.once.Do(func() {
		if !snap.hasSlot {
			select {
			case snap.pool.snapshotSlots <- struct{}{}:
				snap.hasSlot = true
			case <-ctx.Done():
				snap.err = fmt.Errorf("begin snapshot: %w", ctx.Err())
				return
			}
		}
		ran = true
		begin := func(db *sql.DB) (err error) {
			snap.conn, failed, err = beginOn(ctx, db, first)
			return err
		}
		if snap.pool.replicas != nil {
			snap.err = snap.pool.replicas.read(ctx, begin)
		} else {
			snap.err = begin(snap.pool.db)
		}
		if snap.err != nil {
			snap.err = fmt.Errorf("begin snapshot: %w", translate(snap.err))
		}
	})
	if snap.err != nil {
		return ran, snap.err
	}
	snap.mu.Lock()
	if snap.failed != nil {
		failed = snap.failed
	}
	if failed != nil {
		snap.mu.Unlock()
	}
	return ran, failed
}

// fail returns the error of a statement, and takes note of one that made the snapshot
// unusable. mu is held.
func (snap *snapshot) fail(ctx context.Context, err error) error {
	err = translate(err)
	if ctx.Err() == nil && domain.KindOf(err) == domain.KindUnavailable {
		snap.failed = err
	}
	return err
}

func (snap *snapshot) end() {
	snap.once.Do(func() { snap.err = sql.ErrTxDone })
	snap.slotOnce.Do(func() {}) // a read that comes later takes no slot
	if snap.conn != nil {
		snap.mu.Lock()
		snap.failed = sql.ErrTxDone
		snap.mu.Unlock()
		endOn(snap.conn)
	}
	if snap.hasSlot {
		snap.hasSlot = false
		<-snap.pool.snapshotSlots
	}
}

// Query runs a statement in the snapshot, with ent's conventions.
func (snap *snapshot) Query(ctx context.Context, query string, args, v any) error {
	_, err := snap.lock(ctx, func(c *connection) (bool, error) {
		err := c.beginSnapshot(ctx)
		return err == nil, err
	})
	if err != nil {
		return err
	}
	conn := entsql.Conn{ExecQuerier: snapshotRunner{snap.conn}}
	if err := conn.Query(ctx, query, args, v); err != nil {
		defer snap.mu.Unlock()
		return snap.fail(ctx, err)
	}
	rows := v.(*entsql.Rows) // the only kind that ent's Conn.Query accepts
	rows.ColumnScanner = &unlockingRows{
		typedRows: typedRows{ColumnScanner: rows.ColumnScanner}, unlock: snap.mu.Unlock}
	return nil
}

// readValues runs a statement in the snapshot and adds its values to vs, which has none.
// After the last one there can be no other.
func (snap *snapshot) readValues(ctx context.Context, query string, args []any, width int, last bool, vs *Values) error {
	countStatement(ctx)
	ran, err := snap.lock(ctx, func(c *connection) (begun bool, err error) {
		vs.reset()
		if last {
			return c.readAlone(ctx, query, args, width, vs)
		}
		return c.beginAndRead(ctx, query, args, width, vs)
	})
	if err != nil {
		return err
	}
	defer snap.mu.Unlock()
	if !ran {
		if err := snap.conn.Raw(func(conn any) error {
			return conn.(*connection).readValues(ctx, query, args, width, last, vs)
		}); err != nil {
			return snap.fail(ctx, err)
		}
	}
	if last {
		snap.failed = ErrSnapshotEnded
	}
	return nil
}

// snapshotRunner runs statements on a snapshot's connection.
type snapshotRunner struct{ *sql.Conn }

// QueryContext implements entsql.ExecQuerier.
func (r snapshotRunner) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	countStatement(ctx)
	return r.Conn.QueryContext(ctx, query, args...)
}

// unlockingRows calls unlock once, when the rows are closed.
type unlockingRows struct {
	typedRows
	once   sync.Once
	unlock func()
}

func (r *unlockingRows) Close() error {
	defer r.once.Do(r.unlock)
	return r.ColumnScanner.Close()
}
