package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"reflect"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// connector makes the connections of a pool: those of the engine's driver,
// with errors that say what they mean to the rest of the program (see
// [translate]), and with prepared statements where the driver keeps none.
type connector struct {
	driver.Connector
	pool string // "desk" or "live", for fault
	// statements is how many prepared statements each connection keeps; 0 where
	// the driver does that by itself.
	statements int
	// fault is [Config.Fault].
	fault func(pool, query string) error
}

// Connect implements driver.Connector.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := c.fails(""); err != nil {
		return nil, err
	}
	inner, err := c.Connector.Connect(ctx)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil, errUnavailable.WithCause(err) // the driver's own time for a connection
	}
	if err != nil {
		return nil, unavailableOrSame(err)
	}
	conn := &connection{inner: inner, of: c}
	if c.statements > 0 {
		conn.cache = newStatements(c.statements)
	}
	return conn, nil
}

func (c *connector) fails(query string) error {
	if c.fault == nil {
		return nil
	}
	return unavailableOrSame(c.fault(c.pool, query))
}

// connection is one connection. Like all of database/sql's it is used by one
// goroutine at a time.
type connection struct {
	inner driver.Conn
	of    *connector
	cache *statements // nil: none
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

// unwrapped is the driver's own connection behind one of a pool.
func unwrapped(conn any) any {
	if c, ok := conn.(*connection); ok {
		return c.inner
	}
	return conn
}

// QueryContext implements driver.QueryerContext.
func (c *connection) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.of.fails(query); err != nil {
		return nil, err
	}
	s := c.cache.take(ctx, c.full(), query)
	if s == nil {
		rows, err := c.full().QueryContext(ctx, query, args)
		return resultRows(rows, err, nil)
	}
	rows, err := s.stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	return resultRows(rows, err, s)
}

// ExecContext implements driver.ExecerContext.
func (c *connection) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.of.fails(query); err != nil {
		return nil, err
	}
	s := c.cache.take(ctx, c.full(), query)
	if s == nil {
		result, err := c.full().ExecContext(ctx, query, args)
		return result, unavailableOrSame(err)
	}
	defer s.release()
	result, err := s.stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	return result, unavailableOrSame(err)
}

// BeginTx implements driver.ConnBeginTx.
func (c *connection) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if err := c.of.fails("BEGIN"); err != nil {
		return nil, err
	}
	tx, err := c.full().BeginTx(ctx, opts)
	if err != nil {
		return nil, unavailableOrSame(err)
	}
	return transaction{tx, c.of}, nil
}

// Begin implements driver.Conn. database/sql calls BeginTx.
func (c *connection) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// transaction is a transaction whose errors say what they mean.
type transaction struct {
	inner driver.Tx
	of    *connector
}

func (t transaction) Commit() error {
	if err := t.of.fails("COMMIT"); err != nil {
		_ = t.inner.Rollback() // the fault is the test's: nothing is to be durable
		return err
	}
	return unavailableOrSame(t.inner.Commit())
}

func (t transaction) Rollback() error { return unavailableOrSame(t.inner.Rollback()) }

// PrepareContext implements driver.ConnPrepareContext, for statements that a
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
	if err := c.of.fails(""); err != nil {
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

// rows are the rows of a query. The statement that they come from is used
// again when they are closed.
type rows struct {
	inner driver.Rows
	stmt  *statement // nil: none that is kept
}

// resultRows are the rows of a query that has run.
func resultRows(inner driver.Rows, err error, stmt *statement) (driver.Rows, error) {
	if err != nil {
		stmt.release()
		return nil, unavailableOrSame(err)
	}
	return &rows{inner, stmt}, nil
}

// Columns implements driver.Rows.
func (r *rows) Columns() []string { return r.inner.Columns() }

// Next implements driver.Rows.
func (r *rows) Next(dest []driver.Value) error {
	err := r.inner.Next(dest)
	if err == nil || err == io.EOF { // the end of the rows, and not of the connection: that is never bare
		return err
	}
	return unavailableOrSame(err)
}

// Close implements driver.Rows.
func (r *rows) Close() error {
	err := r.inner.Close()
	r.stmt.release()
	return unavailableOrSame(err)
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

// maxStatements bounds the prepared statements of one connection. The
// program's own statements are some hundreds.
const maxStatements = 512

// maxStatementText bounds the text of a statement that is kept, in bytes.
const maxStatementText = 32 << 10

// statements are the prepared statements of one connection: those that were
// used last. modernc.org/sqlite prepares each statement anew, which doubles
// the cost of a short read.
//
// They are prepared on the connection that runs them, when it runs them, so
// nothing ever waits for another connection to prepare one.
type statements struct {
	recent *simplelru.LRU[string, *statement]
}

// statement is one of them. It is used for one query at a time: a second query
// with the same text, while the rows of the first are open, is not prepared
// ahead.
type statement struct {
	stmt    driver.Stmt
	inUse   bool
	dropped bool // it is closed after its use
}

func newStatements(size int) *statements {
	c := &statements{}
	var err error
	c.recent, err = simplelru.NewLRU(size, func(_ string, s *statement) { s.drop() })
	if err != nil {
		panic(err) // the size is a constant
	}
	return c
}

// take returns the statement of a text, which has to be released; nil where
// the text is to be run as it is, which also reports what is wrong with it.
func (c *statements) take(ctx context.Context, conn driver.ConnPrepareContext, query string) *statement {
	if c == nil || !keepsPrepared(query) {
		return nil
	}
	if s, ok := c.recent.Get(query); ok {
		if s.inUse {
			return nil
		}
		s.inUse = true
		return s
	}
	stmt, err := conn.PrepareContext(ctx, query)
	if err != nil {
		return nil
	}
	s := &statement{stmt: stmt, inUse: true}
	c.recent.Add(query, s)
	return s
}

// keepsPrepared reports whether a text is worth to be kept prepared: it reads
// or writes rows, and is not of a size that will not come again.
func keepsPrepared(query string) bool {
	if len(query) > maxStatementText {
		return false
	}
	for _, verb := range []string{"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"} {
		if len(query) > len(verb) && query[:len(verb)] == verb {
			return true
		}
	}
	return false
}

// release says that the use of a statement is over. It does nothing on nil.
func (s *statement) release() {
	if s == nil || !s.inUse {
		return
	}
	s.inUse = false
	if s.dropped {
		s.close()
	}
}

// drop closes a statement that is no longer kept, once its use is over.
func (s *statement) drop() {
	s.dropped = true
	if !s.inUse {
		s.close()
	}
}

func (s *statement) close() {
	_ = s.stmt.Close() // it repeats the error of its last use
}

func (c *statements) close() {
	if c != nil {
		c.recent.Purge()
	}
}
