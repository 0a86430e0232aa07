package transport

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// isUpgrade reports whether a request wants to become a WebSocket.
func isUpgrade(r *http.Request) bool {
	return r.Method == http.MethodGet && hasToken(r.Header, "Connection", "upgrade") && hasToken(r.Header, "Upgrade", "websocket")
}

func hasToken(header http.Header, name, token string) bool {
	for _, value := range header.Values(name) {
		for element := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(element), token) {
				return true
			}
		}
	}
	return false
}

// serveSocket serves graphql-transport-ws until the connection ends.
func (h *Handler) serveSocket(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Origin") != "" && !h.originAllowed(r) {
		refuse(w, r, accepted{}, &refusal{http.StatusForbidden, codeForbidden, "pages of this origin may not open a WebSocket here"})
		return
	}
	release := h.sockets.acquire(r.Context())
	if release == nil {
		w.Header().Set("Retry-After", retryAfter)
		refuse(w, r, accepted{}, &refusal{http.StatusServiceUnavailable, codeUnavailable, "too many WebSockets are open; try again later"})
		return
	}
	defer release()
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:       []string{subprotocol},
		InsecureSkipVerify: true, // the origin was checked above
	})
	if err != nil {
		return // Accept has written an error response
	}
	if conn.Subprotocol() != subprotocol {
		_ = conn.Close(closeSubprotocol, closeReasons[closeSubprotocol])
		return
	}
	conn.SetReadLimit(h.config.MaxMessage) // beyond it, the connection closes with 1009
	begun := make(chan struct{})
	close(begun)
	s := &session{h: h, conn: conn, request: r, initReceived: make(chan struct{}), begun: begun, operations: map[string]*operation{}}
	s.ctx, s.cancel = context.WithCancel(r.Context())
	s.serve()
}

func (h *Handler) originAllowed(r *http.Request) bool {
	if h.config.CheckOrigin != nil {
		return h.config.CheckOrigin(r)
	}
	origin, err := url.Parse(r.Header.Get("Origin"))
	return err == nil && strings.EqualFold(origin.Host, r.Host)
}

// serve reads messages until the connection ends, and waits for the goroutines of
// the session.
func (s *session) serve() {
	defer s.running.Wait()
	defer s.cancel()
	// This does nothing where the connection is closed already.
	defer func() { _ = s.conn.CloseNow() }()
	defer s.recover()
	s.running.Go(s.watch)

	// Not the session's context: when that ends, Read would abort the connection
	// before the close frame with its reason is sent.
	read := context.WithoutCancel(s.ctx)
	for {
		kind, body, err := s.conn.Read(read)
		if err != nil {
			return
		}
		s.received.Store(true)
		if s.closed.Load() {
			continue // until the client has acknowledged the close frame
		}
		if kind != websocket.MessageText {
			s.close(closeInvalid, "the message is not text")
			return
		}
		m, err := decodeMessage(body)
		if err != nil {
			s.close(closeInvalid, err.Error())
			return
		}
		if !s.handle(m) {
			return
		}
	}
}

// watch closes the connection when no connection_init comes, and when the
// server shuts down.
func (s *session) watch() {
	initTimeout := time.NewTimer(s.h.config.InitTimeout)
	defer initTimeout.Stop()
	for initReceived := s.initReceived; ; {
		select {
		case <-initReceived:
			initTimeout.Stop()
			initReceived = nil
			continue
		case <-initTimeout.C:
			s.close(closeInitTimeout, "")
		case <-s.h.shutdown(s.ctx):
			s.close(websocket.StatusGoingAway, "")
		case <-s.ctx.Done():
			if s.request.Context().Err() != nil {
				s.close(websocket.StatusGoingAway, "")
			}
		}
		return
	}
}

// recover closes the session after a panic in this package. A panic in an operation
// is an error of the operation.
func (s *session) recover() {
	if v := recover(); v != nil {
		s.h.recovered(s.ctx, v)
		s.close(closeInternal, "")
	}
}

// authenticate returns the context for an operation or for the connection, with its
// viewer. It is derived from ctx, which cancel ends.
func (s *session) authenticate(ctx context.Context, cancel context.CancelFunc) (context.Context, error) {
	authorization := cmp.Or(s.authorization, s.request.Header.Get("Authorization"))
	if authorization == "" || s.h.config.Authenticate == nil && s.authorization == "" {
		return ctx, nil // the middleware has authenticated the request
	}
	if s.h.config.Authenticate == nil {
		return nil, &gqlerror.Error{Message: "there are no credentials", Extensions: map[string]any{"code": codeForbidden}}
	}
	// The operation goes on with this context, so the timeout of the authentication
	// must not be a deadline in it.
	timer := time.AfterFunc(s.h.config.Timeout, cancel)
	defer timer.Stop()
	return s.h.config.Authenticate(s.request.WithContext(ctx), authorization)
}

// closeForError closes the connection for an error of authentication. The executor
// presents it first, so that the details are logged and not sent.
func (s *session) closeForError(err error) {
	resp := s.h.presented(s.ctx, err)
	code := any(nil)
	if resp != nil && len(resp.Errors) > 0 {
		code = resp.Errors[0].Extensions["code"]
	}
	switch code {
	case "UNAUTHENTICATED", codeForbidden:
		s.close(closeForbidden, "")
	case codeUnavailable:
		s.close(websocket.StatusTryAgainLater, "")
	default:
		s.close(closeInternal, "")
	}
}
