package analysis

import (
	"sync"
	"unicode"
	"unicode/utf8"
)

// class is what a character is to the scanner.
type class uint8

const (
	other   class = iota // stands between words
	letter               // part of a word
	digit                // part of a word, or of a number
	mark                 // continues the character before it
	ignored              // invisible, as if it were not there
	gram                 // of a script that is indexed by pairs of characters
)

// gramScripts are the scripts that have no spaces between words, and Hangul, whose
// words have particles attached to them.
var gramScripts = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo, unicode.Hangul,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tai_Le, unicode.New_Tai_Lue, unicode.Tai_Tham, unicode.Tai_Viet,
}

// tableEnd is where the table of classes ends: at the first code point of the
// supplementary planes.
const tableEnd = 0x10000

// classTable returns the class of each code point below tableEnd.
var classTable = sync.OnceValue(func() *[tableEnd]class {
	table := new([tableEnd]class)
	for r := range rune(tableEnd) {
		table[r] = computeClass(r)
	}
	return table
})

func computeClass(r rune) class {
	switch {
	case r == 'ー' || r == 'ｰ' || r == '〆':
		return gram // common to several scripts, hence of none
	case r == 'ـ', 0x02B9 <= r && r <= 0x02BF, r == 0x02C8, r == 0x034F:
		// The tatweel, letters that stand for an apostrophe, the grapheme joiner.
		return ignored
	case 0x3099 <= r && r <= 0x309A, unicode.Is(unicode.Variation_Selector, r):
		return mark
	case unicode.Is(unicode.Cf, r):
		return ignored
	case unicode.Is(unicode.Nd, r):
		return digit
	case unicode.IsLetter(r), unicode.Is(unicode.M, r), unicode.Is(unicode.Nl, r), unicode.Is(unicode.Other_Alphabetic, r):
		if unicode.In(r, gramScripts...) {
			return gram
		}
		if unicode.Is(unicode.M, r) {
			return mark
		}
		return letter
	}
	return other
}

// classAt returns the class of the character at a byte of the text, and its length.
func classAt(table *[tableEnd]class, text string, i int) (class, int) {
	if c := text[i]; c < utf8.RuneSelf {
		return table[c], 1
	}
	r, n := utf8.DecodeRuneInString(text[i:])
	if r < tableEnd {
		return table[r], n
	}
	return computeClass(r), n
}
