package render

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// plainText returns the HTML of a text as plain text: paragraphs, lists with their
// numbers, quotes, tables with cells between bars, and preformatted text. number returns
// what stands after the text of a link; nil for nothing.
//
// The HTML is that of package markdown, so this knows its elements only.
func plainText(text string, number func(url string) string) string {
	nodes, err := html.ParseFragment(strings.NewReader(text), &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div})
	if err != nil {
		return "" // a string reader has no errors
	}
	w := &plainWriter{number: number}
	for _, n := range nodes {
		w.node(n)
	}
	return strings.TrimRight(w.out.String(), "\n ")
}

// plainWriter writes lines of text. A line that begins with lineVerbatim is not to be
// wrapped.
type plainWriter struct {
	out      strings.Builder
	number   func(url string) string
	prefix   string // of each line: marks of quotes, indents of lists
	bullet   string // of the next line, instead of the end of prefix
	blank    bool   // an empty line comes before the next text, with gap before it
	gap      string
	depth    int  // of lists
	started  bool // the current line has text
	space    bool // a blank comes before the next word
	verbatim bool
}

func (w *plainWriter) node(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		w.text(n.Data)
		return
	case html.ElementNode:
	default:
		return
	}
	switch n.Data {
	case "p", "h1", "h2", "h3", "h4", "h5", "h6", "section", "details", "summary":
		w.block(n)
	case "br":
		w.newLine()
	case "hr":
		w.paragraph()
		w.text("* * *")
		w.paragraph()
	case "blockquote":
		w.indented(n, "> ", "")
	case "ul", "ol":
		w.list(n)
	case "pre":
		w.paragraph()
		for line := range strings.Lines(strings.TrimRight(textOf(n), "\n")) {
			w.verbatim = true
			w.words(strings.TrimRight(line, "\n"))
			w.newLine()
		}
		w.verbatim = false
		w.paragraph()
	case "table":
		w.table(n)
	case "img":
		if alt := attribute(n, "alt"); alt != "" {
			w.text("[" + alt + "]")
		}
	case "input":
		if _, checked := hasAttribute(n, "checked"); checked {
			w.text("[x] ")
		} else {
			w.text("[ ] ")
		}
	case "a":
		w.link(n)
	case "q":
		w.text("“")
		w.children(n)
		w.text("”")
	default:
		w.children(n)
	}
}

func (w *plainWriter) children(n *html.Node) {
	for c := range n.ChildNodes() {
		w.node(c)
	}
}

func (w *plainWriter) block(n *html.Node) {
	w.paragraph()
	w.children(n)
	w.paragraph()
}

// link writes a link with its number. The mark of a footnote is in brackets, and the
// way back from a footnote is left out.
func (w *plainWriter) link(n *html.Node) {
	href, class := attribute(n, "href"), attribute(n, "class")
	switch {
	case class == "footnote-backref":
	case class == "footnote-ref":
		w.text("(" + strings.TrimSpace(textOf(n)) + ")")
	default:
		w.children(n)
		if w.number != nil && href != "" && !strings.HasPrefix(href, "#") {
			if mark := w.number(href); mark != "" {
				w.text("\u00a0" + mark)
			}
		}
	}
}

func (w *plainWriter) list(n *html.Node) {
	w.listEdge()
	w.depth++
	next := 1
	if start, err := strconv.Atoi(attribute(n, "start")); err == nil {
		next = start
	}
	first := true
	for c := range n.ChildNodes() {
		if c.Type != html.ElementNode || c.Data != "li" {
			continue
		}
		bullet := "- "
		switch {
		case strings.HasPrefix(attribute(c, "id"), "fn-") || strings.Contains(attribute(c, "id"), "-fn-"):
			bullet = "(" + strconv.Itoa(next) + ") "
		case n.Data == "ol":
			bullet = strconv.Itoa(next) + ". "
		}
		next++
		w.newLine()
		w.blank = w.blank && first // lists are tight
		first = false
		w.indented(c, strings.Repeat(" ", len(bullet)), bullet)
	}
	w.depth--
	w.listEdge()
}

// listEdge begins a new paragraph at the start and the end of a list, and a new line at
// those of a list in another.
func (w *plainWriter) listEdge() {
	if w.depth == 0 {
		w.paragraph()
	} else {
		w.newLine()
	}
}

// indented writes the children of a node with a prefix before each line; first is that
// of the first line, where it differs.
func (w *plainWriter) indented(n *html.Node, prefix, first string) {
	outer := w.prefix
	if first == "" {
		w.paragraph()
	}
	w.prefix += prefix
	w.bullet = first
	w.children(n)
	w.newLine()
	w.prefix, w.bullet = outer, ""
	if first == "" {
		w.paragraph()
	} else {
		w.blank = false
	}
}

func (w *plainWriter) table(n *html.Node) {
	w.paragraph()
	var rows func(*html.Node)
	rows = func(n *html.Node) {
		for c := range n.ChildNodes() {
			if c.Type != html.ElementNode {
				continue
			}
			if c.Data != "tr" {
				rows(c)
				continue
			}
			first := true
			for cell := range c.ChildNodes() {
				if cell.Type != html.ElementNode {
					continue
				}
				if !first {
					w.text(" | ")
				}
				first = false
				w.children(cell)
			}
			w.newLine()
		}
	}
	rows(n)
	w.paragraph()
}

// text writes text, with white space of any length as one blank.
func (w *plainWriter) text(s string) {
	if s == "" {
		return
	}
	fields := strings.FieldsFunc(s, isBlank)
	if len(fields) == 0 || isBlank(rune(s[0])) {
		w.space = true
	}
	for i, f := range fields {
		if i > 0 {
			w.space = true
		}
		w.words(f)
	}
	if isBlank(rune(s[len(s)-1])) {
		w.space = true
	}
}

func isBlank(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == '\r' }

// words writes text as it is.
func (w *plainWriter) words(s string) {
	if !w.started {
		if w.blank && w.out.Len() > 0 {
			w.out.WriteString(strings.TrimRight(w.gap, " ") + "\n")
		}
		prefix := w.prefix
		if w.bullet != "" {
			prefix = strings.TrimSuffix(w.prefix, strings.Repeat(" ", len(w.bullet))) + w.bullet
		}
		if w.verbatim {
			prefix = lineVerbatim + prefix
		}
		w.out.WriteString(prefix)
		w.started, w.blank, w.space, w.bullet = true, false, false, ""
	}
	if w.space {
		w.out.WriteByte(' ')
		w.space = false
	}
	w.out.WriteString(s)
}

func (w *plainWriter) newLine() {
	if w.started {
		w.out.WriteByte('\n')
	}
	w.started, w.space = false, false
}

func (w *plainWriter) paragraph() {
	w.newLine()
	if w.bullet != "" {
		return // the mark of a list stands on the line of its text
	}
	if !w.blank || len(w.prefix) < len(w.gap) {
		w.gap = w.prefix // an empty line belongs to the outer of the texts beside it
	}
	w.blank = true
}

func textOf(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var all strings.Builder
	for c := range n.ChildNodes() {
		all.WriteString(textOf(c))
	}
	return all.String()
}

func attribute(n *html.Node, name string) string {
	value, _ := hasAttribute(n, name)
	return value
}

func hasAttribute(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}
