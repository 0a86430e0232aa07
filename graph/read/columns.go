package read

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// columns is a set of a table's groups, one bit each.
type columns uint

const allColumns = ^columns(0)

type allColumnsKey struct{}

// AllColumns returns a context under which rows are read with all columns,
// whatever the field selects that is being resolved: what one field reads is
// then good for others.
func AllColumns(ctx context.Context) context.Context {
	return context.WithValue(ctx, allColumnsKey{}, true)
}

// selected returns the groups that the field needs which is being resolved: a
// row of the table, a list or a connection of such rows. Outside a resolver it
// is all of them.
//
// It may have groups that a fragment's type or a directive leaves out; it does
// not leave out what they have in.
func (t *Table) selected(ctx context.Context) columns {
	if len(t.Groups) == 0 {
		return 0
	}
	fc := graphql.GetFieldContext(ctx)
	if all, _ := ctx.Value(allColumnsKey{}).(bool); all || fc == nil {
		return allColumns
	}
	return t.of(fc.Field.Selections, map[string]bool{})
}

func (t *Table) of(set ast.SelectionSet, seen map[string]bool) columns {
	var sum columns
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			switch sel.Name {
			case "nodes", "edges", "node":
				sum |= t.of(sel.SelectionSet, seen)
			default:
				sum |= t.ofField(sel.Name)
			}
		case *ast.InlineFragment:
			sum |= t.of(sel.SelectionSet, seen)
		case *ast.FragmentSpread:
			if !seen[sel.Name] {
				seen[sel.Name] = true
				sum |= t.of(sel.Definition.SelectionSet, seen)
			}
		}
	}
	return sum
}

// ofField returns the groups that a GraphQL field needs.
func (t *Table) ofField(name string) columns {
	var sum columns
	for i, g := range t.Groups {
		if slices.Contains(g.Fields, name) {
			sum |= 1 << i
		}
	}
	return sum
}

// ofColumn returns the group that a column is in.
func (t *Table) ofColumn(name string) columns {
	for i, g := range t.Groups {
		if slices.Contains(g.Columns, name) {
			return 1 << i
		}
	}
	return 0
}
