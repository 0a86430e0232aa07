package server

import (
	"net/http"
	"time"

	"github.com/rs/cors"
)

// allowOrigins lets pages of the origins call the API from a browser; all
// origins where none is given.
//
// All is a safe default here. What CORS protects is what a browser adds to a
// request by itself: cookies, and the like. This API knows no cookies, and
// credentials are not allowed for any origin, so a foreign page can only send
// what it brings along: nothing, and then it reads what everybody may read, or
// a key, and then it has the key. Name the origins where the server stands in
// a private network: there, the place from which a browser asks is a credential
// of its own.
func allowOrigins(origins []string) middleware {
	if len(origins) == 0 {
		origins = []string{"*"}
	}
	c := cors.New(cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: []string{http.MethodGet, http.MethodHead, http.MethodPost},
		AllowedHeaders: []string{
			"Authorization", "Content-Type", "X-Requested-With", "GraphQL-Require-Preflight", requestIDHeader,
			"If-None-Match", "If-Modified-Since", "Cache-Control", // of scripts that keep answers themselves
			"Last-Event-ID",             // of event streams that are not the browser's own
			"Traceparent", "Tracestate", // W3C Trace Context, which monitoring puts on every request
		},
		ExposedHeaders: []string{requestIDHeader, "ETag", "Link", "Retry-After", "RateLimit", "RateLimit-Policy", "TLP"},
		MaxAge:         int((2 * time.Hour).Seconds()), // the most that browsers keep
	})
	return c.Handler
}
