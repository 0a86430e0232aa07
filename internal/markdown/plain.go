package markdown

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// Plain texts, such as summaries, know one mark: they name entities as Markdown
// does, by [[slug]] or [[slug|text]].

var plainLink = regexp.MustCompile(`\[\[([a-z0-9]+(?:-[a-z0-9]+)*)(?:\|([^\[\]|\n]+))?\]\]`)

// PlainMentions returns the entities that a plain text names, in the order of
// the text.
func PlainMentions(text string) []Mention {
	var all []Mention
	line, from := 1, 0
	for _, at := range plainLink.FindAllStringSubmatchIndex(text, -1) {
		line += strings.Count(text[from:at[0]], "\n")
		from = at[0]
		all = append(all, Mention{Slug: text[at[2]:at[3]], Line: line})
	}
	return all
}

// PlainText returns a plain text as a reader sees it that names are for: with
// the names of the entities, as [Reading.Text] has them.
func PlainText(text string, names Names) string {
	return fillPlain(text, names, func(s string) string { return s }, func(_ *named, shown string) string { return shown })
}

// PlainHTML returns a plain text as HTML: nothing in it is markup but the links
// to entities, as [Reading.HTML] has them.
func PlainHTML(text string, names Names) string {
	return fillPlain(text, names, html.EscapeString, func(n *named, shown string) string {
		return n.linked("entity", html.EscapeString(shown))
	})
}

func fillPlain(text string, names Names, escape func(string) string, link func(n *named, shown string) string) string {
	if !strings.Contains(text, "[[") {
		return escape(text)
	}
	r := (&Document{}).For(names)
	var b strings.Builder
	from := 0
	for _, at := range plainLink.FindAllStringSubmatchIndex(text, -1) {
		e := entityLink{slug: text[at[2]:at[3]], named: at[4] >= 0}
		if e.named {
			e.text = text[at[4]:at[5]]
		}
		b.WriteString(escape(text[from:at[0]]))
		b.WriteString(link(r.entity(e.slug), e.shown(r)))
		from = at[1]
	}
	b.WriteString(escape(text[from:]))
	return b.String()
}
