package access

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/domain"
)

// Limits narrow a key. In each list nil stands for no limit, and an empty list
// denies: such a key opens nothing.
type Limits struct {
	// Scopes are the rights that are left of the role's.
	Scopes []domain.Right
	// Origins are those of the pages that may use the key from a browser:
	// "https://site.example". With them, a request that names no origin is
	// refused, too.
	Origins []string
	// Networks are where requests may come from.
	Networks []netip.Prefix
	// RateLimit is the cost that is allowed a minute; 0 is the role's.
	RateLimit int
}

const (
	maxOrigins   = 50
	maxNetworks  = 100
	maxRateLimit = 1_000_000_000
)

// validate notes every problem, and puts the lists into their usual form.
func (l *Limits) validate(role domain.Role, p *domain.Problems) {
	seen := map[domain.Right]bool{}
	l.Scopes = slices.DeleteFunc(slices.Clone(l.Scopes), func(r domain.Right) bool {
		if role >= domain.Public && role <= domain.Admin && r.Role() > role {
			p.Add("scopes", "%s is beyond the role %s: it needs %s", r, role, r.Role())
		}
		twice := seen[r]
		seen[r] = true
		return twice
	})
	if len(l.Origins) > maxOrigins {
		p.Add("origins", "%d are too many; at most %d", len(l.Origins), maxOrigins)
	}
	l.Origins = slices.Clone(l.Origins)
	for i, origin := range l.Origins {
		clean, ok := cleanOrigin(origin)
		if !ok {
			p.Add("origins", "%.100q is no origin: want scheme://host[:port], such as https://site.example", origin)
		}
		l.Origins[i] = clean
	}
	if len(l.Networks) > maxNetworks {
		p.Add("networks", "%d are too many; at most %d", len(l.Networks), maxNetworks)
	}
	l.Networks = slices.Clone(l.Networks)
	for i, network := range l.Networks {
		if !network.IsValid() {
			p.Add("networks", "want networks in CIDR form, such as 203.0.113.0/24 or 2001:db8::/32")
		}
		l.Networks[i] = network.Masked()
	}
	if l.RateLimit < 0 || l.RateLimit > maxRateLimit {
		p.Add("rateLimit", "want a cost a minute from 1 to %d", maxRateLimit)
	}
}

// ParseNetwork reads a network in CIDR form, or one address.
func ParseNetwork(s string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(s); err == nil && address.Zone() == "" {
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	network, err := netip.ParsePrefix(s)
	if err != nil || network.Addr().Is4In6() {
		return netip.Prefix{}, domain.Invalid("%.100q is no network: want CIDR form, such as 203.0.113.0/24 or 2001:db8::/32", s)
	}
	return network.Masked(), nil
}

// cleanOrigin is an origin as browsers write it: in lower case, without the
// port that goes without saying.
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

// admits says why a key may not be used from a place; it is empty where it may.
func (l Limits) admits(address netip.Addr, origin string) (problem string) {
	if l.Networks != nil && !slices.ContainsFunc(l.Networks, func(n netip.Prefix) bool { return n.Contains(address) }) {
		return "a network that is not the key's"
	}
	if l.Origins != nil && !slices.Contains(l.Origins, origin) {
		return "an origin that is not the key's"
	}
	return ""
}

func (l Limits) write(create *db.ApiKeyCreate) {
	if l.Scopes != nil {
		names := make([]string, len(l.Scopes))
		for i, right := range l.Scopes {
			names[i] = right.String()
		}
		create.SetScopes(names)
	}
	if l.Origins != nil {
		create.SetOrigins(l.Origins)
	}
	if l.Networks != nil {
		texts := make([]string, len(l.Networks))
		for i, network := range l.Networks {
			texts[i] = network.String()
		}
		create.SetNetworks(texts)
	}
	if l.RateLimit != 0 {
		create.SetRateLimit(l.RateLimit)
	}
}
