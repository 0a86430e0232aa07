package store

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/ent/db"
)

// Rows runs queries: in a write transaction, or outside of one.
type Rows interface {
	Dialect() string
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Tx is a write transaction on one store. It is not fenced.
type Tx struct {
	tx     *sql.Tx
	conn   *sql.Conn // the connection of tx
	pool   *pool
	client *db.Client
	after  []func()
	shared *sharedTx // nil: the transaction is not one of Join
	later  *laterQueue
}

// Desk runs fn in a write transaction on the desk. If it returns nil, the
// writes are durable. The transactions of all processes run one after another.
// fn may run more than once, so it must have no effect outside tx except through
// [Tx.AfterCommit].
//
// Under a context of [Stores.ReadOwnWrites], later reads see the state right
// after the transaction. Under one of [Stores.Join], the transaction is a savepoint.
func (s *Stores) Desk(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	if j := joinedFrom(ctx, s.deskWrite); j != nil {
		return j.savepoint(ctx, fn)
	}
	return inTx(ctx, s.deskWrite, lockDesk, fn)
}

// Live runs fn in a write transaction on live, under the same rules as
// [Stores.Desk]. Only the projector calls it.
func (s *Stores) Live(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	return inTx(ctx, s.liveWrite, lockLive, fn)
}

// DeskRows returns unfenced reads of the desk: in the transaction that their context
// has joined (see [Stores.Join]), else outside a transaction.
func (s *Stores) DeskRows() Rows { return deskRows{s.deskRead} }

// LiveRows returns unfenced reads of live outside a transaction, on the server
// that live is written to, because a replica may lag. They do not wait for
// running write transactions.
func (s *Stores) LiveRows() Rows {
	if s.postgres() {
		return poolRows{s.liveWrite}
	}
	return poolRows{s.liveRead}
}

type poolRows struct{ *pool }

func (p poolRows) Dialect() string { return p.dialect }

func (p poolRows) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return p.QueryContext(ctx, query, args...)
}

// Advisory locks of PostgreSQL ("redthrea" and a number). They serialise the
// write transactions of each store, as the single writer of SQLite does.
const (
	lockDesk    int64 = 0x7265647468726501
	lockLive    int64 = 0x7265647468726502
	lockMigrate int64 = 0x7265647468726503
	lockRebuild int64 = 0x7265647468726504
)

// maxAttempts is how often a transaction is tried that fails on a lock conflict.
const maxAttempts = 6

func inTx(ctx context.Context, p *pool, lock int64, fn func(context.Context, *Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := tryTx(ctx, p, lock, fn)
		if err == nil || attempt == maxAttempts || !retryable(err) {
			return err
		}
		pause := time.Duration(attempt*attempt) * 10 * time.Millisecond
		select {
		case <-time.After(pause + rand.N(pause)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func tryTx(ctx context.Context, p *pool, lock int64, fn func(context.Context, *Tx) error) error {
	own := ownWritesFrom(ctx, p)
	if err := own.reserveSlot(ctx); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", translate(err))
	}
	defer conn.Close() // returns it to the pool
	locked := own != nil && p.dialect == dialect.Postgres
	if locked {
		// A lock of the transaction ends with the commit; this one is held until
		// the snapshot of the committed state is open.
		unlock, err := sessionLock(ctx, conn, lock)
		if err != nil {
			return err
		}
		defer unlock()
	}
	tx := &Tx{pool: p, conn: conn, later: &laterQueue{}}
	if tx.tx, err = conn.BeginTx(ctx, nil); err != nil {
		return fmt.Errorf("begin: %w", translate(err))
	}
	defer tx.tx.Rollback() // no effect after a commit
	if p.dialect == dialect.Postgres && !locked {
		if _, err := tx.tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", lock); err != nil {
			return fmt.Errorf("take the write lock: %w", translate(err))
		}
	}
	if err := fn(ctx, tx); err != nil {
		return err
	}
	if err := tx.flush(ctx); err != nil {
		return err
	}
	commits, _ := ctx.Value(commitsKey{}).(*Commits)
	if err := commits.commit(tx.tx.Commit); err != nil {
		return fmt.Errorf("commit: %w", translate(err))
	}
	p.checkpoints.afterCommit()
	p.statistics.afterCommit()
	own.openSnapshot(ctx)
	for _, f := range tx.after {
		f()
	}
	return nil
}

// AfterCommit registers a function that is called once the transaction is
// durable.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

// Dialect returns ent's name of the engine.
func (tx *Tx) Dialect() string { return tx.pool.dialect }

// Query runs a statement that returns rows.
func (tx *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	countStatement(ctx)
	if err := tx.flush(ctx); err != nil {
		return nil, err
	}
	rows, err := tx.tx.QueryContext(ctx, query, args...)
	return rows, translate(err)
}

// Exec runs a statement and returns the number of affected rows.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := tx.flush(ctx); err != nil {
		return 0, err
	}
	res, err := tx.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, translate(err)
	}
	return res.RowsAffected()
}

// Client returns an unfenced ent client that reads and writes in the
// transaction.
func (tx *Tx) Client() *db.Client {
	if tx.client == nil {
		tx.client = db.NewClient(db.Driver(txDriver{tx}))
	}
	return tx.client
}

// txDriver makes ent run its statements in the transaction.
type txDriver struct{ tx *Tx }

func (d txDriver) conn() entsql.Conn { return entsql.Conn{ExecQuerier: entRunner(d)} }

func (d txDriver) Exec(ctx context.Context, query string, args, v any) error {
	return d.conn().Exec(ctx, query, args, v)
}

func (d txDriver) Query(ctx context.Context, query string, args, v any) error {
	return d.conn().Query(ctx, query, args, v)
}

// Tx returns the driver itself: ent opens a transaction for writes of several
// statements, and here one is already open.
func (d txDriver) Tx(context.Context) (dialect.Tx, error) { return dialect.NopTx(d), nil }
func (d txDriver) Close() error                           { return nil }
func (d txDriver) Dialect() string                        { return d.tx.pool.dialect }

type entRunner struct{ tx *Tx }

func (r entRunner) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return r.tx.Query(ctx, query, args...)
}

func (r entRunner) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := r.tx.flush(ctx); err != nil {
		return nil, err
	}
	res, err := r.tx.tx.ExecContext(ctx, query, args...)
	return res, translate(err)
}
