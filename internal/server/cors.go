package server

import (
	"net/http"
	"time"

	"github.com/rs/cors"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
)

// allowOrigins lets pages of the origins call the API from a browser; all
// origins where none is given.
//
// All origins is a safe default here. CORS protects what a browser adds to a request by
// itself, such as cookies. This API has no cookies and allows credentials for no
// origin, so a foreign page can only send what it has: nothing, and then it reads
// public content, or a key that it knows anyway. Restrict the origins where the server
// is in a private network: there, the network of the browser acts as a credential.
func allowOrigins(origins []string) middleware {
	if len(origins) == 0 {
		origins = []string{"*"}
	}
	c := cors.New(cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: []string{http.MethodGet, http.MethodHead, http.MethodPost, transport.MethodQuery},
		AllowedHeaders: []string{
			"Authorization", "Content-Type", "X-Requested-With", "GraphQL-Require-Preflight", requestIDHeader, domain.StageHeader, "Idempotency-Key",
			"If-None-Match", "If-Modified-Since", "Cache-Control", // of scripts with a cache of their own
			"Last-Event-ID",             // of event streams by scripts, without EventSource
			"Traceparent", "Tracestate", // W3C Trace Context, which monitoring puts on every request
		},
		ExposedHeaders: []string{requestIDHeader, "ETag", "Accept-Query", "Idempotency-Replayed", "Link", "Retry-After", "RateLimit", "RateLimit-Policy", "TLP"},
		MaxAge:         int((2 * time.Hour).Seconds()), // the most that browsers honour
	})
	return c.Handler
}
