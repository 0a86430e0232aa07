package markdown

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"
)

// decode resolves backslash escapes and character references, each once.
func decode(b []byte) string {
	if bytes.IndexByte(b, '\\') < 0 && bytes.IndexByte(b, '&') < 0 {
		return string(b)
	}
	var out strings.Builder
	out.Grow(len(b))
	for i := 0; i < len(b); {
		switch {
		case b[i] == '\\' && i+1 < len(b) && util.IsPunct(b[i+1]):
			out.WriteByte(b[i+1])
			i += 2
		case b[i] == '&':
			s, n := reference(b[i:])
			out.WriteString(s)
			i += n
		default:
			out.WriteByte(b[i])
			i++
		}
	}
	return strip(out.String())
}

// reference resolves the character reference at the start of b and returns its
// length. An ampersand that starts none is returned as it is.
func reference(b []byte) (string, int) {
	const longest = 33
	end := bytes.IndexByte(b[:min(len(b), longest)], ';')
	if end < 2 {
		return "&", 1
	}
	name := string(b[1:end])
	if name[0] != '#' {
		if e, ok := util.LookUpHTML5EntityByName(name); ok {
			return string(e.Characters), end + 1
		}
		return "&", 1
	}
	digits, base, most := name[1:], 10, 7
	if digits != "" && (digits[0] == 'x' || digits[0] == 'X') {
		digits, base, most = digits[1:], 16, 6
	}
	code, err := strconv.ParseUint(digits, base, 32)
	if err != nil || len(digits) > most {
		return "&", 1
	}
	if r := rune(code); code != 0 && utf8.ValidRune(r) {
		return string(r), end + 1
	}
	return string(utf8.RuneError), end + 1
}

func collapse(s string) string { return strings.Join(strings.Fields(s), " ") }

// lineWriter writes inline nodes as one line: white space is collapsed, and a line end
// between two CJK characters is dropped.
type lineWriter struct {
	done      lineTemplate
	text      strings.Builder // of the piece that is being written
	start     piece
	src       []byte
	showMarks bool // write references as [1], and the boxes of tasks
	space     bool
	soft      bool
	last      rune
}

func (l *lineWriter) write(s string) {
	for s != "" {
		r, n := utf8.DecodeRuneInString(s)
		if unicode.IsSpace(r) {
			l.space = true
			s = s[n:]
			continue
		}
		switch {
		case l.text.Len() == 0:
			l.start = piece{space: l.space, soft: l.soft}
		case l.space || l.soft && !(unspaced(l.last) && unspaced(r)):
			l.text.WriteByte(' ')
		}
		l.space, l.soft = false, false
		l.text.WriteRune(r)
		l.last = r
		s = s[n:]
		if n = plainASCII(s); n > 0 { // the rest of a word at once
			l.text.WriteString(s[:n])
			l.last = rune(s[n-1])
			s = s[n:]
		}
	}
}

// plainASCII returns the length of the ASCII characters at the start of s up to the first
// that is white space or a control character.
func plainASCII(s string) int {
	n := 0
	for n < len(s) && s[n] > ' ' && s[n] < utf8.RuneSelf {
		n++
	}
	return n
}

func (l *lineWriter) placeholder(h *placeholder) {
	l.end()
	l.done = append(l.done, piece{placeholder: h, space: l.space, soft: l.soft})
	l.space, l.soft = false, false
}

func (l *lineWriter) end() {
	if l.text.Len() > 0 {
		l.start.text = l.text.String()
		l.done = append(l.done, l.start)
		l.text.Reset()
	}
}

// line returns the line that was written.
func (l *lineWriter) line() lineTemplate {
	l.end()
	return l.done
}

func (l *lineWriter) children(a *analysis, n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		l.node(a, c)
	}
}

