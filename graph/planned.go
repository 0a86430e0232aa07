package graph

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/bounded"
	"github.com/redthread-api/redthread/graph/plan"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
)

// The bounds of the plans that are stored, in fields: an expanded plan can be much larger
// than its document and than what is charged for it. A field takes about 250 bytes.
const (
	maxPlanSize  = 2_000  // of one plan: larger operations are the executor's
	maxPlansSize = 60_000 // of all together
	maxPlans     = 10_000 // their number, with those of operations that have none
)

// planCache has the plans of all documents, up to the bounds. The least recently used are
// dropped first.
type planCache struct {
	mu     sync.Mutex
	recent *simplelru.LRU[planKey, *plan.Plan] // nil where an operation has no plan
	size   int
}

type planKey struct {
	document *documentPlans
	variant  string
}

func newPlanCache() *planCache {
	c := &planCache{}
	var err error
	c.recent, err = simplelru.NewLRU(maxPlans, func(_ planKey, p *plan.Plan) { c.size -= p.Size() })
	if err != nil {
		panic(err) // only for a size below one
	}
	return c
}

func (c *planCache) get(key planKey) (p *plan.Plan, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.recent.Get(key)
}

func (c *planCache) add(key planKey, p *plan.Plan) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.recent.Contains(key) {
		return // another request was first
	}
	c.recent.Add(key, p)
	for c.size += p.Size(); c.size > maxPlansSize; {
		c.recent.RemoveOldest()
	}
}

// documentPlans identifies a document in the cache of plans. There is one plan for each
// operation, stage, and values of the conditions of @skip and @include.
type documentPlans struct {
	conditions []string // the variables that conditions have, each once
}

// newDocumentPlans returns the key of the plans of a valid document.
func newDocumentPlans(doc *ast.QueryDocument) *documentPlans {
	p := &documentPlans{}
	for _, op := range doc.Operations {
		p.addConditions(op.SelectionSet)
	}
	for _, fragment := range doc.Fragments {
		p.addConditions(fragment.SelectionSet)
	}
	slices.Sort(p.conditions)
	p.conditions = slices.Compact(p.conditions)
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

// variant returns which of the plans of a document an operation has at a stage.
func (p *documentPlans) variant(op *graphql.OperationContext, stage domain.Stage) string {
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
	return string(key)
}

const plansExtension = "plans"

// planOf returns the plan of an operation at a stage; nil where the executor has to run
// it.
func (s stagedSchema) planOf(op *graphql.OperationContext, stage domain.Stage) *plan.Plan {
	p, _ := op.Stats.GetExtension(plansExtension).(*documentPlans)
	if p == nil {
		return nil
	}
	key := planKey{p, p.variant(op, stage)}
	known, ok := s.plans.get(key)
	if !ok {
		known = plan.Compile(s.planTypes, s.Schema(), op, stage == domain.Desk, maxPlanSize)
		s.plans.add(key, known)
	}
	return known
}

// runPlan returns the handler that runs a plan. Its response is nil where the executor has
// to run the operation. A store that cannot answer is not asked by both: see
// operationExecutor.DispatchOperation.
func (s stagedSchema) runPlan(p *plan.Plan, op *graphql.OperationContext) graphql.ResponseHandler {
	return func(ctx context.Context) *graphql.Response {
		runner := s.runner
		runner.EndsSnapshots = !s.stores.LiveMayLag() // or the sequence of the replica is read after it
		body, err := p.Run(ctx, runner, op.Variables, transport.NewBody(p.ResponseSize()))
		if failed, ok := errors.AsType[*plan.Error](err); ok && (ctx.Err() != nil || domain.KindOf(err) == domain.KindUnavailable) {
			graphql.AddError(ctx, &gqlerror.Error{
				Err: failed.Err, Path: failed.Path(),
				Locations: []gqlerror.Location{{Line: failed.Field.Position.Line, Column: failed.Field.Position.Column}},
			})
			return &graphql.Response{}
		}
		if bounded.Exceeded(ctx) {
			return &graphql.Response{} // for which limitExtension has the error
		}
		if err != nil {
			return nil
		}
		s.onQuery(true)
		return &graphql.Response{Data: transport.Data(ctx, body)}
	}
}
