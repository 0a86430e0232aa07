package rest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/server/page"
)

// static is a response that is the same for all requests, made at the first request.
type static struct {
	contentType string
	policy      string // the content security policy; empty for that of the server
	content     func() (body []byte, tag string)
}

func newStatic(contentType, policy string, body func() []byte) *static {
	return &static{contentType, policy, sync.OnceValues(func() ([]byte, string) {
		content := body()
		sum := sha256.Sum256(content)
		return content, hex.EncodeToString(sum[:16])
	})}
}

func (s *static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, tag := s.content()
	header := w.Header()
	header.Set("Content-Type", s.contentType)
	header.Set("Cache-Control", "no-cache")
	// Weak, because middleware may compress the response.
	header.Set("ETag", `W/"`+tag+`"`)
	if s.policy != "" {
		header.Set("Content-Security-Policy", s.policy)
	}
	// ServeContent handles conditional requests and HEAD.
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// Description serves the routes' description in OpenAPI 3.1.
func (a *API) Description() http.Handler {
	return newStatic("application/json", "", a.description)
}

// Page serves the description of the routes as an HTML page.
func (a *API) Page() http.Handler {
	return newStatic("text/html; charset=utf-8", page.Policy(page.Style+pageStyle), a.page)
}
