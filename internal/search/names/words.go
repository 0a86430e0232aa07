package names

import "math/bits"

// wordSimilarity returns how alike two words are that are not equal: 0 for words with
// more edits than words of that length should have.
func wordSimilarity(a, b *word) float32 {
	if a.generic != 0 && a.generic == b.generic {
		if a.script != b.script {
			return otherScript
		}
		return genericAlike
	}
	if a.units != nil && b.chars != nil && spells(a.units, b.text) || b.units != nil && a.chars != nil && spells(b.units, a.text) {
		return otherScript
	}
	if a.slavic != "" && a.slavic == b.slavic {
		return otherScript
	}
	if a.digits || b.digits || a.class == initial || b.class == initial {
		return 0
	}
	if a.chars != nil && b.chars != nil {
		if a.sound != "" && a.sound == b.sound && len(a.text) >= 4 && (!a.pinyin || !b.pinyin) {
			return 0.95
		}
		length := max(len(a.chars), len(b.chars))
		most := 1
		switch {
		case length <= 3:
			return 0
		case length > 12:
			most = 3
		case length > 7:
			most = 2
		}
		if a.pinyin && b.pinyin {
			return 0 // another syllable, however it is spelt
		}
		d := most + 1
		if bits.OnesCount32(a.mask&^b.mask) <= most && bits.OnesCount32(b.mask&^a.mask) <= most {
			d = edits(a.chars, b.chars, most)
		}
		if d > most {
			return soundsAlmost(a, b)
		}
		if d > 1 && a.chars[0] != b.chars[0] {
			return 0
		}
		return spelt(jaroWinkler(a.chars, b.chars), d, length)
	}
	if a.runes == nil || b.runes == nil || a.script != b.script {
		return 0
	}
	if a.script == hanScript || a.script == hangul {
		return syllableSimilarity(a.runes, b.runes)
	}
	length := max(len(a.runes), len(b.runes))
	if length <= 3 {
		return 0
	}
	most := 1 + length/8
	d := edits(a.runes, b.runes, most)
	if d > most {
		return 0
	}
	return spelt(jaroWinkler(a.runes, b.runes), d, length)
}

// soundsAlmost returns the similarity of long words that differ in one sound, and in
// more letters: Aleksandr and Alexander.
func soundsAlmost(a, b *word) float32 {
	if len(a.sound) < 7 || len(b.sound) < 7 || a.sound[0] != b.sound[0] {
		return 0
	}
	if edits([]byte(a.sound), []byte(b.sound), 1) > 1 {
		return 0
	}
	return oneSound
}

// spelt is the similarity of words with d edits: the mean of Jaro-Winkler and the
// share of characters that are not edited, less for short words, which are often
// other words.
func spelt(jaroWinkler float64, d, length int) float32 {
	s := float32(jaroWinkler+1-float64(d)/float64(length)) / 2
	switch length {
	case 4:
		s = min(s, 0.65)
	case 5:
		s = min(s, 0.75)
	}
	return s
}

// syllableSimilarity compares Han and Hangul, in which a character is a syllable: the
// share of characters that are not edited. Two that sound alike count half; names
// that differ in one of three characters are names of different people.
func syllableSimilarity(a, b []rune) float32 {
	length := max(len(a), len(b))
	if length > maxChars || length <= 1 {
		return 0
	}
	if len(a) != len(b) {
		if length < 4 {
			return 0
		}
		return 1 - float32(edits(a, b, length))/float32(length)
	}
	cost := float32(0)
	for i := range a {
		if a[i] != b[i] {
			cost += syllableCost(a[i], b[i])
		}
	}
	return max(0, 1-cost/float32(length))
}

func syllableCost(a, b rune) float32 {
	if a >= 0xAC00 && a <= 0xD7A3 && b >= 0xAC00 && b <= 0xD7A3 {
		i, v, f := jamo(a)
		x, y, z := jamo(b)
		n := float32(0)
		if i != x {
			n++
		}
		if v != y {
			n++
		}
		if f != z {
			n++
		}
		return max(0.5, n/3)
	}
	if s := han().mandarinOf(a); s != "" && s == han().mandarinOf(b) {
		return 0.5
	}
	return 1
}
