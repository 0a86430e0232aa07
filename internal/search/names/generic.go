package names

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed data/generic.txt
var genericFile string

// A class is how much a word says about which company or person is meant.
type class uint8

const (
	distinctive class = iota
	particle          // of, the, und
	corporate         // Group, Holdings, International
	title             // Mr, Dr
	industry          // Technology, Mining
	place             // China, Beijing
	initial           // a letter
	number            // digits
)

// weights say how much a word of a class counts, beside one of a name's own words.
var weights = [...]float32{
	distinctive: 1, particle: 0.05, corporate: 0.2, title: 0.05, industry: 0.35, place: 0.5, initial: 0.4, number: 1,
}

// A genericWord is a word that many names have.
type genericWord struct {
	class class
	id    uint16 // the same for its other spellings and translations; 0 for particles
	text  string // the English word
}

var genericWords = sync.OnceValue(func() map[string]genericWord {
	classes := map[string]class{"particle": particle, "corporate": corporate, "title": title, "industry": industry, "place": place}
	words := map[string]genericWord{}
	id := uint16(0)
	for word, values := range tableLines(genericFile) {
		kind, others, _ := strings.Cut(values, ":")
		id++
		g := genericWord{class: classes[kind], id: id, text: word}
		if g.class == particle && word != "and" || g.class == title {
			g.id = 0
		}
		words[word] = g
		for other := range strings.FieldsSeq(others) {
			words[squeeze(tokenize(other))] = g
		}
	}
	return words
})

// maxGenericHan is the length of the longest generic word in Han characters.
const maxGenericHan = 4
