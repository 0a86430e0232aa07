package graph

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// readAttempts is how often a query is run whose snapshot was lost. Nothing of
// its response has been sent by then.
const readAttempts = 3

// interruption holds the first error that ended the reading of an operation.
type interruption struct {
	mu    sync.Mutex
	err   error
	shown *gqlerror.Error // the error for the client
}

type interruptionKey struct{}

func withInterruption(ctx context.Context) (context.Context, *interruption) {
	i := &interruption{}
	return context.WithValue(ctx, interruptionKey{}, i), i
}

// interrupted records that the operation of ctx could not be read because of
// err, of which the client is sent shown. It returns false where another error
// was recorded before.
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

// DispatchOperation runs an operation so that its response is complete or is an
// error: a query, or an event of a subscription, that could not be read to its
// end gets the error alone. A query is first run again in a new snapshot, where
// that can help. The response to a mutation is not changed where a part of it may be done.
func (e *operationExecutor) DispatchOperation(ctx context.Context, op *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	if op.Operation.Operation == ast.Mutation {
		ctx, commits := store.WatchCommits(ctx)
		respond, inner := e.Executor.DispatchOperation(ctx, op)
		return func(ctx context.Context) *graphql.Response {
			resp := respond(ctx)
			if commits.MayHaveEffect() {
				return resp
			}
			return withoutNothing(resp)
		}, inner
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
			if op.Operation.Operation == ast.Subscription || attempt == readAttempts || ctx.Err() != nil || !store.IsRetryableRead(err) {
				return &graphql.Response{Errors: gqlerror.List{shown}, Extensions: resp.Extensions}
			}
			again, stopped = withInterruption(ctx)
			respond, again = e.Executor.DispatchOperation(again, op)
		}
	}, inner
}

// withoutNothing takes away the data of a mutation of which each field was refused because the database cannot answer, or
// the time was over: then its status says so.
func withoutNothing(resp *graphql.Response) *graphql.Response {
	if resp == nil || len(resp.Errors) == 0 {
		return resp
	}
	for _, err := range resp.Errors {
		if len(err.Path) > 1 || err.Extensions["code"] != codes[domain.KindUnavailable] {
			return resp
		}
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(resp.Data, &fields); err != nil {
		return resp // there is none
	}
	for _, value := range fields {
		if string(value) != "null" {
			return resp
		}
	}
	return &graphql.Response{Errors: resp.Errors[:1], Extensions: resp.Extensions}
}
