package markdown

import (
	"net/url"
	"strings"

	"github.com/yuin/goldmark/util"
	"golang.org/x/net/idna"
)

// schemeOf returns the scheme of dest as a browser reads it, which first drops white
// space and control characters, and whether a link with it can run code.
func schemeOf(dest string) (scheme string, dangerous bool) {
	bare := strings.Map(func(r rune) rune {
		if r <= ' ' || forbidden(r) {
			return -1
		}
		return r
	}, dest)
	end := strings.IndexAny(bare, ":/?#")
	if end < 1 || bare[end] != ':' {
		return "", false
	}
	scheme = strings.ToLower(bare[:end])
	for i, c := range []byte(scheme) {
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(c))) {
			return "", false
		}
	}
	switch scheme {
	case "javascript", "vbscript", "livescript", "data":
		return scheme, true
	}
	return scheme, false
}

// urlProblem returns the message for an address that cannot be linked, and its
// argument; "" for one that can.
func urlProblem(dest string) (format, arg string) {
	scheme, dangerous := schemeOf(dest)
	if dangerous {
		return msgURLDanger, scheme
	}
	switch scheme {
	case "", "http", "https", "mailto":
	default:
		return msgURLScheme, scheme
	}
	if _, _, ok := safeURL(dest); !ok && dest != "" {
		return msgURLForm, dest
	}
	return "", ""
}

// safeURL returns dest in the form in which it is written to HTML: in ASCII, other
// characters of a path percent-encoded as UTF-8. external reports that it has a host.
// ok is false for an address that must not be linked.
func safeURL(dest string) (href string, external, ok bool) {
	dest = strings.TrimSpace(dest)
	if dest == "" || strings.IndexFunc(dest, forbidden) >= 0 || strings.ContainsAny(dest, "\t\n") {
		return "", false, false
	}
	u, err := url.Parse(string(util.URLEscape([]byte(dest), false)))
	if err != nil {
		return "", false, false
	}
	switch u.Scheme {
	case "http", "https":
		if u.Host == "" {
			return "", false, false
		}
	case "", "mailto":
	default:
		return "", false, false
	}
	if u.Host, ok = asciiHost(u.Host); !ok {
		return "", false, false
	}
	href = u.String()
	again, err := url.Parse(href)
	if err != nil || again.String() != href || again.Scheme != u.Scheme {
		return "", false, false
	}
	if scheme, _ := schemeOf(href); scheme != u.Scheme {
		return "", false, false
	}
	return href, u.Host != "", href != ""
}

// asciiHost returns an internationalised host in the form of DNS: 例え.jp is
// xn--r8jz45g.jp. Not every reader of HTML converts it. Other hosts are returned as
// they are. The result is false if the host is not valid.
func asciiHost(host string) (string, bool) {
	if ascii([]byte(host)) {
		return host, true
	}
	name, port := host, ""
	if i := strings.LastIndexByte(host, ':'); i >= 0 {
		name, port = host[:i], host[i:]
	}
	name, err := idna.Lookup.ToASCII(name)
	return name + port, err == nil && name != ""
}
