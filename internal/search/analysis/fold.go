package analysis

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxTerm is the greatest length of a term, in bytes. The letters of a word that
// are past it are not compared.
const maxTerm = 96

// foldings are the letters whose folded form is not what Unicode decomposes them to.
var foldings = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ħ': "h", 'ŧ': "t",
	'ŋ': "n", 'ı': "i", 'ĸ': "k", 'ɓ': "b", 'ɗ': "d", 'ƙ': "k", 'ƴ': "y",
	'ς': "σ", 'և': "եւ",
	'ё': "е", 'ѐ': "е", 'ѝ': "и",
	'أ': "ا", 'إ': "ا", 'آ': "ا", 'ٱ': "ا", 'ى': "ي", 'ی': "ي", 'ک': "ك", 'ة': "ه", 'ؤ': "و",
}

// lower returns a word in lower case, with its accents, without what is ignored and
// without what joins its parts.
func lower(word string) string {
	b := make([]byte, 0, min(len(word)+8, 2*maxTerm))
	var base rune
	for _, r := range word {
		if len(b) >= maxTerm {
			break
		}
		if r < utf8.RuneSelf {
			switch {
			case 'A' <= r && r <= 'Z':
				r += 'a' - 'A'
			case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			default:
				continue
			}
			b = append(b, byte(r))
			base = r
			continue
		}
		switch c := computeClass(r); c {
		case digit:
			b = append(b, byte('0'+digitValue(r)))
			base = r
		case mark:
			if keepsMark(base, r) {
				b = utf8.AppendRune(b, r)
			}
		case letter, gram:
			base = r
			if r == 'İ' {
				r = 'i'
			}
			b = utf8.AppendRune(b, unicode.ToLower(r))
		}
	}
	return string(b)
}

// keepsMark reports whether a mark belongs to the letter before it, so that without
// the mark it would be another letter.
func keepsMark(base, r rune) bool {
	switch {
	case base == 0 || unicode.In(base, unicode.Latin, unicode.Greek, unicode.Arabic, unicode.Hebrew, unicode.Syriac), unicode.Is(unicode.Variation_Selector, r):
		return false
	case unicode.Is(unicode.Cyrillic, base):
		return r != 0x0300 && r != 0x0301 // signs of stress
	}
	return true
}

// fold folds a word in lower case: Latin and Greek letters lose their accents.
func fold(word string) string {
	if isASCII(word) {
		return word
	}
	var b strings.Builder
	for _, r := range word {
		if r < utf8.RuneSelf {
			b.WriteByte(byte(r))
			continue
		}
		if f, ok := foldings[r]; ok {
			b.WriteString(f)
			continue
		}
		if !unicode.In(r, unicode.Latin, unicode.Greek) {
			b.WriteRune(r)
			continue
		}
		for _, d := range norm.NFD.String(string(r)) {
			if unicode.Is(unicode.Mn, d) {
				continue
			}
			if f, ok := foldings[d]; ok {
				b.WriteString(f)
			} else {
				b.WriteRune(d)
			}
		}
	}
	return b.String()
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// digitValue returns the value of a decimal digit of any script. Their ranges begin
// at a zero.
func digitValue(r rune) int {
	for _, x := range unicode.Nd.R16 {
		if rune(x.Lo) <= r && r <= rune(x.Hi) {
			return int(r-rune(x.Lo)) % 10
		}
	}
	for _, x := range unicode.Nd.R32 {
		if rune(x.Lo) <= r && r <= rune(x.Hi) {
			return int(r-rune(x.Lo)) % 10
		}
	}
	return 0
}

// number returns the normal form of a number with separators, or of what begins
// like one: without those before groups of three digits, and with a point as the
// decimal sign.
func number(word string) string {
	var b []byte
	for _, r := range word {
		if len(b) >= 2*maxTerm {
			break
		}
		switch c := computeClass(r); {
		case c == digit && r < utf8.RuneSelf:
			b = append(b, byte(r))
		case c == digit:
			b = append(b, byte('0'+digitValue(r)))
		case isSeparator(r):
			b = append(b, '.')
		case c == letter || c == gram:
			b = utf8.AppendRune(b, unicode.ToLower(r))
		}
	}
	groups := strings.Split(string(b), ".")
	out := groups[0]
	grouped := len(groups[0]) <= 3
	for _, g := range groups[1:] {
		if grouped = grouped && len(g) == 3; !grouped {
			out += "."
		}
		out += g
	}
	if len(out) > maxTerm {
		out = strings.ToValidUTF8(out[:maxTerm], "")
	}
	return out
}

// isNumber reports whether a word is a number with separators, or begins like one.
func isNumber(word string) bool {
	r, _ := utf8.DecodeRuneInString(word)
	return (r < utf8.RuneSelf && '0' <= r && r <= '9' || r >= utf8.RuneSelf && unicode.Is(unicode.Nd, r)) && strings.ContainsAny(word, ".,'’٫٬")
}
