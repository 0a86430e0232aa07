package server

import (
	"context"
	"net/http"
	"sync"

	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/domain"
)

// sockets counts the requests that may become WebSockets. A connection that
// has become one is no longer http.Server's, whose Shutdown doesn't wait for
// it.
type sockets struct {
	mu   sync.Mutex
	open int
	none chan struct{} // closed while there are none
}

func newSockets() *sockets {
	none := make(chan struct{})
	close(none)
	return &sockets{none: none}
}

func (s *sockets) add(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == 0 {
		s.none = make(chan struct{})
	}
	if s.open += n; s.open == 0 {
		close(s.none)
	}
}

// count is the middleware that counts.
func (s *sockets) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			s.add(1)
			defer s.add(-1)
		}
		next.ServeHTTP(w, r)
	})
}

// wait returns when none is open, or with ctx's error.
func (s *sockets) wait(ctx context.Context) error {
	s.mu.Lock()
	none := s.none
	s.mu.Unlock()
	select {
	case <-none:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Authenticate returns the function that authenticates a credential which was sent over
// a WebSocket and not in the header of a request. The credential has the form of the
// header Authorization. The function returns r's context with the viewer.
func Authenticate(auth Authenticator) func(r *http.Request, authorization string) (context.Context, error) {
	return func(r *http.Request, authorization string) (context.Context, error) {
		viewer, err := authenticate(r, authorization, auth)
		if err != nil {
			return nil, err
		}
		return access.WithRecheck(domain.WithViewer(r.Context(), viewer), func(ctx context.Context) (*domain.Viewer, error) {
			return authenticate(r.WithContext(ctx), authorization, auth)
		}), nil
	}
}
