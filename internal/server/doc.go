// Package server is the program's HTTP surface: routes, middleware, health and
// the life of the listener.
//
// # Routes
//
//	/graphql              the API, a handler that is passed in
//	/v1/                  the API as JSON, and its description; see package rest
//	/docs                 that description for people
//	/changes              what changes in live, as it happens
//	/  /explorer/         the page on which people try queries
//	/feeds  /sitemap.xml  what is live, for feed readers and crawlers
//	/healthz              the process is alive
//	/readyz               it can do its work; 503 says what is missing
//
// # Middleware
//
// Each is in a file of its own. From the outside in: request id, client and
// access log, security headers, CORS, compression, recovery from panics; around
// the API, its JSON and the feeds also the viewer and the kept answers (package
// answers), around the API the limit of size, around feeds one of time; how long
// an operation may take is the API's own business. The order matters: a refused
// key still gets CORS headers, so that a browser shows the refusal to the
// script; and what a panic leaves unsaid is said before the compressor closes.
//
// # Errors
//
// Whatever the server itself refuses is answered in GraphQL's shape, on every
// route but those at /v1, so that a client has one to read: an "errors" list
// whose first entry has a message, extensions.code and extensions.requestId. At
// /v1 it is a problem, as all is there that is not an answer.
//
// It decides nothing about content: who may see what is the stores' fence, and
// what may be done is asked by the use cases.
package server
