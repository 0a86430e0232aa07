package respcache

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
)

// maxWaits is how often a request waits for the answer to another. When that
// comes to nothing, because that client has gone or had spent its budget, the
// first of those who waited makes it; but nobody waits for ever.
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
		// Not before: a body may take its time.
		q.now = c.now()
		if q.generation, q.age = c.generation(q.now); q.generation == nil {
			q.forward(w, r)
			return
		}
		c.serve(w, r, &q)
	})
}

// forward has the next handler answer, whatever that comes to.
func (q *lookup) forward(w http.ResponseWriter, r *http.Request) {
	if q.buffer != nil {
		r.Body = q.requestBody()
	}
	q.next.ServeHTTP(w, r)
}

func (c *Cache) serve(w http.ResponseWriter, r *http.Request, q *lookup) {
	g := q.generation
	if g.entries == nil {
		c.fill(w, r, q, nil)
		return
	}
	if e := q.cached(); e != nil {
		c.serveShared(w, r, q, e, &c.hits)
		return
	}
	for range maxWaits {
		f, lead := g.join(flightKey{q.key, q.viewer.Authenticated()})
		if lead {
			// The one before may have landed since it was looked for.
			if e := q.cached(); e != nil {
				f.finish(e, false)
				c.serveShared(w, r, q, e, &c.hits)
				return
			}
			c.fill(w, r, q, f)
			return
		}
		select {
		case <-f.done:
		case <-r.Context().Done():
			q.forward(w, r) // which has to say so
			return
		}
		if f.uncacheable {
			q.forward(w, r)
			return
		}
		q.now = c.now()
		if e := f.entry; e != nil && e.usableBy(q.viewer, q.now) {
			c.serveShared(w, r, q, e, &c.shared)
			return
		}
	}
	c.fill(w, r, q, nil)
}

// cached returns the entry for a lookup; nil where there is none that may be
// used.
func (q *lookup) cached() *entry {
	e, ok := q.generation.entries.GetIfPresent(q.key)
	if !ok || !e.usableBy(q.viewer, q.now) {
		return nil
	}
	return e
}

// counter is one of the cache's.
type counter interface{ Add(int64) int64 }

// serveShared serves an entry that was made for another request.
func (c *Cache) serveShared(w http.ResponseWriter, r *http.Request, q *lookup, e *entry, count counter) {
	header := w.Header()
	if !c.budgets.Charge(r.Context(), hitCost, header) {
		// Who has nothing left for this has nothing left for next, which says
		// so in its own words.
		q.forward(w, r)
		return
	}
	count.Add(1)
	if q.validates {
		header["Age"] = ageText(q.age)
	}
	c.send(w, r, q, e)
}

// fill has the next handler answer, and keeps the answer if it may be. f is the flight of
// those who wait for it; nil where there is none.
func (c *Cache) fill(w http.ResponseWriter, r *http.Request, q *lookup, f *flight) {
	refused := func() {}
	if f != nil {
		refused = func() { f.finish(nil, true) }
		defer f.finish(nil, false) // also where next panics
	}
	ctx, decision := transport.WithCacheDecision(r.Context(), refused)
	held := &capture{ResponseWriter: w, decision: decision, header: http.Header{}, head: r.Method == http.MethodHead}
	q.forward(held, unconditional(ctx, r))
	terms, ok := held.finish()
	if !ok {
		return
	}
	c.misses.Add(1)
	e := newEntry(held.header, held.body, terms).withCoding(q.coding)
	if g := q.generation; g.entries != nil && (terms.Sequence < 0 || terms.Sequence >= g.version.Sequence) {
		g.entries.Set(q.key, e)
		if f != nil {
			f.finish(e, false)
		}
	}
	delete(held.header, "Vary") // the entry has these
	delete(held.header, "Last-Modified")
	held.copyHeader()
	c.send(w, r, q, e)
}

// unconditional is the request of which all who ask the same can have the
// answer: it is not about what one of them has already.
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

