package syntax

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// lexer splits a text, which is valid UTF-8, into tokens.
type lexer struct {
	text string
	next int // the offset in bytes of what has not been read
	// continuation is how many bytes before next are not the first of a code point.
	continuation int
	line         int // from 1
	lineStart    int // the offset in code points of the line's first code point
	err          *gqlerror.Error
}

const byteOrderMark = "\ufeff"

// here returns the place of what has not been read.
func (l *lexer) here() place {
	return place{offset: l.next - l.continuation, line: l.line, lineStart: l.lineStart}
}

// fail records an error, unless there is one before it.
func (l *lexer) fail(at place, format string, args ...any) {
	if l.err != nil {
		return
	}
	l.err = &gqlerror.Error{
		Message:   fmt.Sprintf(format, args...),
		Locations: []gqlerror.Location{{Line: at.line, Column: at.column()}},
	}
}

// read reads a token. After an error, all tokens are the end of the document.
func (l *lexer) read() token {
	l.skipIgnored()
	t := token{start: l.next, place: l.here()}
	if l.err != nil || l.next == len(l.text) {
		t.end = t.start
		return t
	}
	switch c := l.text[l.next]; {
	case isNameStart(c):
		t.kind = name
		for l.next++; l.next < len(l.text) && isNameContinue(l.text[l.next]); l.next++ {
		}
	case c == '-' || isDigit(c):
		t.kind = l.readNumber()
	case c == '"':
		t.kind = stringText
		if strings.HasPrefix(l.text[l.next:], `"""`) {
			t.kind = blockText
			t.value = l.readBlockString(t.place)
		} else {
			t.value = l.readString(t.place)
		}
	case strings.HasPrefix(l.text[l.next:], "..."):
		t.kind = spread
		l.next += len("...")
	case strings.IndexByte("!$&():=@[]{|}", c) >= 0:
		t.kind = kind(c)
		l.next++
	default:
		l.failAtCharacter()
	}
	if l.err != nil {
		t.kind = endOfDocument
	}
	t.end = l.next
	t.length = l.next - l.continuation - t.offset
	return t
}

// failAtCharacter records the error of a character with which no token begins.
func (l *lexer) failAtCharacter() {
	c, _ := utf8.DecodeRuneInString(l.text[l.next:])
	switch c {
	case '\'':
		l.fail(l.here(), `unexpected character "'"; strings stand in double quotes`)
	case '.':
		l.fail(l.here(), `unexpected character "."; a spread has three dots`)
	default:
		l.fail(l.here(), "unexpected character %s", quoted(c))
	}
}

// quoted returns a character in quotes, as far as it can be seen, or its code point.
func quoted(c rune) string {
	if s := fmt.Sprintf("%q", string(c)); !strings.Contains(s, `\`) || c == '\\' {
		return `"` + string(c) + `"`
	}
	return fmt.Sprintf("%U", c)
}

// skipIgnored skips white space, line terminators, commas, comments and byte order
// marks (section 2.1.6).
func (l *lexer) skipIgnored() {
	for l.next < len(l.text) {
		switch c := l.text[l.next]; c {
		case ' ', '\t', ',':
			l.next++
		case '\n', '\r':
			l.skipLineTerminator()
		case '#':
			l.skipComment()
		case byteOrderMark[0]:
			if !strings.HasPrefix(l.text[l.next:], byteOrderMark) {
				return
			}
			l.skipCharacter()
		default:
			return
		}
	}
}

// skipLineTerminator skips "\n", "\r\n" or "\r".
func (l *lexer) skipLineTerminator() {
	if strings.HasPrefix(l.text[l.next:], "\r\n") {
		l.next++
	}
	l.next++
	l.line++
	l.lineStart = l.next - l.continuation
}

func (l *lexer) skipComment() {
	for l.next < len(l.text) && !isLineTerminator(l.text[l.next]) {
		l.skipCharacter()
	}
}

// skipCharacter skips a character that is no line terminator.
func (l *lexer) skipCharacter() {
	size := 1
	if l.text[l.next] >= utf8.RuneSelf {
		_, size = utf8.DecodeRuneInString(l.text[l.next:])
	}
	l.next += size
	l.continuation += size - 1
}

// readNumber reads a number (sections 2.10.1 and 2.10.2). What follows it directly may
// not be a digit, a dot or the start of a name.
func (l *lexer) readNumber() kind {
	begin := l.next
	l.accept("-")
	switch {
	case l.accept("0"):
		if at := l.here(); l.acceptDigits() {
			l.fail(at, "a number cannot begin with 0 and another digit: %s", l.number(begin))
			return intNumber
		}
	case !l.acceptDigits():
		l.fail(l.here(), `want a digit after "-", found %s`, l.following())
		return intNumber
	}
	k := intNumber
	if l.accept(".") {
		k = floatNumber
		if !l.acceptDigits() {
			l.fail(l.here(), "want a digit after %q, found %s", l.number(begin), l.following())
			return k
		}
	}
	if l.accept("eE") {
		k = floatNumber
		l.accept("+-")
		if !l.acceptDigits() {
			l.fail(l.here(), "want a digit after %q, found %s", l.number(begin), l.following())
			return k
		}
	}
	if l.next < len(l.text) && (l.text[l.next] == '.' || isNameStart(l.text[l.next])) {
		l.fail(l.here(), "a number cannot be followed by %s: %s", l.following(), l.number(begin))
	}
	return k
}

// number returns what has been read of a number that begins at an offset.
func (l *lexer) number(begin int) string {
	if l.next-begin > maxQuoted {
		return l.text[begin:begin+maxQuoted] + "…"
	}
	return l.text[begin:l.next]
}

// following returns the next character, for messages.
func (l *lexer) following() string {
	if l.next == len(l.text) {
		return "the end of the document"
	}
	c, _ := utf8.DecodeRuneInString(l.text[l.next:])
	return quoted(c)
}

// accept reads a byte if it is one of some.
func (l *lexer) accept(some string) bool {
	if l.next == len(l.text) || strings.IndexByte(some, l.text[l.next]) < 0 {
		return false
	}
	l.next++
	return true
}

// acceptDigits reads digits, and reports whether there are any.
func (l *lexer) acceptDigits() bool {
	begin := l.next
	for l.next < len(l.text) && isDigit(l.text[l.next]) {
		l.next++
	}
	return l.next > begin
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isNameStart(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' }

func isNameContinue(c byte) bool { return isNameStart(c) || isDigit(c) }

func isLineTerminator(c byte) bool { return c == '\n' || c == '\r' }
