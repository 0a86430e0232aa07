package markdown

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// webAddress makes bare web addresses links: those that begin with http://,
// https:// or www. and name a host with a dot in it. It is called at the colon
// or dot, when the text before that is parsed already, so that an address may
// follow an ideograph without a space.
//
// It also decides where an address ends. Letters and digits of every script belong
// to it, as in the addresses of Wikipedia's articles. White space, quotation marks
// and CJK punctuation do not, except the middle dot between the parts of a name;
// nor does punctuation at the very end, or a closing parenthesis without its
// opening one, as on GitHub.
type webAddress struct{}

// Trigger implements parser.InlineParser.
func (webAddress) Trigger() []byte { return []byte{':', '.'} }

// Parse implements parser.InlineParser.
func (webAddress) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, seg := block.PeekLine()
	if seg.Padding > 0 || pc.IsInLinkLabel() {
		return nil
	}
	begin, ok := beginsAt(block.Source(), seg.Start, line)
	if !ok {
		return nil
	}
	before, ok := parent.LastChild().(*ast.Text)
	if !ok || before.IsRaw() || before.Segment.Stop != seg.Start || before.Segment.Start > begin ||
		before.Segment.Start < begin && !mayPrecede(block.Source()[:begin]) {
		return nil
	}
	rest := line[1:]
	if line[0] == ':' {
		rest = line[len("://"):]
	}
	s := stateOf(pc)
	if !s.spend(parent, seg.Start, maxHost) {
		return nil
	}
	length := hostLength(rest)
	if length == 0 {
		return nil
	}
	if !ascii(rest[:length]) {
		// This is checked before the path is read, which may be the rest of the
		// text and hold more such addresses.
		if _, _, ok := safeURL("http://" + string(rest[:length])); !ok {
			return nil // no host has such a name
		}
	}
	skipped := len(line) - len(rest)
	address := block.Source()[begin : seg.Start+skipped+addressLength(rest, length)]
	if before.Segment = before.Segment.WithStop(begin); before.Segment.IsEmpty() {
		parent.RemoveChild(parent, before)
	}
	stop := begin + len(address)
	block.Advance(stop - seg.Start)
	link := ast.NewAutoLink(ast.AutoLinkURL, ast.NewTextSegment(text.NewSegment(begin, stop)))
	if line[0] == '.' {
		link.Protocol = []byte("http")
	}
	link.SetPos(begin)
	return s.countNode(link)
}

// beginsAt returns the offset in src at which an address begins whose colon or dot
// is at off. line is the rest of the line from off on.
func beginsAt(src []byte, off int, line []byte) (int, bool) {
	before := src[:off]
	if line[0] == '.' {
		return off - len("www"), bytes.HasSuffix(before, []byte("www"))
	}
	switch {
	case !bytes.HasPrefix(line, []byte("://")):
	case bytes.HasSuffix(before, []byte("https")):
		return off - len("https"), true
	case bytes.HasSuffix(before, []byte("http")):
		return off - len("http"), true
	}
	return 0, false
}

// mayPrecede reports whether an address may follow the last character of src: white
// space, one of *_~( as on GitHub, or a character that is not a letter, mark or
// digit of a script with spaces between words.
func mayPrecede(src []byte) bool {
	r, _ := utf8.DecodeLastRune(src)
	if r < utf8.RuneSelf {
		return unicode.IsSpace(r) || strings.ContainsRune("*_~(", r)
	}
	return wide(r) || !unicode.In(r, unicode.L, unicode.M, unicode.N)
}

// maxHost is the greatest length of a host, in bytes.
const maxHost = 253

// hostLength returns the length of the host, with its port, at the start of s; 0 if
// there is none. The host must have a dot, and its last part must start with a
// letter. An ideograph after a last part in Latin letters does not belong to the
// host, but to the sentence around it.
func hostLength(s []byte) int {
	end, label, dots := 0, 0, 0 // label is where the last part begins
	for end < min(len(s), maxHost) {
		r, n := utf8.DecodeRune(s[end:])
		switch {
		case r == '.':
			if end == label {
				return 0
			}
			dots++
			label = end + 1
		case r == utf8.RuneError && n == 1, !inHost(r):
			return hostEnd(s, end, label, dots)
		case dots > 0 && end > label && wide(r) && ascii(s[label:end]):
			return hostEnd(s, end, label, dots)
		}
		end += n
	}
	if end < len(s) {
		return 0 // longer than a host can be
	}
	return hostEnd(s, end, label, dots)
}

