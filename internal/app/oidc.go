package app

import (
	"net/url"
	"strings"

	"github.com/spf13/pflag"

	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/domain"
)

// OIDCConfig is the configuration of sign-in with OpenID Connect. Without an issuer
// sign-in is off.
type OIDCConfig struct {
	Issuer         string
	Audiences      []string
	RoleClaim      string
	Roles          []string // "staff-editors=EDITOR"
	ClearanceClaim string
	Clearances     []string // "cleared=RED"
	AllowPrivate   bool
}

func (o *OIDCConfig) flags(f *pflag.FlagSet) {
	f.StringVar(&o.Issuer, "oidc-issuer", "", usage("oidc-issuer", "`URL` of the OpenID Connect issuer whose tokens are accepted"))
	f.StringSliceVar(&o.Audiences, "oidc-audience", nil, usage("oidc-audience", "client `id` that must be in the audience of tokens; repeat it or separate by commas"))
	f.StringVar(&o.RoleClaim, "oidc-role-claim", "", usage("oidc-role-claim", "`path` of the claim that gives roles, such as realm_access.roles (default roles)"))
	f.StringSliceVar(&o.Roles, "oidc-roles", nil, usage("oidc-roles", "the role of each `value` of that claim, such as staff-editors=EDITOR,staff-admins=ADMIN"))
	f.StringVar(&o.ClearanceClaim, "oidc-clearance-claim", "", usage("oidc-clearance-claim", "`path` of the claim that gives clearances (default: by role)"))
	f.StringSliceVar(&o.Clearances, "oidc-clearances", nil, usage("oidc-clearances", "the clearance of each `value` of that claim, such as cleared=RED; other people have CLEAR"))
	f.BoolVar(&o.AllowPrivate, "oidc-allow-private", false, usage("oidc-allow-private", "the issuer may be in a private network, and without https there"))
}

// check adds the problems of the configuration to p.
func (o *OIDCConfig) check(p *domain.Problems) {
	roles(o.Roles, p)
	clearances(o.Clearances, p)
	if o.Issuer == "" {
		for _, other := range []struct {
			flag  string
			given bool
		}{
			{"--oidc-audience", len(o.Audiences) > 0}, {"--oidc-role-claim", o.RoleClaim != ""}, {"--oidc-roles", len(o.Roles) > 0},
			{"--oidc-clearance-claim", o.ClearanceClaim != ""}, {"--oidc-clearances", len(o.Clearances) > 0}, {"--oidc-allow-private", o.AllowPrivate},
		} {
			if other.given {
				p.Add(other.flag, "has no effect without --oidc-issuer")
			}
		}
		return
	}
	u, err := url.Parse(o.Issuer)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		p.Add("--oidc-issuer", "want a URL such as https://id.example/realms/press, as it is in the tokens' \"iss\"")
	case u.Scheme == "http" && !o.AllowPrivate:
		p.Add("--oidc-issuer", "want https; http is for private networks, with --oidc-allow-private")
	}
	if len(o.Audiences) == 0 {
		p.Add("--oidc-audience", "must not be empty: otherwise tokens for other clients of the issuer would be accepted")
	}
	for _, audience := range o.Audiences {
		if strings.TrimSpace(audience) == "" {
			p.Add("--oidc-audience", "must not be empty")
		}
	}
	if len(o.Roles) == 0 {
		p.Add("--oidc-roles", "must not be empty: otherwise no person has a role")
	}
	if (o.ClearanceClaim == "") != (len(o.Clearances) == 0) {
		p.Add("--oidc-clearances", "must be set together with --oidc-clearance-claim")
	}
}

// access returns the configuration for package access. It must have been checked.
func (o *OIDCConfig) access() access.OIDC {
	var none domain.Problems
	return access.OIDC{
		Issuer: o.Issuer, Audiences: o.Audiences, AllowPrivate: o.AllowPrivate,
		RoleClaim: o.RoleClaim, Roles: roles(o.Roles, &none),
		ClearanceClaim: o.ClearanceClaim, Clearances: clearances(o.Clearances, &none),
	}
}

func roles(pairs []string, p *domain.Problems) map[string]domain.Role {
	return mapping(pairs, "--oidc-roles", domain.ParseRole, domain.Roles, p)
}

func clearances(pairs []string, p *domain.Problems) map[string]domain.Marking {
	return mapping(pairs, "--oidc-clearances", domain.ParseMarking, domain.Markings, p)
}

// mapping parses pairs such as "staff-editors=EDITOR". The part before the last
// "=" is a value of the issuer, which may contain "=".
func mapping[T any](pairs []string, flag string, parse func(string) (T, bool), names []string, p *domain.Problems) map[string]T {
	m := map[string]T{}
	for _, pair := range pairs {
		at := strings.LastIndexByte(pair, '=')
		value, ok := parse(strings.TrimSpace(pair[at+1:]))
		name := strings.TrimSpace(pair[:max(at, 0)])
		_, twice := m[name]
		switch {
		case name == "" || !ok:
			p.Add(flag, "want value=NAME, with one of %v, not %q", names, pair)
		case twice:
			p.Add(flag, "%q is given twice", name)
		default:
			m[name] = value
		}
	}
	return m
}
