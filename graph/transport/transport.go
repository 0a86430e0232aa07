package transport

import (
	"cmp"
	"context"
	"net/http"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/redthread-api/redthread/internal/domain"
)

// What applies where [Config] says nothing.
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

// Executor runs operations. It is what gqlgen's executor.Executor does.
type Executor interface {
	graphql.GraphExecutor
	// PresentRecoveredError returns what a client is told of a panic.
	PresentRecoveredError(ctx context.Context, panicked any) error
}

// Config is how operations are served. The zero value of a field stands for
// the default of its name, if there is one.
type Config struct {
	// Timeout ends a query or a mutation, on every transport. Subscriptions go
	// on for as long as their client listens.
	Timeout time.Duration
	// WriteTimeout is how long a client of a stream or a WebSocket may take to
	// read one event, and any client to read a large answer; a tenth more for
	// each MiB of that. A slower one is cut off.
	WriteTimeout time.Duration
	// KeepAlive is the time between signs of life on a silent stream, and
	// between pings on a WebSocket. A WebSocket from which nothing has come
	// between two pings is closed.
	KeepAlive time.Duration
	// InitTimeout is how long a WebSocket may stay without connection_init, and
	// a large request may have to wait until it is decoded.
	InitTimeout time.Duration

	MaxStreams     int   // event streams of the process; a fifth of one client
	MaxConnections int   // WebSockets of the process; a fifth of one client
	MaxOperations  int   // running on one WebSocket
	MaxMessage     int64 // of one WebSocket message, in bytes

	// MaxUnsent bounds what the process keeps of large answers that their
	// clients have not read yet, in bytes. Beyond it large answers are refused.
	MaxUnsent int64

	// Authenticate finds out whose the credential of a WebSocket's
	// connection_init is: authorization is in the form of the header. It
	// returns a context derived from r's, with the viewer. It is asked when the
	// connection is made and again for each operation, so that a credential
	// that was revoked opens nothing more; also for the credential of the
	// upgrade request's own header, for which the middleware was asked first.
	//
	// Nil refuses all that bring a credential in connection_init.
	Authenticate func(r *http.Request, authorization string) (context.Context, error)
	// CheckOrigin says whether a page of the request's Origin may open a
	// WebSocket: browsers don't ask by themselves. It is not called for
	// requests without an Origin. Nil allows the origin of the server's own
	// pages only.
	CheckOrigin func(r *http.Request) bool
}

// Handler serves an executor. See the package comment.
type Handler struct {
	exec     Executor
	config   Config
	streams  clientGate
	sockets  clientGate
	unsent   gate          // bytes
	decoding chan struct{} // has a place for each large request that is decoded
	shutting sync.Map      // *http.Server to the channel of its shutdown
}

// New returns a handler. The requests' contexts must carry whatever the
// executor needs.
func New(exec Executor, c Config) *Handler {
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, DefaultWriteTimeout)
	c.KeepAlive = cmp.Or(c.KeepAlive, DefaultKeepAlive)
	c.InitTimeout = cmp.Or(c.InitTimeout, DefaultInitTimeout)
	c.MaxStreams = cmp.Or(c.MaxStreams, DefaultMaxStreams)
	c.MaxConnections = cmp.Or(c.MaxConnections, DefaultMaxConnections)
	c.MaxOperations = cmp.Or(c.MaxOperations, DefaultMaxOperations)
	c.MaxMessage = cmp.Or(c.MaxMessage, DefaultMaxMessage)
	c.MaxUnsent = cmp.Or(c.MaxUnsent, DefaultMaxUnsent)
	return &Handler{
		exec: exec, config: c,
		streams: clientGate{max: c.MaxStreams},
		sockets: clientGate{max: c.MaxConnections},
		unsent:  gate{max: c.MaxUnsent},

		decoding: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
	}
}

const allowedMethods = "GET, HEAD, POST, OPTIONS"

// ServeHTTP answers one request, or all operations of one WebSocket.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isUpgrade(r) {
		h.serveSocket(w, r)
		return
	}
	w.Header().Add("Vary", "Accept")
	accepts := negotiate(r.Header.Values("Accept"))
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
	case http.MethodOptions:
		// A preflight of CORS doesn't come this far.
		w.Header().Set("Allow", allowedMethods)
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		w.Header().Set("Allow", allowedMethods)
		refuse(w, r, accepts, &refusal{http.StatusMethodNotAllowed, codeMethod, "the API answers GET and POST"})
		return
	}
	if accepts.nothing() {
		refuse(w, r, accepts, &refusal{http.StatusNotAcceptable, codeNotAcceptable,
			"none of the media types in the header Accept can be had; there are " + typeResponse + ", " + typeJSON + " and " + typeEvents})
		return
	}
	params, refused := h.read(w, r)
	if refused != nil {
		refuse(w, r, accepts, refused)
		return
	}
	h.execute(w, r, accepts, params)
}