func inHost(r rune) bool {
	return r == '-' || r == '_' || unicode.In(r, unicode.L, unicode.M, unicode.N)
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func hostEnd(s []byte, end, label, dots int) int {
	if end == label && dots > 1 { // the dot that ends a sentence
		end--
		label = bytes.LastIndexByte(s[:end], '.') + 1
		dots--
	}
	first, _ := utf8.DecodeRune(s[label:])
	if dots == 0 || end == label || !unicode.IsLetter(first) {
		return 0
	}
	if port := portPattern.Find(s[end:]); port != nil {
		end += len(port)
	}
	if end < len(s) && s[end] == '@' {
		return 0 // it was the user name of an e-mail address
	}
	return end
}

var portPattern = regexp.MustCompile(`^:[0-9]{1,5}`)

// addressLength returns the length of the address at the start of s, whose host
// has the given length.
func addressLength(s []byte, host int) int {
	end := host
	if end < len(s) && strings.IndexByte("/?#", s[end]) >= 0 {
		for end < len(s) {
			r, n := utf8.DecodeRune(s[end:])
			if r == utf8.RuneError && n == 1 || !inPath(r) {
				break
			}
			end += n
		}
	}
	return trimmed(s, host, end)
}

func inPath(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r > ' ' && r < 0x7F && !strings.ContainsRune(`*\|<`, r)
	case r == '・', r == '･':
		return true
	case unicode.IsSpace(r), unicode.In(r, unicode.Pi, unicode.Pf), forbidden(r):
		return false
	}
	return !unicode.In(r, unicode.P, unicode.S) || !wide(r)
}

// trimmed returns the end of the address without the characters that end the
// sentence around it.
func trimmed(s []byte, host, end int) int {
	surplus := bytes.Count(s[:end], []byte{')'}) - bytes.Count(s[:end], []byte{'('})
	for end > host {
		r, n := utf8.DecodeLastRune(s[:end])
		switch {
		case r == ')':
			if surplus <= 0 {
				return end
			}
			surplus--
		case r == ';':
			// A character reference is not part of the address.
			i := bytes.LastIndexByte(s[host:end], '&')
			if i < 0 || !referenceName.Match(s[host+i:end]) {
				return end
			}
			n = end - host - i
		case strings.ContainsRune(`?!.,:*_~`, r), r >= utf8.RuneSelf && unicode.IsPunct(r):
		default:
			return end
		}
		end -= n
	}
	return end
}

var referenceName = regexp.MustCompile(`^&[A-Za-z0-9]{1,32};$`)

// mailAddress makes bare e-mail addresses links. It is called at each space and
// mark, but calls the linkify parser only where an address may start, since that
// parser looks for an "@" up to the end of the line.
type mailAddress struct{ parser.InlineParser }

func newMailAddress() mailAddress {
	never := regexp.MustCompile(`^\b\B`)
	return mailAddress{extension.NewLinkifyParser(
		extension.WithLinkifyAllowedProtocols([]string{"http:"}),
		extension.WithLinkifyURLRegexp(never), extension.WithLinkifyWWWRegexp(never),
	)}
}

// Parse implements parser.InlineParser.
func (p mailAddress) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	s := stateOf(pc)
	line, seg := block.PeekLine()
	if len(line) > 0 && bytes.IndexByte([]byte(" *_~("), line[0]) >= 0 {
		line = line[1:]
	}
	if !mayBeMail(line) || !s.spend(parent, seg.Start, 8) {
		return nil
	}
	return s.countNode(p.InlineParser.Parse(parent, block, pc))
}

func mayBeMail(line []byte) bool {
	const maxLocalPart = 64
	for i, c := range line[:min(len(line), maxLocalPart+1)] {
		switch {
		case c == '@':
			return i > 0
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case bytes.IndexByte([]byte(".!#$%&'*+/=?^_`{|}~-"), c) >= 0:
		default:
			return false
		}
	}
	return false
}
