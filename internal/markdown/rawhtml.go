package markdown

import (
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"golang.org/x/net/html"
)

// maxRawDepth is the greatest depth of nested elements written as HTML.
const maxRawDepth = 32

type rawKind int

const (
	rawDropped rawKind = iota
	rawText
	rawTag
)

// rawToken is a piece of HTML that the author wrote, in the form in which it is
// rendered: a tag that was written anew, or text.
type rawToken struct {
	kind rawKind
	name string
	text string
}

// set returns the set of the words in a text.
func set(names string) map[string]bool {
	m := map[string]bool{}
	for _, n := range strings.Fields(names) {
		m[n] = true
	}
	return m
}

var (
	inlineElements = set(`abbr b bdi bdo br cite code del dfn em i ins kbd mark q rp rt ruby s samp
		small span strong sub sup time u var wbr`)
	blockElements = set(`details summary`)
	voidElements  = set(`br wbr`)
	// Elements that run code, load something or take input.
	dangerousElements = set(`applet audio base basefont bgsound button canvas datalist dialog embed
		fieldset form frame frameset iframe input keygen label legend link marquee math meta noembed
		noframes noscript object optgroup option output param plaintext portal script select slot
		source style svg template textarea title track video xmp`)
	// Elements whose content is dropped too.
	hiddenElements = set(`iframe math noembed noframes noscript object plaintext script select style
		svg template textarea title xmp`)
	addressAttributes = set(`action background cite data formaction href longdesc poster src srcset xlink:href`)

	langPattern = regexp.MustCompile(`^[A-Za-z0-9-]{1,35}$`)
	dirPattern  = regexp.MustCompile(`^(?i:ltr|rtl|auto)$`)
	timePattern = regexp.MustCompile(`^[0-9A-Za-z:.+ -]{1,40}$`)
)

// rawNode checks one piece of HTML and stores its tokens. open are the tags that the
// pieces before it in the same parent left open; it returns those open after it.
func (a *analysis) rawNode(n ast.Node, open []*rawToken, p scope) []*rawToken {
	chunk, at := a.rawSource(n)
	_, block := n.(*ast.HTMLBlock)
	switch head := strings.TrimLeft(chunk, " "); {
	case strings.HasPrefix(head, "<?"), strings.HasPrefix(head, "<!") && !strings.HasPrefix(head, "<!--"):
		a.state.report(at(0), msgHTMLOther, head[:2])
		return open
	}
	var (
		tokens   []*rawToken
		hidden   string // the element whose content is being dropped
		nested   int
		done     int
		reported bool
	)
	z := html.NewTokenizer(strings.NewReader(chunk))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		off := done
		done += len(z.Raw())
		t := z.Token()
		switch kind {
		case html.TextToken:
			if hidden != "" {
				continue
			}
			if block && !reported && strings.Contains(t.Data, "[") &&
				(strings.Contains(t.Data, "[[") || strings.Contains(t.Data, "[^") || strings.Contains(t.Data, "[@")) {
				reported = true
				a.state.report(at(off), msgHTMLBrackets, "")
			}
			tokens = append(tokens, &rawToken{kind: rawText, text: strip(t.Data)})
		case html.StartTagToken, html.SelfClosingTagToken:
			a.checkTag(t, at(off))
			switch {
			case hidden == t.Data:
				nested++
			case hidden == "" && hiddenElements[t.Data] && kind == html.StartTagToken:
				hidden, nested = t.Data, 1
			}
			if hidden != "" || !inlineElements[t.Data] && !(block && blockElements[t.Data]) {
				continue
			}
			token := &rawToken{kind: rawTag, name: t.Data, text: startTag(t)}
			switch {
			case voidElements[t.Data]:
			case p.raws+len(open) >= maxRawDepth:
				token.kind = rawDropped
			default:
				open = append(open, token)
			}
			tokens = append(tokens, token)
		case html.EndTagToken:
			if hidden != "" {
				if t.Data == hidden {
					if nested--; nested == 0 {
						hidden = ""
					}
				}
				continue
			}
			for i := len(open) - 1; i >= 0; i-- {
				if open[i].name != t.Data {
					continue
				}
				for _, unclosed := range open[i+1:] {
					unclosed.kind = rawDropped
				}
				open = open[:i]
				tokens = append(tokens, &rawToken{kind: rawTag, name: t.Data, text: "</" + t.Data + ">"})
				break
			}
		}
	}
	if strings.TrimSpace(chunk[min(done, len(chunk)):]) != "" {
		a.state.report(at(done), msgHTMLOpen, "")
	}
	a.raw[n] = tokens
	return open
}

// checkTag reports the problems of a start tag.
func (a *analysis) checkTag(t html.Token, off int) {
	switch {
	case inlineElements[t.Data], blockElements[t.Data]:
	case dangerousElements[t.Data]:
		a.state.report(off, msgHTMLDanger, t.Data)
	default:
		a.state.report(off, msgHTMLMarkdown, t.Data)
	}
	for _, attr := range t.Attr {
		if strings.HasPrefix(attr.Key, "on") {
			a.state.report(off, msgHTMLHandler, attr.Key)
		}
		if addressAttributes[attr.Key] {
			if scheme, dangerous := schemeOf(attr.Val); dangerous {
				a.state.report(off, msgURLDanger, scheme)
			}
		}
	}
}

// startTag writes a start tag anew, with the permitted attributes only.
func startTag(t html.Token) string {
	var b strings.Builder
	b.WriteString("<" + t.Data)
	seen := map[string]bool{}
	for _, attr := range t.Attr {
		if seen[attr.Key] {
			continue
		}
		seen[attr.Key] = true
		switch {
		case attr.Key == "title" && (t.Data == "abbr" || t.Data == "dfn"),
			attr.Key == "lang" && langPattern.MatchString(attr.Val),
			attr.Key == "dir" && dirPattern.MatchString(attr.Val),
			attr.Key == "datetime" && t.Data == "time" && timePattern.MatchString(attr.Val):
			b.WriteString(" " + attr.Key + `="` + html.EscapeString(strip(attr.Val)) + `"`)
		case attr.Key == "open" && t.Data == "details":
			b.WriteString(` open=""`)
		}
	}
	b.WriteString(">")
	return b.String()
}

// rawSource returns the text of n, and a function from an offset in it to the offset
// in the source.
func (a *analysis) rawSource(n ast.Node) (chunk string, at func(int) int) {
	type piece struct{ from, source int }
	var (
		b      strings.Builder
		pieces []piece
	)
	add := func(start, stop int) {
		pieces = append(pieces, piece{b.Len(), start})
		b.Write(a.src[start:stop])
	}
	switch n := n.(type) {
	case *ast.HTMLBlock:
		for i := range n.Lines().Len() {
			seg := n.Lines().At(i)
			add(seg.Start, seg.Stop)
		}
		if n.HasClosure() {
			add(n.ClosureLine.Start, n.ClosureLine.Stop)
		}
	case *ast.RawHTML:
		for i := range n.Segments.Len() {
			seg := n.Segments.At(i)
			add(seg.Start, seg.Stop)
		}
	}
	return b.String(), func(off int) int {
		for i := len(pieces) - 1; i >= 0; i-- {
			if p := pieces[i]; off >= p.from {
				return p.source + off - p.from
			}
		}
		return offset(n)
	}
}