func (l *lineWriter) node(a *analysis, n ast.Node) {
	switch n := n.(type) {
	case *ast.Text:
		seg := n.Segment
		value := l.src[seg.Start:seg.Stop]
		if n.IsRaw() {
			l.write(strip(string(value)))
			return
		}
		l.write(decode(value))
		l.soft = l.soft || n.SoftLineBreak()
		l.space = l.space || n.HardLineBreak()
	case *ast.String:
		l.write(strip(string(n.Value)))
	case *ast.AutoLink:
		l.write(string(n.Label(l.src)))
	case *entityLink:
		l.placeholder(&placeholder{entity: n})
	case *citation:
		l.placeholder(&placeholder{cite: n, dropSpace: a.spaceIsSurplus(n)})
	case *extast.TaskCheckBox:
		if l.showMarks {
			l.write(box(n.IsChecked))
		}
	case *noteRef:
		switch {
		case a.defs[n.label] == nil:
			l.write("[^" + n.label + "]")
		case l.showMarks && n.def != nil:
			l.write("[" + strconv.Itoa(n.def.number) + "]")
		}
	case *ast.RawHTML:
		for _, t := range a.raw[n] {
			if t.name == "br" {
				l.space = true
			}
		}
	case *noteDef:
	case *ast.HTMLBlock:
		l.space = true
		for _, t := range a.raw[n] {
			if t.kind == rawText {
				l.write(t.text)
			}
		}
		l.space = true
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		l.space = true
		l.write(a.code(n))
		l.space = true
	default:
		block := n.Type() == ast.TypeBlock
		l.space = l.space || block
		l.children(a, n)
		l.space = l.space || block
	}
}

// spaceIsSurplus reports whether the white space before a citation must go when the
// citation is not shown: at an end, or before punctuation.
func (a *analysis) spaceIsSurplus(c *citation) bool {
	if _, ok := c.PreviousSibling().(*ast.Text); !ok {
		return false
	}
	switch next := c.NextSibling().(type) {
	case nil:
		return true
	case *ast.Text:
		r, _ := utf8.DecodeRune(a.src[next.Segment.Start:next.Segment.Stop])
		return next.Segment.Len() == 0 || unicode.IsPunct(r) && !strings.ContainsRune("([{“‘«", r)
	}
	return false
}

func box(checked bool) string {
	if checked {
		return "[x]"
	}
	return "[ ]"
}

// phrase returns all text in n as one line, without references.
func (a *analysis) phrase(n ast.Node) lineTemplate {
	l := lineWriter{src: a.src}
	l.children(a, n)
	return l.line()
}

// code returns the content of a code block.
func (a *analysis) code(n ast.Node) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		seg := n.Lines().At(i)
		for range seg.Padding {
			b.WriteByte(' ')
		}
		b.Write(a.src[seg.Start:seg.Stop])
	}
	s := b.String()
	if s != "" && !strings.HasSuffix(s, "\n") {
		s += "\n"
	}
	return strip(s)
}

// textWriter writes blocks as plain text.
type textWriter struct {
	a         *analysis
	all       textTemplate
	showMarks bool
	list      int
	first     bool // no item of the list has been written yet
}

// plain returns the text of the body; with showMarks, with the references to notes
// and the boxes of tasks.
func (a *analysis) plain(root ast.Node, marks bool) textTemplate {
	p := &textWriter{a: a, showMarks: marks}
	p.children(root)
	return p.all
}

func (p *textWriter) add(tight bool, cells ...lineTemplate) {
	p.all = append(p.all, textBlock{cells, tight})
}

func (p *textWriter) line(n ast.Node) lineTemplate {
	l := lineWriter{src: p.a.src, showMarks: p.showMarks}
	l.children(p.a, n)
	return l.line()
}

func (p *textWriter) children(n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		p.block(c)
	}
}

func (p *textWriter) block(n ast.Node) {
	switch n := n.(type) {
	case *noteDef, *ast.ThematicBreak, *ast.LinkReferenceDefinition:
	case *ast.Paragraph, *ast.Heading:
		p.add(false, p.line(n))
		p.first = false
	case *ast.TextBlock:
		p.add(!p.first, p.line(n))
		p.first = false
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		p.add(false, lineTemplate{{text: strings.Trim(p.a.code(n), "\n")}})
		p.first = false
	case *ast.HTMLBlock:
		l := lineWriter{src: p.a.src}
		l.node(p.a, n)
		p.add(false, l.line())
	case *ast.List:
		if p.list == 0 {
			p.first = true
		}
		p.list++
		p.children(n)
		p.list--
	case *extast.Table:
		for row := n.FirstChild(); row != nil; row = row.NextSibling() {
			var cells []lineTemplate
			for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
				cells = append(cells, p.line(cell))
			}
			p.add(row.PreviousSibling() != nil, cells...)
		}
	default:
		p.children(n)
	}
}
