package markdown

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

const (
	maxSlug  = 120
	maxLabel = 100
	maxInner = 1_000 // bytes in an entity link or a citation
)

// entityLink is [[slug]] or, with a text, [[slug|text]].
type entityLink struct {
	ast.BaseInline
	slug    string
	text    string
	hasText bool
	inLink  bool
}

func slugWords(slug string) string { return strings.ReplaceAll(slug, "-", " ") }

// citation is [@slug] or [@slug, locator].
type citation struct {
	ast.BaseInline
	slug    string
	locator string
	counts  bool // the first citation of a note: it may be shown
	inLink  bool
}

// noteRef is a reference to a note: [^label].
type noteRef struct {
	ast.BaseInline
	label  string
	colon  bool     // a colon follows, so it was meant as a definition
	def    *noteDef // nil when there is none
	nth    int      // which reference to the note this is, from 1
	inLink bool
}

// noteDef is the definition of a note. It stays in the tree where it was written; the
// renderers leave it out and write the notes at the end.
type noteDef struct {
	ast.BaseBlock
	label     string
	content   int // offset of what follows the colon
	stop      int // offset after the last line taken
	number    int // 0 until a reference is found
	count     int // references to it
	duplicate bool
	refs      []*noteRef
	cites     []*citation
	urls      []string
}

var (
	kindEntityLink = ast.NewNodeKind("EntityLink")
	kindCitation   = ast.NewNodeKind("Citation")
	kindNoteRef    = ast.NewNodeKind("NoteRef")
	kindNoteDef    = ast.NewNodeKind("NoteDef")
)

func (*entityLink) Kind() ast.NodeKind { return kindEntityLink }
func (*citation) Kind() ast.NodeKind   { return kindCitation }
func (*noteRef) Kind() ast.NodeKind    { return kindNoteRef }
func (*noteDef) Kind() ast.NodeKind    { return kindNoteDef }

// Dump implements ast.Node.
func (e *entityLink) Dump(src []byte, level int) { ast.DumpHelper(e, src, level, nil, nil) }

// Dump implements ast.Node.
func (c *citation) Dump(src []byte, level int) { ast.DumpHelper(c, src, level, nil, nil) }

// Dump implements ast.Node.
func (r *noteRef) Dump(src []byte, level int) { ast.DumpHelper(r, src, level, nil, nil) }

// Dump implements ast.Node.
func (d *noteDef) Dump(src []byte, level int) { ast.DumpHelper(d, src, level, nil, nil) }

func validSlug(s string) bool {
	if s == "" || len(s) > maxSlug {
		return false
	}
	hyphen := true
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			hyphen = false
		case c == '-' && !hyphen:
			hyphen = true
		default:
			return false
		}
	}
	return !hyphen
}

// noteLabel parses the label of "[^label]" at the start of line. spaced reports that
// there is none only because it has white space or is too long.
func noteLabel(line []byte) (label string, ok, spaced bool) {
	if !bytes.HasPrefix(line, []byte("[^")) {
		return "", false, false
	}
	blank := false
	for i, c := range line[2:min(len(line), 2*maxLabel)] {
		switch c {
		case ']':
			switch {
			case i == 0:
				return "", false, false
			case blank || i > maxLabel:
				return string(line[2 : 2+i]), false, line[2] != ' '
			}
			return string(line[2 : 2+i]), true, false
		case ' ', '\t':
			blank = true
		case '\n', '[', '^', '`':
			return "", false, false
		}
	}
	return "", false, false
}

// noteParser parses the definitions of notes. They may be in a list or a quote, but
// not in another note.
type noteParser struct{}

func (noteParser) Trigger() []byte             { return []byte{'['} }
func (noteParser) CanInterruptParagraph() bool { return true }
func (noteParser) CanAcceptIndentedLine() bool { return false }

func (noteParser) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, seg := reader.PeekLine()
	pos := pc.BlockOffset()
	if pos < 0 || pos >= len(line) {
		return nil, parser.NoChildren
	}
	label, ok, _ := noteLabel(line[pos:])
	next := pos + len("[^]") + len(label)
	if !ok || next >= len(line) || line[next] != ':' {
		return nil, parser.NoChildren
	}
	if _, ok := parent.(*ast.List); ok {
		return nil, parser.NoChildren
	}
	for n := parent; n != nil; n = n.Parent() {
		if _, ok := n.(*noteDef); ok {
			return nil, parser.NoChildren
		}
	}
	next++
	for next < len(line) && (line[next] == ' ' || line[next] == '\t') {
		next++
	}
	def := &noteDef{label: label, content: seg.Start + next - seg.Padding, stop: seg.Stop}
	if next >= len(line) || line[next] == '\n' {
		reader.AdvanceToEOL()
		return def, parser.NoChildren
	}
	reader.Advance(next)
	return def, parser.HasChildren
}

