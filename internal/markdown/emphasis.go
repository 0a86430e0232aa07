package markdown

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
	"golang.org/x/text/width"
)

// In CommonMark a run of * or _ beside punctuation marks a text only if there is a
// space or punctuation on its other side too. Chinese and Japanese have no spaces,
// and Korean puts particles right after a word, so many runs there mark nothing.
// The parsers here follow the amendment that has been proposed for these languages
// (https://github.com/tats-u/markdown-cjk-friendly): a CJK character beside the run
// counts as a space, and CJK punctuation counts as a letter. Texts without such
// characters are parsed as CommonMark specifies.

// markKind is a kind of mark that is paired: emphasis or strikethrough.
type markKind struct {
	marks string
	node  func(consumed int) ast.Node
}

// IsDelimiter reports whether c is such a mark.
func (k *markKind) IsDelimiter(c byte) bool { return strings.IndexByte(k.marks, c) >= 0 }

// CanOpenCloser reports whether the two runs may be a pair.
func (k *markKind) CanOpenCloser(opener, closer *parser.Delimiter) bool {
	return opener.Char == closer.Char
}

// OnMatch returns the node of a pair.
func (k *markKind) OnMatch(consumed int) ast.Node { return k.node(consumed) }

var (
	emphasis      = &markKind{"*_", func(n int) ast.Node { return ast.NewEmphasis(n) }}
	strikethrough = &markKind{"~", func(int) ast.Node { return extast.NewStrikethrough() }}
)

// markParser parses the runs of a kind of mark. goldmark pairs them when the block
// ends.
type markParser struct{ kind *markKind }

// Trigger implements parser.InlineParser.
func (p markParser) Trigger() []byte { return []byte(p.kind.marks) }

// Parse implements parser.InlineParser.
func (p markParser) Parse(_ ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, seg := block.PeekLine()
	mark, length := line[0], 1
	for length < len(line) && line[length] == mark {
		length++
	}
	before, after := sideBefore(block), sideAfter(line[length:])
	if mark == '~' && (length > 2 || before.last == '~') {
		return nil
	}
	left := !after.space && (!after.punct || before.space || before.punct || before.cjk)
	right := !before.space && (!before.punct || after.space || after.punct || after.cjk)
	if mark == '_' {
		left, right = left && (!right || before.anyPunct), right && (!left || after.anyPunct)
	}
	d := parser.NewDelimiter(left, right, length, mark, p.kind)
	d.Segment = seg.WithStop(seg.Start + length)
	block.Advance(length)
	pc.PushDelimiter(d)
	return d
}

// side describes the character on one side of a run of marks.
type side struct {
	last     rune // the character next to the run
	space    bool
	punct    bool // punctuation that is not CJK
	anyPunct bool
	cjk      bool
}

func sideOf(r rune) side {
	s := side{last: r, space: util.IsSpaceRune(r), anyPunct: util.IsPunctRune(r), cjk: wide(r)}
	s.punct = s.anyPunct && !s.cjk
	return s
}

func sideAfter(rest []byte) side {
	if len(rest) == 0 {
		return side{last: ' ', space: true}
	}
	r, _ := utf8.DecodeRune(rest)
	return sideOf(r)
}

// sideBefore returns the side before a run. Where a variation selector is there, it
// is the side of the character that the selector modifies.
func sideBefore(block text.Reader) side {
	r := block.PrecendingCharacter()
	switch {
	case r >= 0xE0100 && r <= 0xE01EF: // of an ideograph
		return side{last: r, cjk: true}
	case r < 0xFE00 || r > 0xFE0E:
		return sideOf(r)
	}
	_, seg := block.PeekLine()
	base, _ := utf8.DecodeLastRune(block.Source()[:max(0, seg.Start-utf8.RuneLen(r))])
	s := sideOf(base)
	const fullwidthForm = 0xFE01
	if r == fullwidthForm && strings.ContainsRune("‘’“”", base) {
		s.cjk, s.punct = true, false
	}
	s.last, s.space = r, false
	return s
}

// wide reports whether r is a CJK character in the sense of the amendment: East
// Asian Wide, Fullwidth or Halfwidth, and no emoji; or of the script Hangul.
func wide(r rune) bool {
	if r < 0x1100 {
		return r == '₩'
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth, width.EastAsianHalfwidth:
		return !emoji(r)
	}
	return unicode.Is(unicode.Hangul, r)
}

// emoji reports whether r, which must be wide, is shown as an emoji by default. Most
// wide characters of their blocks are.
func emoji(r rune) bool {
	switch {
	case r < 0x231A, r == 0x2329, r == 0x232A:
		return false
	case r <= 0x2B55:
		return (r < 0x2630 || r > 0x2637) && (r < 0x268A || r > 0x268F)
	case r < 0x1F000 || r > 0x1FAFF:
		return false
	case r >= 0x1F200 && r <= 0x1F265:
		return strings.ContainsRune("🈁🈚🈯🈲🈳🈴🈵🈶🈸🈹🈺🉐🉑", r)
	}
	return true
}
