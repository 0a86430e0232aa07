package transport

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"

	"github.com/redthread-api/redthread/internal/domain"
)

// clientLimit limits how many connections are open at once. One client may have a
// fifth of them, so that no single client can exhaust the limit.
type clientLimit struct {
	max int

	mu        sync.Mutex
	open      int
	perClient map[netip.Prefix]int
}

// acquire counts a connection of the context's client. It returns the function that
// releases it, and nil where the limit is reached.
func (g *clientLimit) acquire(ctx context.Context) (release func()) {
	client := network(domain.ClientFrom(ctx))
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open >= g.max || client.IsValid() && g.perClient[client] >= max(1, g.max/5) {
		return nil
	}
	if g.perClient == nil {
		g.perClient = map[netip.Prefix]int{}
	}
	g.open++
	g.perClient[client]++
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.open--
		if g.perClient[client]--; g.perClient[client] == 0 {
			delete(g.perClient, client)
		}
	}
}

// network is the network by which a client is counted: the address itself for IPv4,
// the first 64 bits for IPv6. It is not valid where the address is not known.
func network(a netip.Addr) netip.Prefix {
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // of no address: not valid
	return p
}

// byteLimit limits how many bytes are in use at once.
type byteLimit struct {
	used atomic.Int64
	max  int64
}

// tryAcquire takes n bytes. It returns false, and takes none, where the limit is exceeded.
func (g *byteLimit) tryAcquire(n int64) bool {
	if g.used.Add(n) > g.max {
		g.used.Add(-n)
		return false
	}
	return true
}

// largeResponse is the size in bytes from which on responses count as unsent. Smaller
// ones fit into the system's buffers, whether their clients read or not.
const largeResponse = 384 << 10

// reserveUnsent counts a response as unsent until release is called, which the
// caller does when it is sent. Where [Config.MaxUnsent] is exceeded, it returns an
// error response to send instead.
func (h *Handler) reserveUnsent(ctx context.Context, resp *graphql.Response, body []byte) (toSend *graphql.Response, encodedBody []byte, release func()) {
	n := int64(len(body))
	switch {
	case n < largeResponse:
		return resp, body, func() {}
	case h.unsent.tryAcquire(n):
		return resp, body, func() { h.unsent.used.Add(-n) }
	}
	resp = failure(ctx, codeUnavailable, "too many large responses are waiting to be read by other clients; try again later, or request less data")
	body, _ = encode(resp) // it has strings only
	return resp, body, func() {}
}
