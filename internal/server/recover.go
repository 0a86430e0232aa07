package server

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
)

// recoverPanics responds to a panic with 500 and the request's id, and logs the stack.
// Where the response had begun, it aborts the connection, so that the client doesn't
// take the part for the whole.
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
					panic(v) // net/http handles it without logging
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
