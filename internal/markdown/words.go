package markdown

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cjk reports whether r belongs to a script written without spaces in which
// each character is counted.
func cjk(r rune) bool {
	return r >= 0x2E80 &&
		(unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo) || r == 'ー' || r == 'ｰ')
}

// unspaced reports whether r belongs to a script written without spaces, or to its
// punctuation: a line end between two such characters is not a space.
func unspaced(r rune) bool {
	return cjk(r) || r >= 0x3000 && r <= 0x303F || r >= 0xFF00 && r <= 0xFF65
}

// count counts words and, apart from them, CJK characters.
func count(s string) (words, characters int) {
	inWord := false
	var prev rune
	for i, r := range s {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z': // most of most texts
			if !inWord {
				words++
			}
			inWord = true
		case r == ' ':
			inWord = false
		case cjk(r):
			characters++
			inWord = false
		case unicode.IsLetter(r), unicode.IsNumber(r), unicode.Is(unicode.Pc, r):
			if !inWord {
				words++
			}
			inWord = true
		case unicode.In(r, unicode.M, unicode.Cf):
		case inWord && joinsWord(prev, r, s[i+utf8.RuneLen(r):]):
		default:
			inWord = false
		}
		prev = r
	}
	return words, characters
}

// joinsWord reports whether a mark is inside a word by UAX #29: between letters
// MidLetter and MidNumLet, between digits MidNum and MidNumLet.
func joinsWord(before, mark rune, rest string) bool {
	after, _ := utf8.DecodeRuneInString(rest)
	if unicode.IsDigit(before) && unicode.IsDigit(after) {
		return strings.ContainsRune(".,;'’", mark)
	}
	return unicode.IsLetter(before) && unicode.IsLetter(after) && strings.ContainsRune(".'’:·‧", mark)
}
