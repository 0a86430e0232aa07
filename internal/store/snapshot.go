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

// snapshot is a read transaction that one operation reads under, so that all
// its statements see one state: a release shows whole or not at all. It
// begins with the first statement.
type snapshot struct {
	pool *pool
	once sync.Once
	tx   *sql.Tx
	err  error
	// cancel ends the transaction and what it waits for.
	cancel context.CancelFunc
	// placed says that the snapshot has one of its pool's places.
	placed bool

	// busy is held from a query until its rows are closed: a PostgreSQL
	// connection runs one statement at a time.
	busy sync.Mutex
	// failed is why the database could not go on with the snapshot: the answer
	// to all statements from then on, whatever the engine says of a transaction
	// that is broken. Guarded by busy.
	failed error
}

// rollbackLimit is how long a snapshot waits for the server to end it, before
// its connection is given up.
const rollbackLimit = 5 * time.Second

type snapshotKey struct{}

// Snapshot returns a context under which all reads of the stage that ctx asks
// for see one state of the store, and a function that ends it. It is for
// operations that only read: what is written meanwhile is not seen.
func (s *Stores) Snapshot(ctx context.Context) (context.Context, func()) {
	p := s.liveRead
	if domain.StageFrom(ctx) == domain.Desk {
		p = s.deskRead
	}
	snap := &snapshot{pool: p}
	return context.WithValue(ctx, snapshotKey{}, snap), snap.end
}

func snapshotFrom(ctx context.Context, p *pool) *snapshot {
	if own, _ := ctx.Value(ownWritesKey{}).(*ownWrites); own != nil && own.read == p && own.snap != nil {
		return own.snap
	}
	if snap, _ := ctx.Value(snapshotKey{}).(*snapshot); snap != nil && snap.pool == p {
		return snap
	}
	return nil
}

func (snap *snapshot) begin(ctx context.Context) error {
	snap.once.Do(func() {
		if !snap.placed {
			select {
			case snap.pool.snapshots <- struct{}{}:
				snap.placed = true
			case <-ctx.Done():
				snap.err = fmt.Errorf("begin snapshot: %w", ctx.Err())
				return
			}
		}
		opts := &sql.TxOptions{ReadOnly: true}
		if snap.pool.dialect == dialect.Postgres {
			opts.Isolation = sql.LevelRepeatableRead
		}
		// The transaction outlives the statement that begins it, which ends the
		// wait for it, if it ends first.
		var lasting context.Context
		lasting, snap.cancel = context.WithCancel(context.WithoutCancel(ctx))
		stop := context.AfterFunc(ctx, snap.cancel)
		snap.tx, snap.err = snap.pool.db.BeginTx(lasting, opts)
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
		// A server that is out of reach does not answer.
		late := time.AfterFunc(rollbackLimit, snap.cancel)
		_ = snap.tx.Rollback() // nothing was written
		late.Stop()
	}
	if snap.cancel != nil {
		snap.cancel()
	}
	if snap.placed {
		snap.placed = false
		<-snap.pool.snapshots
	}
}

// Query runs a statement in the snapshot, with ent's conventions.
func (snap *snapshot) Query(ctx context.Context, query string, args, v any) error {
	if err := snap.begin(ctx); err != nil {
		return err
	}
	snap.busy.Lock()
	if snap.failed != nil {
		snap.busy.Unlock()
		return snap.failed
	}
	conn := entsql.Conn{ExecQuerier: snapshotRunner{snap.tx}}
	if err := conn.Query(ctx, query, args, v); err != nil {
		err = translate(err)
		if ctx.Err() == nil && domain.KindOf(err) == domain.KindUnavailable {
			snap.failed = err
		}
		snap.busy.Unlock()
		return err
	}
	rows := v.(*entsql.Rows) // the only kind that ent's Conn.Query accepts
	rows.ColumnScanner = &unlockingRows{
		typedRows: typedRows{ColumnScanner: rows.ColumnScanner}, unlock: snap.busy.Unlock}
	return nil
}

// snapshotRunner runs statements in a snapshot's transaction.
type snapshotRunner struct{ *sql.Tx }

// QueryContext implements entsql.ExecQuerier.
func (r snapshotRunner) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	count(ctx)
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
