package app

import (
	"cmp"
	"strings"

	"github.com/spf13/pflag"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange/site"
)

// SiteConfig is the configuration of the public URLs of this server and of the
// publisher's own pages.
type SiteConfig struct {
	PublicURL, URL, Name string
	// The URL patterns of pages; empty means the default.
	ReportURL, NarrativeURL, EntityURL, EditionURL, TagURL, SeriesURL string
}

// pattern is the flag for the URLs of the pages of a type.
type pattern struct {
	flag, of string
	t        domain.Type
	value    *string
}

func (c *SiteConfig) patterns() []pattern {
	return []pattern{
		{"report-url", "reports, or none", domain.Report, &c.ReportURL},
		{"narrative-url", "narratives, or none", domain.Narrative, &c.NarrativeURL},
		{"entity-url", "entities, to which links in HTML lead", domain.Entity, &c.EntityURL},
		{"edition-url", "editions, or none", domain.Edition, &c.EditionURL},
		{"tag-url", "tags, or none", domain.Tag, &c.TagURL},
		{"series-url", "series, or none", domain.Series, &c.SeriesURL},
	}
}

func (c *SiteConfig) flags(f *pflag.FlagSet) {
	f.StringVar(&c.PublicURL, "public-url", "", usage("public-url", "`URL` where clients find this server, for addresses in feeds (default where it listens)"))
	f.StringVar(&c.URL, "site-url", "", usage("site-url", "`URL` of your site's front page, to which feeds and JSON-LD lead (default that of --public-url)"))
	f.StringVar(&c.Name, "site-name", site.DefaultName, usage("site-name", "`name` of the publisher, in feeds and JSON-LD"))
	for _, p := range c.patterns() {
		f.StringVar(p.value, p.flag, site.DefaultPattern(p.t), usage(p.flag, "`pattern` of your site's pages about "+p.of))
	}
}

// check adds the problems of the configuration to p.
func (c *SiteConfig) check(p *domain.Problems) {
	for flag, value := range map[string]string{"--public-url": c.PublicURL, "--site-url": c.URL} {
		if value != "" && !site.ValidBase(value) {
			p.Add(flag, "want an http URL without query and fragment, such as https://site.example, not %q", value)
		}
	}
	for _, pattern := range c.patterns() {
		if value := *pattern.value; value != "" && !site.ValidPattern(value) && (value != site.None || pattern.t == domain.Entity) {
			p.Add("--"+pattern.flag, "want a path or an http URL with {slug} in it once, such as https://site.example/%s/{slug}, not %q",
				strings.TrimSuffix(pattern.flag, "-url"), value)
		}
	}
}

// public returns the public URL of a server that listens at an address. It does not
// depend on the Host header of a request, which can be anything.
func (c *SiteConfig) public(listening string) string {
	return strings.TrimRight(cmp.Or(c.PublicURL, listening), "/")
}

// own returns the URL of a server that listens at an address, if URLs of pages begin with it since no site is configured;
// it is empty otherwise.
func (c *SiteConfig) own(listening string) string {
	if c.URL != "" || c.PublicURL != "" {
		return ""
	}
	return listening
}

// site returns the publisher's site, for a server that listens at an address.
func (c *SiteConfig) site(listening string) site.Site {
	s := site.Site{Name: c.Name, URL: strings.TrimRight(cmp.Or(c.URL, c.public(listening)), "/"), Pages: map[domain.Type]string{}}
	for _, p := range c.patterns() {
		s.Pages[p.t] = *p.value
	}
	return s
}
