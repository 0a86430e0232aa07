package transport

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// retryAfter is for those who come when all places are taken, in seconds.
const retryAfter = "10"

// A Stream is an answer of server-sent events, within the limits that all of the
// process share.
type Stream struct {
	// Alive says when it is time for a sign of life. Shutdown is closed when the
	// server shuts down: a stream that has no end ends then.
	Alive    <-chan time.Time
	Shutdown <-chan struct{}

	events events
	alive  *time.Ticker
	every  time.Duration
	r      *http.Request
	leave  func()
}

// OpenStream begins an answer of server-sent events. The stream has to be
// closed in the end. It is nil where there is no place for another one, of this
// client or at all: the request has then been answered.
func (h *Handler) OpenStream(w http.ResponseWriter, r *http.Request) *Stream {
	leave := h.streams.enter(r.Context())
	if leave == nil {
		w.Header().Set("Retry-After", retryAfter)
		refuse(w, r, accepted{}, &refusal{http.StatusServiceUnavailable, codeUnavailable, "too many streams are open; try again later"})
		return nil
	}
	w.Header().Set("Content-Type", typeEvents+"; charset=utf-8")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would wait for more
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "no-store")
	}
	w.WriteHeader(http.StatusOK)
	alive := time.NewTicker(h.config.KeepAlive)
	return &Stream{
		Alive: alive.C, Shutdown: h.shutdown(r.Context()),
		events: events{w: w, control: http.NewResponseController(w), limit: h.config.WriteTimeout},
		alive:  alive, every: h.config.KeepAlive, r: r, leave: leave,
	}
}

// Send writes events, as they are. It returns false when nobody listens any
// more, or not fast enough.
func (s *Stream) Send(events []byte) bool {
	s.alive.Reset(s.every)
	return s.events.write(events)
}

// signOfLife is a comment, which nobody hears.
var signOfLife = []byte(":\n\n")

// StayAlive writes what nobody hears, so that nothing in between takes the
// connection for dead.
func (s *Stream) StayAlive() bool { return s.events.write(signOfLife) }

// Close ends the stream.
func (s *Stream) Close() {
	s.alive.Stop()
	s.events.end(s.r)
	s.leave()
}

// stream answers with the responses of an execution as server-sent events, by
// the protocol graphql-sse. It ends early when the client has gone, when it
// doesn't read, when the server shuts down, and when a subscription cannot go on
// now; in the last two cases without an event of completion, so that the client
// comes again.
func (h *Handler) stream(w http.ResponseWriter, r *http.Request, header http.Header, x *execution) {
	// The operation is begun by the goroutine that runs it, and not before the
	// answer: a subscription may wait for its first event in there.
	putHeader(w, header)
	s := h.OpenStream(w, r)
	if s == nil {
		return
	}
	defer s.Close()
	if r.Method == http.MethodHead {
		return
	}
	// The header goes out with the first bytes, and not alone.
	if !s.StayAlive() {
		return
	}

	ctx, cancel := context.WithCancel(r.Context())
	responses := make(chan *graphql.Response)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer close(responses)
		for resp := x.next(); resp != nil; resp = x.next() {
			select {
			case responses <- resp:
			case <-ctx.Done():
				return
			}
		}
	}()
	defer func() {
		cancel()
		if x.cancel != nil {
			x.cancel()
		}
		<-ended
	}()

	shutdown := s.Shutdown
	if !x.isSubscription() {
		shutdown = nil // it ends by itself
	}
	for {
		select {
		case resp, more := <-responses:
			if !more {
				// Also where the client has gone, who doesn't hear it.
				if ctx.Err() == nil {
					s.Send([]byte("event: complete\ndata:\n\n"))
				}
				return
			}
			body, resp := h.encode(ctx, resp)
			resp, body, letGo := h.keep(ctx, resp, body)
			sent := s.Send(slices.Concat([]byte("event: next\ndata: "), body, []byte("\n\n")))
			letGo()
			if !sent || x.isSubscription() && comesBack(resp) {
				return
			}
		case <-s.Alive:
			if !s.StayAlive() {
				return
			}
		case <-shutdown:
			return
		case <-ctx.Done():
			return
		}
	}
}

// comesBack reports whether a response says that its client should come again
// later. A stream then ends without an event of completion, after which a
// client would not.
func comesBack(resp *graphql.Response) bool {
	return len(resp.Data) == 0 && status(typeResponse, resp) == http.StatusServiceUnavailable
}

// events writes events, each in limited time.
type events struct {
	w       http.ResponseWriter
	control *http.ResponseController
	limit   time.Duration
}

func (s events) write(event []byte) bool {
	// The server's own limit is for an answer that ends. Where none can be
	// set, as in tests, there is none.
	_ = s.control.SetWriteDeadline(time.Now().Add(s.limit))
	if _, err := s.w.Write(event); err != nil {
		return false
	}
	_ = s.control.Flush()
	return true
}

// end leaves the connection as the server expects it: one that sets limits has
// set another by the time of the next answer, one that doesn't hasn't.
func (s events) end(r *http.Request) {
	server, _ := r.Context().Value(http.ServerContextKey).(*http.Server)
	if server == nil || server.WriteTimeout == 0 {
		_ = s.control.SetWriteDeadline(time.Time{})
	}
}
