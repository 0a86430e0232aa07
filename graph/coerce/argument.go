package coerce

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/internal/domain"
)

// Arguments returns the arguments of a field of a valid operation, decoded by decode.
// The variables of the operation must be those that [Variables] returned. The error lists
// all arguments that do not fit, which is so where a variable is null and the position
// takes no null.
//
// After [Remember] the result is the same map each time, so it must not be changed, nor
// what is in it.
func Arguments(
	ctx context.Context, op *graphql.OperationContext, schema *ast.Schema, f *ast.Field,
	decode func(context.Context, map[string]any) (map[string]any, error),
) (map[string]any, error) {
	known, _ := op.Stats.GetExtension(memoExtension).(*memo)
	if known == nil {
		return arguments(ctx, op, schema, f, decode)
	}
	if decoded, ok := known.get(f); ok {
		return decoded, nil
	}
	decoded, err := arguments(ctx, op, schema, f, decode)
	if err == nil {
		known.set(f, decoded)
	}
	return decoded, err
}

func arguments(
	ctx context.Context, op *graphql.OperationContext, schema *ast.Schema, f *ast.Field,
	decode func(context.Context, map[string]any) (map[string]any, error),
) (map[string]any, error) {
	c := coercion{schema: schema, variables: op.Variables, at: make([]step, 0, usualDepth)}
	coerced := c.arguments(f.Definition.Arguments, f.Arguments)
	if len(c.problems) > 0 {
		return nil, c.err("the arguments are not right")
	}
	return decode(ctx, coerced)
}

// Values returns the arguments of a field, without those that do not fit.
func Values(schema *ast.Schema, f *ast.Field, variables map[string]any) map[string]any {
	c := coercion{schema: schema, variables: variables, at: make([]step, 0, usualDepth)}
	return c.arguments(f.Definition.Arguments, f.Arguments)
}

// Fitting returns the arguments of a field as [Arguments] would decode them, and whether
// all of them fit.
func Fitting(schema *ast.Schema, f *ast.Field, variables map[string]any) (map[string]any, bool) {
	c := coercion{schema: schema, variables: variables, at: make([]step, 0, usualDepth)}
	values := c.arguments(f.Definition.Arguments, f.Arguments)
	return values, len(c.problems) == 0
}

// CheckDirective returns the error of the arguments of a directive of a valid operation,
// which is like that of [Arguments].
func CheckDirective(schema *ast.Schema, d *ast.Directive, variables map[string]any) error {
	c := coercion{schema: schema, variables: variables}
	c.arguments(d.Definition.Arguments, d.Arguments)
	return c.err("the arguments of @" + d.Name + " are not right")
}

// err returns the problems as an error of a field; nil if there are none.
func (c *coercion) err(message string) error {
	var problems domain.Problems
	for _, p := range c.problems {
		problems.Add(p.position, "%s", p.message)
	}
	return problems.Err(message)
}

// arguments is CoerceArgumentValues (6.4.1), which goes on after a problem.
func (c *coercion) arguments(defs ast.ArgumentDefinitionList, given ast.ArgumentList) map[string]any {
	coerced := make(map[string]any, len(given))
	for _, def := range defs {
		argument := given.ForName(def.Name)
		switch {
		case argument != nil && c.isGiven(argument.Value):
			before := len(c.problems)
			if v := c.literalIn(step{name: def.Name}, def.Type, argument.Value); len(c.problems) == before {
				coerced[def.Name] = v
			}
		case def.DefaultValue != nil:
			coerced[def.Name] = c.literalIn(step{name: def.Name}, def.Type, def.DefaultValue)
		case def.Type.NonNull:
			c.reportIn(def.Name, "is missing; want "+def.Type.String())
		}
	}
	return coerced
}

// isGiven reports whether a literal is there: whether it is no variable without a value.
func (c *coercion) isGiven(v *ast.Value) bool {
	if v.Kind != ast.Variable {
		return true
	}
	_, ok := c.variables[v.Raw]
	return ok
}

// literalIn is literal for a value one step further in.
func (c *coercion) literalIn(s step, t *ast.Type, v *ast.Value) any {
	c.at = append(c.at, s)
	coerced := c.literal(t, v)
	c.at = c.at[:len(c.at)-1]
	return coerced
}

// literal coerces a literal, or a variable, to a type.
func (c *coercion) literal(t *ast.Type, v *ast.Value) any {
	switch v.Kind {
	case ast.Variable:
		value := c.variables[v.Raw]
		if value == nil && t.NonNull {
			c.report("the variable $" + v.Raw + " is null; want " + t.String())
		}
		return value
	case ast.NullValue:
		if t.NonNull {
			c.report("is null; want " + t.String())
		}
		return nil
	}
	if t.Elem != nil {
		if v.Kind != ast.ListValue { // one value stands for a list of one
			return []any{c.literal(t.Elem, v)}
		}
		coerced := make([]any, len(v.Children))
		for i, element := range v.Children {
			coerced[i] = c.literalIn(step{index: i}, t.Elem, element.Value)
		}
		return coerced
	}
	def := v.Definition // set by validation
	if def == nil || def.Name != t.NamedType {
		def = c.schema.Types[t.NamedType]
	}
	switch def.Kind {
	case ast.Enum:
		if v.Kind != ast.EnumValue {
			c.report(def.Name + " cannot represent " + v.String() + "; want the name of a value")
		} else if def.EnumValues.ForName(v.Raw) == nil {
			c.report(v.Raw + " is not a value of " + def.Name + "; letter case counts")
		}
		return v.Raw
	case ast.InputObject:
		if v.Kind != ast.ObjectValue {
			c.report(def.Name + " cannot represent " + v.String() + "; want an object")
			return nil
		}
		return c.objectLiteral(def, v)
	default:
		coerced, problem := c.scalarLiteral(def.Name, v)
		if problem != "" {
			c.report(problem)
		}
		return coerced
	}
}

// objectLiteral coerces a literal to an input object.
func (c *coercion) objectLiteral(def *ast.Definition, v *ast.Value) map[string]any {
	coerced := make(map[string]any, len(v.Children))
	for _, f := range def.Fields {
		if given := v.Children.ForName(f.Name); given != nil && c.isGiven(given) {
			coerced[f.Name] = c.literalIn(step{name: f.Name}, f.Type, given)
			continue
		}
		c.absent(f, coerced)
	}
	for _, given := range v.Children {
		if def.Fields.ForName(given.Name) == nil {
			c.reportIn(given.Name, def.Name+" has no such field")
		}
	}
	if isOneOf(def) {
		names := make([]string, len(v.Children))
		for i, child := range v.Children {
			names[i] = child.Name
		}
		slices.Sort(names)
		c.oneOf(def, names, func(name string) bool {
			value := v.Children.ForName(name)
			return value.Kind == ast.NullValue || value.Kind == ast.Variable && c.variables[value.Raw] == nil
		})
	}
	return coerced
}
