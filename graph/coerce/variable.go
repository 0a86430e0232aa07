package coerce

import (
	"reflect"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/internal/domain"
)

// maxProblems is the greatest number of problems with the variables of one request, or
// with the arguments of one field, that are listed.
const maxProblems = 20

// usualDepth is how deep values are inside arguments at first: room for more is made
// where it is needed.
const usualDepth = 4

// Variables returns the values of an operation's variables by their definitions. The
// operation must be valid. A variable that is neither given nor has a default is not in
// the result. The errors list everything that does not fit, up to a bound; each has
// its position as path, and under extensions.fields. The given values are not changed.
func Variables(schema *ast.Schema, op *ast.OperationDefinition, given map[string]any) (map[string]any, gqlerror.List) {
	values := make(map[string]any, len(op.VariableDefinitions))
	c := coercion{schema: schema, at: make([]step, 0, usualDepth)}
	var errs gqlerror.List
	for _, def := range op.VariableDefinitions {
		value, ok := given[def.Variable]
		switch {
		case ok:
			values[def.Variable] = c.valueIn(step{name: def.Variable}, def.Type, value)
		case def.DefaultValue != nil:
			values[def.Variable] = c.literalIn(step{name: def.Variable}, def.Type, def.DefaultValue)
		case def.Type.NonNull:
			c.reportIn(def.Variable, "is missing; want "+def.Type.String())
		}
		for _, p := range c.problems[len(errs):] {
			errs = append(errs, p.ofVariable(def))
		}
	}
	if len(errs) > 0 {
		return nil, errs
	}
	return values, nil
}

// ofVariable returns the problem as an error of the request.
func (p problem) ofVariable(def *ast.VariableDefinition) *gqlerror.Error {
	position := "$" + p.position
	err := &gqlerror.Error{
		Message:    position + ": " + p.message,
		Extensions: map[string]any{"fields": []domain.FieldError{{Path: position, Message: p.message}}},
	}
	if def.Position != nil {
		err.Locations = []gqlerror.Location{{Line: def.Position.Line, Column: def.Position.Column}}
	}
	return err
}

// coercion is the coercion of the variables of an operation, or of the arguments of a
// field.
type coercion struct {
	schema    *ast.Schema
	variables map[string]any // coerced ones, which literals refer to
	at        []step         // the position of the value that is being coerced
	problems  []problem
}

// problem is a value that does not fit.
type problem struct {
	position string
	message  string
}

// report adds a problem with the value that is being coerced, up to maxProblems.
func (c *coercion) report(message string) {
	if len(c.problems) < maxProblems {
		c.problems = append(c.problems, problem{position(c.at), message})
	}
}

// reportIn is report for an argument, a variable or an input field, which is in what is
// being coerced.
func (c *coercion) reportIn(name, message string) {
	c.at = append(c.at, step{name: name})
	c.report(message)
	c.at = c.at[:len(c.at)-1]
}

// valueIn is value for a value one step further in.
func (c *coercion) valueIn(s step, t *ast.Type, v any) any {
	c.at = append(c.at, s)
	coerced := c.value(t, v)
	c.at = c.at[:len(c.at)-1]
	return coerced
}

// value coerces a decoded JSON value to a type.
func (c *coercion) value(t *ast.Type, v any) any {
	if v == nil {
		if t.NonNull {
			c.report("is null; want " + t.String())
		}
		return nil
	}
	if t.Elem != nil {
		list, ok := listOf(v)
		if !ok { // one value stands for a list of one
			return []any{c.value(t.Elem, v)}
		}
		coerced := make([]any, len(list))
		for i, element := range list {
			coerced[i] = c.valueIn(step{index: i}, t.Elem, element)
		}
		return coerced
	}
	switch def := c.schema.Types[t.NamedType]; def.Kind {
	case ast.Enum:
		name, ok := v.(string)
		if !ok {
			c.report(cannot(def.Name, v, "the name of a value"))
			return nil
		}
		if def.EnumValues.ForName(name) == nil {
			c.report(show(name) + " is not a value of " + def.Name + "; letter case counts")
		}
		return name
	case ast.InputObject:
		object, ok := v.(map[string]any)
		if !ok {
			c.report(cannot(def.Name, v, "an object"))
			return nil
		}
		return c.object(def, object)
	default:
		coerced, problem := scalar(def.Name, v)
		if problem != "" {
			c.report(problem)
		}
		return coerced
	}
}

// object coerces a decoded JSON object to an input object.
func (c *coercion) object(def *ast.Definition, given map[string]any) map[string]any {
	coerced := make(map[string]any, len(given))
	unknown := false
	for _, f := range def.Fields {
		switch v, ok := given[f.Name]; {
		case ok:
			coerced[f.Name] = c.valueIn(step{name: f.Name}, f.Type, v)
		default:
			c.absent(f, coerced)
		}
	}
	for name := range given {
		unknown = unknown || def.Fields.ForName(name) == nil
	}
	if unknown {
		for _, name := range sortedKeys(given) {
			if def.Fields.ForName(name) == nil {
				c.reportIn(name, def.Name+" has no such field")
			}
		}
	}
	if isOneOf(def) {
		c.oneOf(def, sortedKeys(given), func(name string) bool { return given[name] == nil })
	}
	return coerced
}

// absent sets the default of an input field that is not given.
func (c *coercion) absent(f *ast.FieldDefinition, coerced map[string]any) {
	switch {
	case f.DefaultValue != nil:
		coerced[f.Name] = c.literalIn(step{name: f.Name}, f.Type, f.DefaultValue)
	case f.Type.NonNull:
		c.reportIn(f.Name, "is missing; want "+f.Type.String())
	}
}

func isOneOf(def *ast.Definition) bool { return def.Directives.ForName("oneOf") != nil }

// oneOf reports if a one-of input object has not exactly one field, or if that is null.
func (c *coercion) oneOf(def *ast.Definition, names []string, isNull func(name string) bool) {
	switch {
	case len(names) != 1:
		c.report("want exactly one field of " + def.Name + ", not " + listed(names))
	case isNull(names[0]):
		c.reportIn(names[0], "is null; want a value, as the one field of "+def.Name)
	}
}

func sortedKeys(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// listOf returns a list. Requests that the program makes itself have slices of other
// element types as well.
func listOf(v any) ([]any, bool) {
	if list, ok := v.([]any); ok {
		return list, true
	}
	switch v.(type) {
	case string, bool, map[string]any, int, int64, float64:
		return nil, false
	}
	slice := reflect.ValueOf(v)
	if slice.Kind() != reflect.Slice {
		return nil, false
	}
	list := make([]any, slice.Len())
	for i := range list {
		list[i] = slice.Index(i).Interface()
	}
	return list, true
}
