package read

import (
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/domain"
)

// comparisons are the operators with one value, as SQL writes them.
var comparisons = map[string]string{
	"eq": " = ", "ne": " <> ", "gt": " > ", "gte": " >= ", "lt": " < ", "lte": " <= ",
}

// Operators lists the operators of a field's filter input.
func (f Field) Operators() []string {
	switch f.Kind {
	case Text:
		return []string{"eq", "ne", "in", "notIn", "startsWith", "isNull"}
	case ID, Marking:
		return []string{"eq", "ne", "in", "notIn"}
	case Enum:
		if f.Nullable {
			return []string{"eq", "ne", "in", "notIn", "isNull"}
		}
		return []string{"eq", "ne", "in", "notIn"}
	case Int, Long:
		return []string{"eq", "ne", "in", "notIn", "gt", "gte", "lt", "lte", "isNull"}
	}
	return []string{"eq", "ne", "gt", "gte", "lt", "lte", "isNull"}
}

// operators compiles the conditions on one column. An operator that is null counts as
// absent. An input without any is refused, because a variable that was not given would
// then widen the list.
func (c *compiler) operators(t *Table, f Field, ops map[string]any, path string, at scope) []condition {
	if ops != nil && len(ops) == 0 {
		c.problems.Add(path, "want at least one of %s", enumerate(f.Operators()))
	}
	var all []condition
	given := 0
	for _, op := range slices.Sorted(maps.Keys(ops)) {
		raw, path := ops[op], join(path, op)
		if raw == nil {
			continue // as if it were absent
		}
		if given++; given > 1 {
			c.conditions++
		}
		if !slices.Contains(f.Operators(), op) {
			c.problems.Add(path, "want one of %s", enumerate(f.Operators()))
			continue
		}
		var cond condition
		switch op {
		case "isNull":
			cond = c.isNull(f, raw, path)
		case "in", "notIn":
			cond = c.oneOf(t, f, op, raw, path, at)
		case "startsWith":
			cond = c.startsWith(f, raw, path)
		default:
			cond = c.compare(t, f, op, raw, path, at)
		}
		if cond == nil {
			continue // a problem was noted
		}
		switch {
		case !f.Nullable:
		case op == "ne" || op == "notIn":
			cond = orNull(f, cond)
		case at.negated && op != "isNull":
			cond = andNotNull(f, cond)
		}
		all = append(all, cond)
	}
	return all
}

func orNull(f Field, cond condition) condition {
	return func(s *sql.Selector) *sql.Predicate { return sql.Or(sql.IsNull(s.C(f.Column)), cond(s)) }
}

func andNotNull(f Field, cond condition) condition {
	return func(s *sql.Selector) *sql.Predicate { return sql.And(sql.NotNull(s.C(f.Column)), cond(s)) }
}

func (c *compiler) isNull(f Field, raw any, path string) condition {
	want, ok := raw.(bool)
	if !ok {
		c.problems.Add(path, "want true or false, not %s", describe(raw))
		return nil
	}
	return func(s *sql.Selector) *sql.Predicate {
		if want {
			return sql.IsNull(s.C(f.Column))
		}
		return sql.NotNull(s.C(f.Column))
	}
}

func (c *compiler) oneOf(t *Table, f Field, op string, raw any, path string, at scope) condition {
	values := list(raw)
	if len(values) > MaxFilterValues {
		c.problems.Add(path, "%d values are too many; at most %d", len(values), MaxFilterValues)
		return nil
	}
	if len(values) == 0 {
		if op == "notIn" {
			c.problems.Add(path, "an empty list excludes nothing; leave the condition out")
			return nil
		}
		return matchNone
	}
	texts, numbers := []string{}, []int64{}
	for i, raw := range values {
		v, err := f.read(raw)
		if err != "" {
			c.problems.Add(path+"["+strconv.Itoa(i)+"]", "%s", err)
			continue
		}
		switch v := v.(type) {
		case string:
			texts = append(texts, v)
		case int64:
			numbers = append(numbers, v)
		}
	}
	var set any = numbers
	if len(texts) > 0 {
		set = texts
	}
	ids := f.ids(t, texts)
	return func(s *sql.Selector) *sql.Predicate {
		in := f.on(t, s, func(column string) *sql.Predicate {
			if f.Indexed && (at.around != nil || *c.seeks != byAny) {
				column = c.reader.engine.unindexed(column)
			}
			return c.reader.within(column, set)
		})
		if len(ids) > 0 {
			byID := t.Fields["id"].on(t, s, func(column string) *sql.Predicate { return c.reader.within(column, ids) })
			bySlug := in
			in = sql.P(func(b *sql.Builder) { b.WriteString("(").Join(bySlug).WriteString(" OR ").Join(byID).WriteString(")") })
		}
		if op == "notIn" {
			return sql.Not(in)
		}
		return in
	}
}

// startsWith compares the beginning rather than use LIKE, which takes no
// notice of capitals on SQLite.
func (c *compiler) startsWith(f Field, raw any, path string) condition {
	text, ok := raw.(string)
	if !ok {
		c.problems.Add(path, "want a text, not %s", describe(raw))
		return nil
	}
	if problem := textProblem(text); problem != "" {
		c.problems.Add(path, "%s", problem)
		return nil
	}
	prefix := f.Form.Prefix(text)
	return func(s *sql.Selector) *sql.Predicate {
		return sql.P(func(b *sql.Builder) {
			b.WriteString("substr(" + s.C(f.Column) + ", 1, ").Arg(utf8.RuneCountInString(prefix)).
				WriteString(") = ").Arg(prefix)
		})
	}
}

