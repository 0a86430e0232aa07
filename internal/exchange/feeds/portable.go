package feeds

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Portable returns HTML as a feed's reader takes it, which shows it somewhere
// else: its links and pictures have absolute addresses, and no element has a
// role, which validators warn of. base is the address of the page that the HTML
// is of. All else stays as it is, byte for byte.
func Portable(text, base string) string {
	from, err := url.Parse(base)
	if err != nil || !strings.Contains(text, "=") {
		return text
	}
	var out strings.Builder
	for z := html.NewTokenizer(strings.NewReader(text)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return out.String() // a reader of a string has no other error than its end
		}
		raw := string(z.Raw()) // the token that is read next overwrites it
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			out.WriteString(raw)
			continue
		}
		token := z.Token()
		attributes := len(token.Attr)
		token.Attr = slices.DeleteFunc(token.Attr, func(a html.Attribute) bool { return a.Key == "role" })
		changed := len(token.Attr) < attributes
		for i, a := range token.Attr {
			if a.Key != "href" && a.Key != "src" {
				continue
			}
			to, err := from.Parse(a.Val)
			if err != nil || to.String() == a.Val {
				continue
			}
			token.Attr[i].Val, changed = to.String(), true
		}
		if changed {
			raw = token.String()
		}
		out.WriteString(raw)
	}
}
