package graph

import (
	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/coerce"
	"github.com/redthread-api/redthread/internal/domain"
)

// checkDirectives returns the error of a request whose variables give null to a
// directive that takes no null: @inContext, and @skip and @include anywhere in the
// operation. CollectFields (section 6.3.2) does not say which fields there are then, so
// nothing runs.
func checkDirectives(schema *ast.Schema, op *graphql.OperationContext) *gqlerror.Error {
	c := directiveChecker{schema: schema, variables: op.Variables, fragments: map[string]bool{}}
	if err := c.check(op.Operation.Directives); err != nil {
		return err
	}
	for _, v := range op.Variables {
		if v == nil {
			return c.checkSet(op.Operation.SelectionSet)
		}
	}
	return nil
}

type directiveChecker struct {
	schema    *ast.Schema
	variables map[string]any
	fragments map[string]bool // those that were checked
}

func (c *directiveChecker) checkSet(set ast.SelectionSet) *gqlerror.Error {
	for _, sel := range set {
		var directives ast.DirectiveList
		var inner ast.SelectionSet
		switch sel := sel.(type) {
		case *ast.Field:
			directives, inner = sel.Directives, sel.SelectionSet
		case *ast.InlineFragment:
			directives, inner = sel.Directives, sel.SelectionSet
		case *ast.FragmentSpread:
			directives = sel.Directives
			if !c.fragments[sel.Name] {
				c.fragments[sel.Name] = true
				inner = sel.Definition.SelectionSet
			}
		}
		if err := c.check(directives); err != nil {
			return err
		}
		if err := c.checkSet(inner); err != nil {
			return err
		}
	}
	return nil
}

func (c *directiveChecker) check(directives ast.DirectiveList) *gqlerror.Error {
	for _, d := range directives {
		err := coerce.CheckDirective(c.schema, d, c.variables)
		if err == nil {
			continue
		}
		refused := gqlerror.WrapPath(nil, err)
		if d.Position != nil {
			refused.Locations = []gqlerror.Location{{Line: d.Position.Line, Column: d.Position.Column}}
		}
		errcode.Set(refused, codes[domain.KindInvalid])
		return refused
	}
	return nil
}
