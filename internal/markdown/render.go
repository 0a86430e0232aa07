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

// A page is a document's HTML, sanitised, with holes where entities are shown.
// A hole is only ever among text, never in a tag: the tags are all written by
// the renderer, those in the author's HTML too. The characters that mark a hole
// are taken out of everything the author wrote.
type page struct {
	parts []string // one more than holes
	holes []*entityLink
}

// fill puts the entities in. What it adds is sanitised as well.
func (p *page) fill(link func(slug string) (href, name string, ok bool)) string {
	if len(p.parts) == 0 {
		return ""
	}
	type target struct {
		open string // the tag, or "" for no link
		name string
	}
	targets := make(map[string]target, len(p.holes))
	var b strings.Builder
	for i, e := range p.holes {
		b.WriteString(p.parts[i])
		t, ok := targets[e.slug]
		if !ok {
			t.name = slugWords(e.slug)
			if link != nil {
				if href, name, ok := link(e.slug); ok {
					if name = collapse(strip(strings.ToValidUTF8(name, "\uFFFD"))); name != "" {
						t.name = name
					}
					t.open = entityTag(href)
				}
			}
			targets[e.slug] = t
		}
		shown := t.name
		if e.named {
			shown = e.text
		}
		shown = html.EscapeString(shown)
		if t.open != "" && !e.inLink {
			shown = t.open + shown + "</a>"
		}
		b.WriteString(shown)
	}
	b.WriteString(p.parts[len(p.holes)])
	return b.String()
}

// entityTag returns the sanitised start tag of a link to href, or "".
func entityTag(href string) string {
	safe, _, ok := safeURL(strings.ToValidUTF8(href, "\uFFFD"))
	if !ok {
		return ""
	}
	tag, ok := strings.CutSuffix(policy.Sanitize(`<a href="`+html.EscapeString(safe)+`" class="entity">x</a>`), "x</a>")
	if !ok || !strings.Contains(tag, "href") {
		return ""
	}
	return tag
}

var holePattern = regexp.MustCompile(string(holeOpen) + `([0-9]+)` + string(holeClose))

// render writes the HTML of a whole document once, for any number of readers.
func render(root ast.Node, a *analysis) *page {
	w := &writer{a: a}
	w.children(root)
	w.notes()
	safe := policy.Sanitize(w.b.String())

	p := &page{}
	rest := 0
	for _, m := range holePattern.FindAllStringSubmatchIndex(safe, -1) {
		i, err := strconv.Atoi(safe[m[2]:m[3]])
		if err != nil || i >= len(w.holes) {
			continue
		}
		p.parts = append(p.parts, safe[rest:m[0]])
		p.holes = append(p.holes, w.holes[i])
		rest = m[1]
	}
	p.parts = append(p.parts, safe[rest:])
	return p
}

type writer struct {
	a     *analysis
	b     strings.Builder
	holes []*entityLink
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
	case *noteDef, *citation, *ast.LinkReferenceDefinition:
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
		w.raw("<li>")
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
		w.raw(string(holeOpen), strconv.Itoa(len(w.holes)), string(holeClose))
		w.holes = append(w.holes, n)
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
	if w.a.dangling(n) {
		w.text(strings.TrimRightFunc(s, unicode.IsSpace))
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

// betweenCJK reports whether the line end after n stands between two characters
// of scripts that have no spaces, where a browser would show one.
func (w *writer) betweenCJK(n *ast.Text) bool {
	next, ok := n.NextSibling().(*ast.Text)
	if !ok {
		return false
	}
	before, _ := utf8.DecodeLastRune(w.a.src[n.Segment.Start:n.Segment.Stop])
	after, _ := utf8.DecodeRune(w.a.src[next.Segment.Start:next.Segment.Stop])
	return unspaced(before) && unspaced(after)
}

// anchor writes the start tag of an author's link and reports whether it did.
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
	alt := w.a.inlineText(n)
	src, _, ok := safeURL(decode(n.Destination))
	if !ok || strings.HasPrefix(src, "mailto:") {
		w.text(alt)
		return
	}
	w.raw(`<img src="`, html.EscapeString(src), `" alt="`)
	w.text(alt)
	w.raw(`"`)
	w.title(n.Title)
	w.raw(">")
}

func (w *writer) noteRef(r *noteRef) {
	switch {
	case r.def == nil && w.a.defs[r.label] == nil:
		w.text("[^" + r.label + "]")
	case r.def == nil:
		// In a note that nothing refers to, which is not shown.
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

func (w *writer) notes() {
	if len(w.a.notes) == 0 {
		return
	}
	w.raw(`<section class="footnotes" role="doc-endnotes">`, "\n<ol>\n")
	for _, d := range w.a.notes {
		w.raw(`<li id="`, noteID(d.number), `">`)
		w.note(d)
		w.raw("</li>\n")
	}
	w.raw("</ol>\n</section>\n")
}

// note writes a note of one paragraph without the paragraph, and puts the links
// back to the references after the last text.
func (w *writer) note(d *noteDef) {
	last, ok := d.LastChild().(*ast.Paragraph)
	switch {
	case ok && d.FirstChild() == d.LastChild():
		w.children(last)
		w.backlinks(d)
		return
	case d.FirstChild() == nil:
		w.backlinks(d)
		return
	}
	w.raw("\n")
	for c := d.FirstChild(); c != nil && (!ok || c != d.LastChild()); c = c.NextSibling() {
		w.node(c)
	}
	w.raw("<p>")
	if ok {
		w.children(last)
	}
	w.backlinks(d)
	w.raw("</p>\n")
}

// maxBacklinks is for texts that refer to one note without end.
const maxBacklinks = 100

func (w *writer) backlinks(d *noteDef) {
	for nth := 1; nth <= min(d.count, maxBacklinks); nth++ {
		w.raw(` <a href="#`, refID(d.number, nth), `" class="footnote-backref" role="doc-backlink">↩`)
		if nth > 1 {
			w.raw("<sup>", strconv.Itoa(nth), "</sup>")
		}
		w.raw("</a>")
	}
}
