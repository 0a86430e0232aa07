package plan

import (
	"context"

	"github.com/redthread-api/redthread/graph/read"
)

// Types has the object types whose rows plans read, by their names in GraphQL.
type Types map[string]*Type

// Type is how the fields of an object type are read.
type Type struct {
	Table  *read.Table
	Fields Fields
}

// Fields has the fields of a type that plans know, by name: a [Column], [Text],
// [Computed], [Through], [One], [List], [Page] or [DeskOnly] each; of the query a [Find] or [All].
type Fields map[string]any

// Column is a field whose value is in a column.
type Column struct {
	Name  string
	Write Writer
	// Desk says that the field is null in live.
	Desk bool
}

// Text is a text that can be had in several formats.
type Text struct {
	Column string
	// Plain says that the text is not Markdown, but can name entities.
	Plain bool
	// Nullable says that a text that is null is null in the response; it is empty
	// otherwise.
	Nullable bool
}

// Computed is a field whose value is computed from columns. Value returns false for
// null.
type Computed struct {
	Columns []string
	Value   func(values []read.Value) (string, bool)
}

// Through is a field whose value is computed from columns of the row that a relation leads
// to, and from columns of the row itself. Where the relation leads to no row, the executor
// has to say what the value is.
type Through struct {
	Relation *read.Relation
	Of       []string // columns of the row that the relation leads to
	Columns  []string
	Value    func(of, values []read.Value) string
}

// One is a field with the row that a relation leads to. List has all rows that it leads
// to.
type (
	One  struct{ Relation *read.Relation }
	List struct{ Relation *read.Relation }
)

// Page is a connection of the rows that a relation leads to, which may depend on the
// arguments.
type Page struct {
	Relation func(arguments map[string]any) *read.Relation
}

// DeskOnly is a field that is null in live; plans do not know it on the desk.
type DeskOnly struct{}

// Renderer renders texts in the formats of the schema.
type Renderer interface {
	// IsSource reports whether a text is the same in a format as it is stored.
	IsSource(text []byte, format string, notes, plain bool) bool
	// Names reads what texts name.
	Names(ctx context.Context, r *read.Reader, texts []string, plain bool) (names any, err error)
	// Render renders a text. names returns the result of Names for all texts of the batch.
	Render(ctx context.Context, text, format string, notes, plain bool, names func() (any, error)) (string, error)
}

// Find and All are fields of the query: the document of a type that the arguments id, slug
// and by name, and the connection of all documents of a type.
type (
	Find struct{ Type string }
	All  struct{ Type string }
)
