package transport

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// retryAfter is the Retry-After, in seconds, of responses that refuse a request
// because a limit of the process is reached.
const retryAfter = "10"

// A Stream is a response of server-sent events. It counts towards the limits of
// streams of the process and of its client.
type Stream struct {
	// KeepAlive fires when it is time to call SendKeepAlive. Shutdown is closed when
	// the server shuts down: an endless stream has to end then.
	KeepAlive <-chan time.Time
	Shutdown  <-chan struct{}

	writer   eventWriter
	ticker   *time.Ticker
	interval time.Duration
	request  *http.Request
	release  func()
}

// OpenStream begins a response of server-sent events. The caller must close the
// stream. It returns nil where the limit of streams, of this client or of the process,
// is reached: the error response has then been written.
func (h *Handler) OpenStream(w http.ResponseWriter, r *http.Request) *Stream {
	release := h.streams.acquire(r.Context())
	if release == nil {
		w.Header().Set("Retry-After", retryAfter)
		refuse(w, r, accepted{}, &refusal{http.StatusServiceUnavailable, codeUnavailable, "too many streams are open; try again later"})
		return nil
	}
	w.Header().Set("Content-Type", typeEvents+"; charset=utf-8")
	w.Header().Set("X-Accel-Buffering", "no") // keeps nginx from buffering
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "no-store")
	}
	w.WriteHeader(http.StatusOK)
	ticker := time.NewTicker(h.config.KeepAlive)
	return &Stream{
		KeepAlive: ticker.C, Shutdown: h.shutdown(r.Context()),
		writer: eventWriter{w: w, control: http.NewResponseController(w), timeout: h.config.WriteTimeout},
		ticker: ticker, interval: h.config.KeepAlive, request: r, release: release,
	}
}

// Send writes encoded events. It returns false where the client has disconnected or
// reads too slowly.
func (s *Stream) Send(events []byte) bool {
	s.ticker.Reset(s.interval)
	return s.writer.write(events)
}

// keepAliveComment is a comment of the protocol, which clients ignore.
var keepAliveComment = []byte(":\n\n")

// SendKeepAlive writes a comment, which clients ignore, so that no proxy closes the
// connection as idle. It returns false as Send does.
func (s *Stream) SendKeepAlive() bool { return s.writer.write(keepAliveComment) }

// Close ends the stream.
func (s *Stream) Close() {
	s.ticker.Stop()
	s.writer.resetDeadline(s.request)
	s.release()
}

// stream writes the responses of an execution as server-sent events, by the
// protocol graphql-sse. It ends early when the client has disconnected, when it
// doesn't read, when the server shuts down, and when a subscription cannot go on
// now; in the last two cases without an event of completion, so that the client
// reconnects.
func (h *Handler) stream(w http.ResponseWriter, r *http.Request, header http.Header, x *execution) {
	putHeader(w, header)
	s := h.OpenStream(w, r)
	if s == nil {
		return
	}
	defer s.Close()
	if r.Method == http.MethodHead {
		return
	}

	ctx, cancel := context.WithCancel(r.Context())
	responses, begun, ended := x.start(ctx)
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
	// The header is sent with the first bytes, and these once the operation has begun: a client
	// that has the header gets all that happens from then on. Where that takes long, proxies need something.
	select {
	case <-begun:
	case <-s.KeepAlive:
	case <-shutdown:
		return
	case <-ctx.Done():
		return
	}
	if !s.SendKeepAlive() {
		return
	}
	for {
		select {
		case resp, ok := <-responses:
			if !ok {
				// The channel is also closed where the client has disconnected.
				if ctx.Err() == nil {
					s.Send([]byte("event: complete\ndata:\n\n"))
				}
				return
			}
			body, resp := h.encode(ctx, resp)
			resp, body, release := h.reserveUnsent(ctx, resp, body)
			sent := s.Send(slices.Concat([]byte("event: next\ndata: "), body, []byte("\n\n")))
			release()
			if !sent || x.isSubscription() && isRetryable(resp) {
				return
			}
		case <-s.KeepAlive:
			if !s.SendKeepAlive() {
				return
			}
		case <-shutdown:
			return
		case <-ctx.Done():
			return
		}
	}
}

// start runs the execution in a goroutine, which sends its responses until ctx is done. It
// closes begun when the operation has begun; responses, and then ended, when it ends.
func (x *execution) start(ctx context.Context) (responses <-chan *graphql.Response, begun, ended <-chan struct{}) {
	out, first, done := make(chan *graphql.Response), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		defer close(out)
		x.begin()
		close(first)
		for resp := x.next(); resp != nil; resp = x.next() {
			select {
			case out <- resp:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, first, done
}

// isRetryable reports whether a client should retry the operation of a response
// later. A stream then ends without an event of completion, after which clients
// don't reconnect.
func isRetryable(resp *graphql.Response) bool {
	return len(resp.Data) == 0 && status(typeResponse, resp) == http.StatusServiceUnavailable
}

// eventWriter writes events, each within a timeout.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
}

func (s eventWriter) write(event []byte) bool {
	// The server's own write timeout is for whole responses. Where no deadline can
	// be set, as in tests, there is none.
	_ = s.control.SetWriteDeadline(time.Now().Add(s.timeout))
	if _, err := s.w.Write(event); err != nil {
		return false
	}
	_ = s.control.Flush()
	return true
}

// resetDeadline removes the deadline before the connection is used again. A server
// with a write timeout sets its own for the next response.
func (s eventWriter) resetDeadline(r *http.Request) {
	server, _ := r.Context().Value(http.ServerContextKey).(*http.Server)
	if server == nil || server.WriteTimeout == 0 {
		_ = s.control.SetWriteDeadline(time.Time{})
	}
}
