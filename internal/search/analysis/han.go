package analysis

import (
	_ "embed"
	"strings"
	"sync"
	"unicode/utf8"
)

// foldGram folds the characters of a run: Han characters to the form that
// simplified and traditional Chinese and Japanese have in common. Marks that the
// characters do not need are dropped.
func foldGram(text string) string {
	b := make([]byte, 0, len(text))
	for _, r := range text {
		switch c := computeClass(r); {
		case c == ignored || c == mark:
			continue
		case r == 'ヶ':
			r = 'ケ'
		case r == 'ヵ':
			r = 'カ'
		default:
			if v, ok := hanVariants()[r]; ok {
				r = v
			}
		}
		b = utf8.AppendRune(b, r)
	}
	return string(b)
}

//go:embed han_variants.txt
var hanVariantsFile string

// hanVariants returns the character that each variant is indexed as.
var hanVariants = sync.OnceValue(func() map[rune]rune {
	m := make(map[rune]rune, 1<<13)
	for line := range strings.Lines(hanVariantsFile) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		pairs := []rune(strings.TrimSpace(line))
		for i := 0; i+1 < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
	}
	return m
})
