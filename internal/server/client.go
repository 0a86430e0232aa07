package server

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientOf is the network address that a request comes from: that of the
// connection, or, where the connection is a trusted proxy's, what the proxy
// says. Quotas, the networks of keys and the audit log go by it, so it is never
// taken from anybody else's word.
//
// Each proxy adds the address that it was called from at the end of
// X-Forwarded-For. From the end, the first that is no trusted proxy's is the
// client's; what stands before it is the client's own invention.
func clientOf(r *http.Request, trusted []netip.Prefix) netip.Addr {
	isTrusted := func(a netip.Addr) bool {
		return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	client := remoteAddress(r)
	if !isTrusted(client) {
		return client
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		address, err := parseAddress(strings.TrimSpace(hop))
		if err != nil {
			break // the last that is known is as far as it can be told
		}
		client = address
		if !isTrusted(address) {
			break
		}
	}
	return client
}

// remoteAddress is the other end of the connection; the zero Addr, which no
// network contains, for a connection that is not of the internet.
func remoteAddress(r *http.Request) netip.Addr {
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return address.Addr().Unmap().WithZone("")
}

// parseAddress reads an address, with or without a port.
func parseAddress(s string) (netip.Addr, error) {
	if address, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return address.Unmap().WithZone(""), nil
	}
	address, err := netip.ParseAddrPort(s)
	return address.Addr().Unmap().WithZone(""), err
}
