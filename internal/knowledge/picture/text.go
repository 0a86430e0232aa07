package picture

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

const (
	maxText  = 4000 // characters of a text that are looked at
	maxMarks = 6    // combining marks on one base character
)

// clean returns an untrusted label as one line of text that XML 1.0 can hold: white
// space is one space, and characters that are not for display are dropped: controls,
// noncharacters, and those that change the direction of the text around them.
func clean(s string) string {
	var b strings.Builder
	space, marks, n := false, 0, 0
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) && r != '\u00a0' && r != '\u202f':
			space = true
			continue
		case !showable(r):
			continue
		case unicode.In(r, unicode.Mn, unicode.Me):
			if marks++; marks > maxMarks {
				continue
			}
		default:
			marks = 0
		}
		if n++; n > maxText {
			b.WriteString("…")
			return b.String()
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r)
	}
	return b.String()
}

// showable reports whether r can be in a label. Surrogates cannot occur: ranging over
// a string makes them, and all other broken bytes, U+FFFD.
func showable(r rune) bool {
	switch {
	case unicode.IsControl(r), r >= 0xfdd0 && r <= 0xfdef, r&0xfffe == 0xfffe:
		return false
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r >= 0xfff9 && r <= 0xfffb:
		return false
	}
	return true
}

// A cluster is what must not be torn apart: a character with its combining marks, or
// several that are joined to one sign.
type cluster struct {
	text  string
	first rune
	width float64 // in em
}

func clusters(s string) []cluster {
	var out []cluster
	joined := false
	for i, r := range s {
		size := utf8.RuneLen(r)
		if r == utf8.RuneError {
			_, size = utf8.DecodeRuneInString(s[i:])
		}
		if len(out) > 0 && (joined || continues(r)) {
			last := &out[len(out)-1]
			last.text += s[i : i+size]
			last.width += advance(r)
		} else {
			out = append(out, cluster{s[i : i+size], r, advance(r)})
		}
		joined = r == '\u200d'
	}
	return out
}

// continues reports whether r belongs to the character before it.
func continues(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Mc) || r == '\u200d' || r == '\u200c' ||
		r >= 0x1f3fb && r <= 0x1f3ff || r >= 0xe0020 && r <= 0xe007f
}

// textWidth returns the width of s in em. It is near the truth for letters that
// [advances] lists and for East Asian characters, and generous for all others.
func textWidth(s string) float64 {
	w := 0.0
	for _, r := range s {
		w += advance(r)
	}
	return w
}

// advance returns the width of one character in em.
func advance(r rune) float64 {
	if w := measured(r); w > 0 {
		return w
	}
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case r >= 0x1f1e6 && r <= 0x1faff, r >= 0x2600 && r <= 0x27bf:
		return 1.3 // pictographs, of fonts of their own
	case unicode.IsSpace(r):
		return advance(' ')
	case r == 0xfdfd:
		return 10 // a whole phrase as one character
	case r >= 0xfdf0 && r <= 0xfdff, r >= 0x12000 && r <= 0x1254f:
		return 2.5
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 1
	case width.EastAsianHalfwidth:
		return 0.55
	}
	if d := norm.NFD.PropertiesString(string(r)).Decomposition(); len(d) > 0 {
		if base, _ := utf8.DecodeRune(d); base != r {
			if w := measured(base); w > 0 {
				return w
			}
		}
	}
	if unicode.IsUpper(r) {
		return 1
	}
	return 0.9
}

// measured returns the width of r that [advances] lists, or 0.
func measured(r rune) float64 {
	for _, block := range advances {
		if i := int(r - block.first); i >= 0 && i < len(block.widths) {
			return float64(block.widths[i]) / 1000
		}
	}
	return 0
}

// exact reports whether the widths of all of s are those of a font, not an estimate.
func exact(s string) bool {
	for _, r := range s {
		k := width.LookupRune(r).Kind()
		if measured(r) == 0 && k != width.EastAsianWide && k != width.EastAsianFullwidth {
			return false
		}
	}
	return true
}
