package markdown

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"golang.org/x/net/html"
)

var placeholderPattern = regexp.MustCompile(string(placeholderOpen) + `([0-9]+)` + string(placeholderClose))

// render returns the HTML of a whole document, for any number of readers.
func render(root ast.Node, a *analysis) *documentHTML {
	body := &writer{a: a}
	body.children(root)
	p := &documentHTML{body: body.page()}
	for _, d := range a.notes {
		w := &writer{a: a}
		w.note(d)
		p.notes = append(p.notes, w.page())
	}
	return p
}

// writer renders nodes as HTML.
type writer struct {
	a            *analysis
	b            strings.Builder
	placeholders []*placeholder
}

// page returns the HTML that was written, sanitised.
func (w *writer) page() *htmlTemplate {
	safe := policy().Sanitize(w.b.String())
	p := &htmlTemplate{}
	rest := 0
	for _, m := range placeholderPattern.FindAllStringSubmatchIndex(safe, -1) {
		i, err := strconv.Atoi(safe[m[2]:m[3]])
		if err != nil || i >= len(w.placeholders) {
			continue
		}
		p.parts = append(p.parts, safe[rest:m[0]])
		p.placeholders = append(p.placeholders, w.placeholders[i])
		rest = m[1]
	}
	p.parts = append(p.parts, safe[rest:])
	return p
}

func (w *writer) placeholder(h *placeholder) {
	w.raw(string(placeholderOpen), strconv.Itoa(len(w.placeholders)), string(placeholderClose))
	w.placeholders = append(w.placeholders, h)
}

func (w *writer) raw(parts ...string) {
	for _, s := range parts {
		w.b.WriteString(s)
	}
}

func (w *writer) text(s string) { w.b.WriteString(html.EscapeString(strip(s))) }

func (w *writer) children(n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		w.node(c)
	}
}

func (w *writer) wrap(tag string, n ast.Node) {
	w.raw("<", tag, ">")
	w.children(n)
	w.raw("</", tag, ">")
}

func (w *writer) node(n ast.Node) {
	switch n := n.(type) {
	case *noteDef, *ast.LinkReferenceDefinition:
	case *ast.Paragraph:
		w.wrap("p", n)
		w.raw("\n")
	case *ast.TextBlock:
		w.children(n)
		if n.NextSibling() != nil {
			w.raw("\n")
		}
	case *ast.Heading:
		level := strconv.Itoa(n.Level)
		w.raw("<h", level, ` id="`, html.EscapeString(w.a.anchors[n]), `">`)
		w.children(n)
		w.raw("</h", level, ">\n")
	case *ast.Blockquote:
		w.raw("<blockquote>\n")
		w.children(n)
		w.raw("</blockquote>\n")
	case *ast.List:
		w.list(n)
	case *ast.ListItem:
		if isTask(n) {
			w.raw(`<li class="task-list-item">`)
		} else {
			w.raw("<li>")
		}
		if _, ok := n.FirstChild().(*ast.TextBlock); n.FirstChild() != nil && !ok {
			w.raw("\n")
		}
		w.children(n)
		w.raw("</li>\n")
	case *ast.ThematicBreak:
		w.raw("<hr>\n")
	case *ast.CodeBlock:
		w.raw("<pre><code>")
		w.text(w.a.code(n))
		w.raw("</code></pre>\n")
	case *ast.FencedCodeBlock:
		w.raw("<pre><code", w.language(n), ">")
		w.text(w.a.code(n))
		w.raw("</code></pre>\n")
	case *extast.Table:
		w.table(n)
	case *ast.HTMLBlock:
		w.tokens(n)
		w.raw("\n")
	case *ast.RawHTML:
		w.tokens(n)
	case *ast.Text:
		w.textNode(n)
	case *ast.String:
		w.text(string(n.Value))
	case *ast.CodeSpan:
		w.raw("<code>")
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			if t, ok := c.(*ast.Text); ok {
				w.text(strings.ReplaceAll(string(w.a.src[t.Segment.Start:t.Segment.Stop]), "\n", " "))
			}
		}
		w.raw("</code>")
	case *ast.Emphasis:
		w.wrap([]string{"em", "strong"}[min(max(n.Level, 1), 2)-1], n)
	case *extast.Strikethrough:
		w.wrap("del", n)
	case *ast.Link:
		w.link(n)
	case *ast.AutoLink:
		w.autoLink(n)
	case *ast.Image:
		w.image(n)
	case *entityLink:
		w.placeholder(&placeholder{entity: n})
	case *citation:
		w.placeholder(&placeholder{cite: n, spaceBefore: w.a.spaceBefore(n), dropSpace: w.a.spaceIsSurplus(n)})
	case *extast.TaskCheckBox:
		if n.IsChecked {
			w.raw(`<input type="checkbox" disabled="" checked="">`)
		} else {
			w.raw(`<input type="checkbox" disabled="">`)
		}
	case *noteRef:
		w.noteRef(n)
	default:
		w.children(n)
	}
}

