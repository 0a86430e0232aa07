// Package site knows the addresses of a publisher's own pages, which are what
// feeds, sitemaps and JSON-LD lead to. The pages are not Redthread's: some
// frontend shows them, and tells here by patterns where.
package site

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
)

// DefaultName is the name of a publisher that has given none.
const DefaultName = "Redthread"

// None, in the place of a pattern, says that the site has no such pages.
const None = "none"

// Site is a publisher's site.
type Site struct {
	// Name is the publisher's; empty stands for DefaultName.
	Name string
	// URL is that of the site's front page, without a slash at the end. Where
	// it is empty, addresses begin with a slash.
	URL string
	// Pages are the patterns of the pages about the documents of a type: a path
	// on the host of URL or a whole URL, with {slug} in the place of the slug,
	// or None. What a path means is what it means in a link.
	// A type that is not in it has its default, of which some types have none.
	Pages map[domain.Type]string
}

var defaults = map[domain.Type]string{
	domain.Report: "/reports/{slug}", domain.Narrative: "/narratives/{slug}", domain.Entity: "/entities/{slug}",
	domain.Tag: "/tags/{slug}", domain.Edition: "/editions/{slug}",
}

// DefaultPattern is the pattern of the pages of a type of which nothing else
// is said; None where there are none.
func DefaultPattern(t domain.Type) string { return cmp.Or(defaults[t], None) }

// Title is the publisher's name.
func (s Site) Title() string { return cmp.Or(s.Name, DefaultName) }

// Home is the address of the front page.
func (s Site) Home() string { return s.URL + "/" }

// HasPages reports whether the site has pages about the documents of a type.
func (s Site) HasPages(t domain.Type) bool { return s.pattern(t) != None }

// Page is the address of the page about a document; empty where the site has no
// pages of its type.
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

// origin is URL without its path.
func (s Site) origin() string {
	scheme, rest, ok := strings.Cut(s.URL, "://")
	if !ok {
		return ""
	}
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

func (s Site) pattern(t domain.Type) string { return cmp.Or(s.Pages[t], DefaultPattern(t)) }

// ValidPattern reports whether a pattern leads to a page: a path or an http
// address, with {slug} in it once. A pattern ends in the href of links, so it
// must not be a script.
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

// ValidBase reports whether something is the http address of a site: what paths
// can be put behind. It may have a path of its own, but nothing after that.
func ValidBase(base string) bool {
	u, err := url.Parse(base)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil &&
		u.RawQuery == "" && !u.ForceQuery && u.Fragment == "" && !strings.Contains(base, "#")
}
