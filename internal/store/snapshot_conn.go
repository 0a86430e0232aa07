package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/redthread-api/redthread/internal/domain"
)

// beginAttempts is on how many connections a snapshot is begun, as database/sql begins a
// transaction: idle connections may have been lost since they were used.
const beginAttempts = 3

// beginOn takes a connection and runs the first statement of a snapshot, as
// [snapshot.lock] describes it. failed is the error of a statement that leaves the
// transaction usable.
func beginOn(ctx context.Context, db *sql.DB, first func(*connection) (begun bool, err error)) (conn *sql.Conn, failed, err error) {
	for attempt := 1; ; attempt++ {
		if attempt == beginAttempts {
			db.SetMaxIdleConns(0) // the last attempt is on a new connection
			db.SetMaxIdleConns(db.Stats().MaxOpenConnections)
		}
		conn, err = db.Conn(ctx)
		if err != nil {
			return nil, nil, err
		}
		var begun bool
		err = conn.Raw(func(c any) error {
			var err error
			if begun, err = first(c.(*connection)); begun && domain.KindOf(translate(err)) != domain.KindUnavailable && ctx.Err() == nil {
				failed, err = translate(err), nil
			}
			return err
		})
		if err == nil {
			return conn, failed, nil
		}
		endOn(conn)
		if attempt == beginAttempts || !errors.Is(err, driver.ErrBadConn) {
			return nil, nil, err
		}
	}
}

// endOn ends the transaction of a snapshot and gives its connection back, or closes it
// where it cannot.
func endOn(conn *sql.Conn) {
	_ = conn.Raw(func(c any) error {
		if !c.(*connection).inTransaction() {
			return nil
		}
		ctx, cancel := context.WithTimeout(context.Background(), rollbackLimit) // an unreachable server does not answer
		defer cancel()
		if c.(*connection).endSnapshot(ctx) != nil {
			return driver.ErrBadConn // closes it
		}
		return nil
	})
	_ = conn.Close()
}

// postgresConn returns pgx's connection; nil on SQLite.
func (c *connection) postgresConn() *pgx.Conn {
	if inner, ok := c.inner.(*stdlib.Conn); ok {
		return inner.Conn()
	}
	return nil
}

// The statements that begin and end a snapshot.
const (
	beginSQLite   = "BEGIN"
	beginPostgres = "begin isolation level repeatable read read only"
	rollback      = "ROLLBACK"
)

// beginSnapshot begins the transaction of a snapshot. The error is ErrLiveIncomplete where readers must not see live.
func (c *connection) beginSnapshot(ctx context.Context) error {
	if err := c.begin(ctx); err != nil || c.connector.live.open() {
		return err
	}
	return c.checkLive(ctx)
}

func (c *connection) begin(ctx context.Context) error {
	if err := c.connector.injectFault("BEGIN"); err != nil {
		return err
	}
	if conn := c.postgresConn(); conn != nil {
		_, err := conn.Exec(ctx, beginPostgres)
		return postgresReadError(err)
	}
	c.inSnapshot = true // also where a cancelled statement has begun it
	return c.runSQLite(ctx, beginSQLite)
}

// inTransaction reports whether the transaction of a snapshot may have begun and not ended,
// or the connection cannot be used again.
func (c *connection) inTransaction() bool {
	if conn := c.postgresConn(); conn != nil {
		return conn.IsClosed() || conn.PgConn().TxStatus() != 'I'
	}
	return c.inSnapshot
}

// endSnapshot ends the transaction of a snapshot.
func (c *connection) endSnapshot(ctx context.Context) error {
	if conn := c.postgresConn(); conn != nil {
		if conn.IsClosed() {
			return driver.ErrBadConn
		}
		_, err := conn.Exec(ctx, rollback)
		return err
	}
	err := c.runSQLite(ctx, rollback)
	c.inSnapshot = err != nil
	return err
}

// runSQLite runs a statement without arguments and rows.
func (c *connection) runSQLite(ctx context.Context, statement string) error {
	s := c.cache.prepared(ctx, c.full(), statement)
	if s == nil {
		_, err := c.full().ExecContext(ctx, statement, nil)
		return unavailableOrSame(err)
	}
	defer s.release()
	_, err := s.stmt.(driver.StmtExecContext).ExecContext(ctx, nil)
	return unavailableOrSame(err)
}

// beginAndRead begins the transaction of a snapshot and runs a statement in it: on
// PostgreSQL in one round trip.
func (c *connection) beginAndRead(ctx context.Context, query string, args []any, width int, vs *Values) (begun bool, err error) {
	if conn := c.postgresConn(); conn != nil && c.connector.live.open() {
		return c.beginAndReadPostgres(ctx, conn, query, args, width, vs)
	}
	if err := c.beginSnapshot(ctx); err != nil {
		return false, err
	}
	return true, c.readValues(ctx, query, args, width, false, vs)
}

// readAlone runs the only statement of a snapshot, which needs no transaction: on both engines
// a statement sees one state. began is false where the connection was lost before the statement.
func (c *connection) readAlone(ctx context.Context, query string, args []any, width int, vs *Values) (began bool, err error) {
	if !c.connector.live.open() {
		return c.beginAndRead(ctx, query, args, width, vs)
	}
	if err := c.connector.injectFault("BEGIN"); err != nil {
		return false, err
	}
	if conn := c.postgresConn(); conn != nil {
		err = c.readValuesPostgres(ctx, conn, query, args, width, vs)
	} else {
		err = c.readRowsSQLite(ctx, query, args, width, vs)
	}
	return !errors.Is(err, driver.ErrBadConn), err
}

// readValues adds the values of the rows of a query to vs. On PostgreSQL the transaction ends with
// the last one, in the same round trip.
func (c *connection) readValues(ctx context.Context, query string, args []any, width int, last bool, vs *Values) error {
	conn := c.postgresConn()
	switch {
	case conn == nil:
		return c.readRowsSQLite(ctx, query, args, width, vs)
	case last:
		return c.readAndEndPostgres(ctx, conn, query, args, width, vs)
	}
	return c.readValuesPostgres(ctx, conn, query, args, width, vs)
}

// readRowsSQLite is readValues on SQLite; the transaction goes on.
func (c *connection) readRowsSQLite(ctx context.Context, query string, args []any, width int, vs *Values) error {
	named := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
		if err := c.convert(&named[i]); err != nil {
			return err
		}
	}
	rows, err := c.QueryContext(ctx, query, named)
	if err != nil {
		return err
	}
	row := make([]driver.Value, width)
	for err == nil {
		if err = rows.Next(row); err != nil {
			break
		}
		for i := 0; i < width && err == nil; i++ {
			err = vs.addAny(row[i])
		}
	}
	if err == io.EOF {
		err = nil
	}
	return errors.Join(err, rows.Close())
}

// convert converts an argument as database/sql does.
func (c *connection) convert(v *driver.NamedValue) (err error) {
	if driver.IsValue(v.Value) {
		return nil
	}
	if err = c.CheckNamedValue(v); errors.Is(err, driver.ErrSkip) {
		v.Value, err = driver.DefaultParameterConverter.ConvertValue(v.Value)
	}
	return err
}
