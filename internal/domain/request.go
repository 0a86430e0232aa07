package domain

import (
	"context"
	"net/netip"
)

type requestKey struct{}

// WithRequestID returns a context that carries the id of a request. The response
// and the log lines of the request have the same id.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestID returns the id of the request that ctx belongs to; it is empty for
// work of the program itself.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

type clientKey struct{}

// WithClient returns a context that carries the network address that a request
// came from.
func WithClient(ctx context.Context, address netip.Addr) context.Context {
	return context.WithValue(ctx, clientKey{}, address.Unmap().WithZone(""))
}

// ClientFrom returns the network address that a request came from; the zero
// Addr for work of the program itself.
func ClientFrom(ctx context.Context) netip.Addr {
	address, _ := ctx.Value(clientKey{}).(netip.Addr)
	return address
}

// NetworkOf returns the network of an address: the first 24 bits of an IPv4
// address, or the first 48 of an IPv6 address, which is what a provider gives to
// one customer. It is the zero Prefix for the zero Addr.
func NetworkOf(address netip.Addr) netip.Prefix {
	bits := 48
	if address.Is4() {
		bits = 24
	}
	network, err := address.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return network
}
