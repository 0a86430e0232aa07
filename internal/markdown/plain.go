package markdown

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Plain texts, such as summaries, have no markup but links to entities, in the form
// that they have in Markdown: [[slug]] or [[slug|text]].

var plainLink = regexp.MustCompile(`\[\[([a-z0-9]+(?:-[a-z0-9]+)*)(?:\|([^\[\]|\n]+))?\]\]`)

// PlainMentions returns the links to entities in a plain text, in order. Unlike
// [Document.Mentions] it returns every link.
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

// PlainText returns a plain text for the reader of names, with the names of the
// entities, as [Rendering.Text] has them.
func PlainText(text string, names Names) string {
	return fillPlain(text, names, func(s string) string { return s }, func(_ *resolvedName, shown string) string { return shown })
}

// PlainTextLinks returns [PlainText], and where in it the links to an entity stand, which is known by the slugs.
func PlainTextLinks(text string, names Names, slugs []string) (string, []Span) {
	if !strings.Contains(text, "[[") {
		return text, nil
	}
	r := (&Document{}).For(names)
	var b strings.Builder
	var spans []Span
	eachPlainLink(text, func(written string) { b.WriteString(written) }, func(e *entityLink) {
		start := b.Len()
		b.WriteString(e.shown(r))
		if slices.Contains(slugs, e.slug) {
			spans = append(spans, Span{start, b.Len()})
		}
	})
	return b.String(), spans
}

// PlainHTML returns a plain text as HTML for the reader of names. The only markup in
// it are the links to entities, as [Rendering.HTML] has them.
func PlainHTML(text string, names Names) string {
	return fillPlain(text, names, html.EscapeString, func(n *resolvedName, shown string) string {
		return n.linked("entity", html.EscapeString(shown))
	})
}

func fillPlain(text string, names Names, escape func(string) string, link func(n *resolvedName, shown string) string) string {
	if !strings.Contains(text, "[[") {
		return escape(text)
	}
	r := (&Document{}).For(names)
	var b strings.Builder
	eachPlainLink(text, func(written string) { b.WriteString(escape(written)) }, func(e *entityLink) {
		b.WriteString(link(r.entity(e.slug), e.shown(r)))
	})
	return b.String()
}

// eachPlainLink goes through a plain text: the links in it and what is written between them.
func eachPlainLink(text string, between func(written string), link func(*entityLink)) {
	from := 0
	for _, at := range plainLink.FindAllStringSubmatchIndex(text, -1) {
		e := &entityLink{slug: text[at[2]:at[3]], hasText: at[4] >= 0}
		if e.hasText {
			e.text = text[at[4]:at[5]]
		}
		between(text[from:at[0]])
		link(e)
		from = at[1]
	}
	between(text[from:])
}
