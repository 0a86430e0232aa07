package graph

import (
	"context"
	"errors"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/plan"
	"github.com/redthread-api/redthread/internal/domain"
)

// maxPlans bounds the plans of one document: one for each operation, stage, and values of
// the conditions of @skip and @include.
const maxPlans = 32

// documentPlans are the plans of a document, which are made when they are first used.
type documentPlans struct {
	conditions []string // the variables that conditions have

	mu    sync.Mutex
	known map[string]*plan.Plan // by key; nil where there is none
}

// newDocumentPlans returns the plans of a valid document.
func newDocumentPlans(doc *ast.QueryDocument) *documentPlans {
	p := &documentPlans{known: map[string]*plan.Plan{}}
	for _, op := range doc.Operations {
		p.addConditions(op.SelectionSet)
	}
	for _, fragment := range doc.Fragments {
		p.addConditions(fragment.SelectionSet)
	}
	return p
}

// addConditions adds the variables of the conditions in a selection set. Fragments that
// are spread there have a turn of their own.
func (p *documentPlans) addConditions(set ast.SelectionSet) {
	for _, sel := range set {
		var directives ast.DirectiveList
		switch sel := sel.(type) {
		case *ast.Field:
			directives = sel.Directives
			p.addConditions(sel.SelectionSet)
		case *ast.InlineFragment:
			directives = sel.Directives
			p.addConditions(sel.SelectionSet)
		case *ast.FragmentSpread:
			directives = sel.Directives
		}
		for _, d := range directives {
			for _, a := range d.Arguments {
				if a.Value.Kind == ast.Variable {
					p.conditions = append(p.conditions, a.Value.Raw)
				}
			}
		}
	}
}

// of returns the plan of an operation at a stage; nil where it has none.
func (p *documentPlans) of(s stagedSchema, op *graphql.OperationContext, stage domain.Stage) *plan.Plan {
	key := make([]byte, 0, 64)
	key = append(key, op.OperationName...)
	key = append(key, '/', byte('0'+stage))
	for _, name := range p.conditions {
		switch holds, ok := op.Variables[name].(bool); {
		case !ok:
			key = append(key, '-')
		case holds:
			key = append(key, '1')
		default:
			key = append(key, '0')
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	known, ok := p.known[string(key)]
	if !ok {
		known = plan.Compile(s.planTypes, s.Schema(), op, stage == domain.Desk)
		if len(p.known) < maxPlans {
			p.known[string(key)] = known
		}
	}
	return known
}

const plansExtension = "plans"

// planOf returns the plan of an operation at a stage; nil where the executor has to run
// it.
func (s stagedSchema) planOf(op *graphql.OperationContext, stage domain.Stage) *plan.Plan {
	p, _ := op.Stats.GetExtension(plansExtension).(*documentPlans)
	if p == nil {
		return nil
	}
	return p.of(s, op, stage)
}

// runPlan returns the handler that runs a plan. Its response is nil where the executor has
// to run the operation. A store that cannot answer is not asked by both: see
// operationExecutor.DispatchOperation.
func (s stagedSchema) runPlan(p *plan.Plan, op *graphql.OperationContext) graphql.ResponseHandler {
	return func(ctx context.Context) *graphql.Response {
		data, err := p.Run(ctx, s.runner, op.Variables, nil)
		if failed, ok := errors.AsType[*plan.Error](err); ok && (ctx.Err() != nil || domain.KindOf(err) == domain.KindUnavailable) {
			graphql.AddError(ctx, &gqlerror.Error{
				Err: failed.Err, Path: failed.Path(),
				Locations: []gqlerror.Location{{Line: failed.Field.Position.Line, Column: failed.Field.Position.Column}},
			})
			return &graphql.Response{}
		}
		if err != nil {
			return nil
		}
		s.onQuery(true)
		return &graphql.Response{Data: data}
	}
}
