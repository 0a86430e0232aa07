package plan

import (
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/graph/coerce"
	"github.com/redthread-api/redthread/graph/read"
)

// arguments are the arguments of a field. Those without a variable are the same for each
// request, and are coerced once.
type arguments struct {
	field  *ast.Field // nil: fixed has them
	fixed  map[string]any
	failed bool // fixed does not fit
}

func argumentsOf(schema *ast.Schema, f *ast.Field) arguments {
	if len(f.Definition.Arguments) == 0 {
		return arguments{}
	}
	for _, a := range f.Arguments {
		if hasVariable(a.Value) {
			return arguments{field: f}
		}
	}
	values, ok := coerce.Fitting(schema, f, nil)
	return arguments{fixed: values, failed: !ok}
}

// arguments returns where the plan has the arguments of a field.
func (c *compiler) arguments(f *ast.Field) int {
	c.args = append(c.args, argumentsOf(c.schema, f))
	return len(c.args) - 1
}

func hasVariable(v *ast.Value) bool {
	if v.Kind == ast.Variable {
		return true
	}
	for _, child := range v.Children {
		if hasVariable(child.Value) {
			return true
		}
	}
	return false
}

// values returns the arguments for a request. They must not be changed.
func (a arguments) values(schema *ast.Schema, variables map[string]any) (map[string]any, error) {
	values, ok := a.fixed, !a.failed
	if a.field != nil {
		values, ok = coerce.Fitting(schema, a.field, variables)
	}
	// A plan compiles all filters ahead, the executor those of the lists that it comes to: a search
	// would cost where nothing is read.
	if !ok || read.Searches(values["filter"]) {
		return nil, ErrNotPlanned
	}
	return values, nil
}

// connectionArguments returns the arguments of a connection.
func connectionArguments(values map[string]any) read.Args {
	a := read.Args{First: whole(values["first"]), Last: whole(values["last"]), After: optional(values["after"]), Before: optional(values["before"])}
	a.Filter, _ = values["filter"].(map[string]any)
	if by, ok := values["orderBy"].(map[string]any); ok {
		field, _ := by["field"].(string)
		direction, _ := by["direction"].(string)
		a.Order = &read.OrderBy{Field: field, Direction: direction}
	}
	return a
}

// byArgument returns the argument of that name.
func byArgument(values map[string]any) *read.By {
	by, ok := values["by"].(map[string]any)
	if !ok {
		return nil
	}
	return &read.By{ID: optional(by["id"]), Slug: optional(by["slug"])}
}

func whole(v any) *int {
	n, ok := v.(int64)
	if !ok {
		return nil
	}
	i := int(n)
	return &i
}

func optional(v any) *string {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	return &s
}
