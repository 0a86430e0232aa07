package introspection

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Type is a __Type: a named type, or a list or non-null of another. What its kind has not
// is nil.
type Type struct {
	schema *ast.Schema
	def    *ast.Definition // of a named type
	typ    *ast.Type       // of a list or non-null
}

// reference returns the description of a type as it is used.
func reference(s *ast.Schema, t *ast.Type) *Type {
	if t.NonNull || t.Elem != nil {
		return &Type{schema: s, typ: t}
	}
	return &Type{schema: s, def: s.Types[t.NamedType]}
}

// Kind returns the value of __TypeKind.
func (t *Type) Kind() string {
	switch {
	case t.def != nil:
		return string(t.def.Kind)
	case t.typ.NonNull:
		return "NON_NULL"
	}
	return "LIST"
}

// is reports whether the type is a named one of one of the kinds.
func (t *Type) is(kinds ...ast.DefinitionKind) bool {
	return t.def != nil && slices.Contains(kinds, t.def.Kind)
}

// Name returns the name of a named type.
func (t *Type) Name() *string {
	if t.def == nil {
		return nil
	}
	return &t.def.Name
}

// Description returns the description of a named type.
func (t *Type) Description() *string {
	if t.def == nil {
		return nil
	}
	return optional(t.def.Description)
}

// SpecifiedByURL returns where a custom scalar is specified.
func (t *Type) SpecifiedByURL() *string {
	if !t.is(ast.Scalar) {
		return nil
	}
	d := t.def.Directives.ForName("specifiedBy")
	if d == nil {
		return nil
	}
	return &d.Arguments.ForName("url").Value.Raw
}

// Fields returns the fields of an object or interface.
func (t *Type) Fields(includeDeprecated bool) []Field {
	if !t.is(ast.Object, ast.Interface) {
		return nil
	}
	fields := make([]Field, 0, len(t.def.Fields))
	for _, f := range t.def.Fields {
		if !strings.HasPrefix(f.Name, "__") && (includeDeprecated || !isDeprecated(f.Directives)) {
			fields = append(fields, Field{t.schema, f})
		}
	}
	return fields
}

// Interfaces returns the interfaces that an object or interface implements.
func (t *Type) Interfaces() []Type {
	if !t.is(ast.Object, ast.Interface) {
		return nil
	}
	types := make([]Type, len(t.def.Interfaces))
	for i, name := range t.def.Interfaces {
		types[i] = Type{schema: t.schema, def: t.schema.Types[name]}
	}
	return types
}

// PossibleTypes returns the objects that an interface or union may be.
func (t *Type) PossibleTypes() []Type {
	if !t.is(ast.Interface, ast.Union) {
		return nil
	}
	types := []Type{}
	for _, def := range t.schema.GetPossibleTypes(t.def) {
		if def.Kind == ast.Object {
			types = append(types, Type{schema: t.schema, def: def})
		}
	}
	return types
}

// EnumValues returns the values of an enum.
func (t *Type) EnumValues(includeDeprecated bool) []EnumValue {
	if !t.is(ast.Enum) {
		return nil
	}
	values := make([]EnumValue, 0, len(t.def.EnumValues))
	for _, v := range t.def.EnumValues {
		if includeDeprecated || !isDeprecated(v.Directives) {
			values = append(values, EnumValue{v})
		}
	}
	return values
}

// InputFields returns the fields of an input object.
func (t *Type) InputFields(includeDeprecated bool) []InputValue {
	if !t.is(ast.InputObject) {
		return nil
	}
	values := make([]InputValue, 0, len(t.def.Fields))
	for _, f := range t.def.Fields {
		if includeDeprecated || !isDeprecated(f.Directives) {
			values = append(values, InputValue{t.schema, f.Name, f.Description, f.Type, f.DefaultValue, f.Directives})
		}
	}
	return values
}

// OfType returns what a list is of, or the nullable type of a non-null.
func (t *Type) OfType() *Type {
	switch {
	case t.typ == nil:
		return nil
	case t.typ.NonNull:
		nullable := *t.typ
		nullable.NonNull = false
		return reference(t.schema, &nullable)
	}
	return reference(t.schema, t.typ.Elem)
}

// IsOneOf reports of an input object whether exactly one of its fields is to be given.
func (t *Type) IsOneOf() *bool {
	if !t.is(ast.InputObject) {
		return nil
	}
	return new(t.def.Directives.ForName("oneOf") != nil)
}