// execute answers a request that is well-formed.
func (h *Handler) execute(w http.ResponseWriter, r *http.Request, accepts accepted, params *graphql.RawParams) {
	ctx, header := withHeader(r.Context())
	x, failed := h.prepare(ctx, params)
	if failed != nil {
		if accepts.object == "" {
			accepts.object = typeJSON // better understood than nothing
		}
		if accepts.streamFirst && !comesBack(failed) {
			// As the protocol wants it: what an EventSource is told by a status,
			// it doesn't hand on.
			h.stream(w, r, header, &execution{last: failed})
			return
		}
		h.answer(w, r, accepts, header, failed)
		return
	}
	defer x.cancel()
	switch {
	case x.isMutation() && r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, r, accepts, &refusal{http.StatusMethodNotAllowed, codeMethod, "a mutation is sent by POST"})
	case x.isSubscription() && !accepts.stream:
		refuse(w, r, accepts, &refusal{http.StatusNotAcceptable, codeNotAcceptable,
			"a subscription is answered as a stream: send \"Accept: " + typeEvents + "\", or subscribe over a WebSocket with the subprotocol " + subprotocol})
	case x.isSubscription() || accepts.streamFirst:
		h.stream(w, r, header, x)
	default:
		h.answer(w, r, accepts, header, x.next())
	}
}

// clientGate lets a number of guests in, a fifth of them of one client, so that
// nobody alone can keep all others out.
type clientGate struct {
	max int

	mu     sync.Mutex
	inside int
	of     map[netip.Prefix]int
}

// enter returns what to call in the end; nil where there is no place.
func (g *clientGate) enter(ctx context.Context) (leave func()) {
	client := network(domain.ClientFrom(ctx))
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside >= g.max || client.IsValid() && g.of[client] >= max(1, g.max/5) {
		return nil
	}
	if g.of == nil {
		g.of = map[netip.Prefix]int{}
	}
	g.inside++
	g.of[client]++
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.inside--
		if g.of[client]--; g.of[client] == 0 {
			delete(g.of, client)
		}
	}
}

// network is what one client has of addresses: of IPv6 the first 64 bits. It is
// not valid where the address is not known.
func network(a netip.Addr) netip.Prefix {
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // of no address: not valid
	return p
}

// gate lets a number of bytes in.
type gate struct {
	inside atomic.Int64
	max    int64
}

// enterAll lets all of them in, or none.
func (g *gate) enterAll(n int64) bool {
	if g.inside.Add(n) > g.max {
		g.inside.Add(-n)
		return false
	}
	return true
}

// largeAnswer is the size from which on answers count as unsent. Smaller ones
// go to the system's buffers, whether their clients read or not.
const largeAnswer = 256 << 10

// keep makes room for an answer until it is sent, and then has to be let go.
// Where there is no room, it returns the answer to give instead.
func (h *Handler) keep(ctx context.Context, resp *graphql.Response, body []byte) (kept *graphql.Response, encoded []byte, letGo func()) {
	n := int64(len(body))
	switch {
	case n < largeAnswer:
		return resp, body, func() {}
	case h.unsent.enterAll(n):
		return resp, body, func() { h.unsent.inside.Add(-n) }
	}
	resp = failure(ctx, codeUnavailable, "too many large answers are waiting to be read by others; try again later, or ask for less at once")
	body, _ = encode(resp) // it has strings only
	return resp, body, func() {}
}

// shutdown returns a channel that is closed when the server that the context
// is of begins to shut down: it then waits for streams, which would not end by
// themselves. It returns nil where there is no server.
func (h *Handler) shutdown(ctx context.Context) <-chan struct{} {
	server, _ := ctx.Value(http.ServerContextKey).(*http.Server)
	if server == nil {
		return nil
	}
	begun := make(chan struct{})
	known, found := h.shutting.LoadOrStore(server, begun)
	if found {
		return known.(chan struct{})
	}
	server.RegisterOnShutdown(sync.OnceFunc(func() { close(begun) }))
	return begun
}
