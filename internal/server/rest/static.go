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

// static is an answer that is the same for everybody for as long as the
// process runs, made when it is first asked for.
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
	// Weak, because what stands around this may compress it.
	header.Set("ETag", `W/"`+tag+`"`)
	if s.policy != "" {
		header.Set("Content-Security-Policy", s.policy)
	}
	// ServeContent knows conditional requests and HEAD.
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// Description serves the routes' description in OpenAPI 3.1.
func (a *API) Description() http.Handler {
	return newStatic("application/json", "", a.description)
}

// Page serves the description of the routes for people.
func (a *API) Page() http.Handler {
	return newStatic("text/html; charset=utf-8", page.Policy(page.Style+pageStyle), a.page)
}
