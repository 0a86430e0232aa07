package read

import (
	"github.com/redthread-api/redthread/internal/canonical"
	"github.com/redthread-api/redthread/internal/domain"
)

// Table declares the filters and orders that GraphQL has for the rows of a table, and
// their meaning in SQL.
type Table struct {
	// Name is the table's name; Type is the name in GraphQL.
	Name, Type string
	// Key is the column with the row's number; "id" where it is empty.
	Key string
	// Document is the type of document that the rows are; 0 for rows that
	// documents own.
	Document domain.Type
	// Fields are the fields of the filter input that compare a column.
	Fields map[string]Field
	// Relations are the fields of the filter input that lead to other rows.
	Relations map[string]Path
	// Tree is the column with the id of the row above in a tree of the table's rows, for the
	// field within of the filter input; empty where there is none.
	Tree string
	// Searched says that search finds the rows, for the field search of the filter input. Where it has a path,
	// that leads to rows which are found for them.
	Searched *Path
	// Orders are the values of the order enum.
	Orders map[string]Order
	// Facets are what lists of the rows can be counted by.
	Facets map[string]Facet
	// Groups are columns that are read only where a field of theirs is
	// selected. All others are always read, save those in Never.
	Groups []Group
	// Never are columns that no field shows.
	Never []string
}

// Group is a set of columns that are read together, or not. The coarser the
// groups, the fewer different statements there are to keep prepared.
type Group struct {
	Columns []string
	Fields  []string // as GraphQL names them
}

// Field is a column that a filter compares.
type Field struct {
	Column   string
	Kind     Kind
	Nullable bool
	Enum     []string // the values of an Enum
	// Form is the form in which the values of a Text are stored; those that it is
	// compared with are brought to it.
	Form canonical.Form
	// Former is the column of the aliases that has the values that a document had
	// in this column before; empty where it has no such. A former value means the
	// document that had it, as far as the viewer sees that.
	Former string
	// Indexed says that live has an index of the column, with the date behind it. It is for
	// lists in the order of publication and for counts: see seeking.
	Indexed bool
}

// Kind is what a column holds. It decides which operators there are, which
// values they take, and how the values compare.
type Kind int

// The kinds of column.
const (
	Text     Kind = iota // operators of StringFilter
	Enum                 // a text of a closed list
	ID                   // an id
	Int                  // a whole number of 32 bits
	Long                 // a whole number of 53 bits
	Share                // a domain.Share, given in percent
	Date                 // a domain.Date
	DateTime             // a moment
	Marking              // a domain.Marking, given by name
)

// Order is something that a list can be ordered by.
type Order struct {
	Column   string
	Kind     Kind
	Nullable bool
	// Text is the column with the texts, where Column has the keys that order
	// them for people: see package collation. Such keys are never null; that of
	// no text is the lowest.
	Text string
	// LiveNotNull says that the column, though nullable, is never null in
	// live, so that an index serves the plain order there.
	LiveNotNull bool
}

// cursorColumn is the column whose values are in cursors.
func (o Order) cursorColumn() string {
	if o.Text != "" {
		return o.Text
	}
	return o.Column
}

// mark distinguishes cursors of an order from those of an earlier order of the same
// name: lists were once ordered by the bytes of texts.
func (o Order) mark() string {
	if o.Text != "" {
		return " collated"
	}
	return ""
}

// Path is how rows lead to the rows of the table Target.
//
// Via the row itself: Column holds the target's id. Back: the column Back of
// the target holds the row's id. Through a link table: Link has one row for
// each pair. Exactly one of Column, Back and Link is set.
type Path struct {
	Target string
	Column string
	Back   string
	Link   *Link
	// Position is the column that orders the targets of Back in a list; "position" where
	// it is empty.
	Position string
}

// Link is a table that links owners to targets.
type Link struct {
	Table         string
	Owner, Target string
	// Position is the column that orders an owner's targets; empty where
	// there is no such order.
	Position string
	// Repeats says that a pair can be there more than once. Such a link has
	// no position.
	Repeats bool
	// Only restricts the link to rows that have one of Values in the column.
	Only   string
	Values []string
	// Dated is Owner or Target: the one whose document the link belongs to, of which it has
	// copies in live, of its date of publication and its effective marking. It is empty
	// where links have none.
	Dated string
	// Via, with ViaColumn, is a table between the link and the target: Target is then the id of a row of Via, and
	// ViaColumn holds the id of the target. Such a link repeats, and only edges take it, not filters.
	Via, ViaColumn string
	// OrOwner is a second column that holds an owner, of the same standing:
	// the target is linked to both, and once to one that is in both.
	OrOwner string
}

// key returns the column with the row's number.
func (t *Table) key() string {
	if t.Key != "" {
		return t.Key
	}
	return "id"
}
