package names

import (
	"strings"
	"sync"
)

// soundOf folds what is written in different ways in names of European languages:
// doubled letters, ck and k, ph and f and v, y and i, ue for ü. Two words with the same
// result sound alike.
func soundOf(text string) string {
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		next := byte(0)
		if i+1 < len(text) {
			next = text[i+1]
		}
		switch c {
		case 'p':
			if next == 'h' {
				c = 'f'
				i++
			}
		case 'c':
			switch next {
			case 'k':
				i++
				c = 'k'
			case 'h':
				b = append(b, 'c')
				i++
				continue
			case 'e', 'i', 'y':
				c = 's'
			default:
				c = 'k'
			}
		case 'q':
			c = 'k'
			if next == 'u' {
				i++
			}
		case 'y':
			c = 'i'
		case 'w':
			c = 'v'
		case 'v':
			if i > 0 {
				c = 'f'
			}
		case 'z':
			c = 's'
		case 't', 'd':
			if c == 't' && next == 'h' || c == 'd' && next == 't' {
				i++
			}
			if i == len(text)-1 {
				c = 't'
			}
		case 'e':
			// ae, oe and ue are how ä, ö and ü are written without dots.
			if n := len(b); n > 0 && (b[n-1] == 'o' || b[n-1] == 'u' || b[n-1] == 'a') && i < len(text)-1 {
				continue
			}
		case 'x':
			b = append(b, 'k')
			c = 's'
		}
		if n := len(b); n > 0 && b[n-1] == c {
			continue
		}
		b = append(b, c)
	}
	return string(b)
}

// pinyinSyllables are the syllables of Mandarin.
var pinyinSyllables = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for _, s := range han().pinyin {
		if s != "" && s != "m" && s != "n" && s != "hm" && s != "ng" {
			m[s] = true
		}
	}
	return m
})

// maxSyllable is the length of zhuang and chuang.
const maxSyllable = 6

// isPinyin reports whether a word consists of syllables of pinyin, three at most.
func isPinyin(text string) bool {
	if len(text) > 3*maxSyllable || strings.ContainsAny(text, "0123456789") {
		return false
	}
	at := uint32(1)
	for range 3 {
		next := uint32(0)
		for p := range len(text) {
			if at>>p&1 == 0 {
				continue
			}
			for n := 1; n <= maxSyllable && p+n <= len(text); n++ {
				if pinyinSyllables()[text[p:p+n]] {
					next |= 1 << (p + n)
				}
			}
		}
		if next>>len(text)&1 == 1 {
			return true
		}
		at = next
	}
	return false
}
