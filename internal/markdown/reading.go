package markdown

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// Names tells what a reader may see of what a text names. A function that is
// nil, or says false, shows nothing: not that there is something either.
type Names struct {
	// Entity returns the address of an entity's page, and its name.
	Entity func(slug string) (href, name string, ok bool)
	// Source returns where a source is, or "", and its title.
	Source func(slug string) (href, title string, ok bool)
}

// A Reading is a document as one reader sees it. All forms of a text are made
// by it, so that a name is the same in each of them. It asks Names once for
// each name, and is for one goroutine.
type Reading struct {
	doc      *Document
	names    Names
	entities map[string]*named
	sources  map[string]*named
}

// named is what a reader sees of an entity or a source.
type named struct {
	href string
	name string
	tag  *string // the start tag of a link to href; "" for none
}

// Part is how much of a document is wanted.
type Part int

const (
	Whole Part = iota
	Body       // without the list of notes; the references to them stay
)

// For returns the document as the reader sees it that names are for.
func (d *Document) For(names Names) *Reading { return &Reading{doc: d, names: names} }

// HTML returns safe HTML, whatever the text is.
//
// An entity is shown as a link under its name, or under the author's own text.
// Where the reader may not see it, what remains is the author's own text, or the
// words of the slug where there is none, and nothing tells that a link was
// there. A citation is shown as the title of the source, linked to where that
// is, and the locator; where the reader may not see the source, as nothing. An
// address that is not http, https, mailto or relative is not linked.
func (r *Reading) HTML(part Part) string {
	p := r.doc.pages()
	body := p.body.fill(r, true)
	if part == Body || len(p.notes) == 0 {
		return body
	}
	var b strings.Builder
	b.WriteString(body)
	b.WriteString(`<section class="footnotes" role="doc-endnotes">` + "\n<ol>\n")
	for i, note := range p.notes {
		b.WriteString(`<li id="` + noteID(i+1) + `">` + note.fill(r, true) + "</li>\n")
	}
	b.WriteString("</ol>\n</section>\n")
	return b.String()
}

// Text returns the plain text: blocks with a blank line between them, the items
// of a tight list and the rows of a table on lines of their own, the box of a
// task as [ ] or [x], references as [1], and the notes at the end as
// "[1] The note." Names and citations are as in HTML, without links.
func (r *Reading) Text(part Part) string {
	var b strings.Builder
	b.WriteString(r.doc.plain.fill(r))
	if part == Body {
		return b.String()
	}
	for i, note := range r.doc.notes {
		b.WriteString("\n\n[" + strconv.Itoa(i+1) + "]")
		if text := note.fill(r); text != "" {
			b.WriteString(" " + text)
		}
	}
	return b.String()
}

// Outline returns the headings of the body. Their anchors are the same for all
// readers, and stay when an entity gets another name: what is in the anchor of
// a heading that names it is its slug.
func (r *Reading) Outline() []Heading {
	all := make([]Heading, len(r.doc.outline))
	for i, h := range r.doc.outline {
		all[i] = Heading{Level: h.level, Text: h.text.fill(r), Anchor: h.anchor}
	}
	return all
}

// NoteHTML returns the note with a number as HTML, without the links back to its
// references; "" where there is none.
func (r *Reading) NoteHTML(number int) string {
	notes := r.doc.pages().notes
	if number < 1 || number > len(notes) {
		return ""
	}
	return strings.TrimSpace(notes[number-1].fill(r, false))
}

// NoteMarkdown returns the note with a number as it was written; "" where there
// is none.
func (r *Reading) NoteMarkdown(number int) string {
	if number < 1 || number > len(r.doc.footnotes) {
		return ""
	}
	return r.doc.footnotes[number-1].Markdown
}

// NoteText returns the note with a number as one line of plain text; "" where
// there is none.
func (r *Reading) NoteText(number int) string {
	if number < 1 || number > len(r.doc.notes) {
		return ""
	}
	return r.doc.notes[number-1].fill(r)
}

func (r *Reading) entity(slug string) *named {
	return ask(&r.entities, r.names.Entity, slug)
}

func (r *Reading) source(slug string) *named {
	return ask(&r.sources, r.names.Source, slug)
}

