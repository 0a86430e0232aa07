package aggregate

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

// Patch is an input, read and checked as far as that needs no database.
type Patch struct {
	Root         *Row            // only the fields that were given
	Present      map[string]bool // columns of the root that were given, null or not
	PresentLists map[string]bool // owned tables that were given
	Refs         []PendingRef    // references to be resolved
}

// PendingRef is an unresolved reference in an input: its path, its text, and the
// column that takes the id.
type PendingRef struct {
	Path   string
	Target domain.Type
	Text   string
	Row    *Row
	Column string
	Kind   string // of the entity; empty for any
}

// DecodeInput reads the fields of an input. Fields that the shape does not
// have are refused, except those in beside, which are not of the document.
func DecodeInput(s *Spec, input map[string]any, beside []string, p *domain.Problems) *Patch {
	out := &Patch{Root: NewRow(), Present: map[string]bool{}, PresentLists: map[string]bool{}}
	given := maps.Clone(input)
	for _, name := range beside {
		delete(given, name)
	}
	decodeRow(s.Fields, s.Lists, given, "", out.Root, out, p)
	return out
}

// decodeRow reads the fields and sets of one row at path prefix.
func decodeRow(fields []FieldSpec, sets []ListSpec, given map[string]any, prefix string, row *Row, out *Patch, p *domain.Problems) {
	for _, f := range fields {
		v, ok := given[f.Name]
		delete(given, f.Name)
		if !ok {
			continue
		}
		if prefix == "" {
			out.Present[f.ColumnName()] = true
		}
		if v != nil {
			decodeField(f, v, prefix+f.Name, row, out, p)
		}
	}
	for _, s := range sets {
		if s.Name == "" {
			continue
		}
		v, ok := given[s.Name]
		delete(given, s.Name)
		if !ok {
			continue
		}
		if prefix == "" {
			out.PresentLists[s.Table] = true
		}
		row.Owned[s.Table] = decodeList(s, v, prefix+s.Name, out, p)
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		p.Add(prefix+name, "there is no such field")
	}
}

func decodeList(s ListSpec, v any, path string, out *Patch, p *domain.Problems) []*Row {
	if v == nil {
		return nil
	}
	elements, ok := v.([]any)
	if !ok {
		elements = []any{v} // GraphQL takes a single value for a list of one
	}
	if len(elements) > s.Max {
		p.Add(path, "has %d elements, more than %d", len(elements), s.Max)
		return nil
	}
	rows := make([]*Row, 0, len(elements))
	for i, e := range elements {
		at := fmt.Sprintf("%s[%d]", path, i)
		row := NewRow()
		rows = append(rows, row)
		if s.Target != 0 {
			text, ok := e.(string)
			if !ok || text == "" {
				p.Add(at, "want the id or the slug of %s %s", Article(s.Target), s.Target)
				continue
			}
			out.Refs = append(out.Refs, PendingRef{Path: at, Target: s.Target, Text: text, Row: row, Column: s.Target.String() + "_id"})
			continue
		}
		given, ok := e.(map[string]any)
		if !ok {
			p.Add(at, "want an object")
			continue
		}
		given = maps.Clone(given)
		if s.Identified {
			decodeRowID(given, at+".id", row, p)
		}
		if s.Cited {
			shortCitation(given, at+".", p)
		}
		for _, f := range s.Fields {
			if f.Required && empty(given[f.Name]) {
				p.Add(at+"."+f.Name, "is required")
			}
		}
		decodeRow(s.Fields, s.Lists, given, at+".", row, out, p)
	}
	return rows
}

// DecodeRow reads the fields of one row of a list: those that were given. beside are
// fields that are not of the row.
func DecodeRow(s ListSpec, input map[string]any, beside []string, p *domain.Problems) *Patch {
	out := &Patch{Root: NewRow(), Present: map[string]bool{}, PresentLists: map[string]bool{}}
	given := maps.Clone(input)
	for _, name := range beside {
		delete(given, name)
	}
	if s.Cited {
		shortCitation(given, "", p)
	}
	decodeRow(s.Fields, s.Lists, given, "", out.Root, out, p)
	return out
}

// Missing adds a problem for each field of a row of the list that is required and not
// there.
func (s ListSpec) Missing(r *Row, p *domain.Problems) {
	for _, f := range s.Fields {
		if _, has := r.Fields[f.ColumnName()]; f.Required && !has {
			p.Add(f.Name, "is required")
		}
	}
}

