package outbound

import "net/netip"

// The lists are from IANA's special-purpose address registries for IPv4 and IPv6.

// privateNetworks has the networks that are allowed with [Options].AllowPrivate.
var privateNetworks = prefixes(
	"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", // RFC 1918
	"100.64.0.0/10", // carrier-grade NAT
	"127.0.0.0/8", "::1/128",
	"fc00::/7", // unique local
)

// blockedNetworks has the networks that are refused also with AllowPrivate: no
// service that a user could name is there.
var blockedNetworks = prefixes(
	"0.0.0.0/8",
	"169.254.0.0/16",                                    // link-local, and the metadata of most clouds
	"100.100.100.200/32",                                // metadata: Alibaba
	"168.63.129.16/32",                                  // metadata: Azure; it looks public
	"fd00:ec2::/32",                                     // metadata: Amazon
	"192.0.0.0/24",                                      // protocol assignments; metadata: Oracle
	"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", // documentation
	"192.88.99.0/24", // relays of 6to4
	"198.18.0.0/15",  // benchmarks
	"224.0.0.0/4",    // multicast
	"240.0.0.0/4",    // reserved, and broadcast
	"2001::/23",      // protocol assignments: Teredo, ORCHID, benchmarks
	"2001:db8::/32",  // documentation
	"2002::/16",      // 6to4: an IPv4 address behind a relay
	"3fff::/20",      // documentation
)

// The only public addresses of IPv6 are those in globalUnicast, and those in nat64
// whose embedded IPv4 address is public. All others are blocked: link-local,
// multicast, other forms with an embedded IPv4 address, and unassigned ones.
var (
	globalUnicast = netip.MustParsePrefix("2000::/3")
	nat64         = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

func containedIn(address netip.Addr, networks []netip.Prefix) bool {
	for _, network := range networks {
		if network.Contains(address) {
			return true
		}
	}
	return false
}

// scope is the kind of network that an address is in.
type scope int

const (
	scopeBlocked scope = iota // no service that may be called
	scopePrivate              // a private network
	scopePublic
)

// scopeOf returns the scope of an address. A NAT64 address has the scope of its IPv4
// address.
func scopeOf(address netip.Addr) scope {
	address = normalize(address)
	if nat64.Contains(address) {
		b := address.As16()
		return scopeOf(netip.AddrFrom4([4]byte(b[12:])))
	}
	switch {
	case !address.IsValid():
		return scopeBlocked
	case containedIn(address, blockedNetworks):
		return scopeBlocked
	case containedIn(address, privateNetworks):
		return scopePrivate
	case address.Is6() && !globalUnicast.Contains(address):
		return scopeBlocked
	}
	return scopePublic
}

// normalize returns an address without its zone and without the mapping into IPv6.
// Otherwise no prefix would contain it.
func normalize(address netip.Addr) netip.Addr { return address.Unmap().WithZone("") }
