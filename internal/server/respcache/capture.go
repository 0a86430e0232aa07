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
	verdict *transport.Verdict
	head    bool // the client wants no body

	header  http.Header
	status  int // 0: nothing was said yet
	body    []byte
	through bool // it goes out as it comes
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
	if _, ok := c.verdict.Terms(); !ok || status != http.StatusOK || !c.whole() || err == nil && size >= MaxAnswer {
		c.pass()
		return
	}
	if err == nil {
		c.body = make([]byte, 0, max(size, 0))
	}
}

// whole says that the header is not one of an answer that is for this request
// only.
func (c *capture) whole() bool {
	for _, name := range []string{"Set-Cookie", "Content-Encoding", "Content-Range", "Trailer"} {
		if len(c.header[name]) > 0 {
			return false
		}
	}
	return true
}

func (c *capture) Write(b []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	if !c.through && len(c.body)+len(b) >= MaxAnswer {
		c.pass()
	}
	switch {
	case !c.through:
		c.body = append(c.body, b...)
	case !c.head:
		return c.ResponseWriter.Write(b)
	}
	return len(b), nil
}

// Flush is for handlers that stream: what they answer is not kept.
func (c *capture) Flush() {
	c.WriteHeader(http.StatusOK)
	c.pass()
	_ = http.NewResponseController(c.ResponseWriter).Flush() // one that cannot sends at the end
}

// Unwrap lets http.ResponseController reach what the connection can do.
func (c *capture) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// pass sends what was held back.
func (c *capture) pass() {
	if c.through {
		return
	}
	c.through = true
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

// end returns the answer if it may be kept, and sends it otherwise. The handler
// has returned.
func (c *capture) end() (terms transport.Terms, ok bool) {
	c.WriteHeader(http.StatusOK)
	if c.through {
		return terms, false
	}
	if terms, ok = c.verdict.Terms(); !ok {
		c.pass()
	}
	return terms, ok
}
