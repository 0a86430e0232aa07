package transport

import (
	"context"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// ending is why a subscription ends, if not because all has been told.
type ending struct {
	mu  sync.Mutex
	err error
}

type endingKey struct{}

// Fail gives the reason for which the subscription of ctx is about to end: its
// resolver calls it before it closes its channel. The client is told of the
// error as it would be of any other.
func Fail(ctx context.Context, err error) {
	if e, ok := ctx.Value(endingKey{}).(*ending); ok {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.err = err
	}
}

// failed is the response with the reason for which a subscription has ended;
// nil where there is none.
func (x *execution) failed() *graphql.Response {
	e, _ := x.ctx.Value(endingKey{}).(*ending)
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
