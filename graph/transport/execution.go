package transport

import (
	"context"
	"errors"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// execution is an operation that is valid and about to run, or running. It is
// for one goroutine.
type execution struct {
	h         *Handler
	ctx       context.Context
	cancel    context.CancelFunc
	operation *graphql.OperationContext
	respond   graphql.ResponseHandler // nil until it runs

	last *graphql.Response // is yet to be told, and then it is over
	over bool
}

// prepare reads and validates an operation, or returns what is wrong with it.
// Unless it is a subscription, its time runs from here on. The execution has
// to be cancelled in the end.
func (h *Handler) prepare(ctx context.Context, params *graphql.RawParams) (x *execution, failed *graphql.Response) {
	CacheDecisionFrom(ctx).operationStarted()
	ctx = graphql.StartOperationTrace(ctx)
	limited, cancel := context.WithTimeout(ctx, h.config.Timeout)
	defer func() {
		if v := recover(); v != nil {
			x, failed = nil, h.recovered(ctx, v)
		}
		if x == nil {
			cancel()
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
	x = &execution{h: h, ctx: limited, cancel: cancel, operation: operation}
	if x.isSubscription() {
		cancel()
		x.ctx, x.cancel = context.WithCancel(context.WithValue(ctx, endingKey{}, &ending{}))
	}
	return x, nil
}

func (x *execution) isMutation() bool { return x.operation.Operation.Operation == ast.Mutation }

func (x *execution) isSubscription() bool {
	return x.operation != nil && x.operation.Operation.Operation == ast.Subscription
}

// next returns the next response: one of a query or mutation, any number of a
// subscription, and nil after the last. A response without data is the last.
func (x *execution) next() (resp *graphql.Response) {
	if x.last != nil {
		resp, x.last, x.over = x.last, nil, true
		return resp
	}
	if x.over {
		return nil
	}
	defer func() {
		if v := recover(); v != nil {
			resp, x.over = x.h.recovered(x.ctx, v), true
		}
	}()
	if x.respond == nil {
		x.respond, x.ctx = x.h.exec.DispatchOperation(x.ctx, x.operation)
	}
	resp = x.respond(x.ctx)
	if resp != nil && len(resp.Data) == 0 && len(resp.Errors) == 0 {
		panic(errors.New("the operation answered neither data nor errors"))
	}
	if resp == nil && x.isSubscription() {
		resp = x.failed()
	} else if resp == nil {
		resp = x.unanswered()
	}
	x.over = resp == nil || len(resp.Data) == 0 || !x.isSubscription()
	return resp
}

// unanswered is the response to an operation that has ended without one.
func (x *execution) unanswered() *graphql.Response {
	switch err := x.ctx.Err(); {
	case errors.Is(err, context.DeadlineExceeded):
		return failure(x.ctx, codeUnavailable, fmt.Sprintf("the operation took longer than %s; ask for less at once", x.h.config.Timeout))
	case err != nil:
		return failure(x.ctx, codeUnavailable, "the operation was cancelled")
	}
	panic(errors.New("the operation has not answered"))
}

// recovered is the response after a panic, as the executor presents it.
func (h *Handler) recovered(ctx context.Context, v any) *graphql.Response {
	shown, ok := errors.AsType[*gqlerror.Error](h.exec.PresentRecoveredError(ctx, v))
	if !ok {
		return failure(ctx, codeInternal, "internal error")
	}
	return &graphql.Response{Errors: gqlerror.List{shown}}
}
