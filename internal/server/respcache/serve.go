package respcache

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
)

// maxWaits is how often a request waits for the response of another. Where that has
// none to share, because its client has disconnected or has used up its quota, the
// first waiting request makes the response. After maxWaits a request makes its own.
const maxWaits = 2

// Wrap returns a handler that serves cached responses and caches those of next.
// The requests' contexts must carry a viewer. On a nil Cache it is next.
func (c *Cache) Wrap(next http.Handler) http.Handler {
	if c == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q, ok := newLookup(r)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		defer q.release()
		q.next = next
		// Not before newLookup: it reads the body, which may take long.
		q.now = c.now()
		if q.state, q.age = c.state(q.now); q.state == nil {
			q.forward(w, r)
			return
		}
		c.serve(w, r, &q)
	})
}

// forward serves the request by the next handler, without the cache.
func (q *lookup) forward(w http.ResponseWriter, r *http.Request) {
	if q.buffer != nil {
		r.Body = q.requestBody()
	}
	q.next.ServeHTTP(w, r)
}

// serve serves a request from the cache, from the response of another request that is
// being made, or by the next handler.
func (c *Cache) serve(w http.ResponseWriter, r *http.Request, q *lookup) {
	if c.entries == nil {
		c.fill(w, r, q, nil)
		return
	}
	if e := c.cached(q); e != nil {
		c.serveEntry(w, r, q, e, &c.hits)
		return
	}
	for range maxWaits {
		f, lead := c.join(flightKey{q.key, q.state.epoch, q.viewer.Authenticated()})
		if lead {
			// A flight may have finished since the entry was looked up.
			if e := c.cached(q); e != nil {
				f.finish(e, false)
				c.serveEntry(w, r, q, e, &c.hits)
				return
			}
			c.fill(w, r, q, f)
			return
		}
		select {
		case <-f.done:
		case <-r.Context().Done():
			q.forward(w, r) // next writes the error
			return
		}
		if f.uncacheable {
			q.forward(w, r)
			return
		}
		q.now = c.now()
		if e := f.entry; e != nil && e.usableBy(q.viewer, q.now) {
			c.serveEntry(w, r, q, e, &c.shared)
			return
		}
	}
	c.fill(w, r, q, nil)
}

// cached returns the entry for a lookup; nil where there is none that may be
// used.
func (c *Cache) cached(q *lookup) *entry {
	e, ok := c.entries.GetIfPresent(q.key)
	switch {
	case !ok:
		return nil
	case !q.state.shows(e, q.viewer.Clearance):
		c.drop(q.key, e)
		return nil
	case !e.usableBy(q.viewer, q.now):
		return nil
	}
	return e
}

// counter is a counter of [Stats].
type counter interface{ Add(int64) int64 }

// serveEntry serves an entry that was made for another request.
func (c *Cache) serveEntry(w http.ResponseWriter, r *http.Request, q *lookup, e *entry, count counter) {
	header := w.Header()
	if !c.quotas.Charge(r.Context(), hitCost, header) {
		// Without quota for this there is none for next either, which writes the
		// error in its own form.
		q.forward(w, r)
		return
	}
	count.Add(1)
	if c.onOperation != nil && e.terms.Operation != (transport.Operation{}) {
		c.onOperation(r.Context(), e.terms.Operation)
	}
	if q.kind.validates() {
		header["Age"] = ageText(q.age)
	}
	c.send(w, r, q, e)
}

// fill serves a miss: by the next handler, whose response it caches if it may. f is the
// flight whose requests wait for the response; nil where there is none.
func (c *Cache) fill(w http.ResponseWriter, r *http.Request, q *lookup, f *flight) {
	onDeny := func() {}
	if f != nil {
		onDeny = func() { f.finish(nil, true) }
		defer f.finish(nil, false) // also where next panics
	}
	ctx, decision := transport.WithCacheDecision(r.Context(), onDeny)
	captured := &capture{ResponseWriter: w, decision: decision, header: http.Header{}, head: r.Method == http.MethodHead}
	q.forward(captured, unconditional(ctx, r))
	terms, ok := captured.finish()
	if !ok {
		return
	}
	c.misses.Add(1)
	e := newEntry(captured.header, captured.body, terms, q)
	if c.tags && terms.Marking == domain.Clear {
		e.addTags()
	}
	e = e.withCoding(q.coding)
	if c.entries != nil && (terms.Sequence < 0 || terms.Sequence >= q.state.version.Sequence) {
		// What was published meanwhile may have changed it, or it has it already.
		if c.current.Load().shows(e, e.clearance) {
			c.entries.Set(q.key, e)
		}
		if f != nil {
			f.finish(e, false)
		}
	}
	delete(captured.header, "Vary") // the entry has these
	delete(captured.header, "Last-Modified")
	captured.copyHeader()
	c.send(w, r, q, e)
}

