package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// pool is a *sql.DB that keeps prepared statements where the driver does not
// (modernc.org/sqlite prepares each ad-hoc statement anew, which doubles the
// cost of a short read; pgx caches by itself).
type pool struct {
	db      *sql.DB
	dialect string
	cache   *statements
	idle    int // how many connections are kept open
	// snapshots has a place for each snapshot that may be open at once.
	snapshots chan struct{}
}

// newPool takes over a database with at most n connections, all of which it
// keeps open.
//
// All but one of them may be held by snapshots. A snapshot that comes to a new
// statement needs another connection for a moment to prepare it: were all held,
// they would wait for each other.
func newPool(db *sql.DB, engine string, n int) *pool {
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	p := &pool{db: db, dialect: engine, idle: n, snapshots: make(chan struct{}, max(n-1, 1))}
	if engine == dialect.SQLite {
		p.cache = &statements{db: db, byText: map[string]*sql.Stmt{}}
	}
	return p
}

func (p *pool) close() error { return p.db.Close() }

// renew closes the connections that nobody is using.
func (p *pool) renew() {
	p.db.SetMaxIdleConns(0)
	p.db.SetMaxIdleConns(p.idle)
}

// QueryContext implements entsql.ExecQuerier.
func (p *pool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	count(ctx)
	if stmt := p.cache.prepare(ctx, query); stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return p.db.QueryContext(ctx, query, args...)
}

var errReadOnly = errors.New("store: this connection cannot write")

// ExecContext implements entsql.ExecQuerier, and refuses: what writes goes
// through a write transaction.
func (p *pool) ExecContext(context.Context, string, ...any) (sql.Result, error) {
	return nil, errReadOnly
}

// maxStatements bounds the statements that one pool keeps. The program's own
// statements are some hundreds; a flood of different filters must not grow
// the cache without end.
const maxStatements = 512

// statements is a bounded cache of prepared statements. A nil cache is empty.
type statements struct {
	db     *sql.DB
	mu     sync.RWMutex
	byText map[string]*sql.Stmt
}

// lookup returns the prepared statement of a text, if there is one.
func (c *statements) lookup(query string) *sql.Stmt {
	if c == nil {
		return nil
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.byText[query]
}

// prepare returns the prepared statement of a text, or nil where the text
// should be run as it is. It must not be called while a transaction holds the
// only connection of the pool: Prepare would wait for it for ever.
func (c *statements) prepare(ctx context.Context, query string) *sql.Stmt {
	if c == nil {
		return nil
	}
	if stmt := c.lookup(query); stmt != nil {
		return stmt
	}
	c.mu.RLock()
	full := len(c.byText) >= maxStatements
	c.mu.RUnlock()
	if full {
		return nil
	}
	stmt, err := c.db.PrepareContext(ctx, query)
	if err != nil {
		return nil // the unprepared statement reports the error
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if other := c.byText[query]; other != nil {
		_ = stmt.Close()
		return other
	}
	c.byText[query] = stmt
	return stmt
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
