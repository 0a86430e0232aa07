package store

import (
	"cmp"
	"context"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// beginAndReadPostgres is beginAndRead in one round trip.
func (c *connection) beginAndReadPostgres(ctx context.Context, conn *pgx.Conn, query string, args []any, width int, values []any) (_ []any, begun bool, err error) {
	if fault := c.connector.injectFault(query); fault != nil {
		err := c.beginSnapshot(ctx)
		return values, err == nil, cmp.Or(err, fault)
	}
	if err := c.connector.injectFault("BEGIN"); err != nil {
		return values, false, err
	}
	if conn.IsClosed() {
		return values, false, driver.ErrBadConn
	}
	batch := &pgx.Batch{}
	batch.Queue(beginPostgres)
	batch.Queue(query, args...)
	results := conn.SendBatch(ctx, batch)
	_, err = results.Exec()
	begun = err == nil
	if begun {
		var rows pgx.Rows
		if rows, err = results.Query(); err == nil {
			values, err = appendRows(conn, rows, width, values)
		}
	}
	if closed := results.Close(); err == nil {
		err = closed
	}
	return values, begun, postgresReadError(err)
}

func (c *connection) readValuesPostgres(ctx context.Context, conn *pgx.Conn, query string, args []any, width int, values []any) ([]any, error) {
	if err := c.connector.injectFault(query); err != nil {
		return values, err
	}
	if conn.IsClosed() {
		return values, driver.ErrBadConn
	}
	rows, err := conn.Query(ctx, query, args...)
	if err == nil {
		values, err = appendRows(conn, rows, width, values)
	}
	return values, postgresReadError(err)
}

// postgresReadError converts an error of pgx, as the driver for database/sql does.
func postgresReadError(err error) error {
	if err != nil && pgconn.SafeToRetry(err) {
		return errors.Join(driver.ErrBadConn, err)
	}
	return unavailableOrSame(err)
}

// appendRows appends the values of rows to values, and closes the rows. The values are of
// the types that the driver for database/sql returns.
func appendRows(conn *pgx.Conn, rows pgx.Rows, width int, values []any) ([]any, error) {
	defer rows.Close()
	for rows.Next() {
		raw, fields := rows.RawValues(), rows.FieldDescriptions()
		if len(raw) != width {
			return values, fmt.Errorf("got %d columns, want %d", len(raw), width)
		}
		for i, b := range raw {
			v, err := postgresValue(conn, &fields[i], b)
			if err != nil {
				return values, fmt.Errorf("read column %s: %w", fields[i].Name, err)
			}
			values = append(values, v)
		}
	}
	rows.Close()
	return values, rows.Err()
}

// microsecondsTo2000 is the epoch of PostgreSQL's times
// (https://www.postgresql.org/docs/current/datatype-datetime.html), in microseconds since
// that of Unix.
const microsecondsTo2000 = 946684800 * 1_000_000

// postgresValue decodes a value of a column.
func postgresValue(conn *pgx.Conn, field *pgconn.FieldDescription, b []byte) (any, error) {
	if b == nil {
		return nil, nil
	}
	if field.Format == pgx.BinaryFormatCode {
		switch oid := field.DataTypeOID; {
		case oid == pgtype.Int8OID && len(b) == 8:
			return int64(binary.BigEndian.Uint64(b)), nil
		case oid == pgtype.Int4OID && len(b) == 4:
			return int64(int32(binary.BigEndian.Uint32(b))), nil
		case oid == pgtype.Int2OID && len(b) == 2:
			return int64(int16(binary.BigEndian.Uint16(b))), nil
		case oid == pgtype.BoolOID && len(b) == 1:
			return b[0] != 0, nil
		case oid == pgtype.Float8OID && len(b) == 8:
			return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
		case oid == pgtype.TimestamptzOID && len(b) == 8:
			n := int64(binary.BigEndian.Uint64(b))
			if n != math.MaxInt64 && n != math.MinInt64 { // infinity
				return time.UnixMicro(n + microsecondsTo2000).UTC(), nil
			}
		case oid == pgtype.JSONBOID && len(b) > 0 && b[0] == 1: // the version
			return append([]byte{}, b[1:]...), nil
		}
	}
	switch field.DataTypeOID {
	case pgtype.TextOID, pgtype.VarcharOID, pgtype.BPCharOID:
		return string(b), nil // the same in both formats
	case pgtype.JSONOID, pgtype.JSONBOID:
		return append([]byte{}, b...), nil
	case pgtype.ByteaOID:
		if field.Format == pgx.BinaryFormatCode {
			return append([]byte{}, b...), nil
		}
	}
	var v any
	err := conn.TypeMap().Scan(field.DataTypeOID, field.Format, b, &v)
	return v, err
}
