package content

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/redthread-api/redthread/internal/canonical"
	"github.com/redthread-api/redthread/internal/domain"
)

// patch is an input, read and checked as far as that needs no database.
type patch struct {
	root *Row            // only the fields that were given
	gave map[string]bool // columns of the root that were given, null or not
	sets map[string]bool // owned tables that were given
	refs []pendingRef    // references to be resolved
}

// pendingRef is a reference in an input: where it stands, what it says, and
// the column that takes the id.
type pendingRef struct {
	path   string
	target domain.Type
	text   string
	row    *Row
	column string
}

// decodeInput reads the fields of an input. Fields that the shape does not
// have are refused, except those in beside, which are not of the document.
func decodeInput(s *shape, input map[string]any, beside []string, p *domain.Problems) *patch {
	out := &patch{root: newRow(), gave: map[string]bool{}, sets: map[string]bool{}}
	given := maps.Clone(input)
	for _, name := range beside {
		delete(given, name)
	}
	decodeRow(s.fields, s.sets, given, "", out.root, out, p)
	return out
}

// decodeRow reads the fields and sets of one row at path prefix.
func decodeRow(fields []fieldShape, sets []setShape, given map[string]any, prefix string, row *Row, out *patch, p *domain.Problems) {
	for _, f := range fields {
		v, ok := given[f.name]
		delete(given, f.name)
		if !ok {
			continue
		}
		if prefix == "" {
			out.gave[f.columnName()] = true
		}
		if v != nil {
			decodeField(f, v, prefix+f.name, row, out, p)
		}
	}
	for _, s := range sets {
		if s.name == "" {
			continue
		}
		v, ok := given[s.name]
		delete(given, s.name)
		if !ok {
			continue
		}
		if prefix == "" {
			out.sets[s.table] = true
		}
		row.Owned[s.table] = decodeSet(s, v, prefix+s.name, out, p)
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		p.Add(prefix+name, "there is no such field")
	}
}

func decodeSet(s setShape, v any, path string, out *patch, p *domain.Problems) []*Row {
	if v == nil {
		return nil
	}
	elements, ok := v.([]any)
	if !ok {
		elements = []any{v} // GraphQL takes a single value for a list of one
	}
	if len(elements) > s.max {
		p.Add(path, "has %d elements, more than %d", len(elements), s.max)
		return nil
	}
	rows := make([]*Row, 0, len(elements))
	for i, e := range elements {
		at := fmt.Sprintf("%s[%d]", path, i)
		row := newRow()
		rows = append(rows, row)
		if s.target != 0 {
			text, ok := e.(string)
			if !ok || text == "" {
				p.Add(at, "want the id or the slug of %s %s", article(s.target), s.target)
				continue
			}
			out.refs = append(out.refs, pendingRef{at, s.target, text, row, s.target.String() + "_id"})
			continue
		}
		given, ok := e.(map[string]any)
		if !ok {
			p.Add(at, "want an object")
			continue
		}
		given = maps.Clone(given)
		if s.cited {
			shortCitation(given, at, p)
		}
		for _, f := range s.fields {
			if f.required && empty(given[f.name]) {
				p.Add(at+"."+f.name, "is required")
			}
		}
		decodeRow(s.fields, s.sets, given, at+".", row, out, p)
	}
	return rows
}

// shortCitation turns source: "x" into citations: [{source: "x"}].
func shortCitation(given map[string]any, at string, p *domain.Problems) {
	source, ok := given["source"]
	delete(given, "source")
	if !ok || source == nil {
		return
	}
	if !empty(given["citations"]) {
		p.Add(at+".source", "give either source or citations, not both")
		return
	}
	given["citations"] = []any{map[string]any{"source": source}}
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return strings.TrimSpace(v) == ""
	case []any:
		return len(v) == 0
	}
	return false
}

// decodeField checks one value and puts it in its column.
func decodeField(f fieldShape, v any, path string, row *Row, out *patch, p *domain.Problems) {
	column := f.columnName()
	fail := func(format string, args ...any) { p.Add(path, format, args...) }
	switch f.kind {
	case number:
		n, ok := wholeNumber(v)
		if !ok || n < int64(f.min) || n > int64(f.max) {
			fail("want a whole number from %d to %d", f.min, f.max)
			return
		}
		row.set(column, n)
		return
	case percentage:
		text, ok := domain.DecimalText(v)
		share, err := domain.ParseShare(text)
		if !ok || err != nil {
			fail("want a percentage from 0 to 100 with at most 6 decimals")
			return
		}
		row.set(column, int64(share))
		return
	case enumList, lineList:
		row.set(column, decodeList(f, v, path, p))
		return
	}
	text, ok := v.(string)
	if !ok {
		fail("want a string")
		return
	}
	text, problem := cleanText(text, f.kind == prose || f.kind == plain)
	if problem != "" {
		fail("%s", problem)
		return
	}
	if text == "" && f.kind != slug {
		return
	}
	value, problem := parseText(f, text)
	if problem != "" {
		fail("%s", problem)
		return
	}
	if f.kind == link {
		out.refs = append(out.refs, pendingRef{path, f.target, text, row, column})
		return
	}
	row.set(column, value)
}

