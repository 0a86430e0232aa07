package markdown

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// goldmark takes quadratic time, and for nested lists as much memory, on texts
// made for it. Its parts are therefore wrapped: each pays for the longest way
// that it could go, and when the budget is spent nothing more is parsed. The
// budgets are some twenty times what a text of MaxBytes by a person takes.
const (
	maxNesting      = 100
	maxInlineDepth  = 100
	inlineBudget    = 200_000_000
	containerBudget = 2_000_000
	maxColumns      = 1_000
	maxCells        = 200_000
	maxLinkDefs     = 1_000
	maxEscapedPipes = 2_000
)

var effortKey = parser.NewContextKey()

// effort is the state of one parse.
type effort struct {
	inline       int
	containers   int
	escapedPipes int
	block        ast.Node // the block whose text is being parsed
	nodes        int      // inline nodes made in it
	tooDeep      bool
	gaveUp       bool
	found        []finding
}

func effortOf(pc parser.Context) *effort { return pc.Get(effortKey).(*effort) }

func (e *effort) report(off int, format, arg string) {
	e.found = append(e.found, finding{off: off, format: format, arg: arg})
}

// giveUp drops all other findings: those made from half a text would mislead.
func (e *effort) giveUp(off int) {
	if e.gaveUp {
		return
	}
	e.gaveUp = true
	e.found = []finding{{off: max(off, 0), format: msgComplex}}
}

func (e *effort) spend(block ast.Node, off, cost int) bool {
	if e.gaveUp {
		return false
	}
	if block != e.block {
		e.block, e.nodes = block, 0
	}
	if e.inline -= cost; e.inline < 0 {
		e.giveUp(off)
		return false
	}
	return true
}

// bodyParser is shared by all parses: its parts keep no state.
var bodyParser = parser.NewParser(
	parser.WithBlockParsers(
		util.Prioritized(parser.NewSetextHeadingParser(), 100),
		util.Prioritized(parser.NewThematicBreakParser(), 200),
		util.Prioritized(container{parser.NewListParser()}, 300),
		util.Prioritized(container{parser.NewListItemParser()}, 400),
		util.Prioritized(parser.NewCodeBlockParser(), 500),
		util.Prioritized(parser.NewATXHeadingParser(), 600),
		util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
		util.Prioritized(container{parser.NewBlockquoteParser()}, 800),
		util.Prioritized(parser.NewHTMLBlockParser(), 900),
		util.Prioritized(container{noteParser{}}, 950),
		util.Prioritized(parser.NewParagraphParser(), 1000),
	),
	parser.WithInlineParsers(
		util.Prioritized(paid{parser.NewCodeSpanParser()}, 100),
		util.Prioritized(taskParser{}, 140),
		util.Prioritized(bracketParser{}, 150),
		util.Prioritized(paidLink{parser.NewLinkParser()}, 200),
		util.Prioritized(paid{parser.NewAutoLinkParser()}, 300),
		util.Prioritized(paid{parser.NewRawHTMLParser()}, 400),
		util.Prioritized(paidMark{markParser{emphasis}}, 500),
		util.Prioritized(paidMark{markParser{strikethrough}}, 500),
		util.Prioritized(webAddress{}, 900),
		util.Prioritized(newMailAddress(), 999),
	),
	parser.WithParagraphTransformers(
		util.Prioritized(paragraphLimits{}, 50),
		util.Prioritized(parser.LinkReferenceParagraphTransformer, 100),
		util.Prioritized(extension.NewTableParagraphTransformer(), 200),
	),
	parser.WithASTTransformers(
		util.Prioritized(extension.NewTableASTTransformer(), 0),
	),
)

// container limits the depth of quotes and lists, and the work of continuing
// them from line to line.
type container struct{ parser.BlockParser }

func (c container) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	e := effortOf(pc)
	if e.gaveUp {
		return nil, parser.NoChildren
	}
	// The list parser keeps a note to itself in the context that only its Open
	// clears, and it does not move the reader; so it is asked first. The quote
	// parser moves the reader, so it must not be asked in vain.
	line, _ := reader.PeekLine()
	if pos := pc.BlockOffset(); pos >= 0 && pos < len(line) && line[pos] == '>' && e.full(parent, reader) {
		return nil, parser.NoChildren
	}
	node, state := c.BlockParser.Open(parent, reader, pc)
	if _, ok := node.(*ast.List); ok && e.full(parent, reader) {
		return nil, parser.NoChildren
	}
	return node, state
}

