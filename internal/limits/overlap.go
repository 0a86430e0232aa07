package limits

import "github.com/vektah/gqlparser/v2/ast"

// overlaps reports whether a document selects so much under the same names
// that its validation would take long: it compares all selections of a name with
// each other. The document must have no fragment that contains itself (see cycle).
func overlaps(doc *ast.QueryDocument) bool {
	m := merger{doc: doc, left: maxComparisons}
	for _, op := range doc.Operations {
		m.merge([]ast.SelectionSet{op.SelectionSet})
	}
	for _, f := range doc.Fragments {
		m.merge([]ast.SelectionSet{f.SelectionSet})
	}
	return m.left < 0
}

// maxComparisons bounds the pairs of selections and of fragments that
// validation compares, plus the fields that overlaps visits to count them.
const maxComparisons = 50_000

// merger merges selections as the executor does, until left is used up.
type merger struct {
	doc  *ast.QueryDocument
	left int
}

func (m *merger) merge(sets []ast.SelectionSet) {
	byName := map[string][]ast.SelectionSet{}
	seen := map[string]bool{}
	for _, set := range sets {
		m.collect(set, byName, seen)
	}
	m.left -= len(seen) * (len(seen) - 1) / 2
	for _, fields := range byName {
		m.left -= len(fields) * (len(fields) - 1) / 2
		if m.left < 0 {
			return
		}
		m.merge(fields)
	}
}

func (m *merger) collect(set ast.SelectionSet, byName map[string][]ast.SelectionSet, seen map[string]bool) {
	for _, sel := range set {
		if m.left--; m.left < 0 {
			return
		}
		switch sel := sel.(type) {
		case *ast.Field:
			byName[sel.Alias] = append(byName[sel.Alias], sel.SelectionSet)
		case *ast.InlineFragment:
			m.collect(sel.SelectionSet, byName, seen)
		case *ast.FragmentSpread:
			f := m.doc.Fragments.ForName(sel.Name)
			if f == nil || seen[sel.Name] {
				continue
			}
			seen[sel.Name] = true
			m.collect(f.SelectionSet, byName, seen)
		}
	}
}

// cycle returns the name of a fragment that contains itself, or "" where there
// is none. A document with one cannot be merged.
func cycle(doc *ast.QueryDocument) string {
	const inside, done = 1, 2
	state := map[string]int{}
	var visit func(ast.SelectionSet) string
	visit = func(set ast.SelectionSet) string {
		for _, sel := range set {
			found := ""
			switch sel := sel.(type) {
			case *ast.Field:
				found = visit(sel.SelectionSet)
			case *ast.InlineFragment:
				found = visit(sel.SelectionSet)
			case *ast.FragmentSpread:
				f := doc.Fragments.ForName(sel.Name)
				switch {
				case f == nil || state[sel.Name] == done:
				case state[sel.Name] == inside:
					found = sel.Name
				default:
					state[sel.Name] = inside
					found = visit(f.SelectionSet)
					state[sel.Name] = done
				}
			}
			if found != "" {
				return found
			}
		}
		return ""
	}
	for _, f := range doc.Fragments {
		if found := visit(ast.SelectionSet{&ast.FragmentSpread{Name: f.Name}}); found != "" {
			return found
		}
	}
	return ""
}
