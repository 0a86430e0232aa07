package respcache

import (
	"net/http"
	"strconv"

	"github.com/redthread-api/redthread/graph/transport"
)

// capture holds back an answer that may be kept. As soon as it may not be, it
// goes out as it comes.
type capture struct {
	http.ResponseWriter
	decision *transport.CacheDecision
	head     bool // the client wants no body

	header        http.Header
	status        int // 0: nothing was said yet
	body          []byte
	passedThrough bool // it goes out as it comes
}

func (c *capture) Header() http.Header { return c.header }

func (c *capture) WriteHeader(status int) {
	if c.status != 0 {
		return
	}
	if status < http.StatusOK {
		c.ResponseWriter.WriteHeader(status) // announces an answer
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

// shareable says that the header is not one of an answer that is for this request
// only.
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

// Flush is for handlers that stream: what they answer is not kept.
func (c *capture) Flush() {
	c.WriteHeader(http.StatusOK)
	c.passThrough()
	_ = http.NewResponseController(c.ResponseWriter).Flush() // one that cannot sends at the end
}

// Unwrap lets http.ResponseController reach what the connection can do.
func (c *capture) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// passThrough sends what was held back.
func (c *capture) passThrough() {
	if c.passedThrough {
		return
	}
	c.passedThrough = true
	c.copyHeader()
	c.ResponseWriter.WriteHeader(c.status)
	if len(c.body) > 0 && !c.head {
		_, _ = c.ResponseWriter.Write(c.body) // the client may have gone
	}
	c.body = nil
}

// copyHeader moves the header to that of the answer. Of Vary, what is there
// stays.
func (c *capture) copyHeader() {
	header := c.ResponseWriter.Header()
	for name, values := range c.header {
		if name == "Vary" {
			values = append(header[name], values...)
		}
		header[name] = values
	}
}

// finish returns the answer if it may be kept, and sends it otherwise. The handler
// has returned.
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
