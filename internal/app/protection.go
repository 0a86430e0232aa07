package app

import (
	"net/netip"
	"time"

	"github.com/spf13/pflag"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/limits"
)

// ProtectionConfig is the configuration of the API's limits and restrictions.
type ProtectionConfig struct {
	TrustedProxies []string
	Introspection  string
	RegisteredOnly bool
	// The allowed cost per minute, by role; 0 means the default.
	RatePublic, RatePartner, RateStaff int
}

func (c *ProtectionConfig) flags(f *pflag.FlagSet) {
	f.StringSliceVar(&c.TrustedProxies, "trusted-proxy", nil, usage("trusted-proxy",
		"`network` of proxies whose X-Forwarded-For is trusted, such as 10.0.0.0/8; repeat it or separate by commas"))
	f.StringVar(&c.Introspection, "introspection", graph.IntrospectionAll, usage("introspection", "`who` may use introspection: all, staff or off"))
	f.BoolVar(&c.RegisteredOnly, "registered-only", false, usage("registered-only", "run registered documents only"))
	f.IntVar(&c.RatePublic, "rate-limit-public", limits.Standard(domain.Public).PerMinute, usage("rate-limit-public", "`cost` a minute of each network address without a credential, and of each key of role PUBLIC"))
	f.IntVar(&c.RatePartner, "rate-limit-partner", limits.Standard(domain.Partner).PerMinute, usage("rate-limit-partner", "`cost` a minute of each PARTNER"))
	f.IntVar(&c.RateStaff, "rate-limit-staff", limits.Standard(domain.Author).PerMinute, usage("rate-limit-staff", "`cost` a minute of each member of staff"))
}

// check adds the problems of the configuration to p.
func (c *ProtectionConfig) check(p *domain.Problems) {
	for _, text := range c.TrustedProxies {
		if _, err := access.ParseNetwork(text); err != nil {
			p.Add("--trusted-proxy", "%s", err)
		}
	}
	switch c.Introspection {
	case graph.IntrospectionAll, graph.IntrospectionStaff, graph.IntrospectionOff:
	default:
		p.Add("--introspection", "want all, staff or off, not %q", c.Introspection)
	}
	for flag, rate := range map[string]int{
		"--rate-limit-public": c.RatePublic, "--rate-limit-partner": c.RatePartner, "--rate-limit-staff": c.RateStaff,
	} {
		if rate < 1 {
			p.Add(flag, "want a cost of at least 1")
		}
	}
}

// proxies returns the trusted networks of a checked configuration.
func (c *ProtectionConfig) proxies() []netip.Prefix {
	var networks []netip.Prefix
	for _, text := range c.TrustedProxies {
		if network, err := access.ParseNetwork(text); err == nil {
			networks = append(networks, network)
		}
	}
	return networks
}

// limits returns the limits of a role.
func (c *ProtectionConfig) limits(role domain.Role) limits.Limit {
	limit := limits.Standard(role)
	rate := c.RatePublic
	switch {
	case role.Staff():
		rate = c.RateStaff
	case role == domain.Partner:
		rate = c.RatePartner
	}
	if rate != 0 {
		limit.PerMinute = rate
	}
	return limit
}

// within returns limits of roles with the time of an operation bounded; 0 does not bound it.
func within(of func(domain.Role) limits.Limit, most time.Duration) func(domain.Role) limits.Limit {
	return func(role domain.Role) limits.Limit {
		limit := of(role)
		if most > 0 {
			limit.Time = min(limit.Time, most)
		}
		return limit
	}
}
