package markdown

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// Names returns what a reader may see of the entities and sources in a text. If a
// function is nil or returns false, the reader sees neither the name nor that there
// is a link.
type Names struct {
	// Entity returns the URL of the page of an entity, and its name.
	Entity func(slug string) (href, name string, ok bool)
	// Source returns the URL of a source, or "", and its title.
	Source func(slug string) (href, title string, ok bool)
}

// A Rendering renders a document for one reader. All forms of a text are made by it,
// so that a name is the same in each of them. It calls the functions of Names once
// for each slug. It is not safe for concurrent use.
type Rendering struct {
	doc      *Document
	names    Names
	entities map[string]*resolvedName
	sources  map[string]*resolvedName
	marks    []string // the slugs of links that are marked in plain text
}

// resolvedName is what a reader sees of an entity or a source; empty for nothing.
type resolvedName struct {
	href string
	name string
	tag  *string // the start tag of a link to href; "" for none
}

// Part is a part of a document.
type Part int

// The parts.
const (
	Whole Part = iota
	Body       // without the list of notes; the references to them stay
)

// For returns the rendering of the document for the reader of names.
func (d *Document) For(names Names) *Rendering { return &Rendering{doc: d, names: names} }

// HTML returns safe HTML, for any text.
//
// An entity is a link with the author's own text or, without one, with its name. If
// the reader may not see the entity, it is the author's own text or the words of the
// slug, and nothing shows that there was a link. A citation is the title of the
// source, linked to its URL, and the locator; if the reader may not see the source,
// it is left out. A URL that is not http, https, mailto or relative is not linked.
func (r *Rendering) HTML(part Part) string {
	p := r.doc.html()
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
func (r *Rendering) Text(part Part) string {
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

// TextLinks returns [Rendering.Text], and where in it the links to an entity stand, which is known by the slugs.
func (r *Rendering) TextLinks(part Part, slugs []string) (string, []Span) {
	marking := &Rendering{doc: r.doc, names: r.names, marks: slugs}
	return unmark(marking.Text(part))
}

func (r *Rendering) marked(slug string) bool { return slices.Contains(r.marks, slug) }

// Span is a part of a text, in bytes.
type Span struct{ Start, End int }

// unmark takes the marks around links out of a text, and returns where they stood. No text has these characters
// otherwise.
func unmark(text string) (string, []Span) {
	if !strings.ContainsRune(text, placeholderOpen) {
		return text, nil
	}
	var b strings.Builder
	var spans []Span
	for text != "" {
		i := strings.IndexFunc(text, func(r rune) bool { return r == placeholderOpen || r == placeholderClose })
		if i < 0 {
			b.WriteString(text)
			break
		}
		mark, size := utf8.DecodeRuneInString(text[i:])
		b.WriteString(text[:i])
		text = text[i+size:]
		if mark == placeholderOpen {
			spans = append(spans, Span{b.Len(), b.Len()})
		} else if n := len(spans); n > 0 {
			spans[n-1].End = b.Len()
		}
	}
	return b.String(), spans
}

// Outline returns the headings of the body. Their anchors are the same for all
// readers and do not change with the name of an entity: the anchor of a heading that
// names an entity has its slug.
func (r *Rendering) Outline() []Heading {
	all := make([]Heading, len(r.doc.outline))
	for i, h := range r.doc.outline {
		all[i] = Heading{Level: h.level, Text: h.text.fill(r), Anchor: h.anchor}
	}
	return all
}

// NoteHTML returns the note with the number, from 1, as HTML without the links back
// to its references; "" if there is none.
func (r *Rendering) NoteHTML(number int) string {
	notes := r.doc.html().notes
	if number < 1 || number > len(notes) {
		return ""
	}
	return strings.TrimSpace(notes[number-1].fill(r, false))
}

// NoteMarkdown returns the note with the number, from 1, as it was written; "" if
// there is none.
func (r *Rendering) NoteMarkdown(number int) string {
	if number < 1 || number > len(r.doc.footnotes) {
		return ""
	}
	return r.doc.footnotes[number-1].Markdown
}

// NoteText returns the note with the number, from 1, as one line of plain text; "" if
// there is none.
func (r *Rendering) NoteText(number int) string {
	if number < 1 || number > len(r.doc.notes) {
		return ""
	}
	return r.doc.notes[number-1].fill(r)
}

func (r *Rendering) entity(slug string) *resolvedName {
	return lookup(&r.entities, r.names.Entity, slug)
}

func (r *Rendering) source(slug string) *resolvedName {
	return lookup(&r.sources, r.names.Source, slug)
}

// lookup returns the name of a slug from known, and finds it at first.
func lookup(known *map[string]*resolvedName, find func(string) (string, string, bool), slug string) *resolvedName {
	if n := (*known)[slug]; n != nil {
		return n
	}
	n := &resolvedName{}
	if find != nil {
		if href, name, ok := find(slug); ok {
			n.href, n.name = href, collapse(strip(strings.ToValidUTF8(name, "\uFFFD")))
		}
	}
	if *known == nil {
		*known = map[string]*resolvedName{}
	}
	(*known)[slug] = n
	return n
}

// linked returns HTML as the content of a link, or as it is if the name has no URL.
// The tag is sanitised, as all other HTML.
func (n *resolvedName) linked(class, shown string) string {
	if n.tag == nil {
		n.tag = new(linkTag(n.href, class))
	}
	if *n.tag == "" {
		return shown
	}
	return *n.tag + shown + "</a>"
}

// linkTag returns the start tag of a link to href; "" if href is not safe.
func linkTag(href, class string) string {
	safe, external, ok := safeURL(strings.ToValidUTF8(href, "\uFFFD"))
	if !ok {
		return ""
	}
	rel := ""
	if external && class == "source" {
		rel = ` rel="nofollow noopener"`
	}
	tag, ok := strings.CutSuffix(policy().Sanitize(`<a href="`+html.EscapeString(safe)+`" class="`+class+`"`+rel+`>x</a>`), "x</a>")
	if !ok || !strings.Contains(tag, "href") {
		return ""
	}
	return tag
}
