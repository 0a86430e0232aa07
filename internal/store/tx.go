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

// Rows can be asked for rows: a write transaction, or a store as it stands.
type Rows interface {
	Dialect() string
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Tx is a write transaction on one store. It is not fenced.
type Tx struct {
	tx     *sql.Tx
	conn   *sql.Conn // what tx runs on
	pool   *pool
	client *db.Client
	after  []func()
}

// Desk runs fn in a write transaction on the desk. When it returns nil, what
// was written is durable. Transactions of all processes run one after
// another. fn may run more than once: it must have no effect outside tx but
// through [Tx.AfterCommit].
//
// Under a context of [Stores.ReadOwnWrites], the state that the transaction
// leaves is what is read from then on.
func (s *Stores) Desk(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	return inTx(ctx, s.deskWrite, lockDesk, fn)
}

// Live runs fn in a write transaction on live. It is the projector's: nothing
// else writes there.
func (s *Stores) Live(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	return inTx(ctx, s.liveWrite, lockLive, fn)
}

// DeskRows reads the desk outside a transaction, unfenced.
func (s *Stores) DeskRows() Rows { return poolRows{s.deskRead} }

// LiveRows reads live outside a transaction, unfenced, from the server on which
// it is written: a replica may lag. It does not wait for what is being written.
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
// write transactions of each store, as SQLite's single writer does.
const (
	lockDesk    int64 = 0x7265647468726501
	lockLive    int64 = 0x7265647468726502
	lockMigrate int64 = 0x7265647468726503
)

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
	if err := own.reserve(ctx); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", translate(err))
	}
	defer conn.Close() // gives it back
	if own != nil && p.dialect == dialect.Postgres {
		// The lock of the transaction ends with the commit; this one is held
		// until what was committed can be read.
		unlock, err := sessionLock(ctx, conn, lock)
		if err != nil {
			return err
		}
		defer unlock()
	}
	tx := &Tx{pool: p, conn: conn}
	if tx.tx, err = conn.BeginTx(ctx, nil); err != nil {
		return fmt.Errorf("begin: %w", translate(err))
	}
	defer tx.tx.Rollback() // does nothing after a commit
	if p.dialect == dialect.Postgres {
		if _, err := tx.tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", lock); err != nil {
			return fmt.Errorf("take the write lock: %w", translate(err))
		}
	}
	if err := fn(ctx, tx); err != nil {
		return err
	}
	if err := tx.tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", translate(err))
	}
	own.take(ctx)
	for _, f := range tx.after {
		f()
	}
	return nil
}

// AfterCommit registers what is to happen once the transaction is durable.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

// Dialect is the engine in ent's words.
func (tx *Tx) Dialect() string { return tx.pool.dialect }

// Query runs a statement that returns rows.
func (tx *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	count(ctx)
	rows, err := tx.tx.QueryContext(ctx, query, args...)
	return rows, translate(err)
}

// Exec runs a statement and returns the number of rows that it touched.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := tx.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, translate(err)
	}
	return res.RowsAffected()
}

// Client is an ent client that reads and writes in the transaction, unfenced.
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

// Tx returns the driver itself: ent opens a transaction around writes that
// take several statements, and here one is open.
func (d txDriver) Tx(context.Context) (dialect.Tx, error) { return dialect.NopTx(d), nil }
func (d txDriver) Close() error                           { return nil }
func (d txDriver) Dialect() string                        { return d.tx.pool.dialect }

type entRunner struct{ tx *Tx }

func (r entRunner) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return r.tx.Query(ctx, query, args...)
}

func (r entRunner) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	res, err := r.tx.tx.ExecContext(ctx, query, args...)
	return res, translate(err)
}
