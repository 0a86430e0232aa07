package store

import (
	"cmp"
	"context"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// beginAndReadPostgres is beginAndRead in one round trip.
func (c *connection) beginAndReadPostgres(ctx context.Context, conn *pgx.Conn, query string, args []any, width int, vs *Values) (begun bool, err error) {
	if fault := c.connector.injectFault(query); fault != nil {
		err := c.beginSnapshot(ctx)
		return err == nil, cmp.Or(err, fault)
	}
	if err := c.connector.injectFault("BEGIN"); err != nil {
		return false, err
	}
	if conn.IsClosed() {
		return false, driver.ErrBadConn
	}
	o := c.connector.observe(ctx, query)
	defer func() { o.done(err) }()
	batch := &pgx.Batch{}
	batch.Queue(beginPostgres)
	batch.Queue(query, args...)
	results := conn.SendBatch(ctx, batch)
	_, err = results.Exec()
	begun = err == nil
	if begun {
		var rows pgx.Rows
		if rows, err = results.Query(); err == nil {
			err = addRows(conn, rows, width, vs)
		}
	}
	if closed := results.Close(); err == nil {
		err = closed
	}
	return begun, postgresReadError(err)
}

// readAndEndPostgres is readValuesPostgres for the last statement of a transaction, which
// ends in the same round trip.
func (c *connection) readAndEndPostgres(ctx context.Context, conn *pgx.Conn, query string, args []any, width int, vs *Values) (err error) {
	if err := c.connector.injectFault(query); err != nil {
		return err
	}
	if conn.IsClosed() {
		return driver.ErrBadConn
	}
	o := c.connector.observe(ctx, query)
	defer func() { o.done(err) }()
	batch := &pgx.Batch{}
	batch.Queue(query, args...)
	batch.Queue(rollback)
	results := conn.SendBatch(ctx, batch)
	rows, err := results.Query()
	if err == nil {
		err = addRows(conn, rows, width, vs)
	}
	if err == nil {
		_, err = results.Exec()
	}
	if closed := results.Close(); err == nil {
		err = closed
	}
	return postgresReadError(err)
}

func (c *connection) readValuesPostgres(ctx context.Context, conn *pgx.Conn, query string, args []any, width int, vs *Values) (err error) {
	if err := c.connector.injectFault(query); err != nil {
		return err
	}
	if conn.IsClosed() {
		return driver.ErrBadConn
	}
	o := c.connector.observe(ctx, query)
	defer func() { o.done(err) }()
	rows, err := conn.Query(ctx, query, args...)
	if err == nil {
		err = addRows(conn, rows, width, vs)
	}
	return postgresReadError(err)
}

// postgresReadError converts an error of pgx, as the driver for database/sql does.
func postgresReadError(err error) error {
	if err != nil && pgconn.SafeToRetry(err) {
		return errors.Join(driver.ErrBadConn, err)
	}
	return unavailableOrSame(err)
}

// addRows adds the values of rows, and closes the rows. The values are those that the
// driver for database/sql returns.
func addRows(conn *pgx.Conn, rows pgx.Rows, width int, vs *Values) error {
	defer rows.Close()
	for rows.Next() {
		raw, fields := rows.RawValues(), rows.FieldDescriptions()
		if len(raw) != width {
			return fmt.Errorf("got %d columns, want %d", len(raw), width)
		}
		for i, b := range raw {
			if err := addPostgres(vs, conn, &fields[i], b); err != nil {
				return fmt.Errorf("read column %s: %w", fields[i].Name, err)
			}
		}
	}
	rows.Close()
	return rows.Err()
}

// microsecondsTo2000 is the epoch of PostgreSQL's times
// (https://www.postgresql.org/docs/current/datatype-datetime.html), in microseconds since
// that of Unix.
const microsecondsTo2000 = 946684800 * 1_000_000

// addPostgres adds a value of a column. It is in binary format unless the parameter
// default_query_exec_mode of the DSN says otherwise.
func addPostgres(vs *Values, conn *pgx.Conn, field *pgconn.FieldDescription, b []byte) error {
	if b == nil {
		vs.add(Null, 0)
		return nil
	}
	binaryFormat := field.Format == pgx.BinaryFormatCode
	switch oid := field.DataTypeOID; {
	case oid == pgtype.TextOID || oid == pgtype.VarcharOID || oid == pgtype.JSONOID || oid == pgtype.JSONBOID && !binaryFormat:
		return addText(vs, b)
	case oid == pgtype.JSONBOID && len(b) > 0 && b[0] == 1: // the version of the format
		return addText(vs, b[1:])
	case oid == pgtype.ByteaOID && binaryFormat:
		return addText(vs, b)
	case oid == pgtype.Int8OID && binaryFormat && len(b) == 8:
		vs.add(Int, int64(binary.BigEndian.Uint64(b)))
		return nil
	case oid == pgtype.Int4OID && binaryFormat && len(b) == 4:
		vs.add(Int, int64(int32(binary.BigEndian.Uint32(b))))
		return nil
	case oid == pgtype.Int2OID && binaryFormat && len(b) == 2:
		vs.add(Int, int64(int16(binary.BigEndian.Uint16(b))))
		return nil
	case !binaryFormat && (oid == pgtype.Int8OID || oid == pgtype.Int4OID || oid == pgtype.Int2OID):
		n, err := strconv.ParseInt(string(b), 10, 64)
		vs.add(Int, n)
		return err
	case oid == pgtype.BoolOID && binaryFormat && len(b) == 1:
		vs.addBool(b[0] != 0)
		return nil
	case oid == pgtype.Float8OID && binaryFormat && len(b) == 8:
		vs.add(Float, int64(binary.BigEndian.Uint64(b)))
		return nil
	case oid == pgtype.TimestamptzOID && binaryFormat && len(b) == 8:
		if n := int64(binary.BigEndian.Uint64(b)); n != math.MaxInt64 && n != math.MinInt64 { // infinity
			vs.add(Time, n+microsecondsTo2000)
			return nil
		}
	}
	var v any
	if err := conn.TypeMap().Scan(field.DataTypeOID, field.Format, b, &v); err != nil {
		return err
	}
	return vs.addAny(v)
}
