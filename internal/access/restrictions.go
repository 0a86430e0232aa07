package access

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/domain"
)

// Restrictions restrict what a key can be used for. In each list nil stands for
// no restriction, and an empty list allows nothing: such a key is refused.
type Restrictions struct {
	// Scopes are the rights of the role that the key has.
	Scopes []domain.Right
	// Origins are the origins of pages that may use the key from a browser:
	// "https://site.example". With them, a request without an origin is refused
	// too.
	Origins []string
	// Networks are the networks that requests may come from.
	Networks []netip.Prefix
	// RateLimit is the cost that is allowed a minute; 0 stands for the limit of
	// the role.
	RateLimit int
}

const (
	maxOrigins   = 50
	maxNetworks  = 100
	maxRateLimit = 1_000_000_000
)

// validate adds every problem to p, and puts the lists into their canonical
// form.
func (r *Restrictions) validate(role domain.Role, p *domain.Problems) {
	seen := map[domain.Right]bool{}
	r.Scopes = slices.DeleteFunc(slices.Clone(r.Scopes), func(right domain.Right) bool {
		if role >= domain.Public && role <= domain.Admin && right.Role() > role {
			p.Add("scopes", "%s is beyond the role %s: it needs %s", right, role, right.Role())
		}
		twice := seen[right]
		seen[right] = true
		return twice
	})
	for _, right := range r.Scopes {
		if right.Granted() {
			p.Add("scopes", "%s is no right of a role: name it in grants", right)
		}
	}
	if len(r.Origins) > maxOrigins {
		p.Add("origins", "%d are too many; at most %d", len(r.Origins), maxOrigins)
	}
	r.Origins = slices.Clone(r.Origins)
	for i, origin := range r.Origins {
		clean, ok := cleanOrigin(origin)
		if !ok {
			p.Add("origins", "%.100q is not an origin: want scheme://host[:port], such as https://site.example", origin)
		}
		r.Origins[i] = clean
	}
	if len(r.Networks) > maxNetworks {
		p.Add("networks", "%d are too many; at most %d", len(r.Networks), maxNetworks)
	}
	r.Networks = slices.Clone(r.Networks)
	for i, network := range r.Networks {
		if !network.IsValid() {
			p.Add("networks", "want networks in CIDR form, such as 203.0.113.0/24 or 2001:db8::/32")
		}
		r.Networks[i] = network.Masked()
	}
	if r.RateLimit < 0 || r.RateLimit > maxRateLimit {
		p.Add("rateLimit", "want a cost a minute from 1 to %d", maxRateLimit)
	}
}

// ParseNetwork parses a network in CIDR form, or one address.
func ParseNetwork(s string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(s); err == nil && address.Zone() == "" {
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	network, err := netip.ParsePrefix(s)
	if err != nil || network.Addr().Is4In6() {
		return netip.Prefix{}, domain.Invalid("%.100q is not a network: want CIDR form, such as 203.0.113.0/24 or 2001:db8::/32", s)
	}
	return network.Masked(), nil
}

// cleanOrigin returns an origin as browsers write it: in lower case, without
// the default port of its scheme.
func cleanOrigin(s string) (string, bool) {
	u, err := url.Parse(strings.ToLower(s))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || strings.Contains(u.Host, "*") ||
		u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || strings.Contains(s, "#") {
		return s, false
	}
	if port := u.Port(); u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		u.Host = strings.TrimSuffix(u.Host, ":"+port)
	}
	return u.Scheme + "://" + u.Host, true
}

// allow returns why a request from an address and an origin may not use the
// key; "" where it may.
func (r Restrictions) allow(address netip.Addr, origin string) (problem string) {
	if r.Networks != nil && !slices.ContainsFunc(r.Networks, func(n netip.Prefix) bool { return n.Contains(address) }) {
		return "a network that the key does not allow"
	}
	if r.Origins != nil && !slices.Contains(r.Origins, origin) {
		return "an origin that the key does not allow"
	}
	return ""
}

func (r Restrictions) write(create *db.ApiKeyCreate) {
	if r.Scopes != nil {
		create.SetScopes(namesOf(r.Scopes))
	}
	if r.Origins != nil {
		create.SetOrigins(r.Origins)
	}
	if r.Networks != nil {
		texts := make([]string, len(r.Networks))
		for i, network := range r.Networks {
			texts[i] = network.String()
		}
		create.SetNetworks(texts)
	}
	if r.RateLimit != 0 {
		create.SetRateLimit(r.RateLimit)
	}
}