// decodeRowID takes the id of the row that an element is out of its fields.
func decodeRowID(given map[string]any, path string, row *Row, p *domain.Problems) {
	v, ok := given["id"]
	delete(given, "id")
	if !ok || v == nil {
		return
	}
	text, _ := v.(string)
	id, err := domain.ParseID(text)
	if err != nil || id.Type() != domain.Row {
		p.Add(path, "%q is not the id of one of these: want one such as \"row_0c6z9k3v7q2m8\", or leave id out for a new one", Clip(text))
		return
	}
	row.ID = id
}

// shortCitation turns source: "x" into citations: [{source: "x"}].
func shortCitation(given map[string]any, prefix string, p *domain.Problems) {
	source, ok := given["source"]
	delete(given, "source")
	if !ok || source == nil {
		return
	}
	if !empty(given["citations"]) {
		p.Add(prefix+"source", "give either source or citations, not both")
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
func decodeField(f FieldSpec, v any, path string, row *Row, out *Patch, p *domain.Problems) {
	column := f.ColumnName()
	fail := func(format string, args ...any) { p.Add(path, format, args...) }
	switch f.Kind {
	case KindNumber:
		n, ok := WholeNumber(v)
		if !ok || n < int64(f.Min) || n > int64(f.Max) {
			fail("want a whole number from %d to %d", f.Min, f.Max)
			return
		}
		row.Set(column, n)
		return
	case KindShare:
		text, ok := domain.DecimalText(v)
		share, err := domain.ParseShare(text)
		if !ok || err != nil {
			fail("want a percentage from 0 to 100 with at most 6 decimals")
			return
		}
		row.Set(column, int64(share))
		return
	case KindEnumList, KindLineList:
		row.Set(column, decodeTexts(f, v, path, p))
		return
	}
	text, ok := v.(string)
	if !ok {
		fail("want a string")
		return
	}
	text, problem := CleanText(text, f.Kind == KindProse || f.Kind == KindPlain)
	if problem != "" {
		fail("%s", problem)
		return
	}
	if text == "" && f.Kind != KindSlug {
		return
	}
	value, problem := parseText(f, text)
	if problem != "" {
		fail("%s", problem)
		return
	}
	if f.Kind == KindLink {
		out.Refs = append(out.Refs, PendingRef{path, f.Target, text, row, column, f.TargetKind})
		return
	}
	row.Set(column, value)
}

// Dates of documents lie between these years. Earlier and later ones are slips, such as 0202 for 2020, or stand for no date, such as
// 9999.
const (
	earliestYear = domain.Date("1000")
	latestYear   = domain.Date("2200")
)

// parseText checks a text by the kind of its field and returns the value to store,
// or the message of the problem.
func parseText(f FieldSpec, text string) (value any, problem string) {
	switch f.Kind {
	case KindLine, KindPlain, KindProse:
		if n := utf8.RuneCountInString(text); n > f.Max {
			return nil, fmt.Sprintf("has %d characters, more than %d", n, f.Max)
		}
	case KindEnum:
		if !slices.Contains(f.Values, text) {
			return nil, fmt.Sprintf("want one of %s", strings.Join(f.Values, ", "))
		}
	case KindLanguage:
		tag, ok := canonical.ParseLanguage(text)
		if !ok {
			return nil, fmt.Sprintf("%q is not a language tag (BCP 47): want one such as \"en\" or \"zh-Hans\"", Clip(text))
		}
		return tag, ""
	case KindCountry:
		code, ok := canonical.ParseCountry(text)
		if !ok {
			return nil, fmt.Sprintf("%q is not a country code (ISO 3166-1 alpha-2): want one such as \"JP\"", Clip(text))
		}
		return code, ""
	case KindURL:
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || len(text) > 2000 {
			return nil, fmt.Sprintf("%q is not a web address: want http:// or https://, a host, and at most 2000 characters", Clip(text))
		}
	case KindMediaType:
		parsed, ok := canonical.ParseMediaType(text)
		if !ok || len(text) > 200 {
			return nil, fmt.Sprintf("%q is not a media type: want one such as \"image/png\"", Clip(text))
		}
		return parsed, ""
	case KindDate:
		date, err := domain.ParseDate(text)
		if err != nil {
			return nil, err.Error()
		}
		if date.After(latestYear) || earliestYear.After(date) {
			return nil, fmt.Sprintf("%s is not a plausible date: want a year from %s to %s; leave out an end that is not known", date, earliestYear, latestYear)
		}
		return string(date), ""
	case KindMarking:
		m, ok := domain.ParseMarking(text)
		if !ok {
			return nil, fmt.Sprintf("want one of %s", strings.Join(domain.Markings, ", "))
		}
		return int64(m), ""
	case KindSlug:
		if !domain.ValidSlug(text) {
			return nil, fmt.Sprintf("%q is not a slug: want lower-case letters a to z, digits and single hyphens between them, at most %d", Clip(text), domain.MaxSlug)
		}
	}
	return text, ""
}

func decodeTexts(f FieldSpec, v any, path string, p *domain.Problems) []string {
	elements, ok := v.([]any)
	if !ok {
		elements = []any{v}
	}
	if len(elements) > f.Max {
		p.Add(path, "has %d elements, more than %d", len(elements), f.Max)
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
		text, problem := CleanText(text, false)
		switch {
		case problem != "":
			p.Add(at, "%s", problem)
		case text == "":
			p.Add(at, "is empty")
		case f.Kind == KindEnumList && !slices.Contains(f.Values, text):
			p.Add(at, "want one of %s", strings.Join(f.Values, ", "))
		case f.Kind == KindEnumList && slices.Contains(list, text):
			p.Add(at, "%s is given twice", text)
		case utf8.RuneCountInString(text) > LongText:
			p.Add(at, "has more than %d characters", LongText)
		default:
			list = append(list, text)
		}
	}
	return list
}

// CleanText normalises a text: Unicode NFC, line ends as \n, no space around
// it. Control characters, and line ends where there is one line, are refused.
func CleanText(s string, multiline bool) (clean, problem string) {
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
		return "", "" // white space and invisible characters only
	}
	if multiline {
		return strings.TrimRight(strings.TrimLeft(s, "\n"), " \t\n"), ""
	}
	return canonical.Of(s), ""
}

// shows reports whether a text has visible characters.
func shows(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool { return unicode.In(c, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S) })
}

