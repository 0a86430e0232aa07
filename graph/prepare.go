package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/coerce"
	"github.com/redthread-api/redthread/graph/condition"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/graph/validation"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/queries"
	"github.com/redthread-api/redthread/internal/syntax"
)

// operationExecutor runs operations with gqlgen's executor. It turns a request into an
// operation by itself, because gqlgen's way differs from the specification: see
// CreateOperationContext. It runs queries again when their snapshot is lost: see
// DispatchOperation.
type operationExecutor struct {
	*executor.Executor
	schema       *ast.Schema
	cache        documentCache
	silent       bool // errors of validation make no suggestions
	withoutPlans bool
	resolver     *queries.Resolver
	limits       *limitExtension
	recover      graphql.RecoverFunc
	rootField    graphql.RootFieldMiddleware
}

// CreateOperationContext turns a request into an operation that can be run: it charges
// the viewer, looks the document up, parses and validates it, chooses the operation,
// coerces the variables and computes the cost. It waits until the limiter admits that.
func (e *operationExecutor) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	l, err := e.limits.admission.WaitToParse(ctx, params.Query, params.Variables)
	if err != nil {
		return &graphql.OperationContext{}, gqlerror.List{limitError(ctx, err)}
	}
	defer l.Release()
	op := &graphql.OperationContext{
		RecoverFunc:            e.recover,
		ResolverMiddleware:     func(ctx context.Context, next graphql.Resolver) (any, error) { return next(ctx) },
		RootResolverMiddleware: e.rootField,
		Stats:                  graphql.Stats{Read: params.ReadTime, OperationStart: graphql.GetStartTime(ctx)},
	}
	ctx = graphql.WithOperationContext(ctx, op)
	return op, e.prepare(ctx, op, params)
}

// prepare fills in an operation. The errors are of the request: nothing has run.
func (e *operationExecutor) prepare(ctx context.Context, op *graphql.OperationContext, params *graphql.RawParams) gqlerror.List {
	if err := limitError(ctx, e.limits.admission.ChargeRequest(ctx, transport.Header(ctx))); err != nil {
		return gqlerror.List{err} // also for the look-up of an unknown document
	}
	if err := lookUpDocument(ctx, e.resolver, params); err != nil {
		return gqlerror.List{err}
	}
	parsed, refused := e.limits.checkDocument(ctx, params)
	if refused != nil {
		return gqlerror.List{refused}
	}
	op.RawQuery, op.OperationName, op.Extensions, op.Headers = params.Query, params.OperationName, params.Extensions, params.Headers
	doc, errs := e.validDocument(ctx, &op.Stats, params.Query, parsed)
	if len(errs) > 0 {
		return errs
	}
	op.Doc = doc.ast
	if op.Operation = op.Doc.Operations.ForName(params.OperationName); op.Operation == nil {
		return invalid(noOperation(op.Doc, params.OperationName))
	}
	if op.Variables, errs = coerce.Variables(e.schema, op.Operation, params.Variables); len(errs) > 0 {
		return invalid(errs...)
	}
	if err := checkDirectives(e.schema, op); err != nil {
		return gqlerror.List{err}
	}
	if op.Operation.Operation != ast.Mutation {
		coerce.Remember(op)
	}
	op.Stats.Validation.End = graphql.Now()
	if err := e.limits.chargeOperation(ctx, op); err != nil {
		return gqlerror.List{err}
	}
	operation := op.Operation
	condition.Apply(e.schema, op)
	if op.Operation == operation && !e.withoutPlans {
		op.Stats.SetExtension(plansExtension, doc.plans)
	}
	return nil
}

// validDocument validates the document of a text, unless it is in the cache. It does not
// depend on the variables. parsed is the document, or nil where it has not been parsed.
func (e *operationExecutor) validDocument(ctx context.Context, stats *graphql.Stats, text string, parsed *ast.QueryDocument) (document, gqlerror.List) {
	stats.Parsing.Start = graphql.Now()
	if found, ok := e.cache.Get(ctx, text); ok {
		stats.Parsing.End = graphql.Now()
		stats.Validation.Start = stats.Parsing.End
		return found, nil
	}
	doc := parsed
	if doc == nil {
		var err error
		if doc, _, err = syntax.Parse(text, limits.MaxTokens); err != nil {
			return document{}, gqlerror.List{notParsed(gqlerror.WrapIfUnwrapped(err))}
		}
	}
	stats.Parsing.End = graphql.Now()
	stats.Validation.Start = stats.Parsing.End
	if len(doc.Operations) == 0 {
		return document{}, invalid(gqlerror.Errorf("no operation provided"))
	}
	if errs := validation.Validate(e.schema, doc, !e.silent); len(errs) > 0 {
		return document{}, invalid(errs...)
	}
	valid := document{ast: doc}
	if len(text) <= limits.CachedDocumentSize { // others are not cached, and their plans would be made each time
		valid.plans = newDocumentPlans(doc)
	}
	e.cache.Add(ctx, text, valid)
	return valid, nil
}

// noOperation returns the error of a request that names no operation of its document.
func noOperation(doc *ast.QueryDocument, name string) *gqlerror.Error {
	if name == "" {
		return gqlerror.Errorf("the document has %d operations: name one in operationName", len(doc.Operations))
	}
	return gqlerror.Errorf("the document has no operation %.100q, which operationName names", name)
}

// notParsed gives an error of package syntax its code.
func notParsed(err *gqlerror.Error) *gqlerror.Error {
	code := errcode.ParseFailed
	if err.Rule == syntax.ExecutableDefinitions {
		code = errcode.ValidationFailed
	}
	errcode.Set(err, code)
	return err
}

// invalid gives errors the code of a document, or of variables, that do not fit the
// schema.
func invalid(errs ...*gqlerror.Error) gqlerror.List {
	for _, err := range errs {
		errcode.Set(err, errcode.ValidationFailed)
	}
	return errs
}
