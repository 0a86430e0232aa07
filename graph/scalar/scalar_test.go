package scalar_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/redthread-api/redthread/graph/scalar"
)

func written(m graphql.Marshaler) string {
	var b strings.Builder
	m.MarshalGQL(&b)
	return b.String()
}

func TestDateTime(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2024-05-31T09:30:00Z":              `"2024-05-31T09:30:00Z"`,
		"2024-05-31T09:30:00.5+09:00":       `"2024-05-31T00:30:00.5Z"`,
		"2024-05-31T09:30:00.123456789Z":    `"2024-05-31T09:30:00.123456Z"`,
		"2024-05-31T23:59:59.9999999-01:00": `"2024-06-01T00:59:59.999999Z"`,
	} {
		at, err := scalar.UnmarshalDateTime(in)
		if got := written(scalar.MarshalDateTime(at)); err != nil || got != want {
			t.Errorf("%s: got %s %v, want %s", in, got, err, want)
		}
	}
	for _, in := range []any{"", "2024-05-31", "soon", 5, nil, "2024-05-31 09:30:00Z"} {
		if _, err := scalar.UnmarshalDateTime(in); err == nil {
			t.Errorf("%v: got no error", in)
		}
	}
	if got := written(scalar.MarshalDateTime(time.Time{})); got != "null" {
		t.Errorf("no time: got %s", got)
	}
}

func TestLong(t *testing.T) {
	t.Parallel()
	for _, in := range []any{int64(3_000_000_000), json.Number("3000000000"), 3e9} {
		n, err := scalar.UnmarshalLong(in)
		if got := written(scalar.MarshalLong(n)); err != nil || got != "3000000000" {
			t.Errorf("%v: got %s %v", in, got, err)
		}
	}
	for _, in := range []any{"x", 1.5, nil, json.Number("1e99")} {
		if _, err := scalar.UnmarshalLong(in); err == nil {
			t.Errorf("%v: got no error", in)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	for want, in := range map[string]any{
		`{"a":[1,null]}`: json.RawMessage(`{"a": [1, null]}`), `"x"`: "x", `null`: nil, `1.5`: 1.5,
	} {
		if got := written(scalar.MarshalJSON(in)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
