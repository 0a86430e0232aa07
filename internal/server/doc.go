// Package server is the program's HTTP server: routes, middleware, health checks,
// start and shutdown.
//
// # Routes
//
//	/graphql              the API, a handler that is passed in
//	/v1/                  the API as JSON, and its description; see package rest
//	/docs                 that description for people
//	/changes              the change feed as server-sent events
//	/  /explorer/         the page on which people try queries
//	/feeds  /sitemap.xml  what is live, for feed readers and crawlers
//	/healthz              the process is alive
//	/readyz               it can do its work; 503 says what is missing
//
// # Middleware
//
// From the outside in: request id, client and
// access log, security headers, CORS, compression, recovery from panics; around
// the API, its JSON and the feeds also the viewer and the response cache (package
// respcache), around the API the limit of size, around feeds a timeout; the API has
// its own timeout for operations. The order matters: the response to an invalid key
// still gets CORS headers, so that a browser shows it to the script; and the response
// after a panic is written before the compressor closes.
//
// # Errors
//
// Error responses of the server itself have the form of GraphQL errors, on every route
// but those at /v1, so that clients parse only one form: an "errors" list whose first
// entry has a message, extensions.code and extensions.requestId. At /v1 they are
// problems (RFC 9457), like all errors there.
//
// The package decides nothing about content: the fence of the stores decides what is
// visible, and the use cases check rights.
package server
