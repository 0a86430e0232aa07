package aggregate

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"

	"entgo.io/ent/schema/field"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// ColumnKind is how a column's value looks in Go, in a snapshot and in SQL.
type ColumnKind int

const (
	TextColumn ColumnKind = iota // string
	IntColumn                    // int64
	IDColumn                     // domain.ID; in a snapshot with its prefix
	ListColumn                   // []string; JSON in SQL
)

type Column struct {
	Name     string
	Kind     ColumnKind
	Nullable bool // otherwise an absent value is stored as "" or 0
}

// Table is a table of an aggregate, as derived from the ent schema.
type Table struct {
	Name       string
	Columns    []Column     // without the id, the bookkeeping and the owners' ids
	Owned      []OwnedTable // in order of name
	References []Reference
	SortKeys   []store.SortKey // by which rows are ordered; they follow from columns
	Type       domain.Type     // the type of document of a root table, or 0
	ordered    bool            // the rows have a position
	copies     bool            // the rows have copies of columns of their document; see InsertPublished

	kinds map[string]ColumnKind // of the columns
}

// OwnedTable is a table whose rows belong to rows of another.
type OwnedTable struct {
	*Table
	Owner string // the column with the owner's id
}

// Reference is a column with the id of another document.
type Reference struct {
	Column string
	Target domain.Type
}

// bookkeeping is the set of columns of a document that are not its content: they
// record its history, and restoring a snapshot leaves them as they are.
var bookkeeping = map[string]bool{
	"version": true, "effective_marking": true,
	"created_at": true, "created_by": true, "updated_at": true, "updated_by": true,
	"published_at": true, "published_by": true, "live_version": true,
	"deleted_at": true, "deleted_by": true,
}

// OwnerMarking is the column of links in live with the effective marking of the document of the link.
const OwnerMarking = "owner_marking"

const ownerPublished = "owner_published" // its time of publication

// copied is the set of columns of links that live copies from the document of the link.
var copied = map[string]bool{ownerPublished: true, OwnerMarking: true}

// documentTypes are the types of documents by the table of their root rows.
var documentTypes = sync.OnceValue(func() map[string]domain.Type {
	types := map[string]domain.Type{}
	for t, s := range specs {
		types[s.Table] = t
	}
	return types
})

// Tables returns all tables of the aggregates by name. The map is read only.
func Tables() map[string]*Table { return tables() }

var tables = sync.OnceValue(func() map[string]*Table {
	all := map[string]*Table{}
	for _, t := range db.Tables() {
		doc := documentTypes()[t.Name]
		if doc != 0 || owners(t) != nil {
			all[t.Name] = &Table{Name: t.Name, Type: doc}
		}
	}
	for _, t := range db.Tables() {
		if all[t.Name] != nil {
			fill(all, t)
		}
	}
	for _, key := range store.SortKeys() {
		if t := all[key.Table]; t != nil {
			t.SortKeys = append(t.SortKeys, key)
		}
	}
	for _, t := range all {
		sort.Slice(t.Owned, func(i, j int) bool { return t.Owned[i].Name < t.Owned[j].Name })
		t.kinds = make(map[string]ColumnKind, len(t.Columns))
		for _, c := range t.Columns {
			t.kinds[c.Name] = c.Kind
		}
	}
	return all
})

// owners returns the foreign keys of a table to the tables that own its rows.
func owners(t db.Table) []db.ForeignKey {
	var keys []db.ForeignKey
	for _, fk := range t.ForeignKeys {
		if fk.Cascade {
			keys = append(keys, fk)
		}
	}
	return keys
}

func fill(all map[string]*Table, from db.Table) {
	t := all[from.Name]
	keys := map[string]bool{}
	isOwner := map[string]bool{}
	for _, fk := range from.ForeignKeys {
		name := fk.Column
		keys[name] = true
		if fk.Cascade {
			isOwner[name] = true
			owner := all[fk.RefTable]
			owner.Owned = append(owner.Owned, OwnedTable{Table: t, Owner: name})
			continue
		}
		t.References = append(t.References, Reference{Column: name, Target: documentTypes()[fk.RefTable]})
	}
	for _, c := range from.Columns {
		switch {
		case c.Name == "position":
			t.ordered = true
		case copied[c.Name]:
			t.copies = true
		case c.Name == "id", isOwner[c.Name], t.Type != 0 && bookkeeping[c.Name], isSortKey(t.Name, c.Name):
		default:
			t.Columns = append(t.Columns, Column{c.Name, kindOf(from.Name, c, keys[c.Name]), c.Nullable})
		}
	}
}

func isSortKey(table, column string) bool {
	return slices.ContainsFunc(store.SortKeys(), func(k store.SortKey) bool { return k.Table == table && k.Column == column })
}

func kindOf(tableName string, c db.Column, key bool) ColumnKind {
	switch {
	case key:
		return IDColumn
	case c.Type == field.TypeJSON:
		return ListColumn
	case c.Type == field.TypeString:
		return TextColumn
	case c.Type.Integer():
		return IntColumn
	}
	panic(fmt.Sprintf("aggregate: column %s.%s has a type that aggregates do not know: %v", tableName, c.Name, c.Type))
}

// TableOf is the root table of a type of document.
func TableOf(t domain.Type) *Table { return Tables()[specs[t].Table] }

// kind is the kind of the named column.
func (t *Table) kind(name string) (ColumnKind, bool) {
	kind, ok := t.kinds[name]
	return kind, ok
}

// ownedTable is the owned table of a name.
func (t *Table) ownedTable(name string) (OwnedTable, bool) {
	i := slices.IndexFunc(t.Owned, func(o OwnedTable) bool { return o.Name == name })
	if i < 0 {
		return OwnedTable{}, false
	}
	return t.Owned[i], true
}

// Ownership describes every aggregate, one line per table, indented by depth,
// with the references of each: all that is derived from the schema.
func Ownership() string {
	var b strings.Builder
	var walk func(t *Table, depth int)
	walk = func(t *Table, depth int) {
		fmt.Fprintf(&b, "%s%s", strings.Repeat("  ", depth), t.Name)
		for _, r := range t.References {
			fmt.Fprintf(&b, " %s->%s", r.Column, r.Target)
		}
		b.WriteByte('\n')
		for _, o := range t.Owned {
			walk(o.Table, depth+1)
		}
	}
	for _, t := range domain.Types() {
		walk(TableOf(t), 0)
	}
	return b.String()
}
