package store

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"reflect"
)

// connector opens the connections of a pool. It wraps those of the engine's
// driver: errors become domain errors (see [unavailableOrSame]), and statements
// stay prepared if the driver itself does not keep them.
type connector struct {
	driver.Connector
	pool string // "desk" or "live", for fault
	// statements is how many prepared statements each connection keeps; 0 if the
	// driver keeps them itself.
	statements int
	// fault is [Config.Fault].
	fault func(pool, query string) error
	// counts counts the statements; nil: they are not observed.
	counts *statementCounts
	// live is the server, if readers read live from it; nil: there is nothing to look at.
	live *liveServer
}

// Connect implements driver.Connector.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := c.injectFault(""); err != nil {
		return nil, err
	}
	inner, err := c.Connector.Connect(ctx)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil, errUnavailable.WithCause(err) // the driver's own connect timeout
	}
	if err != nil {
		return nil, unavailableOrSame(err)
	}
	conn := &connection{inner: inner, connector: c}
	if c.statements > 0 {
		conn.cache = newStmtCache(c.statements)
	}
	return conn, nil
}

func (c *connector) injectFault(query string) error {
	if c.fault == nil {
		return nil
	}
	return unavailableOrSame(c.fault(c.pool, query))
}

// connection is one connection. Like all of database/sql's it is used by one
// goroutine at a time.
type connection struct {
	inner     driver.Conn
	connector *connector
	cache     *stmtCache // nil: none
	// inSnapshot says that the transaction of a snapshot has begun on SQLite.
	inSnapshot bool
}

// The driver's connections of both engines implement these.
type fullConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
}

func (c *connection) full() fullConn { return c.inner.(fullConn) }

// driverConn returns the driver's own connection behind a connection of a pool.
func driverConn(conn any) any {
	if c, ok := conn.(*connection); ok {
		return c.inner
	}
	return conn
}

// QueryContext implements driver.QueryerContext.
func (c *connection) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.connector.injectFault(query); err != nil {
		return nil, err
	}
	o := c.connector.observe(ctx, query)
	s := c.cache.take(ctx, c.full(), query)
	if s == nil {
		rows, err := c.full().QueryContext(ctx, query, args)
		return wrapRows(rows, err, nil, o)
	}
	rows, err := s.stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	return wrapRows(rows, err, s, o)
}

// ExecContext implements driver.ExecerContext.
func (c *connection) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (result driver.Result, err error) {
	if err := c.connector.injectFault(query); err != nil {
		return nil, err
	}
	o := c.connector.observe(ctx, query)
	defer func() { o.done(err) }()
	s := c.cache.take(ctx, c.full(), query)
	if s == nil {
		result, err = c.full().ExecContext(ctx, query, args)
		return result, unavailableOrSame(err)
	}
	defer s.release()
	result, err = s.stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	return result, unavailableOrSame(err)
}

// BeginTx implements driver.ConnBeginTx.
func (c *connection) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if err := c.connector.injectFault("BEGIN"); err != nil {
		return nil, err
	}
	tx, err := c.full().BeginTx(ctx, opts)
	if err != nil {
		return nil, unavailableOrSame(err)
	}
	return transaction{ctx, tx, c.connector}, nil
}

// Begin implements driver.Conn. database/sql calls BeginTx.
func (c *connection) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// transaction is a transaction with translated errors.
type transaction struct {
	ctx       context.Context // in which it began
	inner     driver.Tx
	connector *connector
}

func (t transaction) Commit() error {
	if err := t.connector.injectFault("COMMIT"); err != nil {
		_ = t.inner.Rollback() // the injected fault means that nothing was committed
		return err
	}
	o := t.connector.observe(t.ctx, "COMMIT")
	err := unavailableOrSame(t.inner.Commit())
	o.done(err)
	return err
}

func (t transaction) Rollback() error { return unavailableOrSame(t.inner.Rollback()) }

// PrepareContext implements driver.ConnPrepareContext, for statements that the
// caller keeps.
func (c *connection) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.full().PrepareContext(ctx, query)
	return stmt, unavailableOrSame(err)
}

