package aggregate

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/redthread-api/redthread/internal/domain"
)

// FieldKind is what an input field takes.
type FieldKind int

const (
	KindLine      FieldKind = iota // text of one line
	KindPlain                      // text of any number of lines
	KindProse                      // Markdown, with entity links
	KindEnum                       // one of Values
	KindEnumList                   // a list of Values
	KindLineList                   // a list of lines
	KindLanguage                   // BCP 47
	KindCountry                    // ISO 3166-1 alpha-2
	KindURL                        // an absolute http or https URL
	KindMediaType                  // RFC 6838
	KindDate                       // domain.Date
	KindNumber                     // a whole number from Min to Max
	KindShare                      // domain.Share
	KindMarking                    // TLP
	KindSlug
	KindLink // a reference to a document of type Target: its id or slug
)

// FieldSpec is a field of an input and the column that it fills.
type FieldSpec struct {
	Name     string // in the API
	Kind     FieldKind
	Required bool
	Max      int // of text: characters; of a list: elements; of a number: its value
	Min      int
	Past     bool // a date of what has happened
	// TargetKind is the kind that the entity to which a link leads has when it is saved; empty for any.
	TargetKind    string
	Values        []string
	Target        domain.Type
	column        string // where it is not the name in snake case
	NamesEntities bool   // a plain text may name entities, as [[slug]]
	// Footnotes says that the text may have footnotes: they, and the entities that
	// it names, are rows of their own.
	Footnotes bool
}

// ListSpec is an owned list of an input and the table that it fills.
type ListSpec struct {
	Name     string // in the API; "" where the rows are derived and not given
	DiffName string // what derived rows are called in a diff
	Table    string
	Fields   []FieldSpec
	Lists    []ListSpec

	// Target is set for a plain list of references: the input is a list of
	// ids and slugs, the rows link to them, and none may come twice.
	Target domain.Type
	// Identified says that the rows have ids in the API: an element of the input may say
	// which row it is.
	Identified bool
	// Cited says that "source" beside "citations" is short for one citation.
	Cited bool
	Max   int
}

// Spec is the content model of a type of document: the fields and lists that can be
// written, and the rules.
type Spec struct {
	Type domain.Type
	// Table is the table of the root rows; NameColumn is the column with a document's
	// name for readers, empty if there is none.
	Table, NameColumn string
	// LogOrder is the place of the type in a release: a type comes before those that
	// refer to it. Supporting documents, with 0, come first.
	LogOrder int
	// Ends are the columns of the references without which live does not show a
	// document: its effective marking is the highest of its own and theirs.
	Ends   []string
	Fields []FieldSpec
	Lists  []ListSpec
	// Names lists the names by which a document could be mistaken for another of
	// its type; nil where there are none.
	Names func(r *Row) []ScopedName
	// Title is what a slug is made from where none is given.
	Title func(r *Row, names func(domain.ID) string) string
	// Rules checks, on each save, the rules that concern more than one field.
	Rules func(r *Row, p *domain.Problems)
	// Complete checks what must hold before the document is published.
	Complete func(r *Row, p *domain.Problems)
}

// ScopedName is a name of a document: its path in the input, and what else must be
// equal for two documents of one name to be alike, an entity's kind say.
type ScopedName struct{ Path, Scope, Text string }

// ColumnName is the column that the field fills.
func (f FieldSpec) ColumnName() string {
	switch {
	case f.column != "":
		return f.column
	case f.Kind == KindLink:
		return snake(f.Name) + "_id"
	}
	return snake(f.Name)
}

// snake turns keyFindings into key_findings.
func snake(name string) string {
	var b strings.Builder
	for _, c := range name {
		if unicode.IsUpper(c) {
			b.WriteByte('_')
			c = unicode.ToLower(c)
		}
		b.WriteRune(c)
	}
	return b.String()
}

// camel turns key_findings into keyFindings.
func camel(name string) string {
	parts := strings.Split(name, "_")
	for i := 1; i < len(parts); i++ {
		if parts[i] != "" {
			parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
		}
	}
	return strings.Join(parts, "")
}

// ProseFields are the fields of the row that are Markdown, by API name.
func ProseFields(fields []FieldSpec) []FieldSpec {
	var out []FieldSpec
	for _, f := range fields {
		if f.Kind == KindProse {
			out = append(out, f)
		}
	}
	return out
}

// EachReferencePath calls f for each reference of a row and of what it owns, with its path
// in the API: "parent", "tags[0]", "items[1].citations[0].source". Rows that are
// derived from a report's body are at the body.
func EachReferencePath(t *Table, sets []ListSpec, prefix string, r *Row, f func(path string, row *Row, column string, id domain.ID)) {
	for _, ref := range t.References {
		if id := r.Ref(ref.Column); id != 0 {
			f(prefix+camel(strings.TrimSuffix(ref.Column, "_id")), r, ref.Column, id)
		}
	}
	for _, o := range t.Owned {
		set := ListSpecOf(sets, o)
		for i, row := range r.Owned[o.Name] {
			at := fmt.Sprintf("%s%s[%d]", prefix, set.Name, i)
			EachReferencePath(o.Table, set.Lists, at+".", row, func(path string, row *Row, column string, id domain.ID) {
				switch {
				case set.Name == "":
					path = "body"
				case set.Target != 0:
					path = at
				}
				f(path, row, column, id)
			})
		}
	}
}