func (w *writer) list(n *ast.List) {
	tag := "ul"
	start := ""
	if n.IsOrdered() {
		tag = "ol"
		if n.Start != 1 {
			start = ` start="` + strconv.Itoa(n.Start) + `"`
		}
	}
	w.raw("<", tag, start, ">\n")
	w.children(n)
	w.raw("</", tag, ">\n")
}

func (w *writer) table(n *extast.Table) {
	w.raw("<table>\n")
	body := false
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		_, head := row.(*extast.TableHeader)
		tag := "td"
		switch {
		case head:
			tag = "th"
			w.raw("<thead>\n")
		case !body:
			body = true
			w.raw("<tbody>\n")
		}
		w.raw("<tr>\n")
		for c := row.FirstChild(); c != nil; c = c.NextSibling() {
			class := ""
			if cell, ok := c.(*extast.TableCell); ok && cell.Alignment != extast.AlignNone {
				class = ` class="align-` + cell.Alignment.String() + `"`
			}
			w.raw("<", tag, class, ">")
			w.children(c)
			w.raw("</", tag, ">\n")
		}
		w.raw("</tr>\n")
		if head {
			w.raw("</thead>\n")
		}
	}
	if body {
		w.raw("</tbody>\n")
	}
	w.raw("</table>\n")
}

var languagePattern = regexp.MustCompile(`^[a-z0-9+#.-]{1,30}$`)

func (w *writer) language(n *ast.FencedCodeBlock) string {
	if n.Info == nil {
		return ""
	}
	info := bytes.Fields(w.a.src[n.Info.Segment.Start:n.Info.Segment.Stop])
	if len(info) == 0 {
		return ""
	}
	if name := strings.ToLower(string(info[0])); languagePattern.MatchString(name) {
		return ` class="language-` + name + `"`
	}
	return ""
}

func (w *writer) tokens(n ast.Node) {
	for _, t := range w.a.raw[n] {
		switch t.kind {
		case rawText:
			w.text(t.text)
		case rawTag:
			w.raw(t.text)
		}
	}
}

func (w *writer) textNode(n *ast.Text) {
	seg := n.Segment
	value := w.a.src[seg.Start:seg.Stop]
	if n.IsRaw() {
		w.text(string(value))
		return
	}
	s := decode(value)
	if _, ok := n.NextSibling().(*citation); ok {
		w.text(strings.TrimRightFunc(s, unicode.IsSpace)) // the placeholder has the white space
		return
	}
	w.text(s)
	switch {
	case n.HardLineBreak():
		w.raw("<br>\n")
	case n.SoftLineBreak() && !w.betweenCJK(n):
		w.raw("\n")
	}
}

// spaceBefore returns the white space before a citation.
func (a *analysis) spaceBefore(c *citation) string {
	n, ok := c.PreviousSibling().(*ast.Text)
	if !ok {
		return ""
	}
	s := decode(a.src[n.Segment.Start:n.Segment.Stop])
	switch {
	case n.HardLineBreak():
		return "<br>\n"
	case n.SoftLineBreak():
		return "\n"
	case strings.TrimRightFunc(s, unicode.IsSpace) != s:
		return " "
	}
	return ""
}

// betweenCJK reports whether the line end after n is between two characters of
// scripts without spaces. A browser would show a space there.
func (w *writer) betweenCJK(n *ast.Text) bool {
	next, ok := n.NextSibling().(*ast.Text)
	if !ok {
		return false
	}
	before, _ := utf8.DecodeLastRune(w.a.src[n.Segment.Start:n.Segment.Stop])
	after, _ := utf8.DecodeRune(w.a.src[next.Segment.Start:next.Segment.Stop])
	return unspaced(before) && unspaced(after)
}