// Prepare implements driver.Conn. database/sql calls PrepareContext.
func (c *connection) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// Ping implements driver.Pinger.
func (c *connection) Ping(ctx context.Context) error {
	if err := c.connector.injectFault(""); err != nil {
		return err
	}
	return unavailableOrSame(c.full().Ping(ctx))
}

// ResetSession implements driver.SessionResetter.
func (c *connection) ResetSession(ctx context.Context) error { return c.full().ResetSession(ctx) }

// IsValid implements driver.Validator.
func (c *connection) IsValid() bool {
	v, ok := c.inner.(driver.Validator)
	return !ok || v.IsValid()
}

// CheckNamedValue implements driver.NamedValueChecker.
func (c *connection) CheckNamedValue(v *driver.NamedValue) error {
	if checker, ok := c.inner.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(v)
	}
	return driver.ErrSkip // database/sql's own rules
}

// Close implements driver.Conn.
func (c *connection) Close() error {
	c.cache.close()
	return c.inner.Close()
}

// rows are the rows of a query. When they are closed, their statement is free
// for reuse.
type rows struct {
	inner    driver.Rows
	stmt     *cachedStmt // nil: not cached
	observed observed
	failed   error // of Next
}

// wrapRows wraps the result of a query.
func wrapRows(inner driver.Rows, err error, stmt *cachedStmt, o observed) (driver.Rows, error) {
	if err != nil {
		stmt.release()
		err = unavailableOrSame(err)
		o.done(err)
		return nil, err
	}
	return &rows{inner: inner, stmt: stmt, observed: o}, nil
}

// Columns implements driver.Rows.
func (r *rows) Columns() []string { return r.inner.Columns() }

// Next implements driver.Rows.
func (r *rows) Next(dest []driver.Value) error {
	err := r.inner.Next(dest)
	if err == nil || err == io.EOF { // a bare io.EOF is the end of the rows; the end of a connection is always wrapped
		return err
	}
	r.failed = unavailableOrSame(err)
	return r.failed
}

// Close implements driver.Rows.
func (r *rows) Close() error {
	err := unavailableOrSame(r.inner.Close())
	r.stmt.release()
	r.observed.done(cmp.Or(r.failed, err))
	return err
}

// ColumnTypeDatabaseTypeName implements driver.RowsColumnTypeDatabaseTypeName.
func (r *rows) ColumnTypeDatabaseTypeName(i int) string {
	if t, ok := r.inner.(driver.RowsColumnTypeDatabaseTypeName); ok {
		return t.ColumnTypeDatabaseTypeName(i)
	}
	return ""
}

// ColumnTypeLength implements driver.RowsColumnTypeLength.
func (r *rows) ColumnTypeLength(i int) (int64, bool) {
	if t, ok := r.inner.(driver.RowsColumnTypeLength); ok {
		return t.ColumnTypeLength(i)
	}
	return 0, false
}

// ColumnTypeNullable implements driver.RowsColumnTypeNullable.
func (r *rows) ColumnTypeNullable(i int) (nullable, ok bool) {
	if t, ok := r.inner.(driver.RowsColumnTypeNullable); ok {
		return t.ColumnTypeNullable(i)
	}
	return false, false
}

// ColumnTypePrecisionScale implements driver.RowsColumnTypePrecisionScale.
func (r *rows) ColumnTypePrecisionScale(i int) (precision, scale int64, ok bool) {
	if t, ok := r.inner.(driver.RowsColumnTypePrecisionScale); ok {
		return t.ColumnTypePrecisionScale(i)
	}
	return 0, 0, false
}

// ColumnTypeScanType implements driver.RowsColumnTypeScanType.
func (r *rows) ColumnTypeScanType(i int) reflect.Type {
	if t, ok := r.inner.(driver.RowsColumnTypeScanType); ok {
		return t.ColumnTypeScanType(i)
	}
	return reflect.TypeFor[any]()
}
