package plan

import (
	"encoding/json"
	"strconv"

	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// A Writer appends the JSON of a column's value. It returns false, and appends nothing,
// where the value is null in a response, and where it is of a kind that the column does not
// have.
type Writer func(dst []byte, v read.Value) ([]byte, bool)

// String appends a text.
func String(dst []byte, v read.Value) ([]byte, bool) {
	if v.Kind != store.Text {
		return dst, false
	}
	return appendString(dst, v.Text), true
}

// StringOrEmpty appends a text, an empty one for null.
func StringOrEmpty(dst []byte, v read.Value) ([]byte, bool) {
	if v.Kind == store.Null {
		return append(dst, `""`...), true
	}
	return String(dst, v)
}

// Int appends a whole number.
func Int(dst []byte, v read.Value) ([]byte, bool) {
	if v.Kind != store.Int {
		return dst, false
	}
	return strconv.AppendInt(dst, v.Number, 10), true
}

// IntOrZero appends a whole number, 0 for null.
func IntOrZero(dst []byte, v read.Value) ([]byte, bool) {
	if v.Kind == store.Null {
		return append(dst, '0'), true
	}
	return Int(dst, v)
}

// ID appends the public form of an id.
func ID(dst []byte, v read.Value) ([]byte, bool) {
	if v.Kind != store.Int {
		return dst, false
	}
	dst = append(dst, '"')
	dst = domain.ID(v.Number).Append(dst)
	return append(dst, '"'), true
}

// Marking appends the name of a marking.
func Marking(dst []byte, v read.Value) ([]byte, bool) {
	if v.Kind != store.Int {
		return dst, false
	}
	return appendString(dst, domain.Marking(v.Number).String()), true
}

// Share appends a share in percent.
func Share(dst []byte, v read.Value) ([]byte, bool) {
	if v.Kind != store.Int {
		return dst, false
	}
	return append(dst, domain.Share(v.Number).String()...), true
}

// Date appends a date; a text without characters is null.
func Date(dst []byte, v read.Value) ([]byte, bool) {
	if v.Kind == store.Text && len(v.Text) == 0 {
		return dst, false
	}
	return String(dst, v)
}

// dateTime is the layout of scalar.MarshalDateTime.
const dateTime = "2006-01-02T15:04:05.999999Z07:00"

// DateTime appends a moment in UTC, to the microsecond; the zero time is null.
func DateTime(dst []byte, v read.Value) ([]byte, bool) {
	t := v.Time()
	if t.IsZero() {
		return dst, false
	}
	dst = append(dst, '"')
	dst = t.AppendFormat(dst, dateTime)
	return append(dst, '"'), true
}

// Strings appends a list of texts that is stored as JSON; an empty one for null.
func Strings(dst []byte, v read.Value) ([]byte, bool) {
	if v.Kind == store.Null {
		return append(dst, "[]"...), true
	}
	var list []string
	if v.Kind != store.Text || json.Unmarshal(v.Text, &list) != nil {
		return dst, false
	}
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, s)
	}
	return append(dst, ']'), true
}

const hex = "0123456789ABCDEF"

// appendString appends a text as gqlgen writes it: all that JSON has to escape is, and
// nothing else. Most texts have nothing of that and are copied in one piece.
func appendString[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '\\' && c != '"' {
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '\t':
			dst = append(dst, `\t`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\\', '"':
			dst = append(dst, '\\', c)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		}
		start = i + 1
	}
	return append(append(dst, s[start:]...), '"')
}
