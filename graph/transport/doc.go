// Package transport serves a GraphQL executor over HTTP. It implements three
// protocols strictly:
//
//   - GraphQL over HTTP: GET, POST and QUERY, one request and one response;
//   - graphql-sse, in its mode of distinct connections: one request, a stream
//     of responses as server-sent events;
//   - graphql-transport-ws: many operations over one WebSocket.
//
// docs/http.md describes the responses for users.
//
// The package knows nothing of the schema that it serves. The caller provides the
// rest: the viewer is in the request's context, or comes from
// [Config.Authenticate]; middleware bounds the size of a request's body, with
// [http.MaxBytesReader], and does CORS and compression.
//
// # Errors
//
// A request that is refused before it reaches the executor gets a response with
// one error, which has extensions.code and extensions.requestId. No such error
// repeats anything from the body but the name of a member, where that is a
// name.
//
// # Lifetimes
//
// No goroutine outlives the request that it was started for. An operation is
// cancelled through its context when its client has disconnected, and the request
// waits for it, so an operation that doesn't watch its context keeps its
// request open.
package transport
