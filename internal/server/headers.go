package server

import "net/http"

// The values of the headers. They are shared and must not be appended to.
var (
	noSniff    = []string{"nosniff"}
	noReferrer = []string{"no-referrer"}
	noFrames   = []string{"DENY"}
	loadNone   = []string{"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}
)

// secureHeaders sets the headers that keep browsers from guessing media types, from
// showing responses in frames, and from loading anything for them. The explorer
// replaces the Content-Security-Policy with its own.
func secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header["X-Content-Type-Options"] = noSniff
		header["Referrer-Policy"] = noReferrer
		header["X-Frame-Options"] = noFrames
		header["Content-Security-Policy"] = loadNone
		next.ServeHTTP(w, r)
	})
}
