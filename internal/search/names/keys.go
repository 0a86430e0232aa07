package names

import (
	"slices"
)

// maxKeys is the greatest number of keys of a name.
const maxKeys = 28

// A keySet collects keys in the order in which they are added.
type keySet struct{ keys []string }

func (s *keySet) add(prefix, text string) {
	if text == "" {
		return
	}
	if k := prefix + text; !slices.Contains(s.keys, k) {
		s.keys = append(s.keys, k)
	}
}

// Keys returns the terms under which an entity's name is found by [QueryKeys]: at most
// 28. A key is a letter for what it is, a colon and a text in lower case.
//
//	w:wang      a word of up to six letters
//	p:hon       how a word begins
//	s:ian       how a word ends
//	k:hnkn      the consonants of a word, in groups that sound alike
//	h:红线      two characters of Han, Hangul or kana that follow one another
//	r:kuznecov  a word as romanisations of Cyrillic share it
//	i:avic      the first letters of a name's words, or its only word
//	f:h:mining  the first letter of a name, and a generic word
//	g:mining    a generic word, of names that have no other
func Keys(n Name) []string {
	p := prepare(n.Text, n.Language)
	var s keySet
	s.native(&p)
	s.person(&p)
	for i := range p.latin {
		s.form(&p.latin[i])
	}
	s.form(&p.whole)
	return s.keys[:min(len(s.keys), maxKeys)]
}

// QueryKeys returns the keys of a name that is looked for, and how many of them a name
// has at least that [Prepared.Compare] would score 0.8 or more. That holds for names
// that differ by what the package comment lists; it is a property of the tests, not a
// theorem.
func QueryKeys(text string) (keys []string, least int) {
	p := prepare(text, "")
	var s keySet
	s.native(&p)
	s.person(&p)
	for i := range p.latin {
		s.form(&p.latin[i])
	}
	s.form(&p.whole)
	// A word of its own may be a misspelt generic one.
	for i := range p.native.words {
		if w := &p.native.words[i]; w.generic != 0 && p.native.own {
			s.add("g:", genericWords()[w.text].text)
		}
	}
	// Words that are split here may be one word there.
	if p.scripts == 1<<latin && len(p.native.words) > 1 {
		for i := range len(p.native.words) - 1 {
			a, b := p.native.words[i], p.native.words[i+1]
			if a.class == distinctive && b.class == distinctive && len(a.text)+len(b.text) <= 14 {
				s.ends(a.text + b.text)
			}
		}
	}
	if r := p.reading; r != nil {
		s.otherRomanisations(&p)
	}
	return s.keys, 1
}

// otherRomanisations adds the words that a name in Latin letters has in other
// romanisations of Chinese and Korean.
func (s *keySet) otherRomanisations(p *prepared) {
	for i, u := range p.reading.mandarin {
		for _, spelling := range u {
			s.add("w:", spelling)
		}
		for _, spelling := range p.reading.cantonese[i] {
			s.add("w:", spelling)
		}
	}
	for i := range p.native.words {
		text := p.native.words[i].text
		for _, pinyin := range toPinyin()[text] {
			s.add("w:", pinyin)
		}
		if i == 0 || i == len(p.native.words)-1 {
			for _, other := range koreanSpellings()[text] {
				s.add("w:", other)
			}
		}
	}
}

func (s *keySet) native(p *prepared) {
	for i := range p.native.words {
		w := &p.native.words[i]
		if p.native.own && w.class != distinctive && w.class != number {
			continue
		}
		switch {
		case !p.native.own && w.generic != 0:
			s.add("g:", w.text)
			s.add("g:", genericWords()[w.text].text)
		case w.script == latin || w.script == other:
			s.word(w)
		case w.script == cyrillic:
			// Its romanisations have the keys.
		default:
			runes := w.runes
			if len(runes) == 1 {
				s.add("h:", w.text)
			}
			for j := 0; j+1 < len(runes); j++ {
				s.add("h:", string(runes[j:j+2]))
			}
		}
	}
	for _, letters := range p.initials {
		s.add("i:", letters)
	}
	if len(p.acronym) <= maxAcronym {
		s.add("i:", p.acronym)
	}
	s.first(p.native.words)
}

// maxAcronym is the length of the longest word that is looked for as initials.
const maxAcronym = 8

// first adds the first letter of a name of one word, or an initial, and generic words, with each of them.
func (s *keySet) first(words []word) {
	if len(words) < 2 || words[0].script != latin || words[0].class != distinctive && words[0].class != initial {
		return
	}
	for i := range words[1:] {
		if words[i+1].own() {
			return
		}
	}
	for i := range words[1:] {
		if w := &words[i+1]; w.class == industry {
			s.add("f:", words[0].text[:1]+":"+genericWords()[w.text].text)
		}
	}
}

// person adds the spellings of the syllables of a person's name in another script.
func (s *keySet) person(p *prepared) {
	for i, u := range p.units {
		most := 3
		if i < p.family {
			most = 6
		}
		for _, spelling := range u[:min(len(u), most)] {
			s.add("w:", spelling)
		}
	}
}

func (s *keySet) form(f *form) {
	for i := range f.words {
		w := &f.words[i]
		if !f.own && w.generic != 0 {
			s.add("g:", w.text)
		}
		if (!f.own || w.class == distinctive || w.class == number) && w.script == latin {
			s.word(w)
		}
	}
}

func (s *keySet) word(w *word) {
	if w.class == initial {
		return
	}
	if w.digits || w.chars == nil {
		s.add("w:", w.text)
		if w.chars == nil {
			s.runeEnds(w.runes)
		}
		return
	}
	if len(w.text) <= 6 {
		s.add("w:", w.text)
	}
	s.ends(w.text)
	if w.sound != "" && len(w.text) >= 4 {
		s.add("k:", consonants(w.sound))
	}
	s.add("r:", w.slavic)
}

func (s *keySet) ends(text string) {
	if len(text) >= 4 {
		s.add("p:", text[:3])
		s.add("s:", text[len(text)-3:])
	}
}

func (s *keySet) runeEnds(runes []rune) {
	if len(runes) >= 4 {
		s.add("p:", string(runes[:3]))
		s.add("s:", string(runes[len(runes)-3:]))
	}
}

// consonants returns the consonants of a word's sound, those that are easily confused
// as one, after its first vowel if it begins with one.
func consonants(sound string) string {
	b := make([]byte, 0, len(sound))
	for i := 0; i < len(sound); i++ {
		c := sound[i]
		switch c {
		case 'a', 'e', 'i', 'o', 'u', 'h':
			if i > 0 || c == 'h' {
				continue
			}
			c = 'a'
		case 'b', 'f', 'v':
			c = 'p' // Hangul writes all of them as ㅂ or ㅍ
		case 'd':
			c = 't'
		case 'g':
			c = 'k'
		case 'j':
			c = 's'
		}
		if n := len(b); n > 0 && b[n-1] == c {
			continue
		}
		b = append(b, c)
	}
	return string(b)
}
