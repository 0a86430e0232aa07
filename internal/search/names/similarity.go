package names

import "math/bits"

// maxChars is how many characters of a word are compared.
const maxChars = 63

// jaro returns the similarity of Jaro (1989): the share of characters in common,
// within a window, less half of those that are transposed.
func jaro[C byte | rune](a, b []C) float64 {
	a, b = a[:min(len(a), maxChars)], b[:min(len(b), maxChars)]
	if len(a) == 0 || len(b) == 0 {
		if len(a) == len(b) {
			return 1
		}
		return 0
	}
	window := max(max(len(a), len(b))/2-1, 0)
	var inA, inB uint64
	for i, c := range a {
		for j, end := max(0, i-window), min(len(b), i+window+1); j < end; j++ {
			if b[j] == c && inB>>j&1 == 0 {
				inA |= 1 << i
				inB |= 1 << j
				break
			}
		}
	}
	m := bits.OnesCount64(inA)
	if m == 0 {
		return 0
	}
	half := 0
	for x, y := inA, inB; x != 0; x, y = x&(x-1), y&(y-1) {
		if a[bits.TrailingZeros64(x)] != b[bits.TrailingZeros64(y)] {
			half++
		}
	}
	n := float64(m)
	return (n/float64(len(a)) + n/float64(len(b)) + (n-float64(half/2))/n) / 3
}

// jaroWinkler returns the similarity of Jaro raised for a common prefix of up to four
// characters, by a tenth of what is missing for each (Winkler 1990). As in his program
// of 1994, only similarities above 0.7 are raised.
func jaroWinkler[C byte | rune](a, b []C) float64 {
	j := jaro(a, b)
	if j <= 0.7 {
		return j
	}
	prefix := 0
	for prefix < min(len(a), len(b), 4) && a[prefix] == b[prefix] {
		prefix++
	}
	return j + float64(prefix)*0.1*(1-j)
}

// edits returns the Damerau-Levenshtein distance of two words in the variant of
// optimal string alignment: insertions, deletions, substitutions, and swaps of
// neighbours, no part edited twice. Distances above most are most + 1.
func edits[C byte | rune](a, b []C, most int) int {
	a, b = a[:min(len(a), maxChars)], b[:min(len(b), maxChars)]
	if len(a)-len(b) > most || len(b)-len(a) > most {
		return most + 1
	}
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	var rows [3][maxChars + 1]uint8
	before, previous, current := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		previous[j] = uint8(j)
	}
	for i := 1; i <= len(a); i++ {
		current[0] = uint8(i)
		least := i
		for j := 1; j <= len(b); j++ {
			cost := uint8(1)
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(previous[j]+1, current[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, before[j-2]+1)
			}
			current[j] = d
			least = min(least, int(d))
		}
		if least > most {
			return most + 1
		}
		before, previous, current = previous, current, before
	}
	return min(int(previous[len(b)]), most+1)
}
