package store

import (
	"context"
	"database/sql"
	"errors"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// pool is the connections to one store, for one use.
type pool struct {
	db      *sql.DB
	dialect string
	idle    int // how many connections are kept open
	// snapshots has a place for each snapshot that may be open at once.
	snapshots chan struct{}
}

// newPool takes over a database with at most n connections, all of which it
// keeps open.
//
// All but one of them may be held by snapshots, so that a read outside of any
// snapshot never waits until one ends.
func newPool(db *sql.DB, engine string, n int) *pool {
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return &pool{db: db, dialect: engine, idle: n, snapshots: make(chan struct{}, max(n-1, 1))}
}

func (p *pool) close() error { return p.db.Close() }

// renew closes the connections that nobody is using.
func (p *pool) renew() {
	p.db.SetMaxIdleConns(0)
	p.db.SetMaxIdleConns(p.idle)
}

// readAttempts is how often a statement is run, or an operation read, that
// could not be read for a reason that may be gone at once (see [ReadAgain]).
const readAttempts = 3

// QueryContext implements entsql.ExecQuerier.
func (p *pool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	count(ctx)
	for attempt := 1; ; attempt++ {
		rows, err := p.db.QueryContext(ctx, query, args...)
		if err == nil || attempt == readAttempts || ctx.Err() != nil || !ReadAgain(err) {
			return rows, translate(err)
		}
	}
}

var errReadOnly = errors.New("store: this connection cannot write")

// ExecContext implements entsql.ExecQuerier, and refuses: what writes goes
// through a write transaction.
func (p *pool) ExecContext(context.Context, string, ...any) (sql.Result, error) {
	return nil, errReadOnly
}

// reader is the ent driver of a store that is only read.
type reader struct{ pool *pool }

func (r reader) Query(ctx context.Context, query string, args, v any) error {
	if snap := snapshotFrom(ctx, r.pool); snap != nil {
		return snap.Query(ctx, query, args, v)
	}
	if err := (entsql.Conn{ExecQuerier: r.pool}).Query(ctx, query, args, v); err != nil {
		return err
	}
	rows := v.(*entsql.Rows) // the only kind that ent's Conn.Query accepts
	rows.ColumnScanner = &typedRows{ColumnScanner: rows.ColumnScanner}
	return nil
}

// typedRows asks the driver for the columns' types once. For a column that is
// not of its table, ent asks for each row anew, which is a sixth of the cost
// of reading a page.
type typedRows struct {
	entsql.ColumnScanner
	types []*sql.ColumnType
}

func (r *typedRows) ColumnTypes() ([]*sql.ColumnType, error) {
	if r.types == nil {
		types, err := r.ColumnScanner.ColumnTypes()
		if err != nil {
			return nil, err
		}
		r.types = types
	}
	return r.types, nil
}

func (r reader) Exec(context.Context, string, any, any) error { return errReadOnly }
func (r reader) Tx(context.Context) (dialect.Tx, error)       { return nil, errReadOnly }
func (r reader) Close() error                                 { return nil }
func (r reader) Dialect() string                              { return r.pool.dialect }

type countKey struct{}

// CountStatements returns a context that counts the SQL statements that reads
// run under it, for tests of how many a query costs. It is not meant for
// concurrent use.
func CountStatements(ctx context.Context) (context.Context, *int64) {
	n := new(int64)
	return context.WithValue(ctx, countKey{}, n), n
}

func count(ctx context.Context) {
	if n, _ := ctx.Value(countKey{}).(*int64); n != nil {
		*n++
	}
}
