package search

import "strings"

// stripMarkup returns what of a Markdown text is read: without the addresses of links and images,
// references to notes and citations, and HTML tags; of a link to an entity its text or its slug. It is
// no parser: what it leaves or takes too much is a word in the index, and what is shown of a text comes from
// package markdown.
func stripMarkup(text string) string {
	if !strings.ContainsAny(text, "[<") {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for {
		i := strings.IndexAny(text, "[]<")
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		mark, rest := text[i], text[i+1:]
		text = rest
		b.WriteByte(' ')
		switch {
		case mark == ']' && strings.HasPrefix(rest, "("): // the address of a link
			if end := strings.IndexAny(rest, ")\n"); end >= 0 {
				text = rest[end+1:]
			}
		case mark == '[' && strings.HasPrefix(rest, "["): // a link to an entity
			if end := strings.Index(rest, "]]"); end >= 0 && !strings.Contains(rest[:end], "\n") {
				inner := rest[1:end]
				if _, label, ok := strings.Cut(inner, "|"); ok {
					inner = label
				}
				b.WriteString(inner)
				b.WriteByte(' ')
				text = rest[end+2:]
			}
		case mark == '[' && (strings.HasPrefix(rest, "^") || strings.HasPrefix(rest, "@")): // a note, a citation
			if end := strings.IndexAny(rest, "]\n"); end >= 0 && rest[end] == ']' {
				text = rest[end+1:]
			}
		case mark == '<' && rest != "" && (isLetter(rest[0]) || rest[0] == '/' || rest[0] == '!'):
			if end := strings.IndexAny(rest, ">\n"); end >= 0 && rest[end] == '>' {
				text = rest[end+1:]
			}
		}
	}
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
