package analysis

import (
	"strings"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/arabic"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
)

// A stemmer is one of the languages whose words are stemmed.
type stemmer uint8

const (
	unstemmed stemmer = iota
	inEnglish
	inGerman
	inFrench
	inSpanish
	inItalian
	inDutch
	inPortuguese
	inSwedish
	inDanish
	inNorwegian
	inRussian
	inArabic
	stemmers // their number
)

// algorithms are the Snowball stemmers.
var algorithms = [stemmers]func(*snowballstem.Env) bool{
	inEnglish: english.Stem, inGerman: german.Stem, inFrench: french.Stem, inSpanish: spanish.Stem,
	inItalian: italian.Stem, inDutch: dutch.Stem, inPortuguese: portuguese.Stem, inSwedish: swedish.Stem,
	inDanish: danish.Stem, inNorwegian: norwegian.Stem, inRussian: russian.Stem, inArabic: arabic.Stem,
}

// latin are the stemmers of words in Latin letters.
var latin = []stemmer{
	inEnglish, inGerman, inFrench, inSpanish, inItalian, inDutch, inPortuguese, inSwedish, inDanish, inNorwegian,
}

// A script is what decides which stemmer of a text a word is for.
type script uint8

const (
	anyScript script = iota // words of other scripts, and with digits, are not stemmed
	latinScript
	cyrillicScript
	arabicScript
)

// A profile says how the words of a text are stemmed, by their script.
type profile struct{ latin, cyrillic, arabic stemmer }

// profileOf returns the profile of a language. Words in the letters of another
// language are taken for English, Russian or Arabic, the same as those of a text of
// unknown language. A language in these letters that has no stemmer is not stemmed.
func profileOf(language string) profile {
	base := language
	if i := strings.IndexAny(base, "-_"); i >= 0 {
		base = base[:i]
	}
	p := profile{latin: inEnglish, cyrillic: inRussian, arabic: inArabic}
	switch strings.ToLower(base) {
	case "", "und", "mul", "en", "ru", "ar",
		"zh", "yue", "ja", "ko", "th", "lo", "km", "my", "he", "el", "hi", "bn", "ta", "te", "ka", "hy", "am", "bo":
	case "de":
		p.latin = inGerman
	case "fr":
		p.latin = inFrench
	case "es":
		p.latin = inSpanish
	case "it":
		p.latin = inItalian
	case "nl":
		p.latin = inDutch
	case "pt":
		p.latin = inPortuguese
	case "sv":
		p.latin = inSwedish
	case "da":
		p.latin = inDanish
	case "no", "nb", "nn":
		p.latin = inNorwegian
	case "uk", "be", "bg", "sr", "mk", "kk", "ky", "mn", "tg":
		p.cyrillic = unstemmed
	case "fa", "ur", "ps", "ug", "ckb", "sd":
		p.arabic = unstemmed
	default:
		p.latin = unstemmed
	}
	return p
}

// stemmerFor returns the stemmer of a word.
func (p profile) stemmerFor(word string) stemmer {
	switch scriptOf(word) {
	case latinScript:
		return p.latin
	case cyrillicScript:
		return p.cyrillic
	case arabicScript:
		return p.arabic
	}
	return unstemmed
}

// scriptOf returns the script of a word in lower case. A word with digits, or with
// letters of two scripts, has none.
func scriptOf(word string) script {
	found := anyScript
	for _, r := range word {
		s := anyScript
		switch {
		case 'a' <= r && r <= 'z', 0xC0 <= r && r <= 0x24F, 0x1E00 <= r && r <= 0x1EFF:
			s = latinScript
		case 0x400 <= r && r <= 0x4FF:
			s = cyrillicScript
		case 0x620 <= r && r <= 0x6FF && (r < 0x660 || r > 0x669):
			s = arabicScript
		}
		if s == anyScript || found != anyScript && s != found {
			return anyScript
		}
		found = s
	}
	return found
}

// stem applies the algorithm of a stemmer to a word in lower case.
func (s stemmer) stem(word string) string {
	if s == unstemmed || len(word) > maxTerm/2 {
		return word
	}
	env := snowballstem.NewEnv(word)
	algorithms[s](env)
	if stem := env.Current(); stem != "" {
		return stem
	}
	return word
}

// codes are the languages whose stems are marked as theirs. English stems are not,
// and neither are those of other scripts: each of these has one stemmer.
var codes = [stemmers]string{
	inGerman: "de", inFrench: "fr", inSpanish: "es", inItalian: "it", inDutch: "nl", inPortuguese: "pt", inSwedish: "sv", inDanish: "da",
	inNorwegian: "no",
}

// terms returns the terms of a word in lower case: the stem, and what a writer
// without accents would have made of it where that differs. Stems of most languages
// have a mark, as in "haus~de": a German stemmer makes "direkt" of "direktor", and an
// English text must not be found by that. The mark comes last, so that the beginning
// of a word is the beginning of its term.
func (s stemmer) terms(word string) []string {
	folded := fold(word)
	switch s {
	case unstemmed:
		return []string{folded}
	case inEnglish:
		return []string{s.stem(american(folded))}
	case inRussian, inArabic:
		return []string{fold(s.stem(folded))}
	case inSpanish:
		// The suffix is known with its accent only.
		if base, ok := strings.CutSuffix(folded, "cion"); ok {
			return []string{s.mark(s.stem(base + "ción"))}
		}
	}
	terms := []string{s.mark(s.stem(word))}
	if word != folded {
		terms = add(terms, s.mark(s.stem(folded)))
		if s == inGerman {
			terms = add(terms, s.mark(s.stem(umlauts.Replace(word))))
		}
	}
	return terms
}

// mark returns a stem as a term of its language.
func (s stemmer) mark(stem string) string { return fold(stem) + "~" + codes[s] }

// umlauts writes German words without umlauts.
var umlauts = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss")

// add appends a term unless it is among the terms.
func add(terms []string, term string) []string {
	for _, t := range terms {
		if t == term {
			return terms
		}
	}
	return append(terms, term)
}
