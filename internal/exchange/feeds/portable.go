package feeds

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Portable returns HTML that can be shown on another site, as feed readers do: the
// URLs of links and pictures are absolute, and no element has a role, of which
// validators warn. base is the URL of the page of the HTML. All else is unchanged,
// byte for byte.
func Portable(text, base string) string {
	from, err := url.Parse(base)
	if err != nil || !strings.Contains(text, "=") {
		return text
	}
	var out strings.Builder
	for z := html.NewTokenizer(strings.NewReader(text)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return out.String() // the only error of a string reader is io.EOF
		}
		raw := string(z.Raw()) // the next token overwrites it
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
