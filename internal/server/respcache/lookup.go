package respcache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
)

// maxBody is the largest body, in bytes, of a request that may be served from the
// cache. Frontends send a tenth of it.
const maxBody = 64 << 10

// key is the hash of a request; see the package comment.
type key [sha256.Size]byte

// lookup is a request that may be served from the cache.
type lookup struct {
	key    key
	viewer *domain.Viewer
	coding coding
	kind   requestKind
	buffer *keyBuffer // nil where the body is not in it

	next  http.Handler // serves the request where no entry does
	now   time.Time
	state *state // that was known when the request arrived
	age   time.Duration
}

// requestKind is a kind of request, by its method. Requests of different kinds don't
// share entries.
type requestKind byte

const (
	byPost  requestKind = iota
	byGet               // GET and HEAD
	byQuery             // QUERY, of RFC 10008
)

func (k requestKind) hasBody() bool { return k != byGet }

// validates reports whether responses have a validator, and requests may be conditional.
// The response to a POST is not the representation of its URL.
func (k requestKind) validates() bool { return k != byPost }

// keyBuffer is the memory in which the input of a key's hash is written. That of a
// request with a body ends with it.
type keyBuffer struct {
	bytes     []byte
	bodyStart int
}

var keyBuffers = sync.Pool{New: func() any { return &keyBuffer{bytes: make([]byte, 0, 4<<10)} }}

// newLookup makes the lookup of a request. ok is false where the request bypasses the
// cache. The request's body can be read as before in any case.
func newLookup(r *http.Request) (q lookup, ok bool) {
	viewer, err := domain.ViewerFrom(r.Context())
	if err != nil || viewer.System || !viewer.May(domain.ReadLive) {
		return q, false
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		// A GET with a body is refused.
		if r.ContentLength != 0 {
			return q, false
		}
		q.kind = byGet
	case http.MethodPost, transport.MethodQuery:
		if r.Method == transport.MethodQuery {
			q.kind = byQuery
		}
		// All common clients send a Content-Length.
		if r.ContentLength <= 0 || r.ContentLength > maxBody {
			return q, false
		}
	default:
		return q, false
	}
	accept := r.Header["Accept"]
	if len(r.Header["Upgrade"]) > 0 || wantsStream(accept) {
		return q, false
	}
	q.viewer = viewer
	q.coding = codingOf(r.Header.Get("Accept-Encoding"))

	buffer := keyBuffers.Get().(*keyBuffer)
	b := append(buffer.bytes[:0], byte(viewer.Role), byte(viewer.Clearance), byte(q.kind))
	b = binary.AppendVarint(b, int64(viewer.RateLimit))
	b = appendText(b, r.Host)
	b = appendText(b, r.URL.Path)
	b = appendText(b, r.URL.RawPath)
	b = appendText(b, r.URL.RawQuery)
	b = appendTexts(b, accept)
	b = appendTexts(b, r.Header[domain.StageHeader])
	buffer.bodyStart = len(b)
	if q.kind.hasBody() {
		b = appendTexts(b, r.Header["Content-Type"])
		b = appendTexts(b, r.Header["Content-Encoding"])
		buffer.bodyStart = len(b)
		if b, ok = appendBody(b, r); !ok {
			buffer.bytes = b // not put back, because the request reads from it
			return q, false
		}
		q.buffer = buffer
	}
	buffer.bytes = b
	q.key = sha256.Sum256(b)
	if q.buffer == nil {
		keyBuffers.Put(buffer)
	}
	return q, true
}

// release returns the buffer to the pool, after the response has been sent.
func (q *lookup) release() {
	if q.buffer != nil {
		keyBuffers.Put(q.buffer)
		q.buffer = nil
	}
}

// requestBody returns the request's body from its beginning.
func (q *lookup) requestBody() io.ReadCloser {
	if q.buffer == nil {
		return http.NoBody
	}
	return io.NopCloser(bytes.NewReader(q.buffer.bytes[q.buffer.bodyStart:]))
}

// appendBody reads the whole body. Where that fails, it replaces the request's
// body by one that begins with what was read and ends with the error.
func appendBody(b []byte, r *http.Request) (_ []byte, ok bool) {
	from, n := len(b), int(r.ContentLength)
	if cap(b)-from < n {
		b = append(make([]byte, 0, from+n), b...)
	}
	read, err := io.ReadFull(r.Body, b[from:from+n])
	b = b[:from+read]
	if err != nil {
		r.Body = failedBody{io.MultiReader(bytes.NewReader(b[from:]), errorReader{err}), r.Body}
		return b, false
	}
	return b, true
}

// failedBody is a body that ends with an error.
type failedBody struct {
	io.Reader
	io.Closer
}

type errorReader struct{ err error }

func (f errorReader) Read([]byte) (int, error) { return 0, f.err }

// wantsStream reports whether a client may want an event stream. In doubt it returns
// true.
func wantsStream(accept []string) bool {
	for _, value := range accept {
		if value == "*/*" || value == "application/json" {
			continue // nearly all
		}
		value = strings.ToLower(value)
		if strings.Contains(value, "event-stream") || strings.Contains(value, "text/*") {
			return true
		}
	}
	return false
}

// appendText appends a text with its length, so that different lists of texts have
// different encodings.
func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendTexts(b []byte, list []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, s := range list {
		b = appendText(b, s)
	}
	return b
}
