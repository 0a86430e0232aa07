package graph

import (
	"context"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/read"
)

// The standard limits of one operation.
const (
	DefaultMaxCost  = 500_000
	DefaultMaxDepth = 20
)

// plainList is how many elements a list without a page size is taken to have.
const plainList = 10

// Limits refuses operations that ask for too much at once.
//
// The cost of an operation is the number of fields in the largest answer that
// it could have: a field costs one, and what is selected in a list costs as
// often as the list has elements. A connection has as many as its first or
// last says. Introspection is free.
type Limits struct{ maxCost, maxDepth int }

// NewLimits returns limits; zero stands for the standard ones.
func NewLimits(maxCost, maxDepth int) *Limits {
	if maxCost == 0 {
		maxCost = DefaultMaxCost
	}
	if maxDepth == 0 {
		maxDepth = DefaultMaxDepth
	}
	return &Limits{maxCost, maxDepth}
}

// ExtensionName and Validate make Limits an extension of gqlgen's server.
func (*Limits) ExtensionName() string                   { return "Limits" }
func (*Limits) Validate(graphql.ExecutableSchema) error { return nil }

const codeCostLimit = "COST_LIMIT"

// MutateOperationContext measures an operation before it runs.
func (l *Limits) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	m := measurer{variables: op.Variables, fragments: map[fragmentKey]size{}}
	got := m.set(op.Operation.SelectionSet, 1)
	switch {
	case got.depth > l.maxDepth:
		return refuse("the operation is %d levels deep; at most %d", got.depth, l.maxDepth)
	case got.cost > l.maxCost:
		return refuse("the operation may answer with %d fields; at most %d: ask for fewer or smaller pages", got.cost, l.maxCost)
	}
	return nil
}

func refuse(format string, got, limit int) *gqlerror.Error {
	err := gqlerror.Errorf(format, got, limit)
	err.Extensions = map[string]any{"code": codeCostLimit}
	return err
}

// size is what a selection comes to.
type size struct{ cost, depth int }

// fragmentKey names a fragment inside a connection with a page size.
type fragmentKey struct {
	name string
	page int
}

type measurer struct {
	variables map[string]any
	fragments map[fragmentKey]size // each is measured once
}

// set measures a selection set. page is the size of the connection that it is
// of.
func (m *measurer) set(set ast.SelectionSet, page int) size {
	var sum size
	for _, sel := range set {
		var s size
		switch sel := sel.(type) {
		case *ast.Field:
			s = m.field(sel, page)
		case *ast.InlineFragment:
			s = m.set(sel.SelectionSet, page)
		case *ast.FragmentSpread:
			key := fragmentKey{sel.Name, page}
			known, ok := m.fragments[key]
			if !ok {
				known = m.set(sel.Definition.SelectionSet, page)
				m.fragments[key] = known
			}
			s = known
		}
		sum.cost = add(sum.cost, s.cost)
		sum.depth = max(sum.depth, s.depth)
	}
	return sum
}

func (m *measurer) field(f *ast.Field, page int) size {
	if strings.HasPrefix(f.Name, "__") {
		return size{}
	}
	inner := 1
	if strings.HasSuffix(f.Definition.Type.Name(), "Connection") {
		inner = m.pageSize(f)
	}
	children := m.set(f.SelectionSet, inner)
	elements := 1
	if f.Definition.Type.Elem != nil && len(f.SelectionSet) > 0 {
		elements = plainList
		switch {
		case strings.HasSuffix(f.ObjectDefinition.Name, "Connection"):
			elements = page
		case f.Name == "nodes":
			elements = m.listSize(f, "ids")
		}
	}
	return size{cost: add(1, times(elements, children.cost)), depth: children.depth + 1}
}

// pageSize is how many elements a connection asks for.
func (m *measurer) pageSize(f *ast.Field) int {
	args := f.ArgumentMap(m.variables)
	for _, name := range []string{"first", "last"} {
		if n, ok := whole(args[name]); ok {
			return min(max(n, 1), read.MaxPage)
		}
	}
	return read.DefaultPage
}

func (m *measurer) listSize(f *ast.Field, argument string) int {
	list, _ := f.ArgumentMap(m.variables)[argument].([]any)
	return max(len(list), 1)
}

func whole(v any) (int, bool) {
	switch n := v.(type) {
	case int64:
		return int(n), true
	case int:
		return n, true
	case float64:
		return int(n), true
	case json.Number:
		i, err := n.Int64()
		return int(i), err == nil
	case string:
		i, err := strconv.Atoi(n)
		return i, err == nil
	}
	return 0, false
}

// add and times stop at the largest int.
func add(a, b int) int {
	if a > math.MaxInt-b {
		return math.MaxInt
	}
	return a + b
}

func times(a, b int) int {
	if b != 0 && a > math.MaxInt/b {
		return math.MaxInt
	}
	return a * b
}