func (e *effort) full(parent ast.Node, reader text.Reader) bool {
	depth := 0
	for n := parent; n != nil; n = n.Parent() {
		switch n.(type) {
		case *ast.List, *ast.Blockquote:
			depth++
		}
	}
	if depth < maxNesting {
		return false
	}
	if !e.tooDeep {
		e.tooDeep = true
		_, seg := reader.PeekLine()
		e.report(seg.Start, msgNesting, "")
	}
	return true
}

func (c container) Continue(node ast.Node, reader text.Reader, pc parser.Context) parser.State {
	e := effortOf(pc)
	if e.containers--; e.containers < 0 {
		_, seg := reader.PeekLine()
		e.giveUp(seg.Start)
		return parser.Close
	}
	return c.BlockParser.Continue(node, reader, pc)
}

// paid is an inline parser that may look ahead to the end of its block.
type paid struct{ parser.InlineParser }

func (p paid) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	e := effortOf(pc)
	_, seg := block.PeekLine()
	if !e.spend(parent, seg.Start, remaining(parent, seg.Start)) {
		return nil
	}
	return e.count(p.InlineParser.Parse(parent, block, pc))
}

func (e *effort) count(n ast.Node) ast.Node {
	if n != nil {
		e.nodes++
	}
	return n
}

func remaining(block ast.Node, off int) int {
	lines := block.Lines()
	if lines.Len() == 0 {
		return 0
	}
	return max(0, lines.At(lines.Len()-1).Stop-off)
}

// paidMark is the parser of a mark that is paired when the block ends: finding
// the partner may take a look at every node before it.
type paidMark struct{ parser.InlineParser }

func (p paidMark) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	e := effortOf(pc)
	_, seg := block.PeekLine()
	if !e.spend(parent, seg.Start, 8+8*e.nodes) {
		return nil
	}
	return e.count(p.InlineParser.Parse(parent, block, pc))
}

// paidLink pays where a link may end: there its target is read, and what is in
// it is looked through.
type paidLink struct{ parser.InlineParser }

func (p paidLink) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	e := effortOf(pc)
	line, seg := block.PeekLine()
	cost := 8
	if line[0] == ']' && pc.IsInLinkLabel() {
		cost = 100 + remaining(parent, seg.Start) + 8*e.nodes
	}
	if !e.spend(parent, seg.Start, cost) {
		return nil
	}
	return e.count(p.InlineParser.Parse(parent, block, pc))
}

func (p paidLink) CloseBlock(parent ast.Node, block text.Reader, pc parser.Context) {
	p.InlineParser.(parser.CloseBlocker).CloseBlock(parent, block, pc)
}

// paragraphLimits looks at a paragraph before it is read as link definitions or
// a table.
type paragraphLimits struct{}

func (paragraphLimits) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	e := effortOf(pc)
	lines := node.Lines()
	columns, defs := 0, 0
	for i := range lines.Len() {
		seg := lines.At(i)
		line := bytes.TrimSpace(reader.Source()[seg.Start:seg.Stop])
		if len(line) == 0 {
			continue
		}
		switch line[0] {
		case '[':
			if bytes.Contains(line, []byte("]:")) {
				defs++
			}
		case '|', '-', ':':
			if len(bytes.Trim(line, "|:- \t")) == 0 {
				columns = max(columns, bytes.Count(line, []byte{'|'})+1)
			}
		}
		if bytes.IndexByte(line, '`') >= 0 {
			e.escapedPipes += bytes.Count(line, []byte(`\|`))
		}
	}
	if columns > maxColumns || columns*lines.Len() > maxCells || defs > maxLinkDefs || e.escapedPipes > maxEscapedPipes {
		e.giveUp(node.Pos())
	}
	if e.gaveUp {
		node.Parent().RemoveChild(node.Parent(), node)
	}
}
