package syntax

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// readString reads a string in single quotation marks (section 2.10.4) that begins at a
// place, and returns its value.
func (l *lexer) readString(begin place) string {
	l.next++
	var value strings.Builder // used once there is an escape sequence
	copied := l.next          // what is before it is in value
	escaped := false
	for l.next < len(l.text) {
		switch c := l.text[l.next]; {
		case c == '"':
			rest := l.text[copied:l.next]
			l.next++
			if !escaped {
				return rest
			}
			value.WriteString(rest)
			return value.String()
		case isLineTerminator(c):
			l.fail(begin, "the string that begins here does not end in its line")
			return ""
		case c == '\\':
			value.WriteString(l.text[copied:l.next])
			value.WriteRune(l.readEscape())
			if l.err != nil {
				return ""
			}
			copied, escaped = l.next, true
		default:
			l.skipCharacter()
		}
	}
	l.fail(begin, "the string that begins here does not end")
	return ""
}

// readEscape reads an escape sequence and returns the character that it stands for.
func (l *lexer) readEscape() rune {
	begin := l.here()
	l.next++
	if l.next == len(l.text) {
		return 0 // the string does not end
	}
	c := l.text[l.next]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		l.next++
		return l.readUnicodeEscape(begin)
	default:
		l.fail(begin, `unknown escape sequence: "\" and %s`, l.following())
		return 0
	}
	l.next++
	return rune(c)
}

// readUnicodeEscape reads the rest of an escape sequence after "\u". Its character is a
// Unicode scalar value: two sequences of four digits may be a surrogate pair, and any
// other surrogate is an error.
func (l *lexer) readUnicodeEscape(begin place) rune {
	if strings.HasPrefix(l.text[l.next:], "{") {
		l.next++
		c, digits := l.readHex(len(l.text))
		if digits == 0 || !strings.HasPrefix(l.text[l.next:], "}") {
			l.fail(begin, `want hexadecimal digits and "}" after "\u{"`)
			return 0
		}
		l.next++
		if !utf8.ValidRune(c) {
			l.fail(begin, `"\u{…}" must be a Unicode scalar value: at most 10FFFF, and no surrogate`)
		}
		return c
	}
	c, digits := l.readHex(4)
	if digits < 4 {
		l.fail(begin, `want four hexadecimal digits, or digits in braces, after "\u"`)
		return 0
	}
	if !utf16.IsSurrogate(c) {
		return c
	}
	if strings.HasPrefix(l.text[l.next:], `\u`) {
		l.next += len(`\u`)
		low, digits := l.readHex(4)
		if pair := utf16.DecodeRune(c, low); digits == 4 && pair != utf8.RuneError {
			return pair
		}
	}
	l.fail(begin, `"\u%04X" is half of a surrogate pair: want the leading half and then the trailing one`, c)
	return 0
}

// readHex reads up to so many hexadecimal digits. A value beyond all characters is -1.
func (l *lexer) readHex(most int) (value rune, digits int) {
	for ; digits < most && l.next < len(l.text); digits++ {
		d := hexDigit(l.text[l.next])
		if d < 0 {
			break
		}
		if value >= 0 {
			value = value<<4 | d
		}
		if value > utf8.MaxRune {
			value = -1
		}
		l.next++
	}
	return value, digits
}

// hexDigit returns the value of a hexadecimal digit, or -1.
func hexDigit(c byte) rune {
	switch {
	case isDigit(c):
		return rune(c - '0')
	case 'a' <= c && c <= 'f':
		return rune(c - 'a' + 10)
	case 'A' <= c && c <= 'F':
		return rune(c - 'A' + 10)
	}
	return -1
}

// readBlockString reads a string in triple quotation marks that begins at a place, and
// returns its value.
func (l *lexer) readBlockString(begin place) string {
	l.next += len(`"""`)
	var lines []string
	var line strings.Builder
	copied := l.next
	endLine := func() {
		line.WriteString(l.text[copied:l.next])
		lines = append(lines, line.String())
		line.Reset()
	}
	for l.next < len(l.text) {
		switch c := l.text[l.next]; {
		case strings.HasPrefix(l.text[l.next:], `"""`):
			endLine()
			l.next += len(`"""`)
			return blockValue(lines)
		case strings.HasPrefix(l.text[l.next:], `\"""`):
			line.WriteString(l.text[copied:l.next])
			copied = l.next + 1 // behind the backslash
			l.next += len(`\"""`)
		case isLineTerminator(c):
			endLine()
			l.skipLineTerminator()
			copied = l.next
		default:
			l.skipCharacter()
		}
	}
	l.fail(begin, `the block string that begins here does not end: want """`)
	return ""
}

// blockValue returns the value of a block string (BlockStringValue in section 2.10.4):
// without the indentation that all lines but the first have in common, and without
// blank lines at its begin and end.
func blockValue(lines []string) string {
	common := -1
	for _, line := range lines[1:] {
		if indent := indentOf(line); indent < len(line) && (common < 0 || indent < common) {
			common = indent
		}
	}
	if common > 0 {
		for i, line := range lines[1:] {
			lines[i+1] = line[min(common, len(line)):]
		}
	}
	for len(lines) > 0 && isBlank(lines[0]) {
		lines = lines[1:]
	}
	for len(lines) > 0 && isBlank(lines[len(lines)-1]) {
		lines = lines[:len(lines)-1]
	}
	return strings.Join(lines, "\n")
}

// indentOf returns how many spaces and tabs a line begins with.
func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

func isBlank(line string) bool { return indentOf(line) == len(line) }
