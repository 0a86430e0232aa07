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

	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/dependency"
	"github.com/redthread-api/redthread/internal/domain"
)

// entry is a cached response. It is immutable, except for its last merged Vary and for how
// long it is known to be right.
type entry struct {
	header []field  // without the fields of single requests
	vary   []string // the Vary of the response, one value
	terms  transport.CacheTerms
	// dependsOn are the keys of what it depends on, in order.
	dependsOn []dependency.Key
	clearance domain.Marking // of the viewers that may have it
	// confirmed is the epoch of the latest state in which it is known to be right. It also
	// identifies the response: the same one in other codings shares it.
	confirmed *atomic.Int64
	etag      string // the validator without its quotes
	tags      *tags  // nil: the response is not to have any
	// modified is the Last-Modified of the response; the zero time where it has
	// none.
	modified     time.Time
	compressible bool // it is worth compressing
	bodies       [codings]*body
	weight       uint32
	varied       *atomic.Pointer[mergedVary] // the last one that was needed
}

// field is a field of a header. Its values have no spare capacity, so that
// appending to them makes a copy.
type field struct {
	name   string
	values []string
}

// body is the body of a response in a coding, with its validator and header fields.
type body struct {
	bytes     []byte
	validator []string // the ETag, one value
	header    []field
}

// perRequestFields are fields that are not stored in an entry.
var perRequestFields = []string{"Ratelimit", "Ratelimit-Policy", "Retry-After", "X-Request-Id", "Date",
	// These are computed for each response.
	"Cache-Control", "Content-Length", "Etag", "Last-Modified", "Age", "Vary"}

// entryOverhead is the size of an entry besides its texts, in bytes: its structures and
// the table's records, as measured.
const entryOverhead = 1 << 10

// maxDependencies is the greatest number of keys of an entry; one of a feed may be made of
// several operations.
const maxDependencies = read.MaxDependencies

// newEntry makes the entry of a response to q. It was read at q's state or later.
func newEntry(header http.Header, plain []byte, terms transport.CacheTerms, q *lookup) *entry {
	e := &entry{terms: terms, weight: entryOverhead, varied: new(atomic.Pointer[mergedVary]), confirmed: new(atomic.Int64), clearance: q.viewer.Clearance}
	e.confirmed.Store(q.state.epoch)
	e.dependsOn = slices.Clip(dependency.Distinct(slices.Clone(terms.DependsOn), maxDependencies))
	e.terms.DependsOn = nil
	e.weight += uint32(8 * len(e.dependsOn))
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
	hash.Write([]byte(contentType + "\x00")) // the same body with another type is another response
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

// addBody adds a body. The entry must not be shared yet.
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

// codingFor is the coding in which the entry is sent to a client that prefers c.
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

// usableBy reports whether the entry may be used for a viewer now. It checks the terms
// only; role and clearance are in the key.
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

// varyWith is the entry's Vary merged with the values that middleware has set, which
// are nearly always the same.
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

// mergedVary is a cached result of varyWith.
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

// write writes the response with status 200.
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
		_, _ = w.Write(b.bytes) // the client may have disconnected
	}
}
