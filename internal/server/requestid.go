package server

import (
	"math/rand/v2"
	"net/http"
	"regexp"
)

const requestIDHeader = "X-Request-Id"

// A request id goes into log lines and answers as it is, so it may not be
// anything. UUIDs and the ids of the usual proxies are of this form.
var validRequestID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:=+/-]{0,127}$`)

// assignRequestID puts the request's id into the answer, and returns it: the one
// that a proxy has given it, if that is sane, or a new one.
func assignRequestID(w http.ResponseWriter, r *http.Request) string {
	id := r.Header.Get(requestIDHeader)
	if id == "" || !validRequestID.MatchString(id) {
		id = newRequestID()
	}
	w.Header()[requestIDHeader] = []string{id}
	return id
}

// newRequestID returns an id that no other request has. It is not a secret, and
// nothing follows from knowing the next one.
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
