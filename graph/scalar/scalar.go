// Package scalar writes and reads the schema's own scalars that no other
// package has a type for.
package scalar

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/redthread-api/redthread/internal/domain"
)

// dateTime is RFC 3339 to the microsecond, without needless zeros.
const dateTime = "2006-01-02T15:04:05.999999Z07:00"

// MarshalDateTime writes a DateTime in UTC.
func MarshalDateTime(t time.Time) graphql.Marshaler {
	if t.IsZero() {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = io.WriteString(w, strconv.Quote(t.UTC().Format(dateTime)))
	})
}

// UnmarshalDateTime reads a DateTime.
func UnmarshalDateTime(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, domain.Invalid("a time is a string such as \"2024-05-31T09:30:00Z\", not %T", v)
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, domain.Invalid("%q is not a time: want RFC 3339, such as \"2024-05-31T09:30:00Z\"", s)
	}
	return t.UTC().Truncate(time.Microsecond), nil
}

// MarshalJSON writes any JSON value. A [json.RawMessage] is written as it is.
func MarshalJSON(v any) graphql.Marshaler {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("scalar: %T does not become JSON: %v", v, err))
	}
	return graphql.WriterFunc(func(w io.Writer) { _, _ = w.Write(text) })
}

// UnmarshalJSON reads any JSON value.
func UnmarshalJSON(v any) (any, error) { return v, nil }

// MarshalLong writes a whole number that may be beyond 32 bits.
func MarshalLong(n int64) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, strconv.FormatInt(n, 10)) })
}

// UnmarshalLong reads a whole number.
func UnmarshalLong(v any) (int64, error) {
	text, ok := domain.DecimalText(v)
	if !ok {
		return 0, domain.Invalid("want a whole number, not %T", v)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, domain.Invalid("%q is not a whole number", text)
	}
	return n, nil
}

// MarshalLongInt is MarshalLong for an int.
func MarshalLongInt(n int) graphql.Marshaler { return MarshalLong(int64(n)) }

// UnmarshalLongInt is UnmarshalLong for an int.
func UnmarshalLongInt(v any) (int, error) {
	n, err := UnmarshalLong(v)
	return int(n), err
}

// Input is an input object as it came: an absent field is not in the map, a
// null one is nil. Package read and package content read such maps, and say all
// that is wrong with one at once.
type Input map[string]any

// MarshalGQL writes the input as JSON.
func (in Input) MarshalGQL(w io.Writer) { MarshalJSON(map[string]any(in)).MarshalGQL(w) }

// UnmarshalGQL takes the input as it is.
func (in *Input) UnmarshalGQL(v any) error {
	m, ok := v.(map[string]any)
	if !ok {
		return domain.Invalid("want an object, not %T", v)
	}
	*in = m
	return nil
}