func (c *compiler) compare(t *Table, f Field, op string, raw any, path string, at scope) condition {
	v, err := f.read(raw)
	if err != "" {
		c.problems.Add(path, "%s", err)
		return nil
	}
	if text, ok := v.(string); ok && len(f.ids(t, []string{text})) > 0 && (op == "eq" || op == "ne") {
		return c.oneOf(t, f, map[string]string{"eq": "in", "ne": "notIn"}[op], []any{raw}, path, at)
	}
	if f.Former != "" && (op == "eq" || op == "ne") {
		return func(s *sql.Selector) *sql.Predicate {
			is := f.on(t, s, func(column string) *sql.Predicate {
				return sql.P(func(b *sql.Builder) { b.WriteString(column + " = ").Arg(v) })
			})
			if op == "ne" {
				return sql.Not(is)
			}
			return is
		}
	}
	return func(s *sql.Selector) *sql.Predicate {
		column := s.C(f.Column)
		if f.Indexed && (at.around != nil || *c.seeks == byNone) {
			column = c.reader.engine.unindexed(column)
		}
		if d, ok := v.(string); ok && f.Kind == Date && len(d) < len("2006-01-02") {
			// At the precision of the value: within 2014 lies all of it.
			column = "substr(" + column + ", 1, " + strconv.Itoa(len(d)) + ")"
		}
		return sql.P(func(b *sql.Builder) { b.WriteString(column).WriteString(comparisons[op]).Arg(v) })
	}
}

// ids are those of the texts, looked for among slugs, that are ids of documents of
// the table: wherever a document is named, its id will do. No slug looks like one.
func (f Field) ids(t *Table, texts []string) []int64 {
	if f.Former != "slug" {
		return nil
	}
	var ids []int64
	for _, text := range texts {
		if id, err := domain.ParseID(text); err == nil && id.Type() == t.Document {
			ids = append(ids, int64(id))
		}
	}
	return ids
}

// on is the condition that a row has in the field's column what is looked for;
// or, where documents have former values, that it had it once. The latter is
// written as a list of ids: the documents that match are then found by the
// indexes of both columns. It needs no fence, since the statement around it has
// one.
func (f Field) on(t *Table, s *sql.Selector, is func(column string) *sql.Predicate) *sql.Predicate {
	if f.Former == "" {
		return is(s.C(f.Column))
	}
	build := sql.Dialect(s.Dialect())
	documents, aliases := build.Table(t.Name), build.Table("aliases")
	now := build.Select("id").From(documents).Where(is(documents.C(f.Column)))
	once := build.Select("document_id").From(aliases).
		Where(sql.EQ(aliases.C("type"), int64(t.Document))).Where(is(aliases.C(f.Former)))
	return sql.In(s.C("id"), now.UnionAll(once))
}

// enumerate writes "a, b or c".
func enumerate(words []string) string {
	out := ""
	for i, w := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			out += " or "
		default:
			out += ", "
		}
		out += w
	}
	return out
}

// maxText is the longest text that a filter takes.
const maxText = 2000

// read turns a raw value of the input into what a statement takes: a string,
// an int64 or a time.Time. Otherwise it says what would be right.
func (f Field) read(raw any) (value any, problem string) {
	switch f.Kind {
	case Text, Enum, Date, ID, Marking:
		s, ok := raw.(string)
		if !ok {
			return nil, "want " + f.wanted() + ", not " + describe(raw)
		}
		return f.readText(s)
	case DateTime:
		return readTime(raw)
	case Share:
		var share domain.Share
		if err := share.UnmarshalGQL(raw); err != nil {
			return nil, err.Error()
		}
		return int64(share), ""
	}
	return f.readNumber(raw)
}

func (f Field) wanted() string {
	switch f.Kind {
	case Enum:
		return enumerate(f.Enum)
	case Marking:
		return enumerate(domain.Markings)
	case Date:
		return "a date such as \"2023-04-26\""
	case ID:
		return "an id"
	}
	return "a text"
}

func (f Field) readText(s string) (any, string) {
	switch f.Kind {
	case Enum:
		if !slices.Contains(f.Enum, s) {
			return nil, "want " + f.wanted()
		}
		return s, ""
	case Marking:
		m, ok := domain.ParseMarking(s)
		if !ok {
			return nil, "want " + f.wanted()
		}
		return int64(m), ""
	case Date:
		d, err := domain.ParseDate(s)
		if err != nil {
			return nil, err.Error()
		}
		return string(d), ""
	case ID:
		id, err := domain.ParseID(s)
		if err != nil {
			return nil, err.Error()
		}
		return int64(id), ""
	}
	if problem := textProblem(s); problem != "" {
		return nil, problem
	}
	return f.Form.Of(s), ""
}

// IsText reports whether a text of a filter can be that of anything stored.
func IsText(s string) bool { return textProblem(s) == "" }

// textProblem says what is wrong with a text, if anything is.
func textProblem(s string) string {
	switch {
	case len(s) > maxText:
		return "a text of " + strconv.Itoa(len(s)) + " bytes is too long; at most " + strconv.Itoa(maxText)
	case !utf8.ValidString(s) || slices.Contains([]byte(s), 0):
		return "the text has characters that no text can have"
	}
	return ""
}
