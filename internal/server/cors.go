package server

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/rs/cors"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
)

// Origins are the origins whose pages may call the API from a browser and open WebSockets. They can be changed while
// the server runs.
//
// All origins is a safe default here. CORS protects what a browser adds to a request by
// itself, such as cookies. This API has no cookies and allows credentials for no
// origin, so a foreign page can only send what it has: nothing, and then it reads
// public content, or a key that it knows anyway. Restrict the origins where the server
// is in a private network: there, the network of the browser acts as a credential.
type Origins struct{ rules atomic.Pointer[cors.Cors] }

// NewOrigins returns origins such as https://site.example or https://*.site.example; all where none is given.
func NewOrigins(origins []string) *Origins {
	o := &Origins{}
	o.Set(origins)
	return o
}

// Set replaces the origins, from the next request on.
func (o *Origins) Set(origins []string) {
	if len(origins) == 0 {
		origins = []string{"*"}
	}
	o.rules.Store(cors.New(cors.Options{
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
	}))
}

// Allowed reports whether a page may open a WebSocket: the same origins as for CORS.
func (o *Origins) Allowed(r *http.Request) bool { return o.rules.Load().OriginAllowed(r) }

// allow is the middleware of CORS.
func (o *Origins) allow(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.rules.Load().ServeHTTP(w, r, next.ServeHTTP)
	})
}
