package server

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/redthread-api/redthread/internal/domain"
)

// limitBody refuses requests that are larger than their viewer may send, with 413: at
// once where they have a Content-Length, and otherwise when the limit is exceeded,
// whatever the handler writes about the error of its reader. Staff send whole
// reports; all others only queries.
func limitBody(staff, others int64) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			max := others
			if viewer, err := domain.ViewerFrom(r.Context()); err == nil && viewer.Role.Staff() {
				max = staff
			}
			if r.ContentLength > max {
				// The body is not read, so the connection cannot be reused.
				w.Header().Set("Connection", "close")
				refuse(w, r, tooLarge(max))
				return
			}
			if r.ContentLength >= 0 {
				next.ServeHTTP(w, r) // net/http reads no more than that
				return
			}
			a := &limitedResponse{responseRecorder: responseRecorder{ResponseWriter: w}, request: r, max: max}
			r.Body = &limitedBody{ReadCloser: http.MaxBytesReader(w, r.Body, max), over: &a.over}
			next.ServeHTTP(a, r)
			if a.over.Load() && !a.started() {
				a.WriteHeader(http.StatusRequestEntityTooLarge)
			}
		})
	}
}

func tooLarge(max int64) refusal {
	return refusal{status: http.StatusRequestEntityTooLarge, code: "BAD_USER_INPUT", message: fmt.Sprintf("the request is larger than %d bytes", max)}
}

// limitedBody records when the limit of a body is exceeded.
type limitedBody struct {
	io.ReadCloser
	over *atomic.Bool
}

func (b *limitedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			b.over.Store(true)
		}
	}
	return n, err
}

// limitedResponse replaces the response of a handler whose body was over the limit.
type limitedResponse struct {
	responseRecorder
	request  *http.Request
	max      int64
	over     atomic.Bool
	replaced bool
}

func (a *limitedResponse) WriteHeader(status int) {
	if a.started() || !a.over.Load() {
		if !a.replaced {
			a.responseRecorder.WriteHeader(status)
		}
		return
	}
	a.replaced = true
	a.Header().Set("Connection", "close")
	refuse(&a.responseRecorder, a.request, tooLarge(a.max))
}

func (a *limitedResponse) Write(b []byte) (int, error) {
	if !a.started() {
		a.WriteHeader(http.StatusOK)
	}
	if a.replaced {
		return len(b), nil // the handler's own error message
	}
	return a.responseRecorder.Write(b)
}
