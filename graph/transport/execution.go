package transport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/internal/tracing"
)

// execution is a valid operation that is about to run, or running. It is not safe for
// concurrent use.
type execution struct {
	h         *Handler
	ctx       context.Context
	cancel    context.CancelFunc
	operation *graphql.OperationContext
	respond   graphql.ResponseHandler // nil until the operation has begun

	final *graphql.Response // the only response that is left to return
	done  bool

	span *tracing.Span // of the operation; nil: its trace is not recorded
}

// prepare parses and validates an operation, or returns the response with its errors.
// Unless it is a subscription, [Config.Timeout] runs from here on. The caller must
// call the execution's cancel.
func (h *Handler) prepare(ctx context.Context, params *graphql.RawParams) (x *execution, failed *graphql.Response) {
	CacheDecisionFrom(ctx).operationStarted()
	ctx = graphql.StartOperationTrace(ctx)
	ctx, span := tracing.Start(ctx, "GraphQL operation", tracing.Internal)
	limited, cancel := context.WithTimeout(ctx, h.config.Timeout)
	defer func() {
		if v := recover(); v != nil {
			x, failed = nil, h.recovered(ctx, v)
		}
		if x == nil {
			cancel()
			span.Fail("invalid")
			span.End()
		}
	}()
	operation, errs := h.exec.CreateOperationContext(limited, params)
	if len(errs) > 0 {
		failed = h.exec.DispatchError(graphql.WithOperationContext(limited, operation), errs)
		if failed == nil || len(failed.Errors) == 0 {
			panic(errors.New("an operation that is not valid has no errors"))
		}
		failed.Data = nil
		return nil, failed
	}
	x = &execution{h: h, ctx: limited, cancel: cancel, operation: operation, span: span}
	x.describe()
	if x.isSubscription() {
		cancel()
		span.End() // it goes on for as long as its client listens
		x.ctx, x.cancel = context.WithCancel(context.WithValue(ctx, endReasonKey{}, &endReason{}))
	}
	return x, nil
}

// describe names the span of the operation. A name of an operation is an identifier, which the log has as well.
func (x *execution) describe() {
	if x.span == nil {
		return
	}
	operation := x.operation.Operation
	kind := string(operation.Operation)
	x.span.SetName(kind)
	x.span.Set("graphql.operation.type", kind)
	if name := operation.Name; name != "" {
		name = name[:min(len(name), maxOperationName)]
		x.span.SetName(kind + " " + name)
		x.span.Set("graphql.operation.name", name)
	}
	x.span.Set("redthread.document", documentHash(x.operation.RawQuery))
}

// endSpan ends the span of the operation with its response.
func (x *execution) endSpan(resp *graphql.Response) {
	if x.span == nil || x.isSubscription() {
		return
	}
	if resp != nil && len(resp.Errors) > 0 {
		code, _ := resp.Errors[0].Extensions["code"].(string)
		x.span.Fail(cmp.Or(code, "_OTHER"))
	}
	x.span.End()
}

func (x *execution) isMutation() bool { return x.operation.Operation.Operation == ast.Mutation }

func (x *execution) isSubscription() bool {
	return x.operation != nil && x.operation.Operation.Operation == ast.Subscription
}

// begin starts the operation, unless it has begun. A subscription responds to all that happens after it. It
// ends where that takes longer than [Config.Timeout].
func (x *execution) begin() {
	if x.respond != nil || x.final != nil {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			x.respond = graphql.OneShot(x.h.recovered(x.ctx, v))
		}
	}()
	if x.isSubscription() {
		defer time.AfterFunc(x.h.config.Timeout, x.cancel).Stop()
	}
	x.respond, x.ctx = x.h.exec.DispatchOperation(x.ctx, x.operation)
}

// next returns the next response: one of a query or mutation, any number of a
// subscription, and nil after the last. A response without data is the last.
func (x *execution) next() (resp *graphql.Response) {
	if x.final != nil {
		resp, x.final, x.done = x.final, nil, true
		return resp
	}
	if x.done {
		return nil
	}
	defer func() {
		if v := recover(); v != nil {
			resp, x.done = x.h.recovered(x.ctx, v), true
		}
		x.endSpan(resp)
	}()
	x.begin()
	resp = x.respond(x.ctx)
	if resp != nil && len(resp.Data) == 0 && len(resp.Errors) == 0 {
		panic(errors.New("the operation returned neither data nor errors"))
	}
	if resp == nil && x.isSubscription() {
		resp = x.failureResponse()
	} else if resp == nil {
		resp = x.missingResponse()
	}
	x.done = resp == nil || len(resp.Data) == 0 || !x.isSubscription()
	return resp
}

// missingResponse is the error response for an operation that has ended without a response.
func (x *execution) missingResponse() *graphql.Response {
	switch err := x.ctx.Err(); {
	case errors.Is(err, context.DeadlineExceeded):
		return failure(x.ctx, codeUnavailable, fmt.Sprintf("the operation took longer than %s; ask for less at once", x.h.config.Timeout))
	case err != nil:
		return failure(x.ctx, codeUnavailable, "the operation was cancelled")
	}
	panic(errors.New("the operation returned no response"))
}

// presented is the response with an error that occurred outside of an operation, as the
// executor presents it.
func (h *Handler) presented(ctx context.Context, err error) *graphql.Response {
	ctx = graphql.WithOperationContext(ctx, &graphql.OperationContext{})
	return h.exec.DispatchError(ctx, gqlerror.List{gqlerror.WrapIfUnwrapped(err)})
}

// recovered is the response after a panic, with the error as the executor presents it.
func (h *Handler) recovered(ctx context.Context, v any) *graphql.Response {
	presented, ok := errors.AsType[*gqlerror.Error](h.exec.PresentRecoveredError(ctx, v))
	if !ok {
		return failure(ctx, codeInternal, "internal error")
	}
	return &graphql.Response{Errors: gqlerror.List{presented}}
}
