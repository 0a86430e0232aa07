package markdown

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// goldmark takes quadratic time, and for nested lists quadratic memory, on texts
// made for that. So its parsers are wrapped: each subtracts its worst-case cost from
// a budget, and when the budget is used up parsing stops. The budgets are some
// twenty times what a text of MaxBytes by a person takes.
const (
	maxNesting        = 100
	maxInlineDepth    = 100
	maxInlineCost     = 200_000_000
	maxContainerSteps = 2_000_000
	maxColumns        = 1_000
	maxCells          = 200_000
	maxLinkDefs       = 1_000
	maxEscapedPipes   = 2_000
)

var parseStateKey = parser.NewContextKey()

// parseState is the state of one parse.
type parseState struct {
	inlineBudget    int
	containerBudget int
	escapedPipes    int
	block           ast.Node // the block whose text is being parsed
	nodes           int      // inline nodes made in it
	tooDeep         bool
	aborted         bool
	found           []finding
}

func stateOf(pc parser.Context) *parseState { return pc.Get(parseStateKey).(*parseState) }

func (s *parseState) report(off int, format, arg string) {
	s.found = append(s.found, finding{off: off, format: format, arg: arg})
}

// abort stops the parse. It drops all other findings, since those of half a text
// would mislead.
func (s *parseState) abort(off int) {
	if s.aborted {
		return
	}
	s.aborted = true
	s.found = []finding{{off: max(off, 0), format: msgComplex}}
}

// spend subtracts a cost from the budget. It returns false, and aborts the parse, if
// the budget is used up.
func (s *parseState) spend(block ast.Node, off, cost int) bool {
	if s.aborted {
		return false
	}
	if block != s.block {
		s.block, s.nodes = block, 0
	}
	if s.inlineBudget -= cost; s.inlineBudget < 0 {
		s.abort(off)
		return false
	}
	return true
}

// bodyParser is shared by all parses. Its parts have no state.
var bodyParser = parser.NewParser(
	parser.WithBlockParsers(
		util.Prioritized(parser.NewSetextHeadingParser(), 100),
		util.Prioritized(parser.NewThematicBreakParser(), 200),
		util.Prioritized(limitedContainer{parser.NewListParser()}, 300),
		util.Prioritized(limitedContainer{parser.NewListItemParser()}, 400),
		util.Prioritized(parser.NewCodeBlockParser(), 500),
		util.Prioritized(parser.NewATXHeadingParser(), 600),
		util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
		util.Prioritized(limitedContainer{parser.NewBlockquoteParser()}, 800),
		util.Prioritized(parser.NewHTMLBlockParser(), 900),
		util.Prioritized(limitedContainer{noteParser{}}, 950),
		util.Prioritized(parser.NewParagraphParser(), 1000),
	),
	parser.WithInlineParsers(
		util.Prioritized(budgeted{parser.NewCodeSpanParser()}, 100),
		util.Prioritized(taskParser{}, 140),
		util.Prioritized(bracketParser{}, 150),
		util.Prioritized(budgetedLink{parser.NewLinkParser()}, 200),
		util.Prioritized(budgeted{parser.NewAutoLinkParser()}, 300),
		util.Prioritized(budgeted{parser.NewRawHTMLParser()}, 400),
		util.Prioritized(budgetedMark{markParser{emphasis}}, 500),
		util.Prioritized(budgetedMark{markParser{strikethrough}}, 500),
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

// limitedContainer limits the depth of quotes and lists, and the work of continuing
// them from line to line.
type limitedContainer struct{ parser.BlockParser }

func (c limitedContainer) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	s := stateOf(pc)
	if s.aborted {
		return nil, parser.NoChildren
	}
	// The list parser stores a value in the context that only its Open clears,
	// and does not move the reader, so it is called before the depth is
	// checked. The quote parser moves the reader, so the depth is checked
	// before it is called.
	line, _ := reader.PeekLine()
	if pos := pc.BlockOffset(); pos >= 0 && pos < len(line) && line[pos] == '>' && s.atMaxNesting(parent, reader) {
		return nil, parser.NoChildren
	}
	node, state := c.BlockParser.Open(parent, reader, pc)
	if _, ok := node.(*ast.List); ok && s.atMaxNesting(parent, reader) {
		return nil, parser.NoChildren
	}
	return node, state
}

// atMaxNesting reports whether no list or quote may be opened in parent, and reports
// that once.
func (s *parseState) atMaxNesting(parent ast.Node, reader text.Reader) bool {
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
	if !s.tooDeep {
		s.tooDeep = true
		_, seg := reader.PeekLine()
		s.report(seg.Start, msgNesting, "")
	}
	return true
}

func (c limitedContainer) Continue(node ast.Node, reader text.Reader, pc parser.Context) parser.State {
	s := stateOf(pc)
	if s.containerBudget--; s.containerBudget < 0 {
		_, seg := reader.PeekLine()
		s.abort(seg.Start)
		return parser.Close
	}
	return c.BlockParser.Continue(node, reader, pc)
}

// budgeted is an inline parser that may look ahead to the end of its block. The rest
// of the block is its cost.
type budgeted struct{ parser.InlineParser }

func (p budgeted) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	s := stateOf(pc)
	_, seg := block.PeekLine()
	if !s.spend(parent, seg.Start, remaining(parent, seg.Start)) {
		return nil
	}
	return s.countNode(p.InlineParser.Parse(parent, block, pc))
}

// countNode counts an inline node, if it is not nil, and returns it.
func (s *parseState) countNode(n ast.Node) ast.Node {
	if n != nil {
		s.nodes++
	}
	return n
}

// remaining returns the number of bytes from off to the end of the block.
func remaining(block ast.Node, off int) int {
	lines := block.Lines()
	if lines.Len() == 0 {
		return 0
	}
	return max(0, lines.At(lines.Len()-1).Stop-off)
}

// budgetedMark is the parser of a mark that is paired when the block ends. The search
// for the partner may visit every node before it, which is its cost.
type budgetedMark struct{ parser.InlineParser }

func (p budgetedMark) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	s := stateOf(pc)
	_, seg := block.PeekLine()
	if !s.spend(parent, seg.Start, 8+8*s.nodes) {
		return nil
	}
	return s.countNode(p.InlineParser.Parse(parent, block, pc))
}

// budgetedLink is the parser of links. The cost is at the "]" where a link may end:
// there its target is parsed and its content searched.
type budgetedLink struct{ parser.InlineParser }

func (p budgetedLink) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	s := stateOf(pc)
	line, seg := block.PeekLine()
	cost := 8
	if line[0] == ']' && pc.IsInLinkLabel() {
		cost = 100 + remaining(parent, seg.Start) + 8*s.nodes
	}
	if !s.spend(parent, seg.Start, cost) {
		return nil
	}
	return s.countNode(p.InlineParser.Parse(parent, block, pc))
}

func (p budgetedLink) CloseBlock(parent ast.Node, block text.Reader, pc parser.Context) {
	p.InlineParser.(parser.CloseBlocker).CloseBlock(parent, block, pc)
}

// paragraphLimits aborts the parse at a paragraph with too many link definitions or
// cells of a table, before it is parsed as such.
type paragraphLimits struct{}

func (paragraphLimits) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	s := stateOf(pc)
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
			s.escapedPipes += bytes.Count(line, []byte(`\|`))
		}
	}
	if columns > maxColumns || columns*lines.Len() > maxCells || defs > maxLinkDefs || s.escapedPipes > maxEscapedPipes {
		s.abort(node.Pos())
	}
	if s.aborted {
		node.Parent().RemoveChild(node.Parent(), node)
	}
}
