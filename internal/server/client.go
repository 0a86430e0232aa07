package server

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientOf is the network address of the client of a request: that of the
// connection or, where the connection is a trusted proxy's, the one that the proxy
// reports. Quotas, the networks of keys and the audit log go by it, so it is never
// taken from anything that a client can set.
//
// Each proxy adds the address that it was called from at the end of
// X-Forwarded-For. From the end, the first that is not a trusted proxy's is the
// client's; the client may have invented those before it.
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
			break // the address before is the last that is known
		}
		client = address
		if !isTrusted(address) {
			break
		}
	}
	return client
}

// remoteAddress is the other end of the connection; the zero Addr, which no
// network contains, for a connection that is not over IP.
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