// unconditional returns the request without its conditions and as GET, so that the
// response can be used for all requests with the same key.
func unconditional(ctx context.Context, r *http.Request) *http.Request {
	whole := r.WithContext(ctx)
	if whole.Method == http.MethodHead {
		whole.Method = http.MethodGet
	}
	cloned := false
	for _, name := range []string{"If-None-Match", "If-Modified-Since", "If-Range", "Range"} {
		if len(r.Header[name]) == 0 {
			continue
		}
		if !cloned {
			whole.Header, cloned = r.Header.Clone(), true
		}
		whole.Header.Del(name)
	}
	return whole
}

// send writes an entry as the response.
func (c *Cache) send(w http.ResponseWriter, r *http.Request, q *lookup, e *entry) {
	coding := e.codingFor(q.coding)
	if e.bodies[coding] == nil {
		e = e.withCoding(coding)
		if c.entries != nil {
			// Only if the entry has not been evicted or replaced meanwhile.
			c.entries.ComputeIfPresent(q.key, func(present *entry) (*entry, otter.ComputeOp) {
				if present.confirmed != e.confirmed {
					return present, otter.CancelOp
				}
				return e, otter.WriteOp
			})
		}
	}
	header, body := w.Header(), e.bodies[coding]
	header["Vary"] = e.varyWith(header["Vary"])
	if !q.kind.validates() {
		// The response to a POST is not the representation of its URL: without a
		// Content-Location no cache may reuse it (RFC 9110, 9.3.3), and it has no
		// validator, since there is no 304 to a POST.
		header["Cache-Control"] = noStore
		e.write(w, r, body)
		return
	}
	header["Etag"] = body.validator
	header["Cache-Control"] = c.cacheControl(q, e)
	if e.tags != nil && !q.viewer.Authenticated() {
		header[cacheTag], header[surrogateKey] = e.tags.commas, e.tags.spaces
	}
	dated := e.hasLastModified(q.now)
	if dated {
		header["Last-Modified"] = []string{e.modified.Format(http.TimeFormat)}
	}
	if notModified(r.Header, body.validator[0], dated, e.modified) {
		c.unchanged.Add(1)
		// The header of a 304 replaces that of the response which the client has
		// stored (RFC 9111, 3.2), and middleware sets a policy on all responses:
		// without the entry's own, a page would lose its style on revalidation.
		for _, f := range e.header {
			if f.name == policyField {
				header[f.name] = f.values
			}
		}
		w.WriteHeader(http.StatusNotModified)
		return
	}
	e.write(w, r, body)
}

const policyField = "Content-Security-Policy"

var (
	noStore = []string{"no-store"}
	private = []string{"private, no-cache"}

	revalidated = []string{"public, no-cache"}
)

// cacheControl is the Cache-Control of a response to GET or QUERY: public for content
// that is public and requested without a credential, and private for all else.
//
// That to QUERY has no max-age. A cache that goes by the URL alone, as those written
// before RFC 10008 may, has to revalidate it, and the validator is that of one body.
func (c *Cache) cacheControl(q *lookup, e *entry) []string {
	switch {
	case q.viewer.Authenticated() || e.terms.Marking > domain.Clear:
		return private
	case q.kind == byQuery:
		return revalidated
	}
	return c.public
}

func publicCacheControl(maxAge time.Duration) []string {
	if maxAge < time.Second {
		return revalidated
	}
	return []string{"public, max-age=" + strconv.FormatInt(int64(maxAge/time.Second), 10) + ", must-revalidate"}
}

var zeroAge = []string{"0"}

// ageText is the value of Age: the time since the version was last confirmed.
func ageText(age time.Duration) []string {
	if age < time.Second {
		return zeroAge
	}
	return []string{strconv.FormatInt(int64(age/time.Second), 10)}
}
