package validation

import (
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// overlappingFields checks that fields of the same response name can be one (section
// 5.3.2): pairs of them select the same, or are of objects of different types and have
// values of the same shape. Package limits bounds how many pairs a document may have.
func (v *validator) overlappingFields() {
	m := merger{v: v, pairs: map[pair]bool{}, sets: map[*ast.Selection]*fieldSet{}, within: map[*ast.Selection]bool{}}
	for _, op := range v.doc.Operations {
		m.checkWithin(op.SelectionSet)
	}
	for _, f := range v.doc.Fragments {
		m.checkWithin(f.SelectionSet)
	}
}

// pair is two fields of the same response name. They may be of the same object, or else
// only the shapes of their values matter.
type pair struct {
	a, b       *ast.Field
	sameObject bool
}

// merger compares each pair once, and each set of selections with itself once. Sets are
// known by their first selection.
type merger struct {
	v      *validator
	pairs  map[pair]bool
	sets   map[*ast.Selection]*fieldSet
	within map[*ast.Selection]bool
}

// fieldSet is the fields of a set of selections, with those of fragments in their places.
type fieldSet struct {
	all    []*ast.Field
	byName map[string][]*ast.Field // by response name; made for large sets only
}

// named returns the fields that have a response name, and may return others.
func (s *fieldSet) named(name string) []*ast.Field {
	const large = 8
	if len(s.all) < large {
		return s.all
	}
	if s.byName == nil {
		s.byName = make(map[string][]*ast.Field, len(s.all))
		for _, f := range s.all {
			s.byName[f.Alias] = append(s.byName[f.Alias], f)
		}
	}
	return s.byName[name]
}

// fields returns the fields of a set.
func (m *merger) fields(set ast.SelectionSet) *fieldSet {
	if len(set) == 0 {
		return &fieldSet{}
	}
	if known, ok := m.sets[&set[0]]; ok {
		return known
	}
	s := &fieldSet{}
	spread := map[string]bool{}
	var collect func(ast.SelectionSet)
	collect = func(set ast.SelectionSet) {
		for _, sel := range set {
			switch sel := sel.(type) {
			case *ast.Field:
				s.all = append(s.all, sel)
			case *ast.InlineFragment:
				collect(sel.SelectionSet)
			case *ast.FragmentSpread:
				if sel.Definition != nil && !spread[sel.Name] {
					spread[sel.Name] = true
					collect(sel.Definition.SelectionSet)
				}
			}
		}
	}
	collect(set)
	m.sets[&set[0]] = s
	return s
}

// checkWithin compares the fields of a set with each other, and does the same below them.
func (m *merger) checkWithin(set ast.SelectionSet) {
	if len(set) == 0 || m.within[&set[0]] {
		return
	}
	m.within[&set[0]] = true
	fields := m.fields(set)
	for _, f := range fields.all {
		for _, g := range fields.named(f.Alias) {
			if f.Alias == g.Alias {
				m.check(f, g, true)
			}
		}
		m.checkWithin(f.SelectionSet)
	}
}

// check compares two fields of the same response name, and what they select.
func (m *merger) check(a, b *ast.Field, sameObject bool) {
	if a == b || a.Definition == nil || b.Definition == nil || a.ObjectDefinition == nil || b.ObjectDefinition == nil {
		return
	}
	sameObject = sameObject && mayBeSame(a.ObjectDefinition, b.ObjectDefinition)
	key := pair{a, b, sameObject}
	if m.pairs[key] || m.pairs[pair{b, a, sameObject}] {
		return
	}
	m.pairs[key] = true
	why := ""
	switch {
	case sameObject && a.Name != b.Name:
		why = fmt.Sprintf("%q and %q are different fields", a.Name, b.Name)
	case sameObject && !sameArguments(a.Arguments, b.Arguments):
		why = "they have different arguments"
	case !m.sameShape(typeOf(a), typeOf(b)):
		why = fmt.Sprintf("they are of the types %q and %q", typeOf(a), typeOf(b))
	}
	if why != "" {
		m.v.add(overlap(a, b, why))
		return
	}
	below := m.fields(b.SelectionSet)
	for _, f := range m.fields(a.SelectionSet).all {
		for _, g := range below.named(f.Alias) {
			if f.Alias == g.Alias {
				m.check(f, g, sameObject)
			}
		}
	}
}

// mayBeSame reports whether an object can be of both types.
func mayBeSame(a, b *ast.Definition) bool {
	return a.Name == b.Name || a.Kind != ast.Object || b.Kind != ast.Object
}

// typeOf returns the type of a field. gqlparser takes that of __typename for nullable.
func typeOf(f *ast.Field) *ast.Type {
	if f.Name == "__typename" {
		return ast.NonNullNamedType("String", nil)
	}
	return f.Definition.Type
}

// sameShape reports whether values of two types look the same (SameResponseShape).
func (m *merger) sameShape(a, b *ast.Type) bool {
	if a.NonNull != b.NonNull || (a.Elem == nil) != (b.Elem == nil) {
		return false
	}
	if a.Elem != nil {
		return m.sameShape(a.Elem, b.Elem)
	}
	s, t := m.v.schema.Types[a.NamedType], m.v.schema.Types[b.NamedType]
	if s == nil || t == nil || s.IsCompositeType() && t.IsCompositeType() {
		return true
	}
	return s.Name == t.Name
}

// sameArguments reports whether arguments are the same, in any order.
func sameArguments(a, b ast.ArgumentList) bool {
	if len(a) != len(b) {
		return false
	}
	for _, argument := range a {
		other := b.ForName(argument.Name)
		if other == nil || !sameValue(argument.Value, other.Value) {
			return false
		}
	}
	return true
}

// sameValue reports whether two values are the same, with the fields of objects in any
// order.
func sameValue(a, b *ast.Value) bool {
	if kindOf(a) != kindOf(b) || a.Raw != b.Raw || len(a.Children) != len(b.Children) {
		return false
	}
	for i, child := range a.Children {
		other := b.Children[i]
		if a.Kind == ast.ObjectValue {
			at := slices.IndexFunc(b.Children, func(c *ast.ChildValue) bool { return c.Name == child.Name })
			if at < 0 {
				return false
			}
			other = b.Children[at]
		}
		if !sameValue(child.Value, other.Value) {
			return false
		}
	}
	return true
}

// kindOf returns the kind of a value. How a string is quoted does not matter.
func kindOf(v *ast.Value) ast.ValueKind {
	if v.Kind == ast.BlockValue {
		return ast.StringValue
	}
	return v.Kind
}

// overlap returns the error of two fields, at the places of both.
func overlap(a, b *ast.Field, why string) *gqlerror.Error {
	return &gqlerror.Error{
		Rule:    "OverlappingFieldsCanBeMerged",
		Message: fmt.Sprintf("Fields %q conflict because %s. Give one of them another alias.", b.Alias, why),
		Locations: []gqlerror.Location{
			{Line: a.Position.Line, Column: a.Position.Column}, {Line: b.Position.Line, Column: b.Position.Column},
		},
	}
}
