package validation

import (
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// UninhabitableOneOfs returns the names of the input objects of a schema that have no
// finite value, because each way to give one needs another of them: such a type is an
// error of the schema (section 3.10.1, "OneOf Input Objects").
func UninhabitableOneOfs(schema *ast.Schema) []string {
	finite := map[string]bool{}
	for name, def := range schema.Types {
		finite[name] = def.Kind != ast.InputObject
	}
	// isFinite reports whether a place of a type can be filled.
	isFinite := func(t *ast.Type) bool { return t.Elem != nil || finite[t.NamedType] }
	hasValue := func(def *ast.Definition) bool {
		if def.Directives.ForName("oneOf") != nil {
			return slices.ContainsFunc(def.Fields, func(f *ast.FieldDefinition) bool { return isFinite(f.Type) })
		}
		return !slices.ContainsFunc(def.Fields, func(f *ast.FieldDefinition) bool {
			return f.Type.NonNull && f.DefaultValue == nil && !isFinite(f.Type)
		})
	}
	for changed := true; changed; {
		changed = false
		for name, def := range schema.Types {
			if !finite[name] && hasValue(def) {
				finite[name], changed = true, true
			}
		}
	}
	var found []string
	for _, name := range slices.Sorted(maps.Keys(finite)) {
		if !finite[name] {
			found = append(found, name)
		}
	}
	return found
}
