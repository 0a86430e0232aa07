package server

import (
	"math/rand/v2"
	"net/http"
	"regexp"
)

const requestIDHeader = "X-Request-Id"

// validRequestID is the form of request ids that are accepted from clients. An id is
// written to logs and responses unchanged. UUIDs and the ids of common proxies match.
var validRequestID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:=+/-]{0,127}$`)

// assignRequestID sets the request's id in the response, and returns it: the one in
// the request, as set by a proxy, if it is valid, or a new one.
func assignRequestID(w http.ResponseWriter, r *http.Request) string {
	id := r.Header.Get(requestIDHeader)
	if id == "" || !validRequestID.MatchString(id) {
		id = newRequestID()
	}
	w.Header()[requestIDHeader] = []string{id}
	return id
}

// newRequestID returns a unique id. It is not a secret, and may be predictable.
func newRequestID() string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	var id [26]byte // 130 bits, of which 128 are random
	high, low := rand.Uint64(), rand.Uint64()
	for i := range 13 {
		id[i], id[i+13] = alphabet[high%32], alphabet[low%32]
		high, low = high/32, low/32
	}
	return string(id[:])
}
