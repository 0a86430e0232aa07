package respcache

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
)

// entry is a cached response. It is immutable, except for its last merged Vary.
type entry struct {
	header []field  // of all requests alike
	vary   []string // what the answer depends on, one line
	terms  transport.CacheTerms
	etag   string // the validator without its quotes
	// modified is when the answer last changed, to the second; the zero time
	// where it does not say.
	modified     time.Time
	compressible bool // it is worth compressing
	bodies       [codings]*body
	weight       uint32
	varied       *atomic.Pointer[mergedVary] // the last that was asked for
}

// field is a field of a header. Its values have no room, so that appending to
// them makes a copy.
type field struct {
	name   string
	values []string
}

// body is an answer's body in a coding, and what depends on that.
type body struct {
	bytes     []byte
	validator []string // the ETag, one value
	header    []field
}

// perRequestFields are those of one request, whoever asks the same.
var perRequestFields = []string{"Ratelimit", "Ratelimit-Policy", "Retry-After", "X-Request-Id", "Date",
	// These are worked out anew.
	"Cache-Control", "Content-Length", "Etag", "Last-Modified", "Age", "Vary"}

// What an entry takes besides its texts: the structures here and the table's
// records, as measured.
const entryOverhead = 1 << 10

func newEntry(header http.Header, plain []byte, terms transport.CacheTerms) *entry {
	e := &entry{terms: terms, weight: entryOverhead, varied: new(atomic.Pointer[mergedVary])}
	if at, err := http.ParseTime(header.Get("Last-Modified")); err == nil {
		e.modified = at
	}
	for name, values := range header {
		if !slices.Contains(perRequestFields, name) {
			e.add(name, slices.Clip(slices.Clone(values)))
		}
	}
	e.vary = []string{mergeLists([]string{"Accept-Encoding", "Authorization"}, header["Vary"])}

	contentType := header.Get("Content-Type")
	hash := sha256.New()
	hash.Write([]byte(contentType + "\x00")) // another type is another answer
	hash.Write(plain)
	e.etag = base64.RawURLEncoding.EncodeToString(hash.Sum(nil)[:16])
	e.compressible = len(plain) >= MinCompressed && Compressible(contentType)
	e.addBody(identity, plain)
	return e
}

func (e *entry) add(name string, values []string) {
	e.header = append(e.header, field{name, values})
	e.weight += uint32(len(name))
	for _, v := range values {
		e.weight += uint32(len(v))
	}
}

// addBody adds a body; the entry must not have been shown to anybody.
func (e *entry) addBody(c coding, bytes []byte) {
	b := &body{bytes: bytes, validator: []string{`"` + e.etag + `"`}}
	b.header = append(b.header, field{"Content-Length", []string{strconv.Itoa(len(bytes))}})
	if c != identity {
		b.validator = []string{`"` + e.etag + "-" + c.String() + `"`}
		b.header = append(b.header, field{"Content-Encoding", []string{c.String()}})
	}
	e.bodies[c] = b
	e.weight += uint32(cap(bytes))
}

// codingFor is the coding of the answer for who asks for c.
func (e *entry) codingFor(c coding) coding {
	if !e.compressible {
		return identity
	}
	return c
}

// withCoding returns the entry with the body in a coding as well.
func (e *entry) withCoding(c coding) *entry {
	if c = e.codingFor(c); e.bodies[c] != nil {
		return e
	}
	more := *e
	more.addBody(c, c.encode(e.bodies[identity].bytes))
	return &more
}

// usableBy reports whether a viewer may be given the answer now. That the
// viewer is of the right kind is in the key.
func (e *entry) usableBy(v *domain.Viewer, now time.Time) bool {
	if e.terms.Credential != nil && *e.terms.Credential != v.CredentialID() ||
		!e.terms.ExpiresAt.IsZero() && !now.Before(e.terms.ExpiresAt) {
		return false
	}
	for _, holds := range e.terms.StillValid {
		if !holds() {
			return false
		}
	}
	return true
}

// varyWith is the Vary of an answer to which others have added theirs: nearly
// always the same.
func (e *entry) varyWith(others []string) []string {
	if len(others) == 0 {
		return e.vary
	}
	if last := e.varied.Load(); last != nil && slices.Equal(last.others, others) {
		return last.all
	}
	v := &mergedVary{slices.Clone(others), []string{mergeLists(others, e.vary)}}
	e.varied.Store(v)
	return v.all
}

// mergedVary is a Vary that was put together from those of others.
type mergedVary struct{ others, all []string }

// mergeLists is a list of the elements of both, each once, in order.
func mergeLists(a, b []string) string {
	var all []string
	for _, line := range [][]string{a, b} {
		for element := range strings.SplitSeq(strings.Join(line, ","), ",") {
			if element = strings.TrimSpace(element); element != "" && !slices.Contains(all, element) {
				all = append(all, element)
			}
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// write sends the whole answer.
func (e *entry) write(w http.ResponseWriter, r *http.Request, b *body) {
	header := w.Header()
	for _, f := range e.header {
		header[f.name] = f.values
	}
	for _, f := range b.header {
		header[f.name] = f.values
	}
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.bytes) // the client may have gone
	}
}
