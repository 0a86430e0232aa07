package names

import (
	_ "embed"
	"strings"
	"sync"
)

// The tables of Han characters. data/LICENSE-UNICODE has their licence.
var (
	//go:embed data/mandarin.txt
	mandarinFile string
	//go:embed data/mandarin-more.txt
	mandarinMoreFile string
	//go:embed data/cantonese.txt
	cantoneseFile string
	//go:embed data/simplified.txt
	simplifiedFile string
	//go:embed data/surnames.txt
	surnamesFile string
)

// firstHan and lastHan are the bounds of the characters that the tables cover.
const (
	firstHan = 0x4E00
	lastHan  = 0x9FFF
)

// A hanTable has the readings of Han characters and their simplified forms.
type hanTable struct {
	pinyin    []string // syllables; 0 is none
	jyutping  []string
	mandarin  [lastHan - firstHan + 1]uint16 // index in pinyin
	cantonese [lastHan - firstHan + 1]uint16 // index in jyutping
	simple    [lastHan - firstHan + 1]uint16 // the simplified character less firstHan, plus 1
	more      map[rune][]string              // further readings
	surnames  map[string][][]string          // per character, its readings
}

// han returns the tables. They are read at the first use: 130 KB.
var han = sync.OnceValue(func() *hanTable {
	t := &hanTable{more: map[rune][]string{}, surnames: map[string][][]string{}}
	t.pinyin = fillReadings(mandarinFile, &t.mandarin)
	t.jyutping = fillReadings(cantoneseFile, &t.cantonese)
	for syllable, chars := range tableLines(mandarinMoreFile) {
		for _, r := range chars {
			t.more[r] = append(t.more[r], syllable)
		}
	}
	for line := range strings.Lines(simplifiedFile) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		pair := [2]rune{}
		n := 0
		for _, r := range strings.TrimSpace(line) {
			pair[n] = r
			if n++; n == 2 {
				t.simple[pair[0]-firstHan] = uint16(pair[1]-firstHan) + 1
				n = 0
			}
		}
	}
	for name, readings := range tableLines(surnamesFile) {
		for syllable := range strings.FieldsSeq(readings) {
			t.surnames[name] = append(t.surnames[name], strings.Split(syllable, "/"))
		}
	}
	return t
})

func fillReadings(file string, into *[lastHan - firstHan + 1]uint16) []string {
	syllables := []string{""}
	for syllable, chars := range tableLines(file) {
		for _, r := range chars {
			into[r-firstHan] = uint16(len(syllables))
		}
		syllables = append(syllables, syllable)
	}
	return syllables
}

// tableLines iterates over the lines "key values" of a file, without its comments.
func tableLines(file string) func(yield func(key, values string) bool) {
	return func(yield func(key, values string) bool) {
		for line := range strings.Lines(file) {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			key, values, _ := strings.Cut(line, " ")
			if !yield(key, values) {
				return
			}
		}
	}
}

func covered(r rune) bool { return r >= firstHan && r <= lastHan }

// simplified returns the simplified form of a Han character.
func (t *hanTable) simplified(r rune) rune {
	if covered(r) {
		if s := t.simple[r-firstHan]; s != 0 {
			return firstHan + rune(s) - 1
		}
	}
	return r
}

// mandarinOf returns the usual reading of a character in pinyin, or "".
func (t *hanTable) mandarinOf(r rune) string {
	if !covered(r) {
		return ""
	}
	return t.pinyin[t.mandarin[r-firstHan]]
}

// cantoneseOf returns the reading of a character in Jyutping, or "".
func (t *hanTable) cantoneseOf(r rune) string {
	if !covered(r) {
		return ""
	}
	return t.jyutping[t.cantonese[r-firstHan]]
}
