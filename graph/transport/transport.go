package transport

import (
	"cmp"
	"context"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/redthread-api/redthread/internal/idempotency"
)

// The defaults of [Config].
const (
	DefaultTimeout        = 30 * time.Second
	DefaultWriteTimeout   = 10 * time.Second
	DefaultInitTimeout    = 5 * time.Second
	DefaultKeepAlive      = 12 * time.Second
	DefaultMaxMessage     = 4 << 20
	DefaultMaxStreams     = 1000
	DefaultMaxConnections = 1000
	DefaultMaxOperations  = 50
	DefaultMaxUnsent      = 128 << 20
)

// Executor runs operations. gqlgen's executor.Executor implements it.
type Executor interface {
	graphql.GraphExecutor
	// PresentRecoveredError returns the error that is sent to the client after a panic.
	PresentRecoveredError(ctx context.Context, panicked any) error
}

// Config configures a [Handler]. The zero value of a field stands for
// the default of its name, if there is one.
type Config struct {
	// Timeout ends a query or a mutation, on every transport. Subscriptions go
	// on for as long as their client is connected.
	Timeout time.Duration
	// WriteTimeout is how long a client of a stream or a WebSocket may take to
	// read one event, and any client to read a large response; a tenth more for
	// each MiB of that. The connection of a slower client is closed.
	WriteTimeout time.Duration
	// PartialStatus is the status of responses with data and errors as
	// application/graphql-response+json: [StatusPartialSuccess], its default, or 200 for
	// clients behind intermediaries that don't pass the former on.
	PartialStatus int
	// KeepAlive is the time between keep-alive comments on a silent stream, and
	// between pings on a WebSocket. A WebSocket from which nothing has come
	// between two pings is closed.
	KeepAlive time.Duration
	// InitTimeout is how long a WebSocket may stay without connection_init, and
	// a large request may wait until it is decoded.
	InitTimeout time.Duration

	MaxStreams     int   // event streams of the process; a fifth of one client
	MaxConnections int   // WebSockets of the process; a fifth of one client
	MaxOperations  int   // running on one WebSocket
	MaxMessage     int64 // of one WebSocket message, in bytes

	// MaxUnsent bounds the memory, in bytes, of large responses that their
	// clients have not read yet. Beyond it large responses are refused.
	MaxUnsent int64

	// Authenticate authenticates the credential of a WebSocket's connection_init;
	// authorization has the form of the header Authorization. It returns a
	// context derived from r's, with the viewer. It is called when the
	// connection is made and again for each operation, so that a revoked
	// credential starts no further operation; also for the credential in the
	// upgrade request's own header, which the middleware has authenticated
	// before.
	//
	// Nil refuses every connection_init that has a credential.
	Authenticate func(r *http.Request, authorization string) (context.Context, error)
	// Idempotency keeps the responses to mutations with the header Idempotency-Key; nil:
	// the header is ignored.
	Idempotency *idempotency.Keys
	// MayReadSDL reports whether the schema is for the viewer of ctx; nil: for none. SDL
	// returns it, in the schema definition language, and charges the viewer.
	MayReadSDL func(context.Context) bool
	SDL        func(context.Context) (string, error)
	// OnOperation is called with the operation of each request that is not a WebSocket,
	// on the goroutine that serves the request, before the operation runs. Nil: not.
	OnOperation func(context.Context, Operation)
	// CheckOrigin reports whether a page of the request's Origin may open a
	// WebSocket: browsers don't check that by themselves. It is not called for
	// requests without an Origin. Nil allows the origin of the server's own
	// pages only.
	CheckOrigin func(r *http.Request) bool
}

// Handler is an http.Handler that serves an executor. See the package comment.
type Handler struct {
	exec      Executor
	config    Config
	streams   clientLimit
	sockets   clientLimit
	unsent    byteLimit     // bytes
	decoding  chan struct{} // one token for each large request that is being decoded
	shutdowns sync.Map      // *http.Server to the channel of its shutdown
}

// New returns a handler. The requests' contexts must carry what the
// executor needs.
func New(exec Executor, c Config) *Handler {
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, DefaultWriteTimeout)
	c.PartialStatus = cmp.Or(c.PartialStatus, StatusPartialSuccess)
	c.KeepAlive = cmp.Or(c.KeepAlive, DefaultKeepAlive)
	c.InitTimeout = cmp.Or(c.InitTimeout, DefaultInitTimeout)
	c.MaxStreams = cmp.Or(c.MaxStreams, DefaultMaxStreams)
	c.MaxConnections = cmp.Or(c.MaxConnections, DefaultMaxConnections)
	c.MaxOperations = cmp.Or(c.MaxOperations, DefaultMaxOperations)
	c.MaxMessage = cmp.Or(c.MaxMessage, DefaultMaxMessage)
	c.MaxUnsent = cmp.Or(c.MaxUnsent, DefaultMaxUnsent)
	return &Handler{
		exec: exec, config: c,
		streams: clientLimit{max: c.MaxStreams},
		sockets: clientLimit{max: c.MaxConnections},
		unsent:  byteLimit{max: c.MaxUnsent},

		decoding: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
	}
}