func ask(known *map[string]*named, who func(string) (string, string, bool), slug string) *named {
	if n := (*known)[slug]; n != nil {
		return n
	}
	n := &named{}
	if who != nil {
		if href, name, ok := who(slug); ok {
			n.href, n.name = href, collapse(strip(strings.ToValidUTF8(name, "\uFFFD")))
		}
	}
	if *known == nil {
		*known = map[string]*named{}
	}
	(*known)[slug] = n
	return n
}

// linked returns what is shown, which is HTML, as a link, if there is something
// to link to. The tag is sanitised as all other HTML.
func (n *named) linked(class, shown string) string {
	if n.tag == nil {
		n.tag = new(linkTag(n.href, class))
	}
	if *n.tag == "" {
		return shown
	}
	return *n.tag + shown + "</a>"
}

func linkTag(href, class string) string {
	safe, external, ok := safeURL(strings.ToValidUTF8(href, "\uFFFD"))
	if !ok {
		return ""
	}
	rel := ""
	if external && class == "source" {
		rel = ` rel="nofollow noopener"`
	}
	tag, ok := strings.CutSuffix(policy.Sanitize(`<a href="`+html.EscapeString(safe)+`" class="`+class+`"`+rel+`>x</a>`), "x</a>")
	if !ok || !strings.Contains(tag, "href") {
		return ""
	}
	return tag
}

// hole is a place in a text that readers see differently: one of an entity, a
// citation, the description of an image, or the links back from a note.
type hole struct {
	entity *entityLink
	cite   *citation
	alt    phrase
	back   string // HTML

	lead  string // HTML: the white space before a citation
	tight bool   // without the citation, nothing of that is left
}

// plain returns what the hole is filled with in plain text.
func (h *hole) plain(r *Reading) string {
	switch {
	case h.entity != nil:
		return h.entity.shown(r)
	case h.cite != nil:
		return h.cite.shown(r)
	}
	return h.alt.fill(r)
}

// html returns what the hole is filled with in HTML.
func (h *hole) html(r *Reading, back bool) string {
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
		case shown == "" && h.tight:
			return ""
		case shown == "":
			return h.lead
		}
		source := r.source(h.cite.slug)
		title := html.EscapeString(source.name)
		if !h.cite.inLink {
			title = source.linked("source", title)
		}
		return h.lead + "<cite>" + title + "</cite>" + html.EscapeString(h.cite.where())
	case h.alt != nil:
		return html.EscapeString(h.alt.fill(r))
	case back:
		return h.back
	}
	return ""
}

// shown is what a reader sees of the entity.
func (e *entityLink) shown(r *Reading) string {
	if e.named {
		return e.text
	}
	if name := r.entity(e.slug).name; name != "" {
		return name
	}
	return slugWords(e.slug)
}

// shown is what a reader sees of the citation, "" for nothing.
func (c *citation) shown(r *Reading) string {
	source := r.source(c.slug)
	if !c.counts || source.name == "" {
		return ""
	}
	return source.name + c.where()
}

// where is the locator as it follows a title.
func (c *citation) where() string {
	if c.locator == "" {
		return ""
	}
	return ", " + c.locator
}

// phrase is a line of plain text with holes.
type phrase []piece

// piece is a part of a line: text, or a hole.
type piece struct {
	text  string
	hole  *hole
	space bool // white space stands before it
	soft  bool // a line end does
}

// fill returns the line as the reader sees it.
func (p phrase) fill(r *Reading) string {
	if len(p) == 1 && p[0].hole == nil {
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
		if part.hole != nil {
			s = part.hole.plain(r)
		}
		if s == "" {
			if part.hole != nil && part.hole.tight {
				space, soft = false, false
			}
			continue
		}
		first, _ := utf8.DecodeRuneInString(s)
		if b.Len() > 0 && (space || soft && !(unspaced(last) && unspaced(first))) {
			b.WriteByte(' ')
		}
		b.WriteString(s)
		last, _ = utf8.DecodeLastRuneInString(s)
		space, soft = false, false
	}
	return b.String()
}

// named reports whether there are names in the line.
func (p phrase) named() bool {
	return slices.ContainsFunc(p, func(part piece) bool { return part.hole != nil })
}

// static is the line as somebody sees it who sees no names.
func (p phrase) static() string { return p.fill(&Reading{}) }

// blocks is the plain text of a document.
type blocks []block

// block is a line or more of plain text; of a table's row, its cells.
type block struct {
	cells []phrase
	tight bool // no blank line stands before it
}

func (all blocks) fill(r *Reading) string {
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
