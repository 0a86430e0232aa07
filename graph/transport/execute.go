package transport

import (
	"context"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Request is a query with a document of the program's own, which another endpoint
// executes for its client.
type Request struct {
	Document  string
	Operation string // may be empty where the document has one operation
	Variables map[string]any
}

// Response is the result of a [Request].
type Response struct {
	// Data is the JSON of the data; empty where there is none.
	Data []byte
	// Errors are the errors as GraphQL clients get them.
	Errors gqlerror.List
	// Header holds the fields that a response over HTTP would have: the marking,
	// the viewer's remaining quota, Retry-After.
	Header http.Header
	// Status is the status that a response over HTTP would have, except that it is 200
	// also where some fields have failed.
	Status int
}

// Execute runs a query for the viewer of ctx, within the same limits as any other,
// and waits for the response. The document need not be registered.
func (h *Handler) Execute(ctx context.Context, q Request) Response {
	ctx, header := withHeader(context.WithValue(ctx, internalKey{}, true))
	now := graphql.Now()
	x, resp := h.prepare(ctx, &graphql.RawParams{
		Query: q.Document, OperationName: q.Operation, Variables: q.Variables,
		Headers: http.Header{}, ReadTime: graphql.TraceTiming{Start: now, End: now},
	})
	if resp == nil {
		defer x.cancel()
		resp = x.next()
	}
	body, resp := h.encode(ctx, resp)
	resp, _, release := h.reserveUnsent(ctx, resp, body)
	CacheDecisionFrom(ctx).operationDone(len(resp.Errors) == 0 && len(resp.Data) > 0)
	release() // the caller holds the response only until it has converted it
	return Response{Data: resp.Data, Errors: resp.Errors, Header: header, Status: status(typeResponse, resp)}
}

type internalKey struct{}

// IsInternal reports whether the operation of ctx has a document of the program's
// own, executed by [Handler.Execute].
func IsInternal(ctx context.Context) bool {
	own, _ := ctx.Value(internalKey{}).(bool)
	return own
}