// parseText checks a text by the kind of its field and returns the value to
// keep, or what is wrong.
func parseText(f fieldShape, text string) (value any, problem string) {
	switch f.kind {
	case line, plain, prose:
		if n := utf8.RuneCountInString(text); n > f.max {
			return nil, fmt.Sprintf("has %d characters, more than %d", n, f.max)
		}
	case enum:
		if !slices.Contains(f.values, text) {
			return nil, fmt.Sprintf("want one of %s", strings.Join(f.values, ", "))
		}
	case language:
		tag, ok := canonical.ParseLanguage(text)
		if !ok {
			return nil, fmt.Sprintf("%q is not a language tag (BCP 47): want one such as \"en\" or \"zh-Hans\"", clip(text))
		}
		return tag, ""
	case country:
		code, ok := canonical.ParseCountry(text)
		if !ok {
			return nil, fmt.Sprintf("%q is not a country code (ISO 3166-1 alpha-2): want one such as \"JP\"", clip(text))
		}
		return code, ""
	case webAddress:
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || len(text) > 2000 {
			return nil, fmt.Sprintf("%q is not a web address: want http:// or https://, a host, and at most 2000 characters", clip(text))
		}
	case mediaType:
		parsed, ok := canonical.ParseMediaType(text)
		if !ok || len(text) > 200 {
			return nil, fmt.Sprintf("%q is not a media type: want one such as \"image/png\"", clip(text))
		}
		return parsed, ""
	case calendar:
		date, err := domain.ParseDate(text)
		if err != nil {
			return nil, err.Error()
		}
		return string(date), ""
	case marking:
		m, ok := domain.ParseMarking(text)
		if !ok {
			return nil, fmt.Sprintf("want one of %s", strings.Join(domain.Markings, ", "))
		}
		return int64(m), ""
	case slug:
		if !domain.ValidSlug(text) {
			return nil, fmt.Sprintf("%q is not a slug: want lower-case letters a to z, digits and single hyphens between them, at most %d", clip(text), domain.MaxSlug)
		}
	}
	return text, ""
}

func decodeList(f fieldShape, v any, path string, p *domain.Problems) []string {
	elements, ok := v.([]any)
	if !ok {
		elements = []any{v}
	}
	if len(elements) > f.max {
		p.Add(path, "has %d elements, more than %d", len(elements), f.max)
		return nil
	}
	list := make([]string, 0, len(elements))
	for i, e := range elements {
		at := fmt.Sprintf("%s[%d]", path, i)
		text, ok := e.(string)
		if !ok {
			p.Add(at, "want a string")
			continue
		}
		text, problem := cleanText(text, false)
		switch {
		case problem != "":
			p.Add(at, "%s", problem)
		case text == "":
			p.Add(at, "is empty")
		case f.kind == enumList && !slices.Contains(f.values, text):
			p.Add(at, "want one of %s", strings.Join(f.values, ", "))
		case f.kind == enumList && slices.Contains(list, text):
			p.Add(at, "%s is given twice", text)
		case utf8.RuneCountInString(text) > longText:
			p.Add(at, "has more than %d characters", longText)
		default:
			list = append(list, text)
		}
	}
	return list
}

// cleanText normalises a text: Unicode NFC, line ends as \n, no space around
// it. Control characters, and line ends where there is one line, are refused.
func cleanText(s string, multiline bool) (clean, problem string) {
	if !utf8.ValidString(s) {
		return "", "is not valid UTF-8"
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	for _, c := range s {
		switch {
		case c == '\n' && !multiline:
			if strings.TrimSpace(s[strings.IndexByte(s, '\n'):]) != "" {
				return "", "has a line break; this is text of one line"
			}
		case c == '\n', c == '\t' && multiline:
		case c < 0x20, c >= 0x7f && c < 0xa0:
			return "", fmt.Sprintf("has the control character U+%04X", c)
		}
	}
	s = norm.NFC.String(s)
	if !shows(s) {
		return "", "" // white space, and characters that are not seen
	}
	if multiline {
		return strings.TrimRight(strings.TrimLeft(s, "\n"), " \t\n"), ""
	}
	return canonical.Of(s), ""
}

// shows reports whether there is something to see in a text.
func shows(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool { return unicode.In(c, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S) })
}

// describes reports whether a text can tell what is in a picture: marks of
// punctuation alone cannot.
func describes(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool { return unicode.In(c, unicode.L, unicode.N, unicode.Sc, unicode.Sm, unicode.So) })
}

func wholeNumber(v any) (int64, bool) {
	switch n := v.(type) {
	case int:
		return int64(n), true
	case int64:
		return n, true
	case float64:
		return int64(n), n == math.Trunc(n) && math.Abs(n) <= 1<<53
	case json.Number:
		i, err := strconv.ParseInt(n.String(), 10, 64)
		return i, err == nil
	}
	return 0, false
}

func clip(s string) string {
	if len(s) <= 60 {
		return s
	}
	return strings.ToValidUTF8(s[:60], "") + "…"
}

func fileName(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(path.Base(u.Path), path.Ext(u.Path))
}

func article(t domain.Type) string {
	if strings.ContainsRune("aeiou", rune(t.String()[0])) {
		return "an"
	}
	return "a"
}

// inputOf is the inverse of decodeRow.
func inputOf(fields []fieldShape, sets []setShape, r *Row) map[string]any {
	out := map[string]any{}
	for _, f := range fields {
		v, ok := r.Fields[f.columnName()]
		if !ok {
			continue
		}
		switch v := v.(type) {
		case domain.ID:
			out[f.name] = v.String()
		case []string:
			elements := make([]any, len(v))
			for i, s := range v {
				elements[i] = s
			}
			out[f.name] = elements
		case int64:
			out[f.name] = numberOf(f.kind, v)
		default:
			out[f.name] = v
		}
	}
	for _, s := range sets {
		if s.name == "" {
			continue
		}
		elements := make([]any, 0, len(r.Owned[s.table]))
		for _, row := range r.Owned[s.table] {
			if s.target != 0 {
				elements = append(elements, row.id(s.target.String()+"_id").String())
			} else {
				elements = append(elements, inputOf(s.fields, s.sets, row))
			}
		}
		out[s.name] = elements
	}
	return out
}
