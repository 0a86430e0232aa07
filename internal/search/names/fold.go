package names

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxName is how much of a name is looked at, in bytes.
const maxName = 400

// maxWords is how many words of a name are compared.
const maxWords = 12

// A script is a kind of writing that names are romanised from.
type script uint8

const (
	latin script = iota // Latin letters, digits and symbols
	hanScript
	hangul
	kana
	cyrillic
	other
)

func scriptOf(r rune) script {
	switch {
	case r < 0x370:
		return latin
	case r >= 0x400 && r < 0x530:
		return cyrillic
	case unicode.Is(unicode.Han, r):
		return hanScript
	case r >= 0xAC00 && r <= 0xD7A3:
		return hangul
	case r >= 0x3041 && r <= 0x30FF:
		return kana
	case unicode.Is(unicode.Latin, r) || unicode.IsDigit(r):
		return latin
	}
	return other
}

// A token is a run of letters and digits of one script, folded.
type token struct {
	text     string
	script   script
	capitals bool // at least two letters were capitals
}

// specialFolds are letters of the Latin script that do not decompose.
var specialFolds = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th",
	'ı': "i", 'ħ': "h", 'ŧ': "t", 'ə': "a", 'ŋ': "ng", 'ĸ': "k", 'ẞ': "ss",
}

// tokenize folds a text (NFKC, lower case, no accents on Latin letters, simplified
// characters) and splits it into words and at changes of script.
func tokenize(text string) []token {
	if len(text) > maxName {
		cut := maxName
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
	}
	if !isASCII(text) {
		text = norm.NFKC.String(text)
	}
	var (
		out     = make([]token, 0, 6)
		b       strings.Builder
		current script
		upper   int
	)
	flush := func() {
		if b.Len() > 0 {
			out = append(out, token{text: b.String(), script: current, capitals: upper > 1})
		}
		b.Reset()
		upper = 0
	}
	for _, r := range text {
		switch {
		case r >= 'a' && r <= 'z' && (current == latin || b.Len() == 0):
			current = latin
			b.WriteByte(byte(r))
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			s := scriptOf(r)
			if r == 'ー' {
				s = kana
			}
			if b.Len() > 0 && s != current {
				flush()
			}
			current = s
			if unicode.IsUpper(r) {
				upper++
			}
			foldRune(&b, r, s)
		case unicode.Is(unicode.M, r):
			if b.Len() > 0 && current != latin {
				b.WriteRune(r)
			}
		case isApostrophe(r), unicode.Is(unicode.Cf, r):
		case r == '&':
			flush()
			out = append(out, token{text: "and"})
		case r == '+':
			flush()
			out = append(out, token{text: "plus"})
		default:
			flush()
		}
	}
	flush()
	return out
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func isApostrophe(r rune) bool {
	switch r {
	case '\'', '’', '‘', 'ʼ', 'ʻ', '`', '´', 'ʹ', 'ʺ', '′':
		return true
	}
	return false
}

func foldRune(b *strings.Builder, r rune, s script) {
	switch s {
	case latin:
		r = unicode.ToLower(r)
		if r < utf8.RuneSelf {
			b.WriteByte(byte(r))
			return
		}
		if f, ok := specialFolds[r]; ok {
			b.WriteString(f)
			return
		}
		var buf [16]byte
		for _, d := range string(norm.NFD.AppendString(buf[:0], string(r))) {
			if !unicode.Is(unicode.Mn, d) {
				b.WriteRune(unicode.ToLower(d))
			}
		}
	case hanScript:
		b.WriteRune(han().simplified(r))
	case cyrillic:
		if r = unicode.ToLower(r); r == 'ё' {
			r = 'е'
		}
		b.WriteRune(r)
	case kana:
		if r >= 'ぁ' && r <= 'ゖ' {
			r += 'ァ' - 'ぁ'
		}
		b.WriteRune(r)
	default:
		b.WriteRune(unicode.ToLower(r))
	}
}
