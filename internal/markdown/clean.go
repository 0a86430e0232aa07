package markdown

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// The characters around the number of a placeholder in HTML that is being rendered.
const (
	placeholderOpen  = '\uFDD0'
	placeholderClose = '\uFDD1'
)

// forbidden reports whether r may not be in a text: control characters, and the
// noncharacters, of which the renderer uses two to mark placeholders.
func forbidden(r rune) bool {
	switch {
	case r == '\t' || r == '\n':
		return false
	case r < 0x20, r >= 0x7F && r <= 0x9F:
		return true
	case r >= 0xFDD0 && r <= 0xFDEF, r&0xFFFE == 0xFFFE:
		return true
	}
	return false
}

// strip removes forbidden characters. Character references can produce them in a
// text that has none as written.
func strip(s string) string {
	if strings.IndexFunc(s, forbidden) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if forbidden(r) {
			return -1
		}
		return r
	}, s)
}

// clean converts all line ends to \n, removes a byte order mark, and replaces
// forbidden characters by U+FFFD. Line numbers do not change. Each kind of finding
// is returned once per line.
func clean(src string) (string, []finding) {
	src = strings.TrimPrefix(src, "\uFEFF")
	if strings.IndexByte(src, '\r') >= 0 {
		src = strings.ReplaceAll(src, "\r\n", "\n")
		src = strings.ReplaceAll(src, "\r", "\n")
	}
	dirty := !utf8.ValidString(src) || strings.IndexFunc(src, forbidden) >= 0
	if !dirty {
		return src, nil
	}
	var (
		found []finding
		b     strings.Builder
		seen  = map[string]bool{}
	)
	b.Grow(len(src) + 16)
	for i := 0; i < len(src); {
		r, n := utf8.DecodeRuneInString(src[i:])
		i += n
		format := ""
		switch {
		case r == '\n':
			clear(seen)
		case r == utf8.RuneError && n == 1:
			format = msgUTF8
		case r == 0:
			format = msgNUL
		case forbidden(r):
			format = msgControl
		}
		if format == "" {
			b.WriteRune(r)
			continue
		}
		if !seen[format] {
			seen[format] = true
			found = append(found, finding{off: b.Len(), format: format})
		}
		b.WriteRune(utf8.RuneError)
	}
	return b.String(), found
}

// lineIndex holds the offset at which each line starts.
type lineIndex []int

func indexLines(s string) lineIndex {
	starts := make(lineIndex, 1, 1+strings.Count(s, "\n"))
	for i := 0; i < len(s); i++ {
		if s[i] == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// line returns the number of the line, from 1, that contains an offset.
func (l lineIndex) line(off int) int {
	return max(1, sort.SearchInts(l, off+1))
}
