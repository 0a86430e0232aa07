package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// limitTime gives the request's context a deadline. Whoever works for the
// request stops then; if nothing has been answered by that time, this answers
// 503. A handler that doesn't watch its context is ended by the connection's
// own write timeout.
func limitTime(limit time.Duration) middleware {
	late := refusal{http.StatusServiceUnavailable, "UNAVAILABLE",
		fmt.Sprintf("the request took longer than %s; ask for less at once", limit)}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), limit)
			defer cancel()
			a := &answer{ResponseWriter: w}
			next.ServeHTTP(a, r.WithContext(ctx))
			if !a.begun() && errors.Is(ctx.Err(), context.DeadlineExceeded) && r.Context().Err() == nil {
				refuse(a, r, late)
			}
		})
	}
}
