package content

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"

	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"

	"github.com/redthread-api/redthread/ent/db/migrate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// columnKind is how a column's value looks in Go, in a snapshot and in SQL.
type columnKind int

const (
	textColumn columnKind = iota // string
	intColumn                    // int64
	idColumn                     // domain.ID; in a snapshot with its prefix
	listColumn                   // []string; JSON in SQL
)

type column struct {
	name     string
	kind     columnKind
	nullable bool // otherwise an absent value is stored as "" or 0
}

// table is what an aggregate is made of, read from the ent schema.
type table struct {
	name    string
	columns []column // without the id, the bookkeeping and the owners' ids
	owned   []owned  // in order of name
	refs    []reference
	keys    []store.SortKey // by which rows are ordered; they follow from columns
	doc     domain.Type     // the type of document of a root table, or 0
	ordered bool            // the rows have a position

	kinds map[string]columnKind // of the columns
}

// owned is a table whose rows belong to rows of another.
type owned struct {
	*table
	owner string // the column with the owner's id
}

// reference is a column with the id of another document.
type reference struct {
	column string
	target domain.Type
}

// bookkeeping are the columns of a document that are not its content: they
// say what happened to it, and a snapshot does not restore them.
var bookkeeping = map[string]bool{
	"version": true, "effective_marking": true,
	"created_at": true, "created_by": true, "updated_at": true, "updated_by": true,
	"published_at": true, "published_by": true, "live_version": true,
	"deleted_at": true, "deleted_by": true,
}

var documentTables = map[string]domain.Type{
	"reports": domain.Report, "narratives": domain.Narrative, "entities": domain.Entity,
	"relationships": domain.Relationship, "tags": domain.Tag, "sources": domain.Source,
	"editions": domain.Edition, "assets": domain.Asset,
}

// tables are all tables of the aggregates by name. They are read only.
var tables = sync.OnceValue(func() map[string]*table {
	all := map[string]*table{}
	for _, t := range migrate.Tables {
		doc := documentTables[t.Name]
		if doc != 0 || owners(t) != nil {
			all[t.Name] = &table{name: t.Name, doc: doc}
		}
	}
	for _, t := range migrate.Tables {
		if all[t.Name] != nil {
			fill(all, t)
		}
	}
	for _, key := range store.SortKeys() {
		if t := all[key.Table]; t != nil {
			t.keys = append(t.keys, key)
		}
	}
	for _, t := range all {
		sort.Slice(t.owned, func(i, j int) bool { return t.owned[i].name < t.owned[j].name })
		t.kinds = make(map[string]columnKind, len(t.columns))
		for _, c := range t.columns {
			t.kinds[c.name] = c.kind
		}
	}
	return all
})

// owners are the foreign keys of a table to the rows that its rows belong to.
func owners(t *schema.Table) []*schema.ForeignKey {
	var keys []*schema.ForeignKey
	for _, fk := range t.ForeignKeys {
		if fk.OnDelete == schema.Cascade {
			keys = append(keys, fk)
		}
	}
	return keys
}

func fill(all map[string]*table, from *schema.Table) {
	t := all[from.Name]
	keys := map[string]bool{}
	isOwner := map[string]bool{}
	for _, fk := range from.ForeignKeys {
		name := fk.Columns[0].Name
		keys[name] = true
		if fk.OnDelete == schema.Cascade {
			isOwner[name] = true
			owner := all[fk.RefTable.Name]
			owner.owned = append(owner.owned, owned{table: t, owner: name})
			continue
		}
		t.refs = append(t.refs, reference{column: name, target: documentTables[fk.RefTable.Name]})
	}
	for _, c := range from.Columns {
		switch {
		case c.Name == "position":
			t.ordered = true
		case c.Name == "id", isOwner[c.Name], t.doc != 0 && bookkeeping[c.Name], isSortKey(t.name, c.Name):
		default:
			t.columns = append(t.columns, column{c.Name, kindOf(from.Name, c, keys[c.Name]), c.Nullable})
		}
	}
}

func isSortKey(table, column string) bool {
	return slices.ContainsFunc(store.SortKeys(), func(k store.SortKey) bool { return k.Table == table && k.Column == column })
}

func kindOf(tableName string, c *schema.Column, key bool) columnKind {
	switch {
	case key:
		return idColumn
	case c.Type == field.TypeJSON:
		return listColumn
	case c.Type == field.TypeString:
		return textColumn
	case c.Type.Integer():
		return intColumn
	}
	panic(fmt.Sprintf("content: column %s.%s has a type that aggregates do not know: %v", tableName, c.Name, c.Type))
}

// tableOf is the root table of a type of document.
func tableOf(t domain.Type) *table {
	for name, doc := range documentTables {
		if doc == t {
			return tables()[name]
		}
	}
	panic("content: no table for " + t.String())
}

// kind is the kind of the named column.
func (t *table) kind(name string) (columnKind, bool) {
	kind, ok := t.kinds[name]
	return kind, ok
}

// ownedTable is the owned table of a name.
func (t *table) ownedTable(name string) (owned, bool) {
	i := slices.IndexFunc(t.owned, func(o owned) bool { return o.name == name })
	if i < 0 {
		return owned{}, false
	}
	return t.owned[i], true
}

// Ownership describes every aggregate, one line a table, indented by depth,
// with the references of each: the whole of what is derived from the schema.
func Ownership() string {
	var b strings.Builder
	var walk func(t *table, depth int)
	walk = func(t *table, depth int) {
		fmt.Fprintf(&b, "%s%s", strings.Repeat("  ", depth), t.name)
		for _, r := range t.refs {
			fmt.Fprintf(&b, " %s->%s", r.column, r.target)
		}
		b.WriteByte('\n')
		for _, o := range t.owned {
			walk(o.table, depth+1)
		}
	}
	for _, t := range domain.Types() {
		walk(tableOf(t), 0)
	}
	return b.String()
}