// Describes reports whether a text can describe a picture: punctuation alone cannot.
func Describes(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool { return unicode.In(c, unicode.L, unicode.N, unicode.Sc, unicode.Sm, unicode.So) })
}

// WholeNumber reads a JSON number without a fraction.
func WholeNumber(v any) (int64, bool) {
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

// Clip returns a text of the input for quotation in a message: a long one is cut off.
func Clip(s string) string {
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

// Article returns the indefinite article for a type's name: "an" for an entity.
func Article(t domain.Type) string {
	if strings.ContainsRune("aeiou", rune(t.String()[0])) {
		return "an"
	}
	return "a"
}

// InputOf returns the input that would write a row: fields and lists by their API
// names, references as ids. It is the inverse of [DecodeInput].
func InputOf(fields []FieldSpec, sets []ListSpec, r *Row) map[string]any {
	out := map[string]any{}
	for _, f := range fields {
		v, ok := r.Fields[f.ColumnName()]
		if !ok {
			continue
		}
		switch v := v.(type) {
		case domain.ID:
			out[f.Name] = v.String()
		case []string:
			elements := make([]any, len(v))
			for i, s := range v {
				elements[i] = s
			}
			out[f.Name] = elements
		case int64:
			out[f.Name] = numberOf(f.Kind, v)
		default:
			out[f.Name] = v
		}
	}
	for _, s := range sets {
		if s.Name == "" {
			continue
		}
		elements := make([]any, 0, len(r.Owned[s.Table]))
		for _, row := range r.Owned[s.Table] {
			if s.Target != 0 {
				elements = append(elements, row.Ref(s.Target.String()+"_id").String())
			} else {
				elements = append(elements, InputOf(s.Fields, s.Lists, row))
			}
		}
		out[s.Name] = elements
	}
	return out
}

// ApplyTo writes the fields and lists that were given to the row.
func (given *Patch) ApplyTo(r *Row) {
	for column := range given.Present {
		r.Set(column, given.Root.Fields[column])
	}
	for table := range given.PresentLists {
		r.Owned[table] = given.Root.Owned[table]
	}
}
