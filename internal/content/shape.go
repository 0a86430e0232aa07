package content

import (
	"strings"
	"unicode"

	"github.com/redthread-api/redthread/internal/domain"
)

// fieldKind is what an input field takes.
type fieldKind int

const (
	line       fieldKind = iota // text of one line
	plain                       // text of any number of lines
	prose                       // Markdown, with entity links
	enum                        // one of Values
	enumList                    // a list of Values
	lineList                    // a list of lines
	language                    // BCP 47
	country                     // ISO 3166-1 alpha-2
	webAddress                  // an absolute http or https URL
	mediaType                   // RFC 6838
	calendar                    // domain.Date
	number                      // a whole number from Min to Max
	percentage                  // domain.Share
	marking                     // TLP
	slug
	link // a reference to a document of type Target: its id or slug
)

// fieldShape is a field of an input and the column that it fills.
type fieldShape struct {
	name     string // in the API
	kind     fieldKind
	required bool
	max      int // of text: characters; of a list: elements; of a number: its value
	min      int
	values   []string
	target   domain.Type
	column   string // where it is not the name in snake case
	names    bool   // a plain text may name entities, as [[slug]]
}

// setShape is an owned list of an input and the table that it fills.
type setShape struct {
	name   string // in the API; "" where the rows are derived and not given
	shown  string // what derived rows are called in a diff
	table  string
	fields []fieldShape
	sets   []setShape

	// target is set for a plain list of references: the input is a list of
	// ids and slugs, the rows link to them, and none may come twice.
	target domain.Type
	// cited says that "source" beside "citations" is short for one citation.
	cited bool
	max   int
}

// shape is all of a type of document that can be written, and its rules.
type shape struct {
	doc    domain.Type
	fields []fieldShape
	sets   []setShape
	// title is what a slug is made from where none is given.
	title func(r *Row, names func(domain.ID) string) string
	// rules checks what no single field can tell, on each save.
	rules func(r *Row, p *domain.Problems)
	// complete checks what must hold before the document is published.
	complete func(r *Row, p *domain.Problems)
}

func (f fieldShape) columnName() string {
	switch {
	case f.column != "":
		return f.column
	case f.kind == link:
		return snake(f.name) + "_id"
	}
	return snake(f.name)
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

// proseFields are the fields of the row that are Markdown, by API name.
func proseFields(fields []fieldShape) []fieldShape {
	var out []fieldShape
	for _, f := range fields {
		if f.kind == prose {
			out = append(out, f)
		}
	}
	return out
}

// InputFields lists the names that the input of a type takes, nested ones as
// "listings.since", for the test that holds the API's inputs to it.
func InputFields(t domain.Type) []string {
	var names []string
	var walk func(prefix string, fields []fieldShape, sets []setShape)
	walk = func(prefix string, fields []fieldShape, sets []setShape) {
		for _, f := range fields {
			names = append(names, prefix+f.name)
		}
		for _, s := range sets {
			if s.name == "" {
				continue
			}
			names = append(names, prefix+s.name)
			if s.target != 0 {
				continue
			}
			if s.cited {
				names = append(names, prefix+s.name+".source")
			}
			walk(prefix+s.name+".", s.fields, s.sets)
		}
	}
	s := shapes[t]
	walk("", s.fields, s.sets)
	return names
}
