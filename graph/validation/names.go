package validation

import (
	"fmt"
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"

	"github.com/redthread-api/redthread/internal/syntax"
)

// names checks that operations and fragments have names of their own (sections 5.2.2.1,
// 5.2.3.1 and 5.5.1.1).
func (v *validator) names() core.Rule {
	return core.Rule{Name: "UniqueNames", RuleFunc: func(*core.Events, core.AddErrFunc) {
		operations, fragments := map[string]bool{}, map[string]bool{}
		for _, op := range v.doc.Operations {
			switch {
			case op.Name == "" && len(v.doc.Operations) > 1:
				v.fail("LoneAnonymousOperation", op.Position, "This operation has no name: it must be the only one of the document.")
			case op.Name != "" && operations[op.Name]:
				v.fail("UniqueOperationNames", syntax.TokenAfter(op.Position, 1), fmt.Sprintf("There can be only one operation named %q.", op.Name))
			}
			operations[op.Name] = true
		}
		for _, f := range v.doc.Fragments {
			if fragments[f.Name] {
				v.fail("UniqueFragmentNames", syntax.TokenAfter(f.Position, 1), fmt.Sprintf("There can be only one fragment named %q.", f.Name))
			}
			fragments[f.Name] = true
		}
	}}
}

// knownTypes checks that types exist, and that those of fragments have fields (sections
// 5.5.1.2, 5.5.1.3 and 5.8.2).
func (v *validator) knownTypes() core.Rule {
	return core.Rule{Name: "KnownTypeNames", RuleFunc: func(events *core.Events, _ core.AddErrFunc) {
		events.OnVariable(func(_ *core.Walker, def *ast.VariableDefinition) {
			t := def.Type
			for t.Elem != nil {
				t = t.Elem
			}
			v.knownType(t.NamedType, t.Position, false)
		})
		events.OnInlineFragment(func(_ *core.Walker, f *ast.InlineFragment) {
			if f.TypeCondition != "" {
				v.knownType(f.TypeCondition, syntax.TokenAfter(f.Position, 2), true)
			}
		})
		events.OnFragment(func(_ *core.Walker, f *ast.FragmentDefinition) {
			v.knownType(f.TypeCondition, syntax.TokenAfter(f.Position, 3), true)
		})
	}}
}

func (v *validator) knownType(name string, at *ast.Position, composite bool) {
	def := v.schema.Types[name]
	switch {
	case def == nil:
		v.fail("KnownTypeNames", at, fmt.Sprintf("Unknown type %q.", name)+v.didYouMean(name, slices.Collect(maps.Keys(v.schema.Types))))
	case composite && !def.IsCompositeType():
		v.fail("FragmentsOnCompositeTypes", at, fmt.Sprintf("A fragment cannot be on %q: want an object type, an interface or a union.", name))
	}
}

// knownArguments checks that fields and directives have the arguments (section 5.4.1).
func (v *validator) knownArguments() core.Rule {
	const name = "KnownArgumentNames"
	check := func(given ast.ArgumentList, defined ast.ArgumentDefinitionList, of string) {
		for _, a := range given {
			if defined.ForName(a.Name) != nil {
				continue
			}
			known := make([]string, len(defined))
			for i, d := range defined {
				known[i] = d.Name
			}
			v.fail(name, a.Position, fmt.Sprintf("Unknown argument %q on %s.", a.Name, of)+v.didYouMean(a.Name, known))
		}
	}
	return core.Rule{Name: name, RuleFunc: func(events *core.Events, _ core.AddErrFunc) {
		events.OnField(func(_ *core.Walker, f *ast.Field) {
			if f.Definition != nil && f.ObjectDefinition != nil && len(f.Arguments) > 0 {
				check(f.Arguments, f.Definition.Arguments, fmt.Sprintf(`field "%s.%s"`, f.ObjectDefinition.Name, f.Name))
			}
		})
		events.OnDirective(func(_ *core.Walker, d *ast.Directive) {
			if d.Definition != nil && len(d.Arguments) > 0 {
				check(d.Arguments, d.Definition.Arguments, fmt.Sprintf(`directive "@%s"`, d.Name))
			}
		})
	}}
}

// unusedFragments checks that each fragment is used by an operation, directly or through
// others (section 5.5.1.4).
func (v *validator) unusedFragments() core.Rule {
	const name = "NoUnusedFragments"
	return core.Rule{Name: name, RuleFunc: func(*core.Events, core.AddErrFunc) {
		fragments := make(map[string]*ast.FragmentDefinition, len(v.doc.Fragments))
		for _, f := range v.doc.Fragments {
			fragments[f.Name] = f
		}
		used := make(map[string]bool, len(fragments))
		var use func(ast.SelectionSet)
		use = func(set ast.SelectionSet) {
			for _, sel := range set {
				switch sel := sel.(type) {
				case *ast.Field:
					use(sel.SelectionSet)
				case *ast.InlineFragment:
					use(sel.SelectionSet)
				case *ast.FragmentSpread:
					f := fragments[sel.Name]
					if f != nil && !used[sel.Name] {
						used[sel.Name] = true
						use(f.SelectionSet)
					}
				}
			}
		}
		for _, op := range v.doc.Operations {
			use(op.SelectionSet)
		}
		for _, f := range v.doc.Fragments {
			if !used[f.Name] {
				v.fail(name, syntax.TokenAfter(f.Position, 1), fmt.Sprintf("Fragment %q is never used.", f.Name))
			}
		}
	}}
}
