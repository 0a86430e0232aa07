package server

import "net/http"

// The values are made once; nobody appends to them.
var (
	noSniff    = []string{"nosniff"}
	noReferrer = []string{"no-referrer"}
	noFrames   = []string{"DENY"}
	loadNone   = []string{"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}
)

// secureHeaders tells browsers to take answers for what they say they are, to
// leave them out of frames, and to load nothing on their behalf. The explorer
// replaces the policy with its own.
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
