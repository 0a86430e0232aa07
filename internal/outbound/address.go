package outbound

import "net/netip"

// The registries behind these lists are IANA's special-purpose address
// registries for IPv4 and IPv6.

// private are networks that some installations have good reasons to reach:
// [Options].AllowPrivate opens them.
var private = prefixes(
	"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", // RFC 1918
	"100.64.0.0/10", // carrier-grade NAT
	"127.0.0.0/8", "::1/128",
	"fc00::/7", // unique local
)

// never are addresses that AllowPrivate doesn't open either: nobody has a
// service of their own there.
var never = prefixes(
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

// Of IPv6, only 2000::/3 is handed out to the public. All else but nat64, by
// which a translator makes IPv4 reachable, is out of reach: link-local,
// multicast, the forms that hold an IPv4 address, and what is yet to come.
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

func within(address netip.Addr, networks []netip.Prefix) bool {
	for _, network := range networks {
		if network.Contains(address) {
			return true
		}
	}
	return false
}

// reach is whom an address can be reached by.
type reach int

const (
	reachNobody  reach = iota // or nobody who has a service there
	reachPrivate              // those in the same network
	reachPublic
)

// reachOf tells where an address is. A translated IPv4 address is where the
// IPv4 address is.
func reachOf(address netip.Addr) reach {
	address = plain(address)
	if nat64.Contains(address) {
		b := address.As16()
		return reachOf(netip.AddrFrom4([4]byte(b[12:])))
	}
	switch {
	case !address.IsValid():
		return reachNobody
	case within(address, never):
		return reachNobody
	case within(address, private):
		return reachPrivate
	case address.Is6() && !globalUnicast.Contains(address):
		return reachNobody
	}
	return reachPublic
}

// plain is an address without the zone and the mapping into IPv6, either of
// which would hide it from every prefix.
func plain(address netip.Addr) netip.Addr { return address.Unmap().WithZone("") }
