package render

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// columns is the width of plain text, in columns of a terminal.
const columns = 72

// lineVerbatim marks a line that must not be wrapped. Texts have no such character:
// package markdown refuses control characters.
const lineVerbatim = "\x01"

// wrap breaks lines that are wider than columns. Lines go on under the text of their
// first one: the marks of quotes are repeated, and the place of a list's marks is left
// empty. Words and addresses are never broken; between Chinese and Japanese characters a
// line can end where their rules permit it.
func wrap(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if rest, ok := strings.CutPrefix(line, lineVerbatim); ok {
			out.WriteString(rest + "\n")
			continue
		}
		wrapLine(&out, line)
	}
	return out.String()
}

func wrapLine(out *strings.Builder, line string) {
	prefix, rest := splitPrefix(line)
	next := continuation(prefix)
	out.WriteString(prefix)
	at := textWidth(prefix)
	blank := false
	for i, part := range parts(rest) {
		if part == " " {
			blank = true
			continue
		}
		w := textWidth(part)
		switch {
		case i > 0 && at+w+btoi(blank) > columns && at > textWidth(next):
			out.WriteString("\n" + next)
			at = textWidth(next)
		case blank:
			out.WriteByte(' ')
			at++
		}
		blank = false
		out.WriteString(part)
		at += w
	}
	out.WriteByte('\n')
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// splitPrefix splits the marks of quotes and lists from a line.
func splitPrefix(line string) (prefix, rest string) {
	i := 0
	for i < len(line) && (line[i] == ' ' || line[i] == '>') {
		i++
	}
	for _, mark := range []string{"- ", "* "} {
		if strings.HasPrefix(line[i:], mark) {
			return line[:i+2], line[i+2:]
		}
	}
	j := i
	if j < len(line) && (line[j] == '[' || line[j] == '(') {
		j++
	}
	digits := j
	for j < len(line) && line[j] >= '0' && line[j] <= '9' {
		j++
	}
	if j > digits && j-digits <= 3 && j+1 < len(line) && strings.IndexByte(".])", line[j]) >= 0 && line[j+1] == ' ' {
		return line[:j+2], line[j+2:]
	}
	return line[:i], line[i:]
}

// continuation returns a prefix with blanks for all but the marks of quotes.
func continuation(prefix string) string {
	return strings.Map(func(r rune) rune {
		if r == '>' {
			return r
		}
		return ' '
	}, prefix)
}

// parts splits a line at the places where it can be broken. A blank is a part.
func parts(line string) []string {
	var all []string
	start := 0
	flush := func(end int) {
		if end > start {
			all = append(all, line[start:end])
		}
		start = end
	}
	var before rune
	for i, r := range line {
		switch {
		case r == ' ':
			flush(i)
			start = i + 1
			if len(all) == 0 || all[len(all)-1] != " " {
				all = append(all, " ")
			}
		case i > start && mayBreak(before, r):
			flush(i)
		}
		before = r
	}
	flush(len(line))
	return all
}

// The characters before and after which no line of Chinese or Japanese is broken.
const (
	notFirst = "、。，．・：；？！）］｝〕〉》」』】〗〙’”々ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ〜…‥%％,.:;?!)]}"
	notLast  = "（［｛〔〈《「『【〖〘‘“([{＄￥#"
)

// mayBreak reports whether a line can end between two characters.
func mayBreak(before, after rune) bool {
	if runeWidth(before) < 2 && runeWidth(after) < 2 {
		return false
	}
	return !strings.ContainsRune(notFirst, after) && !strings.ContainsRune(notLast, before) && after != '\u00a0' && before != '\u00a0' && runeWidth(after) > 0
}

func runeWidth(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// textWidth returns the columns that a text takes.
func textWidth(s string) int {
	n := 0
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		n += runeWidth(r)
		s = s[size:]
	}
	return n
}
