package markdown

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// A text is rendered once, into templates, and filled for each reader: the
// placeholders are the places where readers see different things.

// placeholder is a place in a text that readers see differently: an entity, a
// citation, the description of an image, or the links back from a note.
type placeholder struct {
	entity *entityLink
	cite   *citation
	alt    lineTemplate
	back   string // HTML

	spaceBefore string // HTML: the white space before a citation
	dropSpace   bool   // without the citation, nothing of that is left
}

// plain returns the plain text that replaces the placeholder.
func (h *placeholder) plain(r *Rendering) string {
	switch {
	case h.entity != nil:
		return h.entity.shown(r)
	case h.cite != nil:
		return h.cite.shown(r)
	}
	return h.alt.fill(r)
}

// html returns the HTML that replaces the placeholder. back says whether the links
// back from notes are wanted.
func (h *placeholder) html(r *Rendering, back bool) string {
	switch {
	case h.entity != nil:
		shown := html.EscapeString(h.entity.shown(r))
		if h.entity.inLink {
			return shown
		}
		return r.entity(h.entity.slug).linked("entity", shown)
	case h.cite != nil:
		shown := h.cite.shown(r)
		switch {
		case shown == "" && h.dropSpace:
			return ""
		case shown == "":
			return h.spaceBefore
		}
		source := r.source(h.cite.slug)
		title := html.EscapeString(source.name)
		if !h.cite.inLink {
			title = source.linked("source", title)
		}
		return h.spaceBefore + "<cite>" + title + "</cite>" + html.EscapeString(h.cite.where())
	case h.alt != nil:
		return html.EscapeString(h.alt.fill(r))
	case back:
		return h.back
	}
	return ""
}

// shown returns what a reader sees of the entity.
func (e *entityLink) shown(r *Rendering) string {
	if e.hasText {
		return e.text
	}
	if name := r.entity(e.slug).name; name != "" {
		return name
	}
	return slugWords(e.slug)
}

// shown returns what a reader sees of the citation; "" for nothing.
func (c *citation) shown(r *Rendering) string {
	source := r.source(c.slug)
	if !c.counts || source.name == "" {
		return ""
	}
	return source.name + c.where()
}

// where returns the locator as it follows a title.
func (c *citation) where() string {
	if c.locator == "" {
		return ""
	}
	return ", " + c.locator
}

// lineTemplate is a line of plain text with placeholders.
type lineTemplate []piece

// piece is a part of a line: text, or a placeholder.
type piece struct {
	text        string
	placeholder *placeholder
	space       bool // white space stands before it
	soft        bool // a line end does
}

// fill returns the line as the reader sees it.
func (p lineTemplate) fill(r *Rendering) string {
	if len(p) == 1 && p[0].placeholder == nil {
		return p[0].text
	}
	var (
		b           strings.Builder
		last        rune
		space, soft bool
	)
	for _, part := range p {
		space, soft = space || part.space, soft || part.soft
		s := part.text
		if part.placeholder != nil {
			s = part.placeholder.plain(r)
		}
		if s == "" {
			if part.placeholder != nil && part.placeholder.dropSpace {
				space, soft = false, false
			}
			continue
		}
		first, _ := utf8.DecodeRuneInString(s)
		if b.Len() > 0 && (space || soft && !(unspaced(last) && unspaced(first))) {
			b.WriteByte(' ')
		}
		if part.placeholder != nil && part.placeholder.entity != nil && r.marked(part.placeholder.entity.slug) {
			b.WriteRune(placeholderOpen)
			b.WriteString(s)
			b.WriteRune(placeholderClose)
		} else {
			b.WriteString(s)
		}
		last, _ = utf8.DecodeLastRuneInString(s)
		space, soft = false, false
	}
	return b.String()
}

// hasNames reports whether readers see the line differently.
func (p lineTemplate) hasNames() bool {
	return slices.ContainsFunc(p, func(part piece) bool {
		return part.placeholder != nil && (part.placeholder.entity == nil || !part.placeholder.entity.hasText)
	})
}

// withoutNames returns the line for a reader who sees no entity and no source.
func (p lineTemplate) withoutNames() string { return p.fill(&Rendering{}) }

// textTemplate is the plain text of a document, with placeholders.
type textTemplate []textBlock

// textBlock is a block of plain text: one cell, or several for a row of a table.
type textBlock struct {
	cells []lineTemplate
	tight bool // no blank line stands before it
}

// fill returns the text as the reader sees it.
func (all textTemplate) fill(r *Rendering) string {
	var b strings.Builder
	for _, one := range all {
		cells := make([]string, len(one.cells))
		for i, c := range one.cells {
			cells[i] = c.fill(r)
		}
		s := strings.Join(cells, " | ")
		if s == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
			if !one.tight {
				b.WriteByte('\n')
			}
		}
		b.WriteString(s)
	}
	return b.String()
}

// documentHTML has the HTML of the body of a document and of each of its notes.
type documentHTML struct {
	body  *htmlTemplate
	notes []*htmlTemplate
}

// htmlTemplate is sanitised HTML with placeholders. A placeholder is in a text or in
// the description of an image, never in another part of a tag: the renderer writes
// all tags, also those of the author's HTML. The characters that mark a placeholder
// are removed from everything that the author wrote.
type htmlTemplate struct {
	parts        []string // one more than placeholders
	placeholders []*placeholder
}

// fill returns the HTML as the reader sees it. What it adds is sanitised too. back
// says whether the links back from notes are wanted.
func (p *htmlTemplate) fill(r *Rendering, back bool) string {
	if len(p.parts) == 0 {
		return ""
	}
	var b strings.Builder
	for i, h := range p.placeholders {
		b.WriteString(p.parts[i])
		b.WriteString(h.html(r, back))
	}
	b.WriteString(p.parts[len(p.placeholders)])
	return b.String()
}