// send answers with an entry.
func (c *Cache) send(w http.ResponseWriter, r *http.Request, q *lookup, e *entry) {
	coding := e.codingFor(q.coding)
	if e.bodies[coding] == nil {
		e = e.withCoding(coding)
		if kept := q.generation.entries; kept != nil {
			// Unless it has gone meanwhile.
			kept.ComputeIfPresent(q.key, func(*entry) (*entry, otter.ComputeOp) { return e, otter.WriteOp })
		}
	}
	header, body := w.Header(), e.bodies[coding]
	header["Vary"] = e.varyWith(header["Vary"])
	if !q.validates {
		// An answer to a POST is not what is at the URL: without a
		// Content-Location no cache may give it to the next who asks (RFC 9110,
		// 9.3.3), and it has no validator, since there is no 304 to a POST.
		header["Cache-Control"] = noStore
		e.write(w, r, body)
		return
	}
	header["Etag"] = body.validator
	header["Cache-Control"] = c.cacheControl(q.viewer, e)
	dated := e.hasLastModified(q.now)
	if dated {
		header["Last-Modified"] = []string{e.modified.Format(http.TimeFormat)}
	}
	if notModified(r.Header, body.validator[0], dated, e.modified) {
		c.unchanged.Add(1)
		// What a 304 has in its header replaces what the client kept (RFC 9111,
		// 3.2), and all answers begin with a policy: without the entry's own, a
		// page would lose its style when it is looked at again.
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
)

// cacheControl is the Cache-Control of an answer. Others may keep what everybody may
// see, and everybody's own cache what they may.
func (c *Cache) cacheControl(v *domain.Viewer, e *entry) []string {
	if v.Authenticated() || e.terms.Marking > domain.Clear {
		return private
	}
	return c.public
}

func publicFor(maxAge time.Duration) []string {
	if maxAge < time.Second {
		return []string{"public, no-cache"}
	}
	return []string{"public, max-age=" + strconv.FormatInt(int64(maxAge/time.Second), 10) + ", must-revalidate"}
}

var justNow = []string{"0"}

// ageText is an Age: a kept answer is as old as the knowledge that it holds.
func ageText(age time.Duration) []string {
	if age < time.Second {
		return justNow
	}
	return []string{strconv.FormatInt(int64(age/time.Second), 10)}
}

// hasLastModified reports whether the answer's Last-Modified can tell it from later ones.
// Within the second that it names the answer may change again, and would have
// the same one (RFC 9110, 8.8.2.2).
func (e *entry) hasLastModified(now time.Time) bool {
	return !e.modified.IsZero() && !now.Before(e.modified.Add(time.Second))
}

// notModified reports whether what the client has is still right: by its If-None-Match
// or, where there is none, by its If-Modified-Since (RFC 9110, 13.2.2). That has
// to be the very Last-Modified that the client was given: what was fetched from a
// process that lagged is older than the time at which it was fetched.
func notModified(request http.Header, tag string, dated bool, modified time.Time) bool {
	if tags, ok := request["If-None-Match"]; ok {
		return matchesETag(tags, tag)
	}
	since, err := http.ParseTime(request.Get("If-Modified-Since"))
	return err == nil && dated && modified.Equal(since)
}

// matchesETag reports whether an If-None-Match names a validator, by weak comparison,
// or any.
func matchesETag(ifNoneMatch []string, tag string) bool {
	for _, list := range ifNoneMatch {
		for list != "" {
			list = strings.TrimLeft(list, " \t,")
			if strings.HasPrefix(list, "*") {
				return true
			}
			weak := strings.TrimPrefix(list, "W/")
			if !strings.HasPrefix(weak, `"`) {
				break // the rest is not understood
			}
			end := strings.IndexByte(weak[1:], '"')
			if end < 0 {
				break
			}
			if weak[:end+2] == tag {
				return true
			}
			list = weak[end+2:]
		}
	}
	return false
}
