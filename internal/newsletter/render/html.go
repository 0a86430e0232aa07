package render

import (
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

func itoa(n int) string { return strconv.Itoa(n) }

// adaption is how the HTML of one text becomes a part of a page.
type adaption struct {
	base   string // the URL that relative links are relative to
	prefix string // of the ids of this text, which would else occur once for each text
	// headings is how many levels headings go down.
	headings int
}

// adapt returns sanitised HTML as a part of a page.
func adapt(text string, a adaption) template.HTML {
	base, err := url.Parse(a.base)
	if err != nil {
		base = &url.URL{}
	}
	return template.HTML(mapTags(strings.TrimSpace(text), func(t *html.Token) bool {
		changed := false
		if level, ok := headingLevel(t.Data); ok && a.headings > 0 {
			t.Data, changed = "h"+strconv.Itoa(min(level+a.headings, 6)), true
		}
		for i, attr := range t.Attr {
			value := attr.Val
			switch attr.Key {
			case "id":
				value = a.prefix + "-" + value
			case "href", "src":
				if fragment, ok := strings.CutPrefix(value, "#"); ok {
					value = "#" + a.prefix + "-" + fragment
				} else if to, err := base.Parse(value); err == nil {
					value = to.String()
				}
			}
			if value != attr.Val {
				t.Attr[i].Val, changed = value, true
			}
		}
		return changed
	}))
}

func headingLevel(element string) (int, bool) {
	if len(element) != 2 || element[0] != 'h' || element[1] < '1' || element[1] > '6' {
		return 0, false
	}
	return int(element[1] - '0'), true
}

// mapTags calls change for each tag of HTML. A tag for which it returns true is written
// again; all else stays as it is, byte for byte.
func mapTags(text string, change func(*html.Token) bool) string {
	var out strings.Builder
	for z := html.NewTokenizer(strings.NewReader(text)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return out.String() // the only error of a string reader is io.EOF
		}
		raw := string(z.Raw()) // the next token overwrites it
		if kind == html.StartTagToken || kind == html.SelfClosingTagToken || kind == html.EndTagToken {
			if t := z.Token(); change(&t) {
				raw = t.String()
			}
		}
		out.WriteString(raw)
	}
}

// mailHTML returns the HTML of a text as mail clients need it: with a style attribute
// for each element that styles has, links within the edition absolute, pictures as links
// to them (a mail loads nothing), and without attributes that mail clients have no use
// for.
func mailHTML(text template.HTML, page string, styles map[string]string) template.HTML {
	linked := true // whether the link that is open is written
	return template.HTML(mapTags(string(text), func(t *html.Token) bool {
		changed := false
		if t.Type == html.EndTagToken {
			if t.Data == "a" && !linked {
				t.Data, linked, changed = "span", true, true
			}
			return changed
		}
		if t.Data == "img" {
			*t = pictureLink(t)
			return true
		}
		t.Attr = slices.DeleteFunc(t.Attr, func(a html.Attribute) bool {
			drop := slices.Contains([]string{"role", "class", "rel"}, a.Key)
			changed = changed || drop
			return drop
		})
		style := styles[t.Data]
		for i, a := range t.Attr {
			if a.Key != "href" || !strings.HasPrefix(a.Val, "#") {
				continue
			}
			changed = true
			if page != "" {
				t.Attr[i].Val = page + a.Val
				continue
			}
			t.Data, t.Attr, linked = "span", nil, false
			break
		}
		if style != "" {
			t.Attr = append(t.Attr, html.Attribute{Key: "style", Val: style})
			changed = true
		}
		return changed
	}))
}

// pictureLink returns the alternative text of a picture as a token of text.
func pictureLink(t *html.Token) html.Token {
	alt := ""
	for _, a := range t.Attr {
		if a.Key == "alt" {
			alt = a.Val
		}
	}
	if alt == "" {
		return html.Token{Type: html.TextToken}
	}
	return html.Token{Type: html.TextToken, Data: "[" + alt + "]"}
}

// links returns the addresses of all links in HTML, each once, sorted.
func links(text string) []string {
	var all []string
	mapTags(text, func(t *html.Token) bool {
		for _, a := range t.Attr {
			if t.Type != html.EndTagToken && t.Data == "a" && a.Key == "href" {
				all = append(all, a.Val)
			}
		}
		return false
	})
	slices.Sort(all)
	return slices.Compact(all)
}