func (noteParser) Continue(node ast.Node, reader text.Reader, _ parser.Context) parser.State {
	line, seg := reader.PeekLine()
	if util.IsBlank(line) {
		return parser.Continue | parser.HasChildren
	}
	pos, padding := util.IndentPosition(line, reader.LineOffset(), 4)
	if pos < 0 {
		return parser.Close
	}
	node.(*noteDef).stop = seg.Stop
	reader.AdvanceAndSetPadding(pos, padding)
	return parser.Continue | parser.HasChildren
}

func (noteParser) Close(ast.Node, text.Reader, parser.Context) {}

// bracketParser parses the three forms in square brackets. It runs before the parser
// of links.
type bracketParser struct{}

func (bracketParser) Trigger() []byte { return []byte{'[', '!'} }

func (bracketParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	s := stateOf(pc)
	line, seg := block.PeekLine()
	if len(line) < 3 || !s.spend(parent, seg.Start, 8) {
		return nil
	}
	if line[0] == '!' {
		// Not the start of an image, whose description would be "^label".
		if _, ok, _ := noteLabel(line[1:]); !ok {
			return nil
		}
		block.Advance(1)
		return s.countNode(ast.NewTextSegment(seg.WithStop(seg.Start + 1)))
	}
	switch line[1] {
	case '^':
		return s.countNode(parseNoteRef(block, s))
	case '[':
		if n := parseEntityLink(parent, block, s); n != nil {
			return s.countNode(n)
		}
	case '@':
		if n := parseCitation(block, s); n != nil {
			return s.countNode(n)
		}
	}
	return nil
}

func parseNoteRef(block text.Reader, s *parseState) ast.Node {
	line, seg := block.PeekLine()
	label, ok, spaced := noteLabel(line)
	next := len("[^]") + len(label)
	if !ok {
		if spaced && (next >= len(line) || line[next] != '(') {
			s.report(seg.Start, msgNoteLabel, "")
		}
		return nil
	}
	ref := &noteRef{label: label, colon: next < len(line) && line[next] == ':'}
	ref.SetPos(seg.Start)
	block.Advance(next)
	return ref
}

// inner reads the content of a bracketed form up to the first square bracket, over
// line ends. It leaves the reader after that bracket and returns it as end; end is 0
// if the block ended first or the content is longer than maxInner.
func inner(block text.Reader, opening int) (content []byte, end byte) {
	block.Advance(opening)
	for {
		line, _ := block.PeekLine()
		if line == nil {
			return content, 0
		}
		for i := 0; i < len(line); i++ {
			switch c := line[i]; {
			case c == ']' || c == '[':
				block.Advance(i + 1)
				return content, c
			case c == '\\' && i+1 < len(line) && util.IsPunct(line[i+1]):
				content = append(content, c, line[i+1])
				i++
			default:
				content = append(content, c)
			}
			if len(content) > maxInner {
				return content, 0
			}
		}
		block.AdvanceLine()
	}
}

func parseEntityLink(parent ast.Node, block text.Reader, s *parseState) ast.Node {
	line, seg := block.PeekLine()
	switch line[2] {
	case '[', '^', '@', '!':
		return nil // brackets around another form
	}
	content, end := inner(block, 2)
	next := block.Peek()
	if end != ']' || next != ']' {
		switch {
		case end == ']' && (next == '(' || next == '['):
			// a link in brackets
		case parent.Kind() == extast.KindTableCell:
			s.report(seg.Start, msgEntityCell, oneLine(content))
		default:
			s.report(seg.Start, msgEntityOpen, oneLine(content))
		}
		return nil
	}
	block.Advance(1)
	if block.Peek() == '(' {
		return nil // a link whose text is in brackets
	}
	slug, label, named := bytes.Cut(content, []byte{'|'})
	if named {
		slug = bytes.TrimSuffix(slug, []byte{'\\'})
	}
	if !validSlug(string(slug)) {
		s.report(seg.Start, msgEntityForm, oneLine(content))
		return nil
	}
	n := &entityLink{slug: string(slug), hasText: named, text: collapse(decode(label))}
	if named && n.text == "" {
		s.report(seg.Start, msgEntityText, n.slug)
		return nil
	}
	n.SetPos(seg.Start)
	return n
}

func parseCitation(block text.Reader, s *parseState) ast.Node {
	_, seg := block.PeekLine()
	content, end := inner(block, 2)
	if next := block.Peek(); end == ']' && (next == '(' || next == '[') {
		return nil // a link whose text starts with "@"
	}
	slug, locator, located := bytes.Cut(content, []byte{','})
	n := &citation{slug: string(slug), locator: collapse(decode(locator))}
	if end != ']' || !validSlug(n.slug) || located && n.locator == "" {
		s.report(seg.Start, msgCiteForm, oneLine(content))
		return nil
	}
	n.SetPos(seg.Start)
	return n
}

func oneLine(b []byte) string { return collapse(string(b[:min(len(b), 4*maxQuotedInDetail)])) }
