package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/bounded"
	"github.com/redthread-api/redthread/internal/domain"
)

// guard refuses what is too much before anything is done for it: first by the
// text of a document, then by its syntax, then by what it would cost; and what
// would go beyond a viewer's budget.
type guard struct {
	Budgets
	// describe says whom the schema's description is for.
	describe string
	shapes   *lru.Cache[string, shape] // of documents that have been
	limiters limiters
	schema   *ast.Schema
}

func newGuard(c Config) *guard {
	shapes, err := lru.New[string, shape](cachedQueries)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &guard{Budgets: NewBudgets(c), describe: c.Introspection, shapes: shapes, limiters: newLimiters(c.Stores.Dialect())}
}

// Whom the schema's description is for.
const (
	IntrospectionAll   = "all"
	IntrospectionStaff = "staff"
	IntrospectionOff   = "off"
)

// requestCost is what each request costs, whatever comes of it. A document that
// has not been here lately has to be parsed and validated, for which it costs
// one more for each bytesPerCost; each value in the variables costs one.
const (
	requestCost  = 20
	bytesPerCost = 10
)

func (*guard) ExtensionName() string { return "Guard" }

// Validate is told of the schema.
func (g *guard) Validate(s graphql.ExecutableSchema) error {
	g.schema = s.Schema()
	return nil
}

// requestCharge charges each request, before anything else is done for it.
type requestCharge struct{ guard *guard }

func (*requestCharge) ExtensionName() string                   { return "RequestCharge" }
func (*requestCharge) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters takes what a request costs from the viewer's
// budget.
func (t *requestCharge) MutateOperationParameters(ctx context.Context, _ *graphql.RawParams) *gqlerror.Error {
	viewer, limit, err := limitOf(ctx, t.guard.limits)
	if err != nil {
		return gqlerror.Wrap(err)
	}
	return t.guard.charge(ctx, viewer, limit, requestCost)
}

// MutateOperationParameters looks at a document before it is parsed for good
// and validated.
func (g *guard) MutateOperationParameters(ctx context.Context, params *graphql.RawParams) *gqlerror.Error {
	viewer, limit, err := limitOf(ctx, g.limits)
	if err != nil {
		return gqlerror.Wrap(err)
	}
	known, ok := g.shapes.Get(params.Query)
	given := max(limit.Values, cheapValues) + 2
	given -= values(params.Variables, given) + 1 // the object that holds them is none
	more := given
	if !ok {
		more += len(params.Query) / bytesPerCost
	}
	if more > 0 {
		if err := g.charge(ctx, viewer, limit, more); err != nil {
			return err
		}
	}
	if limit.Values > 0 && given > limit.Values {
		return tooMuch("the variables have more than %d values", limit.Values)
	}
	if !ok {
		var refused *gqlerror.Error
		if _, known, refused = parse(params.Query); refused != nil {
			return refused
		}
		if len(params.Query) <= cachedQuery {
			g.shapes.Add(params.Query, known)
		}
	}
	if refused := known.within(limit); refused != nil {
		return refused
	}
	if known.describes && !g.describes(viewer) {
		refused := gqlerror.Errorf("the schema's description is not for this viewer")
		errcode.Set(refused, codes[domain.KindForbidden])
		return refused
	}
	return nil
}

func (g *guard) describes(v *domain.Viewer) bool {
	switch g.describe {
	case IntrospectionOff:
		return false
	case IntrospectionStaff:
		return v.Role.Staff()
	}
	return true
}

// MutateOperationContext works out what a valid operation costs, and takes
// that from the viewer's budget.
func (g *guard) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	viewer, limit, err := limitOf(ctx, g.limits)
	if err != nil {
		return gqlerror.Wrap(err)
	}
	// The request itself is paid for by then: what leaves no room for that
	// could never be paid.
	cost, most := costOf(g.schema, op), min(limit.Cost, max(limit.PerMinute-requestCost, 0))
	if op.Operation.Operation == ast.Subscription {
		most = min(most, cheapCost) // it runs for each event, and with those of all others
	}
	if cost > most {
		return tooMuch("the operation costs %d; at most %d: ask for fewer fields or smaller pages", cost, most)
	}
	op.Stats.SetExtension(costExtension, costStats{cost, most})
	return g.charge(ctx, viewer, limit, cost)
}

const (
	costExtension    = "cost"
	refusedExtension = "refused" // why a subscription is to end
)

type costStats struct{ cost, most int }

// InterceptResponse runs an operation within the limits of its viewer: a query
// when it is its turn, for so long, and with so large an answer. It says what
// the operation cost.
func (g *guard) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if !graphql.HasOperationContext(ctx) {
		return next(ctx)
	}
	op := graphql.GetOperationContext(ctx)
	stats, ok := op.Stats.GetExtension(costExtension).(costStats)
	if !ok {
		return next(ctx)
	}
	graphql.RegisterExtension(ctx, "cost", map[string]int{"requested": stats.cost, "maximum": stats.most})
	viewer, limit, err := limitOf(ctx, g.limits)
	if err != nil || viewer.System {
		return next(ctx)
	}
	if op.Operation.Operation == ast.Subscription {
		return g.event(ctx, next, viewer, limit, stats.cost)
	}
	// Mutations wait for each other, and those who may send them are known: they
	// must not keep others from reading meanwhile.
	if op.Operation.Operation == ast.Query {
		l := g.limiters.cheap
		if stats.cost > cheapCost {
			l = g.limiters.expensive
		}
		size := int64(len(op.RawQuery)) + sizeOf(op.Variables)
		if refused := l.acquire(ctx, viewer, size, waitsUntil(op.Stats.OperationStart, limit)); refused != nil {
			return &graphql.Response{Errors: gqlerror.List{refused}, Extensions: graphql.GetExtensions(ctx)}
		}
		defer l.release()
	}
	if limit.Time > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit.Time)
		defer cancel()
	}
	if limit.Answer <= 0 {
		return next(ctx)
	}
	ctx, answer := bounded.With(ctx, limit.Answer)
	resp := next(ctx)
	if answer.Exceeded() {
		return &graphql.Response{
			Errors:     gqlerror.List{tooMuch("the answer has more than %d bytes; ask for fewer texts or smaller pages", limit.Answer)},
			Extensions: graphql.GetExtensions(ctx),
		}
	}
	return resp
}

// event answers with the next event of a subscription, and charges for it as
// for an operation. A subscription that is more than its viewer can pay for
// ends, after an event, with an error.
func (g *guard) event(ctx context.Context, next graphql.ResponseHandler, viewer *domain.Viewer, limit Limit, cost int) *graphql.Response {
	op := graphql.GetOperationContext(ctx)
	if refused, ok := op.Stats.GetExtension(refusedExtension).(*gqlerror.Error); ok {
		return &graphql.Response{Errors: gqlerror.List{refused}, Extensions: graphql.GetExtensions(ctx)}
	}
	var answer *bounded.Answer
	if limit.Answer > 0 {
		ctx, answer = bounded.With(ctx, limit.Answer)
	}
	resp := next(ctx)
	if resp == nil {
		return nil
	}
	if refused := g.charge(ctx, viewer, limit, cost); refused != nil {
		op.Stats.SetExtension(refusedExtension, refused)
	}
	if answer != nil && answer.Exceeded() {
		return &graphql.Response{
			Errors:     gqlerror.List{tooMuch("an event has more than %d bytes; ask for fewer texts", limit.Answer)},
			Extensions: graphql.GetExtensions(ctx),
		}
	}
	return resp
}
