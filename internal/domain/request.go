package domain

import "context"

type requestKey struct{}

// WithRequestID returns a context that carries the id of a request, by which
// an answer and the log's lines about it are brought together.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestID returns the id of the request that ctx belongs to; it is empty for
// work of the program itself.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}
