package transport

import (
	"context"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Question is a query that another door of the program asks for a client, with
// a document of the program's own.
type Question struct {
	Document  string
	Operation string // may be empty where the document has one operation
	Variables map[string]any
}

// Reply is the answer to a [Question].
type Reply struct {
	// Data is the JSON of the data; empty where there is none.
	Data []byte
	// Errors are as GraphQL clients are told them.
	Errors gqlerror.List
	// Header is what an answer over HTTP would have in its header: the marking,
	// what is left of the viewer's budget, when to come again.
	Header http.Header
	// Status is what it would have as its status; 200 also where some fields
	// have failed.
	Status int
}

// Ask runs a query for the viewer of ctx, within the same limits as any other,
// and waits for the answer. That the document is registered is not asked for.
func (h *Handler) Ask(ctx context.Context, q Question) Reply {
	ctx, header := withHeader(context.WithValue(ctx, ownKey{}, true))
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
	resp, _, letGo := h.keep(ctx, resp, body)
	CacheDecisionFrom(ctx).operationDone(len(resp.Errors) == 0 && len(resp.Data) > 0)
	letGo() // whoever asks has it for as short a time as it takes to write it anew
	return Reply{Data: resp.Data, Errors: resp.Errors, Header: header, Status: status(typeResponse, resp)}
}

type ownKey struct{}

// Own reports whether the operation of ctx has a document of the program's
// own, asked by [Handler.Ask].
func Own(ctx context.Context) bool {
	own, _ := ctx.Value(ownKey{}).(bool)
	return own
}
