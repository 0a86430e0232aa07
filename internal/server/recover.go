package server

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
)

// recoverPanics answers a panic with 500 and the request's id; the stack goes
// to the log. Where the answer had begun, the connection is cut, so that the
// client doesn't take half an answer for a whole one.
func recoverPanics(log *slog.Logger) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := &responseRecorder{ResponseWriter: w}
			defer func() {
				v := recover()
				if v == nil {
					return
				}
				if v == http.ErrAbortHandler {
					panic(v) // net/http knows it, and says nothing
				}
				log.ErrorContext(r.Context(), "panic in a handler", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
				if a.started() {
					panic(http.ErrAbortHandler)
				}
				refuse(a, r, internalError)
			}()
			next.ServeHTTP(a, r)
		})
	}
}
