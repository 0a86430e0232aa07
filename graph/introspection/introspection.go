// Package introspection describes a schema as the introspection types do (section 4.2 of
// the GraphQL specification). gqlgen's package of that name lists interfaces among the
// possible types, and has empty lists where the specification has null.
//
// It has the prelude as well: what is in every schema without being written there.
package introspection

import (
	"bytes"
	"cmp"
	"compress/gzip"
	_ "embed" // the prelude
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
)

//go:embed prelude.graphql
var prelude string

// Text returns a text that was compressed with gzip. It panics if it was not.
func Text(compressed []byte) string {
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		panic(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// MustLoadSchema returns the schema that is written in sources, with our prelude. It
// panics if they are not right.
func MustLoadSchema(sources ...*ast.Source) *ast.Schema {
	own := &ast.Source{Name: "prelude.graphql", Input: prelude, BuiltIn: true}
	schema, err := validator.LoadSchema(append([]*ast.Source{own}, sources...)...)
	if err != nil {
		panic(err)
	}
	return schema
}

// Schema is a __Schema.
type Schema struct{ schema *ast.Schema }

// Of returns the description of a schema.
func Of(s *ast.Schema) *Schema { return &Schema{s} }

// TypeOf returns the description of a type of a schema; nil if there is no such type.
func TypeOf(s *ast.Schema, name string) *Type {
	def := s.Types[name]
	if def == nil {
		return nil
	}
	return &Type{schema: s, def: def}
}

// Description returns the schema's description.
func (s *Schema) Description() *string { return optional(s.schema.Description) }

// Types returns all types by name.
func (s *Schema) Types() []Type {
	types := make([]Type, 0, len(s.schema.Types))
	for _, name := range slices.Sorted(maps.Keys(s.schema.Types)) {
		types = append(types, Type{schema: s.schema, def: s.schema.Types[name]})
	}
	return types
}

// QueryType returns the root type of queries.
func (s *Schema) QueryType() *Type { return s.root(s.schema.Query) }

// MutationType returns the root type of mutations, or nil.
func (s *Schema) MutationType() *Type { return s.root(s.schema.Mutation) }

// SubscriptionType returns the root type of subscriptions, or nil.
func (s *Schema) SubscriptionType() *Type { return s.root(s.schema.Subscription) }

func (s *Schema) root(def *ast.Definition) *Type {
	if def == nil {
		return nil
	}
	return &Type{schema: s.schema, def: def}
}

// Directives returns the directives by name.
func (s *Schema) Directives(includeDeprecated bool) []Directive {
	directives := make([]Directive, 0, len(s.schema.Directives))
	for _, name := range slices.Sorted(maps.Keys(s.schema.Directives)) {
		d := Directive{schema: s.schema, def: s.schema.Directives[name]}
		if includeDeprecated || !d.IsDeprecated() {
			directives = append(directives, d)
		}
	}
	return directives
}

// Directive is a __Directive.
type Directive struct {
	schema *ast.Schema
	def    *ast.DirectiveDefinition
}

// Name returns the name without the @.
func (d *Directive) Name() string { return d.def.Name }

// Description returns the description.
func (d *Directive) Description() *string { return optional(d.def.Description) }

// IsRepeatable reports whether the directive may stand at one place several times.
func (d *Directive) IsRepeatable() bool { return d.def.IsRepeatable }

// Locations returns where the directive may stand.
func (d *Directive) Locations() []string {
	locations := make([]string, len(d.def.Locations))
	for i, l := range d.def.Locations {
		locations[i] = string(l)
	}
	return locations
}

// Args returns the arguments.
func (d *Directive) Args(includeDeprecated bool) []InputValue {
	return arguments(d.schema, d.def.Arguments, includeDeprecated)
}

// IsDeprecated reports whether the directive is deprecated: never, because gqlparser
// reads no directives on the definition of a directive.
func (*Directive) IsDeprecated() bool { return false }

// DeprecationReason returns nil.
func (*Directive) DeprecationReason() *string { return nil }

// Field is a __Field.
type Field struct {
	schema *ast.Schema
	def    *ast.FieldDefinition
}

// Name returns the field's name.
func (f *Field) Name() string { return f.def.Name }

// Description returns the description.
func (f *Field) Description() *string { return optional(f.def.Description) }

// Args returns the arguments.
func (f *Field) Args(includeDeprecated bool) []InputValue {
	return arguments(f.schema, f.def.Arguments, includeDeprecated)
}

// Type returns the field's type.
func (f *Field) Type() *Type { return reference(f.schema, f.def.Type) }

// IsDeprecated reports whether the field is deprecated.
func (f *Field) IsDeprecated() bool { return isDeprecated(f.def.Directives) }

// DeprecationReason returns why the field is deprecated, or nil.
func (f *Field) DeprecationReason() *string { return deprecationReason(f.def.Directives) }

// InputValue is an __InputValue: an argument or an input field.
type InputValue struct {
	schema       *ast.Schema
	name         string
	description  string
	typ          *ast.Type
	defaultValue *ast.Value
	directives   ast.DirectiveList
}

// Name returns the name of the argument or input field.
func (v *InputValue) Name() string { return v.name }

// Description returns the description.
func (v *InputValue) Description() *string { return optional(v.description) }

// Type returns the type of the argument or input field.
func (v *InputValue) Type() *Type { return reference(v.schema, v.typ) }

// DefaultValue returns the default as a literal, or nil.
func (v *InputValue) DefaultValue() *string {
	if v.defaultValue == nil {
		return nil
	}
	return new(v.defaultValue.String())
}

// IsDeprecated reports whether the argument or input field is deprecated.
func (v *InputValue) IsDeprecated() bool { return isDeprecated(v.directives) }

// DeprecationReason returns why the argument or input field is deprecated, or nil.
func (v *InputValue) DeprecationReason() *string { return deprecationReason(v.directives) }

// EnumValue is an __EnumValue.
type EnumValue struct{ def *ast.EnumValueDefinition }

// Name returns the value's name.
func (v *EnumValue) Name() string { return v.def.Name }

// Description returns the description.
func (v *EnumValue) Description() *string { return optional(v.def.Description) }

// IsDeprecated reports whether the value is deprecated.
func (v *EnumValue) IsDeprecated() bool { return isDeprecated(v.def.Directives) }

// DeprecationReason returns why the value is deprecated, or nil.
func (v *EnumValue) DeprecationReason() *string { return deprecationReason(v.def.Directives) }

func arguments(s *ast.Schema, defs ast.ArgumentDefinitionList, includeDeprecated bool) []InputValue {
	values := make([]InputValue, 0, len(defs))
	for _, def := range defs {
		if includeDeprecated || !isDeprecated(def.Directives) {
			values = append(values, InputValue{s, def.Name, def.Description, def.Type, def.DefaultValue, def.Directives})
		}
	}
	return values
}

func isDeprecated(directives ast.DirectiveList) bool { return directives.ForName("deprecated") != nil }

// deprecationReason returns the reason of @deprecated, or its default; nil without it.
func deprecationReason(directives ast.DirectiveList) *string {
	d := directives.ForName("deprecated")
	if d == nil {
		return nil
	}
	reason := "No longer supported"
	if given := d.Arguments.ForName("reason"); given != nil {
		reason = cmp.Or(given.Value.Raw, reason)
	}
	return &reason
}

func optional(s string) *string {
	if s = strings.TrimSpace(s); s == "" {
		return nil
	}
	return &s
}
