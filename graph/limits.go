package graph

import (
	"context"
	"errors"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/bounded"
	"github.com/redthread-api/redthread/graph/coerce"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/limits"
)

// The values of Config.Introspection: for whom the schema's description is.
const (
	IntrospectionAll   = "all"
	IntrospectionStaff = "staff"
	IntrospectionOff   = "off"
)

// limitExtension is a gqlgen extension that applies the limits of package
// limits to operations, and refuses introspection to viewers that it is not
// for.
type limitExtension struct {
	admission     *limits.Admission
	introspection string // for whom it is
	costs         limits.Costs
}

func newLimitExtension(c Config) *limitExtension {
	quotas := limits.NewQuotas(c.Limits, c.Meter)
	return &limitExtension{
		admission:     limits.NewAdmission(quotas, c.Stores.Dialect()),
		introspection: c.Introspection,
		costs:         limits.Costs{DefaultPage: read.DefaultPage, MaxPage: read.MaxPage, MaxFilterDepth: read.MaxFilterDepth},
	}
}

func (*limitExtension) ExtensionName() string { return "Limits" }

// Validate takes the schema.
func (e *limitExtension) Validate(s graphql.ExecutableSchema) error {
	e.costs.Schema = s.Schema()
	e.costs.Arguments = func(f *ast.Field, variables map[string]any) map[string]any {
		return coerce.Values(s.Schema(), f, variables)
	}
	return nil
}

// checkDocument checks the document and the variables of a request, before the
// document is validated. It returns the document if it had to parse it.
func (e *limitExtension) checkDocument(ctx context.Context, params *graphql.RawParams) (*ast.QueryDocument, *gqlerror.Error) {
	doc, size, err := e.admission.CheckDocument(ctx, params.Query, params.Variables, transport.Header(ctx))
	if failed, ok := errors.AsType[*gqlerror.Error](err); ok {
		return nil, notParsed(failed)
	}
	if err != nil {
		return nil, limitError(ctx, err)
	}
	viewer, err := domain.ViewerFrom(ctx)
	if err != nil {
		return nil, gqlerror.Wrap(err)
	}
	if size.Introspects && !e.mayIntrospect(viewer) {
		refused := gqlerror.Errorf("the schema's description is not for this viewer")
		errcode.Set(refused, codes[domain.KindForbidden])
		return nil, refused
	}
	return doc, nil
}

func (e *limitExtension) mayIntrospect(v *domain.Viewer) bool {
	switch e.introspection {
	case IntrospectionOff:
		return false
	case IntrospectionStaff:
		return v.Role.Staff()
	}
	return true
}

// chargeOperation computes the cost of a valid operation, and charges the viewer
// for it.
func (e *limitExtension) chargeOperation(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	cost := e.costs.Of(op.Operation, op.Variables)
	maximum, err := e.admission.CheckCost(ctx, cost, op.Operation.Operation == ast.Subscription)
	if err != nil {
		return limitError(ctx, err)
	}
	op.Stats.SetExtension(costExtension, costStats{cost, maximum})
	return limitError(ctx, e.admission.ChargeOperation(ctx, cost, transport.Header(ctx)))
}

const (
	costExtension    = "cost"
	refusedExtension = "refused" // the error that ends a subscription
)

type costStats struct{ cost, maximum int }

// InterceptResponse runs an operation within the limits of its viewer: a query
// when the limiter admits it, and any operation with a deadline and a largest
// response. It puts the cost into the extensions of the response.
func (e *limitExtension) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if !graphql.HasOperationContext(ctx) {
		return next(ctx)
	}
	op := graphql.GetOperationContext(ctx)
	stats, ok := op.Stats.GetExtension(costExtension).(costStats)
	if !ok {
		return next(ctx)
	}
	graphql.RegisterExtension(ctx, "cost", map[string]int{"requested": stats.cost, "maximum": stats.maximum})
	viewer, limit, err := e.admission.Limit(ctx)
	if err != nil || viewer.System {
		return next(ctx)
	}
	if op.Operation.Operation == ast.Subscription {
		return e.respondToEvent(ctx, next, limit, stats.cost)
	}
	// Mutations wait for each other, and their senders have a credential. They
	// must not keep others from reading meanwhile.
	if op.Operation.Operation == ast.Query {
		l, err := e.admission.WaitToRun(ctx, stats.cost, op.RawQuery, op.Variables, op.Stats.OperationStart)
		if err != nil {
			return &graphql.Response{Errors: gqlerror.List{limitError(ctx, err)}, Extensions: graphql.GetExtensions(ctx)}
		}
		defer l.Release()
	}
	if limit.Time > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit.Time)
		defer cancel()
	}
	if limit.ResponseBytes <= 0 {
		return next(ctx)
	}
	ctx, answer := bounded.WithLimit(ctx, limit.ResponseBytes)
	resp := next(ctx)
	if answer.Exceeded() {
		return tooLarge(ctx, "the answer has more than %d bytes; ask for fewer texts or smaller pages", limit.ResponseBytes)
	}
	return resp
}

// respondToEvent responds to the next event of a subscription, and charges for
// it as for an operation. A subscription whose viewer has no quota left ends
// after the event, with an error.
func (e *limitExtension) respondToEvent(ctx context.Context, next graphql.ResponseHandler, limit limits.Limit, cost int) *graphql.Response {
	op := graphql.GetOperationContext(ctx)
	if refused, ok := op.Stats.GetExtension(refusedExtension).(*gqlerror.Error); ok {
		return &graphql.Response{Errors: gqlerror.List{refused}, Extensions: graphql.GetExtensions(ctx)}
	}
	var answer *bounded.ResponseSize
	if limit.ResponseBytes > 0 {
		ctx, answer = bounded.WithLimit(ctx, limit.ResponseBytes)
	}
	resp := next(ctx)
	if resp == nil {
		return nil
	}
	if refused := limitError(ctx, e.admission.ChargeOperation(ctx, cost, transport.Header(ctx))); refused != nil {
		op.Stats.SetExtension(refusedExtension, refused)
	}
	if answer != nil && answer.Exceeded() {
		return tooLarge(ctx, "an event has more than %d bytes; ask for fewer texts", limit.ResponseBytes)
	}
	return resp
}

// tooLarge is the response in the place of one with too many bytes.
func tooLarge(ctx context.Context, format string, bytes int) *graphql.Response {
	err := gqlerror.Errorf(format, bytes)
	errcode.Set(err, limits.CodeCostLimit)
	return &graphql.Response{Errors: gqlerror.List{err}, Extensions: graphql.GetExtensions(ctx)}
}

// limitError returns an error of package limits as GraphQL clients get it, and
// sets Retry-After in the header of the response; nil for nil.
func limitError(ctx context.Context, err error) *gqlerror.Error {
	if err == nil {
		return nil
	}
	refused, ok := errors.AsType[*limits.Error](err)
	if !ok {
		return gqlerror.Wrap(err)
	}
	out := gqlerror.Errorf("%s", refused.Message)
	out.Extensions = map[string]any{"code": refused.Code}
	if refused.RetryAfter > 0 {
		transport.Header(ctx).Set("Retry-After", strconv.Itoa(refused.RetryAfter))
		out.Extensions["retryAfter"] = refused.RetryAfter
	}
	return out
}
