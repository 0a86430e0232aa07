package rest

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/graph/read"
)

// parameter is a variable of a document, or the part of the path.
type parameter struct {
	name    string
	about   string
	of      *ast.Type
	def     *ast.Definition // of the type, or of the elements of the list
	initial *ast.Value      // the default; nil where there is none
	path    bool
	direct  bool // it is also a variable of the executed query
	free    bool // it is the text of a search, in which nothing is an error
	// least and most bound a number; 0 is no bound.
	least, most int
	// standard is the value that applies without the parameter, where it isn't the
	// document's default; nil where there is none.
	standard any
}

func (p *parameter) list() bool { return p.of.Elem != nil }

// required reports whether there is no response without it.
func (p *parameter) required() bool { return p.of.NonNull && p.initial == nil && !p.path }

// fallback is the value without the parameter; nil where there is none. An empty text as the default of a text within an object stands
// for none: GraphQL wants a default for what must not be null there.
func (p *parameter) fallback() *ast.Value {
	if p.initial != nil && !p.direct && p.initial.Kind == ast.StringValue && p.initial.Raw == "" {
		return nil
	}
	return p.initial
}

// argument is an argument in the document whose value is an object with variables in it.
// The executed query has one variable in its place.
type argument struct {
	variable string
	value    *ast.Value
}

// fill returns the value with the variables' values in it; ok is false where
// there are none.
func (a *argument) fill(values map[string]any) (filled any, ok bool) { return fill(a.value, values) }

func fill(v *ast.Value, values map[string]any) (any, bool) {
	switch v.Kind {
	case ast.Variable:
		value, ok := values[v.Raw]
		return value, ok
	case ast.ObjectValue:
		object := map[string]any{}
		given := !hasVariable(v)
		for _, child := range v.Children {
			value, ok := fill(child.Value, values)
			if ok {
				object[child.Name] = value
			}
			given = given || ok && hasVariable(child.Value)
		}
		return object, given
	}
	value, err := v.Value(nil)
	return value, err == nil
}

func hasVariable(v *ast.Value) bool {
	return v.Kind == ast.Variable || slices.ContainsFunc(v.Children, func(c *ast.ChildValue) bool { return hasVariable(c.Value) })
}

// variables makes parameters of the query's variables, and replaces arguments that have
// variables within by variables.
func (r *route) variables(schema *ast.Schema, op *ast.OperationDefinition) error {
	r.places = map[string]string{}
	described := map[string]string{}
	direct := map[string]bool{}
	var added ast.VariableDefinitionList
	var walk func(set ast.SelectionSet) error
	walk = func(set ast.SelectionSet) error {
		for _, f := range flatten(set) {
			for _, d := range f.Directives {
				for _, arg := range d.Arguments {
					if arg.Value.Kind == ast.Variable {
						direct[arg.Value.Raw] = true
						described[arg.Value.Raw] = "Whether the response has `" + f.Alias + "`: " + lowerFirst(f.Definition.Description)
					}
				}
			}
			for _, arg := range f.Arguments {
				def := f.Definition.Arguments.ForName(arg.Name)
				switch {
				case arg.Value.Kind == ast.Variable:
					direct[arg.Value.Raw] = true
					described[arg.Value.Raw] = def.Description
					r.places[arg.Name] = arg.Value.Raw
				case hasVariable(arg.Value):
					if slices.ContainsFunc(r.arguments, func(a *argument) bool { return a.variable == arg.Name }) {
						return fmt.Errorf("two arguments %s have variables within", arg.Name)
					}
					if err := r.within(arg.Value, arg.Name, described); err != nil {
						return err
					}
					r.arguments = append(r.arguments, &argument{arg.Name, arg.Value})
					added = append(added, &ast.VariableDefinition{Variable: arg.Name, Type: def.Type, Position: op.Position})
					arg.Value = &ast.Value{Kind: ast.Variable, Raw: arg.Name, Position: arg.Value.Position}
				}
			}
			if err := walk(f.SelectionSet); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(op.SelectionSet); err != nil {
		return err
	}
	var remaining ast.VariableDefinitionList
	for _, def := range op.VariableDefinitions {
		if direct[def.Variable] {
			remaining = append(remaining, def)
		}
		if def.Variable == "id" && r.isSingle() {
			continue
		}
		p := &parameter{
			name: def.Variable, of: def.Type, def: schema.Types[def.Type.Name()], initial: def.DefaultValue, path: def.Variable == "slug" && r.isSingle(),
			direct: direct[def.Variable], free: r.places["query"] == def.Variable, about: r.notes[def.Variable],
		}
		p.about = cmp.Or(p.about, common[p.name], described[p.name])
		switch {
		case r.table != nil && p.name == "first":
			p.least, p.most = 1, read.MaxPage
		case !r.isList():
		case p.name == "first":
			p.least, p.most, p.standard = 1, read.MaxPage, read.DefaultPage
		case p.name == "last":
			p.least, p.most = 1, read.MaxPage
		}
		if p.def.Kind == ast.InputObject {
			return fmt.Errorf("the variable %s is an object, which no parameter can be", p.name)
		}
		if p.about == "" {
			return fmt.Errorf("the parameter %s has no description", p.name)
		}
		r.parameters = append(r.parameters, p)
	}
	if r.table != nil {
		r.parameters = append(r.parameters, formatParameter())
	}
	for name := range r.notes {
		if op.VariableDefinitions.ForName(name) == nil {
			return fmt.Errorf("$%s is described and is no variable", name)
		}
	}
	for _, def := range added {
		if remaining.ForName(def.Variable) != nil {
			return fmt.Errorf("the variable %s is called like an argument with variables within", def.Variable)
		}
	}
	op.VariableDefinitions = append(remaining, added...)
	return nil
}

// common are the descriptions of parameters that routes have in common, where
// a document has none of its own. In the schema they speak of GraphQL.
var common = map[string]string{
	"slug":   "The slug, or the id. A former slug is redirected to the present one.",
	"first":  "How many to return from the start.",
	"after":  "Start after this cursor: a `page.next`.",
	"last":   "How many to return from the end, instead of `first`.",
	"before": "Stop before this cursor: a `page.previous`. Goes with `last`.",
}

// within records where in an object the variables are.
func (r *route) within(v *ast.Value, place string, described map[string]string) error {
	for _, child := range v.Children {
		at := place + "." + child.Name
		switch {
		case child.Value.Kind == ast.Variable:
			r.places[at] = child.Value.Raw
			if f := v.Definition.Fields.ForName(child.Name); f != nil {
				described[child.Value.Raw] = f.Description
			}
		case child.Value.Kind == ast.ListValue && hasVariable(child.Value):
			return fmt.Errorf("%s is a list with variables within, which is not supported", at)
		default:
			if err := r.within(child.Value, at, described); err != nil {
				return err
			}
		}
	}
	return nil
}

// parameterAt is the parameter whose value is at a place in the arguments, or
// in which the place is; empty where there is none.
func (r *route) parameterAt(place string) string {
	place = element.ReplaceAllString(place, "") // a list of one object is given as that object
	for place != "" {
		if name, ok := r.places[place]; ok {
			return name
		}
		place = place[:max(strings.LastIndexAny(place, ".["), 0)]
	}
	return ""
}

var (
	element     = regexp.MustCompile(`\.\d+\b|\[\d+\]`)
	lastElement = regexp.MustCompile(`(\.\d+|\[\d+\])$`)
)

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
