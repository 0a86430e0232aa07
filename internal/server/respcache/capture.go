package respcache

import (
	"net/http"
	"strconv"

	"github.com/redthread-api/redthread/graph/transport"
)

// capture is a ResponseWriter that buffers a response that may be cached. As soon as
// it may not be cached, capture writes the response through.
type capture struct {
	http.ResponseWriter
	decision *transport.CacheDecision
	head     bool // the client wants no body

	header        http.Header
	status        int // 0: nothing was written yet
	body          []byte
	passedThrough bool // the response is written through
}

func (c *capture) Header() http.Header { return c.header }

func (c *capture) WriteHeader(status int) {
	if c.status != 0 {
		return
	}
	if status < http.StatusOK {
		c.ResponseWriter.WriteHeader(status) // an informational status
		return
	}
	c.status = status
	size, err := strconv.Atoi(c.header.Get("Content-Length"))
	if _, ok := c.decision.Terms(); !ok || status != http.StatusOK || !c.shareable() || err == nil && size >= MaxResponse {
		c.passThrough()
		return
	}
	if err == nil {
		c.body = make([]byte, 0, max(size, 0))
	}
}

// shareable reports whether the header shows nothing that is for this request only.
func (c *capture) shareable() bool {
	for _, name := range []string{"Set-Cookie", "Content-Encoding", "Content-Range", "Trailer"} {
		if len(c.header[name]) > 0 {
			return false
		}
	}
	return true
}

func (c *capture) Write(b []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	if !c.passedThrough && len(c.body)+len(b) >= MaxResponse {
		c.passThrough()
	}
	switch {
	case !c.passedThrough:
		c.body = append(c.body, b...)
	case !c.head:
		return c.ResponseWriter.Write(b)
	}
	return len(b), nil
}

// Flush is called by handlers that stream; a streamed response is not cached.
func (c *capture) Flush() {
	c.WriteHeader(http.StatusOK)
	c.passThrough()
	_ = http.NewResponseController(c.ResponseWriter).Flush() // a writer that cannot flush sends at the end
}

// Unwrap lets http.ResponseController reach what the connection can do.
func (c *capture) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// passThrough writes what was buffered, and from then on everything.
func (c *capture) passThrough() {
	if c.passedThrough {
		return
	}
	c.passedThrough = true
	c.copyHeader()
	c.ResponseWriter.WriteHeader(c.status)
	if len(c.body) > 0 && !c.head {
		_, _ = c.ResponseWriter.Write(c.body) // the client may have disconnected
	}
	c.body = nil
}

// copyHeader copies the header to that of the response. Values of Vary that are there
// already stay.
func (c *capture) copyHeader() {
	header := c.ResponseWriter.Header()
	for name, values := range c.header {
		if name == "Vary" {
			values = append(header[name], values...)
		}
		header[name] = values
	}
}

// finish is called when the handler has returned. It returns the terms if the response
// may be cached, and writes the response through otherwise.
func (c *capture) finish() (terms transport.CacheTerms, ok bool) {
	c.WriteHeader(http.StatusOK)
	if c.passedThrough {
		return terms, false
	}
	if terms, ok = c.decision.Terms(); !ok {
		c.passThrough()
	}
	return terms, ok
}
