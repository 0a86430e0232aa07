// Package scalar marshals the custom scalars of the schema for which no other package
// has a type: DateTime, JSON, Long, and inputs as maps. Errors are of
// domain.KindInvalid.
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

// dateTime is the layout of RFC 3339 to the microsecond, without trailing zeros.
const dateTime = "2006-01-02T15:04:05.999999Z07:00"

// MarshalDateTime writes a DateTime in UTC; null for the zero time.
func MarshalDateTime(t time.Time) graphql.Marshaler {
	if t.IsZero() {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = io.WriteString(w, strconv.Quote(t.UTC().Format(dateTime)))
	})
}

// UnmarshalDateTime parses a DateTime (RFC 3339). The result is in UTC, truncated to the
// microsecond.
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

// MarshalLong writes a whole number of up to 64 bits.
func MarshalLong(n int64) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, strconv.FormatInt(n, 10)) })
}

// UnmarshalLong parses a whole number of up to 64 bits.
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

// Input is an input object as it was sent: an absent field is not in the map, and a
// null field is nil. Packages read and aggregate check such maps, and return all
// problems of one at once.
type Input map[string]any

// MarshalGQL writes the input as JSON.
func (in Input) MarshalGQL(w io.Writer) { MarshalJSON(map[string]any(in)).MarshalGQL(w) }

// UnmarshalGQL sets the input. It does not check the fields.
func (in *Input) UnmarshalGQL(v any) error {
	m, ok := v.(map[string]any)
	if !ok {
		return domain.Invalid("want an object, not %T", v)
	}
	*in = m
	return nil
}
