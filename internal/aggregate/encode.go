package aggregate

import (
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/redthread-api/redthread/internal/domain"
)

// The functions below append canonical JSON, which is the same as that of encoding/json
// for maps, without HTML escapes.

// appendRow appends a row; id is its id, or 0 for none.
func appendRow(b []byte, r *Row, id domain.ID) []byte {
	b = append(b, '{')
	if id != 0 {
		b = append(appendString(append(b, `"id":`...), id.String()), ',')
	}
	b = append(b, `"fields":`...)
	b = appendFields(b, r.Fields)
	var few [8]string
	names := few[:0]
	for name, rows := range r.Owned {
		if len(rows) > 0 {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		slices.Sort(names)
		b = append(b, `,"owned":`...)
		for i, name := range names {
			b = append(appendString(append(b, separator(i, '{')), name), ':')
			for n, row := range r.Owned[name] {
				b = appendRow(append(b, separator(n, '[')), row, row.ID)
			}
			b = append(b, ']')
		}
		b = append(b, '}')
	}
	return append(b, '}')
}

// separator is what stands before element i of a list or an object.
func separator(i int, open byte) byte {
	if i == 0 {
		return open
	}
	return ','
}

func appendFields(b []byte, fields map[string]any) []byte {
	if len(fields) == 0 {
		return append(b, "{}"...)
	}
	var few [24]string
	names := few[:0]
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		b = append(appendString(append(b, separator(i, '{')), name), ':')
		switch v := fields[name].(type) {
		case string:
			b = appendString(b, v)
		case int64:
			b = strconv.AppendInt(b, v, 10)
		case domain.ID:
			b = appendString(b, v.String())
		case []string:
			b = appendStrings(b, v)
		default:
			panic(fmt.Sprintf("aggregate: encode: column %s has a %T", name, v)) // see Row
		}
	}
	return append(b, '}')
}

func appendStrings(b []byte, list []string) []byte {
	if len(list) == 0 {
		return append(b, "[]"...)
	}
	for i, s := range list {
		b = appendString(append(b, separator(i, '[')), s)
	}
	return append(b, ']')
}

// appendString appends a JSON string. Texts with characters that encoding/json escapes
// are left to it, except for the usual ones.
func appendString(b []byte, s string) []byte {
	start := len(b)
	b = append(b, '"')
	copied := 0
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError || r == '\u2028' || r == '\u2029' {
				return append(b[:start], canonicalJSON(s)...)
			}
			i += size
			continue
		case c == '"' || c == '\\' || c == '\n' || c == '\t':
			b = append(b, s[copied:i]...)
			switch c {
			case '\n':
				c = 'n'
			case '\t':
				c = 't'
			}
			b = append(b, '\\', c)
			copied = i + 1
		case c < ' ':
			return append(b[:start], canonicalJSON(s)...)
		}
		i++
	}
	return append(append(b, s[copied:]...), '"')
}
