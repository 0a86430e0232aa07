package graph

import (
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"
)

// shape is what can be told of a document from its syntax alone.
type shape struct {
	tokens, depth, roots, aliases, directives, fragments int
	describes                                            bool // it asks for the schema's description
	described                                            int  // how deep lists of it are in each other
}

// within refuses a document that is beyond a limit.
func (s shape) within(limit Limit) *gqlerror.Error {
	for _, row := range []struct {
		what       string
		got, limit int
	}{
		{"tokens", s.tokens, limit.Tokens}, {"levels", s.depth, limit.Depth}, {"fields at the top", s.roots, limit.Roots},
		{"aliases", s.aliases, limit.Aliases}, {"directives", s.directives, limit.Directives}, {"fragments", s.fragments, limit.Fragments},
	} {
		if row.got > row.limit {
			return tooMuch("the document has %d %s; at most %d", row.got, row.what, row.limit)
		}
	}
	return nil
}

// parse reads a document and measures it, before it is validated. It refuses a
// document whose validation could take longer than its length warrants. A
// document that does not parse is refused by whoever runs it, with the place.
func parse(text string) (*ast.QueryDocument, shape, *gqlerror.Error) {
	tokens, ok := countTokens(text)
	if !ok {
		return nil, shape{}, tooMuch("the document has more than %d tokens", maxTokens)
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, maxTokens)
	if err != nil {
		return nil, shape{tokens: tokens}, nil
	}
	s, refused := measure(doc)
	s.tokens = tokens
	return doc, s, refused
}

// countTokens counts the tokens of a text, up to those that may be.
func countTokens(text string) (n int, ok bool) {
	lex := lexer.New(&ast.Source{Input: text})
	for ; n <= maxTokens; n++ {
		token, err := lex.ReadToken()
		if err != nil || token.Kind == lexer.EOF {
			return n, true
		}
	}
	return n, false
}

// maxDescribed is how deep lists of the schema's description may be in each
// other: fields, their types' fields, and so on.
const maxDescribed = 2

// measure takes a time that is linear in the document's length.
func measure(doc *ast.QueryDocument) (shape, *gqlerror.Error) {
	if name := cycle(doc); name != "" {
		err := gqlerror.Errorf("the fragment %q contains itself", name)
		errcode.Set(err, errcode.ValidationFailed)
		return shape{}, err
	}
	m := shaper{doc: doc, known: map[string]shape{}}
	var total shape
	for _, op := range doc.Operations {
		s := m.set(op.SelectionSet)
		total.directives += len(op.Directives)
		total.depth, total.described = max(total.depth, s.depth), max(total.described, s.described)
		total.describes = total.describes || s.describes
		total.roots = max(total.roots, m.roots(op.SelectionSet, map[string]bool{}))
		for _, v := range op.VariableDefinitions {
			total.directives += len(v.Directives)
		}
	}
	for _, f := range doc.Fragments {
		m.set(f.SelectionSet) // also one that is not used
		total.directives += len(f.Directives)
	}
	total.aliases, total.fragments = m.aliases, m.fragments+len(doc.Fragments)
	total.directives += m.directives
	if total.described > maxDescribed {
		return total, tooMuch("the document asks for lists of the schema's description in each other, %d deep; at most %d", total.described, maxDescribed)
	}
	if overlaps(doc) {
		return total, tooMuch("the document is too large with its fragments in place, or selects too much under the same names; "+
			"at most %d comparisons", maxComparisons)
	}
	return total, nil
}

// shaper walks a document. Each selection set is walked once.
type shaper struct {
	doc                            *ast.QueryDocument
	known                          map[string]shape // of fragments
	aliases, directives, fragments int
}

// set measures how deep a selection set is.
func (m *shaper) set(set ast.SelectionSet) shape {
	var sum shape
	for _, sel := range set {
		var s shape
		switch sel := sel.(type) {
		case *ast.Field:
			m.directives += len(sel.Directives)
			if sel.Alias != sel.Name {
				m.aliases++
			}
			s = m.set(sel.SelectionSet)
			switch sel.Name {
			case "__schema", "__type":
				// How deep that is is told by its lists.
				s.describes, s.depth = true, 0
			case "fields", "interfaces", "possibleTypes", "inputFields":
				s.described++
			}
			s.depth++
		case *ast.InlineFragment:
			m.directives += len(sel.Directives)
			m.fragments++
			s = m.set(sel.SelectionSet)
		case *ast.FragmentSpread:
			m.directives += len(sel.Directives)
			m.fragments++
			s = m.fragment(sel.Name)
		}
		sum.depth, sum.described = max(sum.depth, s.depth), max(sum.described, s.described)
		sum.describes = sum.describes || s.describes
	}
	return sum
}

func (m *shaper) fragment(name string) shape {
	f := m.doc.Fragments.ForName(name)
	if f == nil {
		return shape{}
	}
	known, ok := m.known[name]
	if !ok {
		counts := [...]int{m.aliases, m.directives, m.fragments}
		known = m.set(f.SelectionSet)
		// What it counts up is counted where it is defined.
		m.aliases, m.directives, m.fragments = counts[0], counts[1], counts[2]
		m.known[name] = known
	}
	return known
}

// roots counts the fields at the top, those of fragments too.
func (m *shaper) roots(set ast.SelectionSet, seen map[string]bool) int {
	n := 0
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			n++
		case *ast.InlineFragment:
			n += m.roots(sel.SelectionSet, seen)
		case *ast.FragmentSpread:
			if f := m.doc.Fragments.ForName(sel.Name); f != nil && !seen[sel.Name] {
				seen[sel.Name] = true
				n += m.roots(f.SelectionSet, seen)
			}
		}
	}
	return n
}