// anchor writes the start tag of an author's link, and reports whether dest is safe
// and so it did.
func (w *writer) anchor(dest string, title []byte) bool {
	href, external, ok := safeURL(dest)
	if !ok {
		return false
	}
	w.raw(`<a href="`, html.EscapeString(href), `"`)
	w.title(title)
	if external {
		w.raw(` rel="nofollow noopener"`)
	}
	w.raw(">")
	return true
}

func (w *writer) title(title []byte) {
	if t := decode(title); t != "" {
		w.raw(` title="`)
		w.text(t)
		w.raw(`"`)
	}
}

func (w *writer) link(n *ast.Link) {
	open := w.anchor(decode(n.Destination), n.Title)
	w.children(n)
	if open {
		w.raw("</a>")
	}
}

func (w *writer) autoLink(n *ast.AutoLink) {
	dest := string(n.URL(w.a.src))
	if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(dest), "mailto:") {
		dest = "mailto:" + dest
	}
	nested := false
	for p := n.Parent(); p != nil && p.Type() == ast.TypeInline; p = p.Parent() {
		nested = nested || p.Kind() == ast.KindLink
	}
	open := !nested && w.anchor(dest, nil)
	w.text(string(n.Label(w.a.src)))
	if open {
		w.raw("</a>")
	}
}

func (w *writer) image(n *ast.Image) {
	src, _, ok := safeURL(decode(n.Destination))
	if !ok || strings.HasPrefix(src, "mailto:") {
		w.description(n)
		return
	}
	w.raw(`<img src="`, html.EscapeString(src), `" alt="`)
	w.description(n)
	w.raw(`"`)
	w.title(n.Title)
	w.raw(">")
}

// description writes the description of an image, for an attribute or as text.
func (w *writer) description(n *ast.Image) {
	alt := w.a.phrase(n)
	if alt.hasNames() {
		w.placeholder(&placeholder{alt: alt})
		return
	}
	w.text(alt.withoutNames())
}

func (w *writer) noteRef(r *noteRef) {
	switch {
	case r.def == nil && w.a.defs[r.label] == nil:
		w.text("[^" + r.label + "]")
	case r.def == nil:
		// In a note without a reference, which is not shown.
	default:
		number := strconv.Itoa(r.def.number)
		w.raw(`<sup id="`, refID(r.def.number, r.nth), `">`)
		if r.inLink {
			w.raw(number)
		} else {
			w.raw(`<a href="#`, noteID(r.def.number), `" class="footnote-ref" role="doc-noteref">`, number, "</a>")
		}
		w.raw("</sup>")
	}
}

// note writes the content of a note, with the links back to the references after the
// last text. A note of one paragraph is written without its p element.
func (w *writer) note(d *noteDef) {
	last, ok := d.LastChild().(*ast.Paragraph)
	if ok && d.FirstChild() == d.LastChild() {
		w.children(last)
		w.placeholder(&placeholder{back: backlinks(d)})
		return
	}
	if d.FirstChild() == nil {
		w.placeholder(&placeholder{back: backlinks(d)})
		return
	}
	w.raw("\n")
	for c := d.FirstChild(); c != nil && (!ok || c != d.LastChild()); c = c.NextSibling() {
		w.node(c)
	}
	if !ok {
		w.placeholder(&placeholder{back: "<p>" + backlinks(d) + "</p>\n"})
		return
	}
	w.raw("<p>")
	w.children(last)
	w.placeholder(&placeholder{back: backlinks(d)})
	w.raw("</p>\n")
}

// maxBacklinks is the greatest number of links from a note back to references.
const maxBacklinks = 100

// backlinks returns the links from a note to the references to it. They contain no
// text of the author.
func backlinks(d *noteDef) string {
	var b strings.Builder
	for nth := 1; nth <= min(d.count, maxBacklinks); nth++ {
		b.WriteString(` <a href="#` + refID(d.number, nth) + `" class="footnote-backref" role="doc-backlink">↩`)
		if nth > 1 {
			b.WriteString("<sup>" + strconv.Itoa(nth) + "</sup>")
		}
		b.WriteString("</a>")
	}
	return b.String()
}
