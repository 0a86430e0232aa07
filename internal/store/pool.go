package store

import (
	"context"
	"database/sql"
	"errors"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// pool is a pool of connections to one store, for one use.
type pool struct {
	db      *sql.DB
	dialect string
	idle    int // the number of connections that are kept open
	// snapshotSlots is a semaphore that bounds the snapshots that are open at once.
	snapshotSlots chan struct{}
	// replicas, if not nil, are the servers that are read from; db is the primary.
	replicas *replicaSet
	// checkpoints, if not nil, are made of the SQLite file that the pool writes.
	checkpoints *checkpointer
	// gate is that of live, in the pool that it is read with; nil in others.
	gate *liveGate
	// statistics, if not nil, are made of the tables of PostgreSQL. They are closed by [Stores.Close].
	statistics *statistician
}

// newPool returns a pool of at most n connections to db, which it keeps open and
// owns from now on.
//
// Snapshots may hold all connections but one, so that a read outside a snapshot
// never waits for a snapshot to end.
func newPool(db *sql.DB, engine string, n int) *pool {
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return &pool{db: db, dialect: engine, idle: n, snapshotSlots: make(chan struct{}, max(n-1, 1))}
}

func (p *pool) close() error {
	if p.replicas != nil {
		p.replicas.close()
	}
	return errors.Join(p.checkpoints.close(), p.db.Close())
}

// closeIdle closes the connections that are not in use.
func (p *pool) closeIdle() {
	p.db.SetMaxIdleConns(0)
	p.db.SetMaxIdleConns(p.idle)
}

// readAttempts is how often a read is tried that fails with an error that can be
// retried at once (see [IsRetryableRead]).
const readAttempts = 3

// QueryContext implements entsql.ExecQuerier.
func (p *pool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	countStatement(ctx)
	if p.replicas != nil {
		var rows *sql.Rows
		err := p.replicas.read(ctx, func(db *sql.DB) (err error) {
			rows, err = queryAgain(ctx, db, query, args)
			return err
		})
		return rows, err
	}
	return queryAgain(ctx, p.db, query, args)
}

// queryAgain runs a query, and again where its connection was lost.
func queryAgain(ctx context.Context, db *sql.DB, query string, args []any) (*sql.Rows, error) {
	for attempt := 1; ; attempt++ {
		rows, err := db.QueryContext(ctx, query, args...)
		if err == nil || attempt == readAttempts || ctx.Err() != nil || !IsRetryableRead(err) {
			return rows, translate(err)
		}
	}
}

var errReadOnly = errors.New("store: this connection cannot write")

// ExecContext implements entsql.ExecQuerier. It always fails: writes need a
// write transaction.
func (p *pool) ExecContext(context.Context, string, ...any) (sql.Result, error) {
	return nil, errReadOnly
}

// readDriver is a read-only ent driver of a store.
type readDriver struct{ pool *pool }

func (r readDriver) Query(ctx context.Context, query string, args, v any) error {
	conn := entsql.Conn{ExecQuerier: r.pool}
	if j := joinedFrom(ctx, r.pool); j != nil {
		conn.ExecQuerier = j
	} else if snap := snapshotFrom(ctx, r.pool); snap != nil {
		return snap.Query(ctx, query, args, v)
	} else if !r.pool.gate.open() {
		return r.queryGuarded(ctx, query, args, v)
	}
	if err := conn.Query(ctx, query, args, v); err != nil {
		return err
	}
	rows := v.(*entsql.Rows) // the only kind that ent's Conn.Query accepts
	rows.ColumnScanner = &typedRows{ColumnScanner: rows.ColumnScanner}
	return nil
}

// queryGuarded is Query in a snapshot of its own, which looks whether live is complete.
func (r readDriver) queryGuarded(ctx context.Context, query string, args, v any) error {
	for attempt := 1; ; attempt++ {
		snap := &snapshot{pool: r.pool}
		err := snap.Query(ctx, query, args, v)
		if err == nil {
			rows := v.(*entsql.Rows).ColumnScanner.(*unlockingRows)
			unlock := rows.unlock
			rows.unlock = func() { unlock(); snap.end() }
			return nil
		}
		snap.end()
		if attempt == readAttempts || ctx.Err() != nil || !IsRetryableRead(err) {
			return err
		}
	}
}

// typedRows caches the types of the columns. For a column that is not of its
// table, ent asks for them once per row, which is a sixth of the cost of reading
// a page.
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

func (r readDriver) Exec(context.Context, string, any, any) error { return errReadOnly }
func (r readDriver) Tx(context.Context) (dialect.Tx, error)       { return nil, errReadOnly }
func (r readDriver) Close() error                                 { return nil }
func (r readDriver) Dialect() string                              { return r.pool.dialect }

type countKey struct{}

// CountStatements returns a context that counts the SQL statements of reads
// under it, for tests of the number of statements per query. It is not safe for
// concurrent use.
func CountStatements(ctx context.Context) (context.Context, *int64) {
	n := new(int64)
	return context.WithValue(ctx, countKey{}, n), n
}

func countStatement(ctx context.Context) {
	if n, _ := ctx.Value(countKey{}).(*int64); n != nil {
		*n++
	}
}

// PoolStats returns the statistics of the pools of connections by name: desk_read, desk_write, live_read, live_write.
func (s *Stores) PoolStats() map[string]sql.DBStats {
	stats := map[string]sql.DBStats{}
	for name, p := range map[string]*pool{"desk_read": s.deskRead, "desk_write": s.deskWrite, "live_read": s.liveRead, "live_write": s.liveWrite} {
		stats[name] = p.db.Stats()
	}
	return stats
}
