// Package transport serves a GraphQL executor over HTTP, to the letter of the
// protocols that clients speak:
//
//   - GraphQL over HTTP: GET and POST, one request and one answer;
//   - graphql-sse, in its mode of distinct connections: one request, a stream
//     of answers as server-sent events;
//   - graphql-transport-ws: many operations over one WebSocket.
//
// docs/http.md describes for users what it answers.
//
// It knows nothing of the schema that it serves. What surrounds it is the
// caller's: who asks is in the request's context, or found out by
// [Config.Authenticate]; the size of a request's body is bounded by the
// middleware, with [http.MaxBytesReader]; so are CORS and compression.
//
// # Errors
//
// A request that is refused before the executor has seen it is answered with
// one error that has extensions.code and extensions.requestId. No such error
// repeats anything from the body but the name of a member, where that is a
// name.
//
// # Lives
//
// No goroutine outlives the request that it was started for. An operation is
// cancelled through its context when its client has gone, and the request
// waits for it, so an operation that doesn't watch its context keeps its
// request.
package transport
