package graph

import (
	"context"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/internal/store"
)

// readAttempts is how often a query is run whose snapshot was lost. Nothing of
// it has been sent by then.
const readAttempts = 3

// interruption is the first error that kept an operation from being read to
// its end.
type interruption struct {
	mu    sync.Mutex
	err   error
	shown *gqlerror.Error // what the client is to see of it
}

type interruptionKey struct{}

func withInterruption(ctx context.Context) (context.Context, *interruption) {
	i := &interruption{}
	return context.WithValue(ctx, interruptionKey{}, i), i
}

// interrupted notes that the operation of ctx could not be read because of
// err, which clients are shown as shown. It returns false where that has been
// noted of another error.
func interrupted(ctx context.Context, err error, shown *gqlerror.Error) bool {
	i, _ := ctx.Value(interruptionKey{}).(*interruption)
	if i == nil {
		return true
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.err != nil {
		return false
	}
	i.err, i.shown = err, shown
	return true
}

func (i *interruption) cause() (shown *gqlerror.Error, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.shown, i.err
}

// DispatchOperation is the executor's, for answers that are whole or not at
// all: a query, or the event of a subscription, that could not be read to its
// end is answered with the error alone. A query is first run again, in a new
// snapshot, where that may help. A mutation is answered as it is: a part of it
// may be done.
func (e limitedExecutor) DispatchOperation(ctx context.Context, op *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	if op.Operation.Operation == ast.Mutation {
		return e.Executor.DispatchOperation(ctx, op)
	}
	ctx, first := withInterruption(ctx)
	respond, inner := e.Executor.DispatchOperation(ctx, op)
	return func(ctx context.Context) *graphql.Response {
		again, stopped, respond := ctx, first, respond
		for attempt := 1; ; attempt++ {
			resp := respond(again)
			shown, err := stopped.cause()
			if err == nil || resp == nil {
				return resp
			}
			if op.Operation.Operation == ast.Subscription || attempt == readAttempts || ctx.Err() != nil || !store.ReadAgain(err) {
				return &graphql.Response{Errors: gqlerror.List{shown}, Extensions: resp.Extensions}
			}
			again, stopped = withInterruption(ctx)
			respond, again = e.Executor.DispatchOperation(again, op)
		}
	}, inner
}
