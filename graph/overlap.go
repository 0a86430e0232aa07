package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// overlap refuses documents that select so much under the same names that
// validating them would take seconds: gqlparser compares all selections of a
// name with each other, 14,000 of one name in half a minute.
//
// It runs before the document is validated, and not for documents that have
// been before.
type overlap struct{ known queryCache }

func (overlap) ExtensionName() string                   { return "Overlap" }
func (overlap) Validate(graphql.ExecutableSchema) error { return nil }

func (o overlap) MutateOperationParameters(ctx context.Context, params *graphql.RawParams) *gqlerror.Error {
	if _, ok := o.known.Get(ctx, params.Query); ok {
		return nil
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: params.Query}, maxTokens)
	if err != nil {
		return nil // the executor says what is wrong
	}
	if name := cycle(doc); name != "" {
		err := gqlerror.Errorf("the fragment %q contains itself", name)
		errcode.Set(err, errcode.ValidationFailed)
		return err
	}
	m := merger{doc: doc, left: maxComparisons}
	for _, op := range doc.Operations {
		m.merge([]ast.SelectionSet{op.SelectionSet})
	}
	for _, f := range doc.Fragments {
		m.merge([]ast.SelectionSet{f.SelectionSet})
	}
	if m.left < 0 {
		err := gqlerror.Errorf("the document is too large with its fragments in place, or selects too much under the same names; "+
			"at most %d comparisons", maxComparisons)
		errcode.Set(err, codeCostLimit)
		return err
	}
	return nil
}

// maxComparisons bounds the pairs of selections and of fragments that
// validation compares, and the fields that have to be looked at to find that
// out.
const maxComparisons = 50_000

// merger merges selections as the execution does, until it has done enough.
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

// cycle returns the name of a fragment that contains itself, if there is one.
// Such a document could not be merged.
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
