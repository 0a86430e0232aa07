package analysis

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// An Alternative is a term, or with Prefix any term that begins with it.
type Alternative struct {
	Term   string
	Prefix bool
}

// A Position is one place in a text: any of the alternatives may stand there.
type Position []Alternative

// Query returns what has to stand in consecutive positions of a text for a piece of
// a query: a word, a phrase, a run of Han characters. It is empty if the piece has
// neither letters nor digits. With prefix the last word is only the beginning of a
// word.
//
// The alternatives of a word are the word itself, for texts that are not stemmed,
// and then, for each language with its letters in a fixed order, the stem of it, and
// the word as if it were a stem: stemmers make other stems of some words than of
// their inflected forms (Dutch mens and mensen).
//
// A Korean particle at the end of the query is left out: 한국어를 finds 한국어는.
//
// For the beginning of a word they are the beginning, which finds whatever is longer
// than it, and the terms of what it is the whole of, or nearly: "mining" and "minin"
// find mining, whose stem is "mine".
func Query(text string, prefix bool) []Position {
	form, _ := normalize(text)
	var q querier
	scan(form, &q)
	if prefix && q.lastWord != "" {
		q.positions[len(q.positions)-1] = beginning(q.lastWord)
	}
	return q.positions[:len(q.positions)-q.particle()]
}

// A querier collects the positions of a query.
type querier struct {
	positions []Position
	lastWord  string // if the last position is a word
	pending   string // the last character of a run, which counts if something follows
	run       []rune // the last run, if it has several characters
}

func (q *querier) word(text string, _, _ int, part bool) {
	if part {
		return
	}
	alternatives := wordAlternatives(text)
	if len(alternatives) == 0 {
		return
	}
	q.flush()
	q.positions = append(q.positions, alternatives)
	q.lastWord = text
}

func (q *querier) pair(text string, _, _ int) {
	q.flush()
	q.lastWord = ""
	term := foldGram(text)
	pair := []rune(term)
	if len(q.run) > 0 {
		pair = pair[1:]
	}
	q.run = append(q.run, pair...)
	q.positions = append(q.positions, Position{{Term: term}})
}

func (q *querier) last(text string, _, _ int, only bool) {
	if !only {
		q.pending = foldGram(text)
		return
	}
	q.flush()
	q.lastWord = ""
	q.positions = append(q.positions, Position{{Term: foldGram(text), Prefix: true}})
}

// flush adds the character that ended a run before something else.
func (q *querier) flush() {
	if q.pending != "" {
		q.positions = append(q.positions, Position{{Term: q.pending}})
		q.pending, q.run = "", nil
	}
}

// particles are those of Korean that few words end with.
var particles = []string{"에서는", "에서", "에게", "으로", "까지", "부터", "에는", "에도", "에", "을", "를", "은", "는", "의", "와", "과"}

// particle returns how many positions at the end of the query are of a Korean
// particle, which is not what is sought: 한국어를 asks for 한국어. What is left has two
// syllables at least.
func (q *querier) particle() int {
	if q.pending == "" || !unicode.Is(unicode.Hangul, q.run[len(q.run)-1]) {
		return 0
	}
	for _, p := range particles {
		if n := utf8.RuneCountInString(p); len(q.run) >= n+2 && strings.HasSuffix(string(q.run), p) {
			return n
		}
	}
	return 0
}

// wordAlternatives returns the terms that a word may have in a text.
func wordAlternatives(text string) Position {
	if isNumber(text) {
		return Position{{Term: number(text)}}
	}
	var p Position
	word := lower(text)
	if word == "" {
		return nil
	}
	for _, t := range allTerms(word) {
		p = append(p, Alternative{Term: t})
	}
	return p
}

// allTerms returns the terms of a word in lower case in any language.
func allTerms(word string) []string {
	terms := unstemmed.terms(word)
	switch scriptOf(word) {
	case latinScript:
		folded := terms[0]
		for _, s := range latin {
			for _, t := range s.terms(word) {
				terms = add(terms, t)
			}
			if s != inEnglish {
				terms = add(terms, s.mark(folded))
			}
		}
	case cyrillicScript:
		terms = add(terms, inRussian.terms(word)[0])
	case arabicScript:
		terms = add(terms, inArabic.terms(word)[0])
	}
	return terms
}

// endings are what an English stemmer removes, or changes, so that a word that is
// typed up to the middle of it is no longer the beginning of its term.
var endings = []string{
	"ing", "ings", "ed", "es", "ies", "ied", "ily", "ity", "ities", "ation", "ations", "ization", "isation", "ive", "ively", "ement",
	"able", "ability", "al", "ally", "ence", "ance", "our", "ours", "ogue", "ies", "y",
}

// beginning returns the alternatives of the beginning of a word.
func beginning(text string) Position {
	if isNumber(text) {
		return Position{{Term: number(text), Prefix: true}}
	}
	word := lower(text)
	folded := fold(word)
	p := Position{{Term: folded, Prefix: true}}
	exact := func(terms []string) {
		for _, t := range terms {
			if strings.HasPrefix(t, folded) {
				continue // found by the prefix
			}
			if a := (Alternative{Term: t}); !contains(p, a) {
				p = append(p, a)
			}
		}
	}
	exact(allTerms(word))
	if scriptOf(word) != latinScript || utf8.RuneCountInString(folded) < 4 {
		return p
	}
	for _, end := range endings {
		for n := 1; n < len(end); n++ {
			if base, ok := strings.CutSuffix(folded, end[:n]); ok && len(base) >= 3 {
				exact(inEnglish.terms(base + end))
			}
		}
	}
	return p
}

func contains(p Position, a Alternative) bool {
	for _, b := range p {
		if b == a {
			return true
		}
	}
	return false
}
