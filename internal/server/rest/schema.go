package rest

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// schemas makes JSON Schemas of the selections of documents. Enums, fragments and
// responses become components.
type schemas struct {
	graphQL    *ast.Schema
	components map[string]any
}

func ref(name string) object { return object{{"$ref", "#/components/schemas/" + name}} }

// orNull is a schema that also allows null.
func orNull(schema object) object {
	for i, p := range schema {
		if name, ok := p.value.(string); ok && p.name == "type" {
			schema = slices.Clone(schema)
			schema[i].value = []string{name, "null"}
			return schema
		}
	}
	return object{{"anyOf", []object{schema, {{"type", "null"}}}}}
}

// describedAs adds a description.
func describedAs(schema object, text string) object {
	if text == "" {
		return schema
	}
	return append(slices.Clone(schema), pair{"description", strings.TrimSpace(text)})
}

// value is the schema of a field's value.
func (s *schemas) value(f *ast.Field) object { return s.typed(f.Definition.Type, f) }

func (s *schemas) typed(t *ast.Type, f *ast.Field) object {
	var schema object
	switch def := s.graphQL.Types[t.Name()]; {
	case t.Elem != nil:
		schema = object{{"type", "array"}, {"items", s.typed(t.Elem, f)}}
	case def.Kind == ast.Scalar || def.Kind == ast.Enum:
		schema = s.leaf(def)
	case isConnection(f):
		schema = s.page(f)
	default:
		schema = s.selected(def, f.SelectionSet)
	}
	if !t.NonNull {
		return orNull(schema)
	}
	return schema
}

// scalars are the schemas of scalars. A Date can be a year or a month, which
// the format of that name is not.
var scalars = map[string]object{
	"ID":          {{"type", "string"}, {"pattern", "^[a-z]{3}_[0-9a-z]{13}$"}},
	"String":      {{"type", "string"}},
	"Int":         {{"type", "integer"}, {"format", "int32"}},
	"Long":        {{"type", "integer"}, {"format", "int64"}},
	"Float":       {{"type", "number"}, {"format", "double"}},
	"Boolean":     {{"type", "boolean"}},
	"DateTime":    {{"type", "string"}, {"format", "date-time"}},
	"Date":        {{"type", "string"}, {"pattern", "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"}},
	"URL":         {{"type", "string"}, {"format", "uri"}},
	"LanguageTag": {{"type", "string"}, {"pattern", "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"}},
	"CountryCode": {{"type", "string"}, {"pattern", "^[A-Z]{2}$"}},
	"Markdown":    {{"type", "string"}, {"contentMediaType", "text/markdown"}},
	"JSON":        {},
}

func (s *schemas) leaf(def *ast.Definition) object {
	if def.Kind == ast.Scalar {
		schema, ok := scalars[def.Name]
		if !ok {
			panic("rest: the scalar " + def.Name + " has no schema")
		}
		return schema
	}
	if _, ok := s.components[def.Name]; !ok {
		var names []string
		text := strings.TrimSpace(def.Description) + "\n"
		for _, v := range def.EnumValues {
			names = append(names, v.Name)
			text += "\n- `" + v.Name + "`: " + oneLine(v.Description)
		}
		s.components[def.Name] = object{{"type", "string"}, {"enum", names}, {"description", text}}
	}
	return ref(def.Name)
}

// page is the schema of a connection.
func (s *schemas) page(f *ast.Field) object {
	properties := object{}
	required := []string{"data", "page"}
	if of := elements(f); of != nil {
		properties = append(properties, pair{"data", s.value(of)})
	}
	name := "Beginning"
	cursors := object{{"next", describedAs(orNull(scalars["String"]), "What to pass as `after` for what follows; null where there is no more.")}}
	wanted := []string{"next"}
	if member(member(f, "pageInfo"), "hasPreviousPage") != nil {
		name = "Page"
		cursors = append(cursors, pair{"previous", describedAs(orNull(scalars["String"]), "What to pass as `before`, with `last`, for what comes before; null where there is none.")})
		wanted = append(wanted, "previous")
	}
	s.components[name] = object{{"type", "object"}, {"description", "Cursors. They are opaque, and belong to the list and order that they came from."},
		{"properties", cursors}, {"required", wanted}}
	properties = append(properties, pair{"page", ref(name)})
	if total := member(f, "totalCount"); total != nil {
		properties = append(properties, pair{"totalCount", describedAs(s.value(total), total.Definition.Description+" Only where it is requested.")})
	}
	if head := member(f, "head"); head != nil {
		properties = append(properties, pair{"head", describedAs(s.value(head), head.Definition.Description)})
		required = append(required, "head")
	}
	for _, field := range others(f) {
		properties = append(properties, pair{field.Alias, describedAs(s.value(field), field.Definition.Description)})
		if len(field.Directives) == 0 {
			required = append(required, field.Alias)
		}
	}
	return object{{"type", "object"}, {"properties", properties}, {"required", required}}
}

// selected is the schema of an object of which a set is selected.
func (s *schemas) selected(def *ast.Definition, set ast.SelectionSet) object {
	if len(set) == 1 {
		if spread, ok := set[0].(*ast.FragmentSpread); ok {
			if _, ok := s.components[spread.Name]; !ok {
				s.components[spread.Name] = nil // marks it as in progress
				s.components[spread.Name] = describedAs(s.selected(def, spread.Definition.SelectionSet), def.Description)
			}
			return ref(spread.Name)
		}
	}
	if !def.IsAbstractType() {
		return s.properties(def, set)
	}
	var any []object
	for _, possible := range s.graphQL.GetPossibleTypes(def) {
		if schema := s.properties(possible, set); !slices.ContainsFunc(any, func(o object) bool { return same(o, schema) }) {
			any = append(any, schema)
		}
	}
	if len(any) == 1 {
		return any[0]
	}
	return object{{"anyOf", any}}
}

func same(a, b object) bool {
	x, err := a.MarshalJSON()
	y, other := b.MarshalJSON()
	return err == nil && other == nil && string(x) == string(y)
}

// properties is the schema of an object of a type. Selections on other types are left
// out.
func (s *schemas) properties(def *ast.Definition, set ast.SelectionSet) object {
	properties := object{}
	required := []string{}
	var add func(set ast.SelectionSet)
	add = func(set ast.SelectionSet) {
		for _, sel := range set {
			switch sel := sel.(type) {
			case *ast.Field:
				if slices.ContainsFunc(properties, func(p pair) bool { return p.name == sel.Alias }) {
					continue
				}
				if sel.Name == "__typename" {
					properties = append(properties, pair{sel.Alias, object{{"type", "string"}, {"const", def.Name}}})
				} else {
					properties = append(properties, pair{sel.Alias, describedAs(s.value(sel), sel.Definition.Description)})
				}
				if len(sel.Directives) == 0 {
					required = append(required, sel.Alias)
				}
			case *ast.InlineFragment:
				if s.applies(sel.TypeCondition, def) {
					add(sel.SelectionSet)
				}
			case *ast.FragmentSpread:
				if s.applies(sel.Definition.TypeCondition, def) {
					add(sel.Definition.SelectionSet)
				}
			}
		}
	}
	add(set)
	return object{{"type", "object"}, {"properties", properties}, {"required", required}}
}

// applies reports whether a fragment on a type applies to objects of another.
func (s *schemas) applies(condition string, def *ast.Definition) bool {
	return condition == "" || condition == def.Name || slices.Contains(def.Interfaces, condition)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
