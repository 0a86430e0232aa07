package server

import (
	"crypto/rand"
	"net/http"
	"regexp"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
)

const requestIDHeader = "X-Request-Id"

// A request id goes into log lines and answers as it is, so it may not be
// anything. UUIDs and the ids of the usual proxies are of this form.
var saneRequestID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:=+/-]{0,127}$`)

// giveRequestID puts the request's id into its context and into the answer:
// the one that a proxy has given it, if that is sane, or a new one.
func giveRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestIDHeader)
		if !saneRequestID.MatchString(id) {
			id = strings.ToLower(rand.Text())
		}
		w.Header().Set(requestIDHeader, id)
		next.ServeHTTP(w, r.WithContext(domain.WithRequestID(r.Context(), id)))
	})
}
