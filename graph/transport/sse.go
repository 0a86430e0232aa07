package transport

import (
	"context"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// retryAfter is for those who come when all places are taken, in seconds.
const retryAfter = "10"

// stream answers with the responses of an execution as server-sent events, by
// the protocol graphql-sse. It ends early when the client has gone, when it
// doesn't read, and when the server shuts down, then without an event of
// completion, so that the client comes again.
func (h *Handler) stream(w http.ResponseWriter, r *http.Request, header http.Header, x *execution) {
	leave := h.streams.enter(r.Context())
	if leave == nil {
		w.Header().Set("Retry-After", retryAfter)
		refuse(w, r, accepted{}, &refusal{http.StatusServiceUnavailable, codeUnavailable, "too many streams are open; try again later"})
		return
	}
	defer leave()

	// The operation is begun by the goroutine that runs it, and not before the
	// answer: a subscription may wait for its first event in there.
	putHeader(w, header)
	w.Header().Set("Content-Type", typeEvents+"; charset=utf-8")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would wait for more
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "no-store")
	}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	s := events{w: w, control: http.NewResponseController(w), limit: h.config.WriteTimeout}
	defer s.end(r)
	// The header goes out with the first bytes, and not alone.
	if !s.write(":\n\n") {
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

	var shutdown <-chan struct{}
	if x.isSubscription() {
		shutdown = h.shutdown(ctx)
	}
	alive := time.NewTicker(h.config.KeepAlive)
	defer alive.Stop()
	for {
		select {
		case resp, more := <-responses:
			if !more {
				// Also where the client has gone, who doesn't hear it.
				if ctx.Err() == nil {
					s.write("event: complete\ndata:\n\n")
				}
				return
			}
			body, resp := h.encode(ctx, resp)
			_, body, letGo := h.keep(ctx, resp, body)
			sent := s.write("event: next\ndata: " + string(body) + "\n\n")
			letGo()
			if !sent {
				return
			}
			alive.Reset(h.config.KeepAlive)
		case <-alive.C:
			if !s.write(":\n\n") {
				return
			}
		case <-shutdown:
			return
		case <-ctx.Done():
			return
		}
	}
}

// events writes events, each in limited time.
type events struct {
	w       http.ResponseWriter
	control *http.ResponseController
	limit   time.Duration
}

func (s events) write(event string) bool {
	// The server's own limit is for an answer that ends. Where none can be
	// set, as in tests, there is none.
	_ = s.control.SetWriteDeadline(time.Now().Add(s.limit))
	if _, err := s.w.Write([]byte(event)); err != nil {
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
