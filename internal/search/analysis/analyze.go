package analysis

import "slices"

// Analyze appends the tokens of a text to dst. The language is a BCP 47 tag, or
// empty if it is not known. Positions count from 0 in each call.
func Analyze(dst []Token, text, language string) []Token {
	form, offsets := normalize(text)
	dst = slices.Grow(dst, len(form)/6)
	a := analyzer{tokens: dst, offsets: offsets, profile: profileOf(language), position: -1, stems: true}
	scan(form, &a)
	return a.tokens
}

// Words returns the words of a name or title, folded but not stemmed, with one token
// at each position. Runs of Han, kana, Hangul and so on become pairs of characters,
// as in [Analyze].
func Words(text string) []Token {
	form, offsets := normalize(text)
	a := analyzer{offsets: offsets, position: -1}
	scan(form, &a)
	return a.tokens
}

// An analyzer collects the tokens of a text.
type analyzer struct {
	tokens   []Token
	offsets  offsetMap
	profile  profile
	position int
	stems    bool
}

func (a *analyzer) word(text string, start, end int, part bool) {
	if part && !a.stems {
		return
	}
	terms := cached(wordTerms, a.profile, text)
	if len(terms) == 0 {
		return
	}
	if !part {
		a.position++
	}
	start, end = a.offsets.span(start, end)
	for _, term := range terms {
		a.tokens = append(a.tokens, Token{Term: term, Position: a.position, Start: start, End: end})
	}
}

func (a *analyzer) pair(text string, start, end int) {
	a.gram(text, start, end)
}

func (a *analyzer) last(text string, start, end int, _ bool) {
	a.gram(text, start, end)
}

func (a *analyzer) gram(text string, start, end int) {
	a.position++
	start, end = a.offsets.span(start, end)
	a.tokens = append(a.tokens, Token{Term: cached(gramTerms, profile{}, text)[0], Position: a.position, Start: start, End: end})
}
