package limits

import (
	"errors"
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/internal/syntax"
)

// DocumentSize is the size of a GraphQL document, by its syntax alone.
type DocumentSize struct {
	// Introspects is whether the document asks for the schema's description.
	Introspects bool

	tokens, depth, roots, aliases, directives, fragments int
	// introspectionDepth is how deep lists of the schema's description are
	// nested in each other.
	introspectionDepth int
}

// check returns an [*Error] where a document is beyond a limit.
func (s DocumentSize) check(limit Limit) error {
	for _, row := range []struct {
		what       string
		got, limit int
	}{
		{"tokens", s.tokens, limit.Tokens}, {"levels", s.depth, limit.Depth}, {"fields at the top", s.roots, limit.Roots},
		{"aliases", s.aliases, limit.Aliases}, {"directives", s.directives, limit.Directives}, {"fragments", s.fragments, limit.Fragments},
	} {
		if row.got > row.limit {
			return overLimit("the document has %d %s; at most %d", row.got, row.what, row.limit)
		}
	}
	return nil
}

// Parse parses a document and measures it, before it is validated. It returns
// an [*Error] for a document that has more than [MaxTokens], is nested too deep,
// or whose validation could take longer than its length warrants. The error of
// a document that is not GraphQL is a [*gqlerror.Error] with the place.
func Parse(text string) (*ast.QueryDocument, DocumentSize, error) {
	doc, tokens, err := syntax.Parse(text, MaxTokens)
	if _, tooLarge := errors.AsType[*syntax.SizeError](err); tooLarge {
		return nil, DocumentSize{}, overLimit("%v", err)
	}
	if err != nil {
		return nil, DocumentSize{}, err
	}
	s, err := measure(doc)
	s.tokens = tokens
	return doc, s, err
}

// maxIntrospectionDepth is how deep lists of the schema's description may be
// nested in each other: fields, their types' fields, and so on.
const maxIntrospectionDepth = 2

// measure measures a document, in a time that is linear in its length.
func measure(doc *ast.QueryDocument) (DocumentSize, error) {
	if name := cycle(doc); name != "" {
		return DocumentSize{}, &Error{Code: CodeInvalid, Message: fmt.Sprintf("the fragment %q contains itself", name)}
	}
	m := measurer{doc: doc, sizes: map[string]DocumentSize{}}
	var total DocumentSize
	for _, op := range doc.Operations {
		s := m.selectionSet(op.SelectionSet)
		total.directives += len(op.Directives)
		total.depth, total.introspectionDepth = max(total.depth, s.depth), max(total.introspectionDepth, s.introspectionDepth)
		total.Introspects = total.Introspects || s.Introspects
		total.roots = max(total.roots, m.roots(op.SelectionSet, map[string]bool{}))
		for _, v := range op.VariableDefinitions {
			total.directives += len(v.Directives)
		}
	}
	for _, f := range doc.Fragments {
		m.selectionSet(f.SelectionSet) // also one that is not used
		total.directives += len(f.Directives)
	}
	total.aliases, total.fragments = m.aliases, m.fragments+len(doc.Fragments)
	total.directives += m.directives
	if total.introspectionDepth > maxIntrospectionDepth {
		return total, overLimit("the document asks for lists of the schema's description in each other, %d deep; at most %d", total.introspectionDepth, maxIntrospectionDepth)
	}
	if overlaps(doc) {
		return total, overLimit("the document is too large with its fragments in place, or selects too much under the same names; "+
			"at most %d comparisons", maxComparisons)
	}
	return total, nil
}

// measurer walks a document. It walks each selection set once.
type measurer struct {
	doc                            *ast.QueryDocument
	sizes                          map[string]DocumentSize // of fragments
	aliases, directives, fragments int
}

// selectionSet measures how deep a selection set is.
func (m *measurer) selectionSet(set ast.SelectionSet) DocumentSize {
	var sum DocumentSize
	for _, sel := range set {
		var s DocumentSize
		switch sel := sel.(type) {
		case *ast.Field:
			m.directives += len(sel.Directives)
			if sel.Alias != sel.Name {
				m.aliases++
			}
			s = m.selectionSet(sel.SelectionSet)
			switch sel.Name {
			case "__schema", "__type":
				// Its depth is measured by its lists.
				s.Introspects, s.depth = true, 0
			case "fields", "interfaces", "possibleTypes", "inputFields":
				s.introspectionDepth++
			}
			s.depth++
		case *ast.InlineFragment:
			m.directives += len(sel.Directives)
			m.fragments++
			s = m.selectionSet(sel.SelectionSet)
		case *ast.FragmentSpread:
			m.directives += len(sel.Directives)
			m.fragments++
			s = m.fragment(sel.Name)
		}
		sum.depth, sum.introspectionDepth = max(sum.depth, s.depth), max(sum.introspectionDepth, s.introspectionDepth)
		sum.Introspects = sum.Introspects || s.Introspects
	}
	return sum
}

func (m *measurer) fragment(name string) DocumentSize {
	f := m.doc.Fragments.ForName(name)
	if f == nil {
		return DocumentSize{}
	}
	size, ok := m.sizes[name]
	if !ok {
		counts := [...]int{m.aliases, m.directives, m.fragments}
		size = m.selectionSet(f.SelectionSet)
		// What the fragment contains is counted once, at its definition.
		m.aliases, m.directives, m.fragments = counts[0], counts[1], counts[2]
		m.sizes[name] = size
	}
	return size
}

// roots counts the fields at the top, including those of fragments.
func (m *measurer) roots(set ast.SelectionSet, seen map[string]bool) int {
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
