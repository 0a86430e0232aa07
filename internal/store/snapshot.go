package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/domain"
)

// snapshot is a read transaction for one operation, so that all its statements
// see one state and a release is visible whole or not at all. It begins with the
// first statement.
type snapshot struct {
	pool *pool
	once sync.Once
	tx   *sql.Tx
	err  error
	// cancel ends the transaction and its waits.
	cancel context.CancelFunc
	// hasSlot says that the snapshot holds one of its pool's slots.
	hasSlot bool

	// mu is held from a query until its rows are closed: a PostgreSQL
	// connection runs one statement at a time.
	mu sync.Mutex
	// failed is the first error that made the snapshot unusable. All later
	// statements return it, because the engines differ in what they report of a
	// broken transaction. Guarded by mu.
	failed error
}

// rollbackLimit is how long the end of a snapshot waits for the server. After
// that its connection is closed.
const rollbackLimit = 5 * time.Second

type snapshotKey struct{}

// Snapshot returns a context under which all reads of the stage of ctx see one
// state of the store, and a function that ends the snapshot. It is for operations
// that only read: later writes are not visible.
func (s *Stores) Snapshot(ctx context.Context) (context.Context, func()) {
	snap := &snapshot{pool: s.stagePool(ctx)}
	return context.WithValue(ctx, snapshotKey{}, snap), snap.end
}

func snapshotFrom(ctx context.Context, p *pool) *snapshot {
	if own, _ := ctx.Value(ownWritesKey{}).(*ownWrites); own != nil && own.read == p && own.snapshot != nil {
		return own.snapshot
	}
	if snap, _ := ctx.Value(snapshotKey{}).(*snapshot); snap != nil && snap.pool == p {
		return snap
	}
	return nil
}

func (snap *snapshot) begin(ctx context.Context) error {
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
		opts := &sql.TxOptions{ReadOnly: true}
		if snap.pool.dialect == dialect.Postgres {
			opts.Isolation = sql.LevelRepeatableRead
		}
		// The transaction outlives the context of its first statement. Only the wait
		// for its begin ends with that context.
		var lasting context.Context
		lasting, snap.cancel = context.WithCancel(context.WithoutCancel(ctx))
		stop := context.AfterFunc(ctx, snap.cancel)
		begin := func(db *sql.DB) (err error) {
			snap.tx, err = db.BeginTx(lasting, opts)
			return err
		}
		if snap.pool.replicas != nil {
			snap.err = snap.pool.replicas.read(ctx, begin)
		} else {
			snap.err = begin(snap.pool.db)
		}
		if !stop() {
			snap.err = ctx.Err()
		}
		if snap.err != nil {
			snap.err = fmt.Errorf("begin snapshot: %w", translate(snap.err))
		}
	})
	return snap.err
}

func (snap *snapshot) end() {
	snap.once.Do(func() { snap.err = sql.ErrTxDone })
	if snap.tx != nil {
		// An unreachable server does not answer.
		late := time.AfterFunc(rollbackLimit, snap.cancel)
		_ = snap.tx.Rollback() // nothing was written
		late.Stop()
	}
	if snap.cancel != nil {
		snap.cancel()
	}
	if snap.hasSlot {
		snap.hasSlot = false
		<-snap.pool.snapshotSlots
	}
}

// Query runs a statement in the snapshot, with ent's conventions.
func (snap *snapshot) Query(ctx context.Context, query string, args, v any) error {
	if err := snap.begin(ctx); err != nil {
		return err
	}
	snap.mu.Lock()
	if snap.failed != nil {
		snap.mu.Unlock()
		return snap.failed
	}
	conn := entsql.Conn{ExecQuerier: snapshotRunner{snap.tx}}
	if err := conn.Query(ctx, query, args, v); err != nil {
		err = translate(err)
		if ctx.Err() == nil && domain.KindOf(err) == domain.KindUnavailable {
			snap.failed = err
		}
		snap.mu.Unlock()
		return err
	}
	rows := v.(*entsql.Rows) // the only kind that ent's Conn.Query accepts
	rows.ColumnScanner = &unlockingRows{
		typedRows: typedRows{ColumnScanner: rows.ColumnScanner}, unlock: snap.mu.Unlock}
	return nil
}

// snapshotRunner runs statements in a snapshot's transaction.
type snapshotRunner struct{ *sql.Tx }

// QueryContext implements entsql.ExecQuerier.
func (r snapshotRunner) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	countStatement(ctx)
	return r.Tx.QueryContext(ctx, query, args...)
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
