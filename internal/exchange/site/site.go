// Package site makes the URLs of a publisher's own pages, to which feeds, sitemaps and
// JSON-LD link. A frontend serves these pages, not Redthread; patterns in the
// configuration say where.
package site

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
)

// DefaultName is the name of a publisher without a configured name.
const DefaultName = "Redthread"

// None, instead of a pattern, says that the site has no such pages.
const None = "none"

// Site is a publisher's site.
type Site struct {
	// Name is the name of the publisher; empty for DefaultName.
	Name string
	// URL is the URL of the front page, without a slash at the end. If it is
	// empty, URLs of pages begin with a slash.
	URL string
	// Pages has the pattern of the pages about the documents of a type: a path on
	// the host of URL or a whole URL, with {slug} for the slug, or None. A path is
	// relative to the host, as in a link. A type that is not in it has the pattern
	// of [DefaultPattern].
	Pages map[domain.Type]string
}

var defaults = map[domain.Type]string{
	domain.Report: "/reports/{slug}", domain.Narrative: "/narratives/{slug}", domain.Entity: "/entities/{slug}",
	domain.Tag: "/tags/{slug}", domain.Edition: "/editions/{slug}",
}

// DefaultPattern returns the pattern of the pages of a type that is not configured;
// None if there are no such pages.
func DefaultPattern(t domain.Type) string { return cmp.Or(defaults[t], None) }

// Title returns the name of the publisher.
func (s Site) Title() string { return cmp.Or(s.Name, DefaultName) }

// Home returns the URL of the front page.
func (s Site) Home() string { return s.URL + "/" }

// HasPages reports whether the site has pages about the documents of a type.
func (s Site) HasPages(t domain.Type) bool { return s.pattern(t) != None }

// Page returns the URL of the page about a document; empty if the site has no pages of
// its type.
func (s Site) Page(t domain.Type, slug string) string {
	pattern := s.pattern(t)
	if pattern == None {
		return ""
	}
	page := strings.ReplaceAll(pattern, "{slug}", url.PathEscape(slug))
	if strings.HasPrefix(page, "/") {
		return s.origin() + page
	}
	return page
}

// origin returns URL without its path.
func (s Site) origin() string {
	scheme, rest, ok := strings.Cut(s.URL, "://")
	if !ok {
		return ""
	}
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

func (s Site) pattern(t domain.Type) string { return cmp.Or(s.Pages[t], DefaultPattern(t)) }

// ValidPattern reports whether a pattern is a path or an http or https URL that
// contains {slug} once. Patterns become the href of links, so other schemes, such as
// javascript, are not valid.
func ValidPattern(pattern string) bool {
	page, err := url.Parse(strings.ReplaceAll(pattern, "{slug}", "x"))
	if err != nil || strings.Count(pattern, "{slug}") != 1 {
		return false
	}
	if page.Scheme == "" {
		return strings.HasPrefix(pattern, "/") && page.Host == ""
	}
	return (page.Scheme == "http" || page.Scheme == "https") && page.Host != ""
}

// ValidBase reports whether base is an http or https URL to which paths can be
// appended. It may have a path, but no query, fragment or user.
func ValidBase(base string) bool {
	u, err := url.Parse(base)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil &&
		u.RawQuery == "" && !u.ForceQuery && u.Fragment == "" && !strings.Contains(base, "#")
}
