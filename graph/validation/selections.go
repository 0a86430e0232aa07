package validation

import (
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// leafs checks that fields of composite types have a selection set, which may be empty,
// and that others have none (section 5.3.3).
func (v *validator) leafs() core.Rule {
	const name = "ScalarLeafs"
	return core.Rule{Name: name, RuleFunc: func(events *core.Events, _ core.AddErrFunc) {
		events.OnField(func(_ *core.Walker, f *ast.Field) {
			if f.Definition == nil {
				return
			}
			def := v.schema.Types[f.Definition.Type.Name()]
			switch {
			case def == nil:
			case def.IsLeafType() && f.SelectionSet != nil:
				v.fail(name, f.Position, fmt.Sprintf("Field %q must not have a selection of subfields: it is of type %q.", f.Name, f.Definition.Type))
			case !def.IsLeafType() && f.SelectionSet == nil:
				v.fail(name, f.Position, fmt.Sprintf("Field %q of type %q must have a selection of subfields, as in \"%s { … }\".", f.Name, f.Definition.Type, f.Name))
			}
		})
	}}
}

// singleFieldSubscriptions checks that a subscription selects one field of its root type,
// which is none of introspection, and that this does not depend on a condition (section
// 5.2.4.1).
func (v *validator) singleFieldSubscriptions() core.Rule {
	const name = "SingleFieldSubscriptions"
	return core.Rule{Name: name, RuleFunc: func(events *core.Events, _ core.AddErrFunc) {
		events.OnOperation(func(_ *core.Walker, op *ast.OperationDefinition) {
			if op.Operation != ast.Subscription {
				return
			}
			roots := rootCollector{v: v, rule: name, byName: map[string]bool{}, fragments: map[string]bool{}}
			roots.collect(op.SelectionSet)
			if roots.first == nil {
				v.fail(name, op.Position, "A subscription must select one field.")
			}
		})
	}}
}

// rootCollector collects the root fields of a subscription, with those of fragments in
// their places.
type rootCollector struct {
	v         *validator
	rule      string
	first     *ast.Field
	byName    map[string]bool // by response name
	fragments map[string]bool // that were collected
}

func (c *rootCollector) collect(set ast.SelectionSet) {
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			c.unconditional(sel.Directives)
			c.field(sel)
		case *ast.InlineFragment:
			c.unconditional(sel.Directives)
			c.collect(sel.SelectionSet)
		case *ast.FragmentSpread:
			c.unconditional(sel.Directives)
			if sel.Definition != nil && !c.fragments[sel.Name] {
				c.fragments[sel.Name] = true
				c.collect(sel.Definition.SelectionSet)
			}
		}
	}
}

func (c *rootCollector) field(f *ast.Field) {
	switch {
	case strings.HasPrefix(f.Name, "__"):
		c.v.fail(c.rule, f.Position, fmt.Sprintf("A subscription cannot select %q: want a field of the schema.", f.Name))
	case c.first != nil && !c.byName[f.Alias]:
		c.v.fail(c.rule, f.Position, fmt.Sprintf("A subscription must select one field: it selects %q besides %q.", f.Alias, c.first.Alias))
	}
	if c.first == nil {
		c.first = f
	}
	c.byName[f.Alias] = true
}

func (c *rootCollector) unconditional(directives ast.DirectiveList) {
	for _, d := range directives {
		if d.Name == "skip" || d.Name == "include" {
			c.v.fail(c.rule, d.Position, fmt.Sprintf("\"@%s\" cannot be used at the root of a subscription.", d.Name))
		}
	}
}
