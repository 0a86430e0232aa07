package store

import (
	"context"
	"fmt"
	"math"
	"time"

	entsql "entgo.io/ent/dialect/sql"
)

// ValueKind is what a [Value] is.
type ValueKind uint8

// The kinds of value. What a column has differs between the engines: SQLite has no kind of
// its own for true and false in an expression, and JSON is Text on both.
const (
	Null ValueKind = iota
	Int
	Float
	Bool
	Text // a text, JSON or bytes
	Time
)

// Value is a value of a row.
type Value struct {
	Kind ValueKind
	// Number is an Int; a Time in microseconds since 1970; 1 for true; the bits of a Float.
	Number int64
	// Text is a Text. It must not be changed.
	Text []byte
}

// Int returns a whole number; 0 for any other value.
func (v Value) Int() int64 {
	if v.Kind == Int {
		return v.Number
	}
	return 0
}

// Time returns a moment, in UTC; the zero time for any other value.
func (v Value) Time() time.Time {
	if v.Kind != Time {
		return time.Time{}
	}
	return time.UnixMicro(v.Number).UTC()
}

// Values are the values of rows, one row after the other. They have few pointers, however
// many they are: values that are read as interfaces take an allocation each, and the
// garbage collector looks at all of them.
type Values struct {
	cells []cell
	texts []byte
}

// cell is a value; the start of its text in texts where it has one.
type cell struct {
	number int64
	size   uint32
	kind   ValueKind
}

// Len returns the number of values.
func (vs *Values) Len() int {
	if vs == nil {
		return 0
	}
	return len(vs.cells)
}

// At returns a value.
func (vs *Values) At(i int) Value {
	c := vs.cells[i]
	if c.kind == Text {
		end := c.number + int64(c.size)
		return Value{Kind: Text, Text: vs.texts[c.number:end:end]}
	}
	return Value{Kind: c.kind, Number: c.number}
}

// Pick returns the values of some rows, of width values each, in their order.
func (vs *Values) Pick(width int, rows []int32) *Values {
	picked := &Values{texts: vs.texts, cells: make([]cell, 0, len(rows)*width)}
	for _, row := range rows {
		picked.cells = append(picked.cells, vs.cells[int(row)*width:(int(row)+1)*width]...)
	}
	return picked
}

func (vs *Values) reset() { vs.cells, vs.texts = vs.cells[:0], vs.texts[:0] }

func (vs *Values) add(kind ValueKind, number int64) {
	vs.cells = append(vs.cells, cell{number: number, kind: kind})
}

func addText[T string | []byte](vs *Values, text T) error {
	if len(text) > math.MaxUint32 {
		return fmt.Errorf("a text of %d bytes is too long", len(text))
	}
	vs.cells = append(vs.cells, cell{number: int64(len(vs.texts)), size: uint32(len(text)), kind: Text})
	vs.texts = append(vs.texts, text...)
	return nil
}

// addAny adds a value as database/sql and its drivers have it.
func (vs *Values) addAny(v any) error {
	switch v := v.(type) {
	case nil:
		vs.add(Null, 0)
	case int64:
		vs.add(Int, v)
	case float64:
		vs.add(Float, int64(math.Float64bits(v)))
	case bool:
		vs.addBool(v)
	case string:
		return addText(vs, v)
	case []byte:
		return addText(vs, v)
	case time.Time:
		vs.add(Time, v.UnixMicro())
	default:
		return fmt.Errorf("got a value of type %T", v)
	}
	return nil
}

func (vs *Values) addBool(v bool) {
	n := int64(0)
	if v {
		n = 1
	}
	vs.add(Bool, n)
}

// ReadValues runs a query on the store of the stage of ctx, in the snapshot of ctx if there
// is one, and returns the values of its rows, width of each. The fence is not added: the
// query must have it.
func (s *Stores) ReadValues(ctx context.Context, query string, args []any, width int) (*Values, error) {
	return s.readValues(ctx, query, args, width, false)
}

// ReadLastValues is ReadValues for the last statement of the snapshot of ctx. On PostgreSQL
// the transaction ends with it, which saves a round trip. After it, statements of the
// snapshot return [ErrSnapshotEnded].
func (s *Stores) ReadLastValues(ctx context.Context, query string, args []any, width int) (*Values, error) {
	return s.readValues(ctx, query, args, width, true)
}

func (s *Stores) readValues(ctx context.Context, query string, args []any, width int, last bool) (*Values, error) {
	vs := &Values{}
	pool := s.stagePool(ctx)
	if joinedFrom(ctx, pool) == nil {
		if snap := snapshotFrom(ctx, pool); snap != nil {
			return vs, snap.readValues(ctx, query, args, width, last, vs)
		}
	}
	var rows entsql.Rows
	if err := s.reader(ctx).Query(ctx, query, args, &rows); err != nil {
		return vs, err
	}
	defer func() { _ = rows.Close() }() // what went wrong is in Err
	row, targets := make([]any, width), make([]any, width)
	for i := range row {
		targets[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return vs, err
		}
		for _, v := range row {
			if err := vs.addAny(v); err != nil {
				return vs, err
			}
		}
	}
	return vs, rows.Err()
}
