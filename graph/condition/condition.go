package condition

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/graph/coerce"
)

// Apply changes an operation that can be run: fields under a condition that is null get
// the error of the directive's argument. A condition of a fragment counts for each field
// at the top of it. The document is not changed: it may be of a cache, and the operation
// gets a copy.
func Apply(schema *ast.Schema, op *graphql.OperationContext) {
	if !hasNull(op) {
		return
	}
	r := rewriting{
		schema: schema, variables: op.Variables, errors: map[ast.Selection]error{},
		fragments: slices.Clone(op.Doc.Fragments), seen: map[string]bool{},
	}
	set := r.set(op.Operation.SelectionSet, nil)
	if isSame(set, op.Operation.SelectionSet) {
		return
	}
	operation, document := *op.Operation, *op.Doc
	operation.SelectionSet, document.Fragments = set, r.fragments
	op.Operation, op.Doc = &operation, &document
	next := op.ResolverMiddleware
	op.ResolverMiddleware = func(ctx context.Context, resolve graphql.Resolver) (any, error) {
		if err := r.errorOf(graphql.GetFieldContext(ctx).Field); err != nil {
			return nil, err
		}
		return next(ctx, resolve)
	}
}

// hasNull reports whether a condition may be null.
func hasNull(op *graphql.OperationContext) bool {
	return slices.ContainsFunc(op.Operation.VariableDefinitions, func(def *ast.VariableDefinition) bool {
		return def.Type.NamedType == "Boolean" && !def.Type.NonNull && op.Variables[def.Variable] == nil
	})
}

// rewriting is the copy of an operation in which fields are marked. The mark of a field
// is a selection of its own in the selection set of the field: gqlgen merges fields of
// one response name and keeps the selections of all of them.
type rewriting struct {
	schema    *ast.Schema
	variables map[string]any
	errors    map[ast.Selection]error // by mark
	fragments ast.FragmentDefinitionList
	seen      map[string]bool // names of the fragments that were rewritten
}

// errorOf returns the error of a marked field; nil for other fields.
func (r *rewriting) errorOf(f graphql.CollectedField) error {
	for _, sel := range f.Selections {
		if err := r.errors[sel]; err != nil {
			return err
		}
	}
	return nil
}

// set returns a selection set with marks; the set itself if nothing in it is marked.
// failed is the error of a condition around it, which marks all fields at its top; nil
// without one.
func (r *rewriting) set(set ast.SelectionSet, failed error) ast.SelectionSet {
	out := set
	for i, sel := range set {
		marked := r.selection(sel, failed)
		if marked == sel {
			continue
		}
		if isSame(out, set) {
			out = slices.Clone(set)
		}
		out[i] = marked
	}
	return out
}

// isSame reports whether two selection sets are one.
func isSame(a, b ast.SelectionSet) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// selection returns a selection with marks; the selection itself if it has none.
func (r *rewriting) selection(sel ast.Selection, failed error) ast.Selection {
	switch sel := sel.(type) {
	case *ast.Field:
		directives, err := r.check(sel.Directives, failed)
		inner := sel.SelectionSet
		if err != nil {
			inner = ast.SelectionSet{r.mark(err)}
		} else {
			inner = r.set(inner, nil)
		}
		if isSame(inner, sel.SelectionSet) && len(directives) == len(sel.Directives) {
			return sel
		}
		field := *sel
		field.Directives, field.SelectionSet = directives, inner
		return &field
	case *ast.InlineFragment:
		directives, err := r.check(sel.Directives, failed)
		inner := r.set(sel.SelectionSet, err)
		if isSame(inner, sel.SelectionSet) && len(directives) == len(sel.Directives) {
			return sel
		}
		fragment := *sel
		fragment.Directives, fragment.SelectionSet = directives, inner
		return &fragment
	case *ast.FragmentSpread:
		directives, err := r.check(sel.Directives, failed)
		def := r.fragment(sel.Definition, err)
		if def == sel.Definition && len(directives) == len(sel.Directives) {
			return sel
		}
		spread := *sel
		spread.Name, spread.Definition, spread.Directives = def.Name, def, directives
		return &spread
	}
	return sel
}

// mark returns the mark of a field with an error.
func (r *rewriting) mark(err error) ast.Selection {
	mark := new(ast.InlineFragment)
	r.errors[mark] = err
	return mark
}

// fragment returns a fragment with marks; the fragment itself if it has none. A fragment
// below a condition that is null is another one, with a name that no document can have.
// There is one for all such conditions, with the error of the first, so that the work is
// linear.
func (r *rewriting) fragment(def *ast.FragmentDefinition, failed error) *ast.FragmentDefinition {
	name := def.Name
	if failed != nil {
		name += " below a condition that is null"
	}
	if r.seen[name] {
		return r.fragments.ForName(name)
	}
	r.seen[name] = true
	set := r.set(def.SelectionSet, failed)
	if failed == nil && isSame(set, def.SelectionSet) {
		return def
	}
	fragment := *def
	fragment.Name, fragment.SelectionSet = name, set
	if failed != nil {
		r.fragments = append(r.fragments, &fragment)
	} else {
		r.fragments[slices.Index(r.fragments, def)] = &fragment
	}
	return &fragment
}

// check returns the error of the first condition that is null, and no directives then;
// else the directives, and failed. @skip counts first: what it leaves out has no other
// condition. What another condition leaves out stays out.
func (r *rewriting) check(directives ast.DirectiveList, failed error) (ast.DirectiveList, error) {
	for _, name := range []string{"skip", "include"} {
		d := directives.ForName(name)
		if d == nil {
			continue
		}
		value, ok := r.condition(d)
		if !ok {
			return nil, coerce.CheckDirective(r.schema, d, r.variables)
		}
		if value == (name == "skip") {
			return ast.DirectiveList{d}, failed // gqlgen reads the others too
		}
	}
	return directives, failed
}

// condition returns the condition of a directive; false where it is null.
func (r *rewriting) condition(d *ast.Directive) (value, ok bool) {
	v := d.Arguments.ForName("if").Value
	if v.Kind == ast.Variable {
		value, ok = r.variables[v.Raw].(bool)
		return value, ok
	}
	return v.Raw == "true", true
}