// MethodQuery is the method QUERY of RFC 10008: safe as GET, with a body as POST.
// Methods are case-sensitive.
const MethodQuery = "QUERY"

const (
	allowedMethods = "GET, HEAD, POST, QUERY, OPTIONS"
	// acceptedQuery is the value of Accept-Query, a structured field: the media types
	// of bodies of QUERY.
	acceptedQuery = `"` + typeJSON + `"`
)

// ServeHTTP serves one request, or all operations of one WebSocket.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isUpgrade(r) {
		h.serveSocket(w, r)
		return
	}
	w.Header().Add("Vary", "Accept")
	if r.Method != http.MethodPost {
		w.Header().Set("Accept-Query", acceptedQuery)
	}
	accepts := negotiate(r.Header.Values("Accept"))
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, MethodQuery:
	case http.MethodOptions:
		// A preflight request of CORS was answered by the middleware.
		w.Header().Set("Allow", allowedMethods)
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		w.Header().Set("Allow", allowedMethods)
		refuse(w, r, accepts, &refusal{http.StatusMethodNotAllowed, codeMethod, "the API accepts GET, POST and QUERY"})
		return
	}
	if h.wantsSDL(r) {
		h.serveSDL(w, r)
		return
	}
	if accepts.none() {
		refuse(w, r, accepts, &refusal{http.StatusNotAcceptable, codeNotAcceptable,
			"none of the media types in the header Accept is available; available are " + typeResponse + ", " + typeJSON + " and " + typeEvents})
		return
	}
	params, refused := h.read(w, r)
	if refused != nil {
		refuse(w, r, accepts, refused)
		return
	}
	h.execute(w, r, accepts, params)
}

// execute serves a well-formed request.
func (h *Handler) execute(w http.ResponseWriter, r *http.Request, accepts accepted, params *graphql.RawParams) {
	ctx, header := withHeader(r.Context())
	request := h.fingerprint(r, params) // before prepare, which completes the parameters
	x, failed := h.prepare(ctx, params)
	h.recordOperation(ctx, params, x)
	if failed != nil {
		if accepts.single == "" {
			accepts.single = typeJSON // a body that the client may understand
		}
		if accepts.preferStream && !isRetryable(failed) {
			// The protocol requires an event: an EventSource doesn't show its
			// page the body of a response with another status.
			h.stream(w, r, header, &execution{final: failed})
			return
		}
		h.writeResponse(ctx, w, r, accepts, header, failed)
		return
	}
	defer x.cancel()
	switch {
	case x.isMutation() && r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, r, accepts, &refusal{http.StatusMethodNotAllowed, codeMethod, "a mutation is sent by POST"})
	case x.isMutation() && len(r.Header[idempotencyHeader]) > 0 && h.config.Idempotency != nil:
		h.executeOnce(w, r, accepts, header, x, request)
	case x.isSubscription() && r.Method == MethodQuery:
		// QUERY is for one response, which has a validator.
		w.Header().Set("Allow", "GET, POST")
		refuse(w, r, accepts, &refusal{http.StatusMethodNotAllowed, codeMethod, "a subscription is sent by POST or GET, with \"Accept: " + typeEvents + "\""})
	case x.isSubscription() && !accepts.stream:
		refuse(w, r, accepts, &refusal{http.StatusNotAcceptable, codeNotAcceptable,
			"the response to a subscription is a stream: send \"Accept: " + typeEvents + "\", or subscribe over a WebSocket with the subprotocol " + subprotocol})
	case x.isSubscription() || accepts.preferStream:
		h.stream(w, r, header, x)
	default:
		h.writeResponse(ctx, w, r, accepts, header, x.next())
	}
}

// shutdown returns a channel that is closed when the http.Server of the context
// begins to shut down: it then waits for streams, which would not end by
// themselves. It returns nil where there is no server.
func (h *Handler) shutdown(ctx context.Context) <-chan struct{} {
	server, _ := ctx.Value(http.ServerContextKey).(*http.Server)
	if server == nil {
		return nil
	}
	begun := make(chan struct{})
	known, found := h.shutdowns.LoadOrStore(server, begun)
	if found {
		return known.(chan struct{})
	}
	server.RegisterOnShutdown(sync.OnceFunc(func() { close(begun) }))
	return begun
}
