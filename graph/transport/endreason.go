package transport

import (
	"context"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// endReason is the error with which a subscription ends; none where it is complete.
type endReason struct {
	mu  sync.Mutex
	err error
}

type endReasonKey struct{}

// Fail sets the error with which the subscription of ctx is about to end: its
// resolver calls it before it closes its channel. The client gets the error like
// any other.
func Fail(ctx context.Context, err error) {
	if e, ok := ctx.Value(endReasonKey{}).(*endReason); ok {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.err = err
	}
}

// failureResponse is the response with the error with which a subscription has ended;
// nil where there is none.
func (x *execution) failureResponse() *graphql.Response {
	e, _ := x.ctx.Value(endReasonKey{}).(*endReason)
	if e == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil {
		return nil
	}
	err := e.err
	e.err = nil
	resp := x.h.exec.DispatchError(graphql.WithOperationContext(x.ctx, x.operation), gqlerror.List{gqlerror.WrapIfUnwrapped(err)})
	if resp != nil {
		resp.Data = nil
	}
	return resp
}
