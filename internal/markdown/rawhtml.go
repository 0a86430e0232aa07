package markdown

import (
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"golang.org/x/net/html"
)

// maxRawDepth limits how deep elements written as HTML are nested in all.
const maxRawDepth = 32

type rawKind int

const (
	rawDropped rawKind = iota
	rawText
	rawTag
)

// rawToken is a piece of HTML that the author wrote, in the form in which it is
// shown: whole tags made anew, or text.
type rawToken struct {
	kind rawKind
	name string
	text string
}

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
	// Elements that run, load or take something.
	dangerousElements = set(`applet audio base basefont bgsound button canvas datalist dialog embed
		fieldset form frame frameset iframe input keygen label legend link marquee math meta noembed
		noframes noscript object optgroup option output param plaintext portal script select slot
		source style svg template textarea title track video xmp`)
	// Of these also what is inside is dropped.
	hiddenElements = set(`iframe math noembed noframes noscript object plaintext script select style
		svg template textarea title xmp`)
	addressAttributes = set(`action background cite data formaction href longdesc poster src srcset xlink:href`)

	langPattern = regexp.MustCompile(`^[A-Za-z0-9-]{1,35}$`)
	dirPattern  = regexp.MustCompile(`^(?i:ltr|rtl|auto)$`)
	timePattern = regexp.MustCompile(`^[0-9A-Za-z:.+ -]{1,40}$`)
)

// rawNode checks one piece of HTML and makes its tokens. open are the tags that
// the pieces before it, in the same parent, have left open.
func (a *analysis) rawNode(n ast.Node, open []*rawToken, p place) []*rawToken {
	chunk, at := a.rawSource(n)
	_, block := n.(*ast.HTMLBlock)
	switch head := strings.TrimLeft(chunk, " "); {
	case strings.HasPrefix(head, "<?"), strings.HasPrefix(head, "<!") && !strings.HasPrefix(head, "<!--"):
		a.effort.report(at(0), msgHTMLOther, head[:2])
		return open
	}
	var (
		tokens []*rawToken
		hidden string // the element whose content is being dropped
		nested int
		done   int
		told   bool
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
			if block && !told && strings.Contains(t.Data, "[") &&
				(strings.Contains(t.Data, "[[") || strings.Contains(t.Data, "[^") || strings.Contains(t.Data, "[@")) {
				told = true
				a.effort.report(at(off), msgHTMLBrackets, "")
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
		a.effort.report(at(done), msgHTMLOpen, "")
	}
	a.raw[n] = tokens
	return open
}

func (a *analysis) checkTag(t html.Token, off int) {
	switch {
	case inlineElements[t.Data], blockElements[t.Data]:
	case dangerousElements[t.Data]:
		a.effort.report(off, msgHTMLDanger, t.Data)
	default:
		a.effort.report(off, msgHTMLMarkdown, t.Data)
	}
	for _, attr := range t.Attr {
		if strings.HasPrefix(attr.Key, "on") {
			a.effort.report(off, msgHTMLHandler, attr.Key)
		}
		if addressAttributes[attr.Key] {
			if scheme, dangerous := schemeOf(attr.Val); dangerous {
				a.effort.report(off, msgURLDanger, scheme)
			}
		}
	}
}

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

// rawSource returns the text of n, and where in the source each offset of it is.
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
