package names

import (
	"math/bits"
	"slices"
)

// What is lost for each departure from the name that was looked for.
const (
	sameClassForm = 0.99 // legal forms of one kind in different words
	missingForm   = 0.97 // only one of the names has a legal form
	otherForm     = 0.95 // legal forms of different kinds
	otherOrder    = 0.97 // the words in another order
	otherSpaces   = 0.98 // the words joined or split
	otherScript   = 0.97 // a romanisation that some system gives
	initialFor    = 0.75 // a letter for a word
	otherNumber   = 0.8  // a number that only one name has
	acronym       = 0.8  // the initials of all words
	longAcronym   = 0.9  // the same of five words or more
	oneSound      = 0.88 // long words that differ in one sound
	firstLetter   = 0.82 // at most, if a letter stands for all that is not generic
	genericAlike  = 0.9  // another spelling or the translation of a generic word
	onlyGeneric   = 0.5  // at most, without a word in common that is not generic
)

// departures are what two names differ in.
type departures uint8

const (
	inLegalForm departures = 1 << iota
	inScript
	inOrder
	inInitials
	inSpelling
)

// reason returns the reason for names that differ: the greatest of the departures.
func (d departures) reason() Reason {
	switch {
	case d&inSpelling != 0:
		return Spelling
	case d&inInitials != 0:
		return Initials
	case d&inOrder != 0:
		return WordOrder
	case d&inScript != 0:
		return Transliteration
	case d&inLegalForm != 0:
		return LegalForm
	}
	return None
}

// Compare returns the best match among an entity's names: the highest score, then the
// earlier reason, then the earlier name. It is [None] with the score 0 if nothing is
// in common.
func (p *Prepared) Compare(candidates []PreparedName) Match {
	best := Match{}
	for i := range candidates {
		c := &candidates[i]
		score, diff := compare(&p.p, &c.p)
		if score <= 0 || score < best.Score {
			continue
		}
		reason := diff.reason()
		if diff == 0 {
			switch c.Name.Kind {
			case "":
				reason = Exact
			case "FORMER":
				reason = Former
			case "TRANSLITERATION":
				reason = Transliteration
			default:
				reason = Alias
			}
		}
		if score > best.Score || rank[reason] < rank[best.Reason] {
			best = Match{Score: score, Reason: reason, Name: c.Name}
		}
	}
	return best
}

var rank = map[Reason]int{Exact: 1, Alias: 2, Former: 3, Transliteration: 4, LegalForm: 5, WordOrder: 6, Initials: 7, Spelling: 8, None: 9}

// compare returns the score of two names and what they differ in. It is the same for
// both orders.
func compare(a, b *prepared) (float64, departures) {
	if b.native.squeezed < a.native.squeezed || b.native.squeezed == a.native.squeezed && b.joined < a.joined {
		a, b = b, a
	}
	score, diff := compareWords(a, b)
	if score == 0 {
		return 0, 0
	}
	switch {
	case diff == inInitials && acronyms(a, b) == score: // initials have no legal form
	case a.legal == b.legal || a.legal.text == b.legal.text:
	case a.legal.class == b.legal.class:
		score *= sameClassForm
		diff |= inLegalForm
	case a.scripts != b.scripts && (a.legal.class == "" || b.legal.class == ""):
		score *= sameClassForm // a name in another script often comes without its form
		diff |= inLegalForm
	case a.legal.class == "" || b.legal.class == "":
		score *= missingForm
		diff |= inLegalForm
	case a.scripts != b.scripts:
		score *= sameClassForm // what a form is called in another language is no rule
		diff |= inLegalForm
	default:
		score *= otherForm
		diff |= inLegalForm
	}
	return score, diff
}

func compareWords(a, b *prepared) (float64, departures) {
	if a.native.squeezed == b.native.squeezed {
		if a.joined == b.joined || a.scripts != 1<<latin {
			return 1, 0
		}
		return otherSpaces, inSpelling
	}
	aLatin, bLatin := a.scripts == 1<<latin, b.scripts == 1<<latin
	switch {
	case aLatin && bLatin:
		score, diff := align(&a.native, &b.native)
		if score < 0.9 {
			if s, d := compareReadings(a, b); s > score {
				score, diff = s, d
			}
			if s := acronyms(a, b); s > score {
				score, diff = s, inInitials
			}
		}
		return score, diff
	case aLatin:
		return acrossScripts(a, b)
	case bLatin:
		return acrossScripts(b, a)
	}
	score, diff := 0.0, departures(0)
	if a.scripts&b.scripts&^(1<<latin) != 0 {
		score, diff = align(&a.native, &b.native)
	}
	if a.scripts != b.scripts {
		if s, d := align(&a.latin[0], &b.latin[0]); s*otherScript > score {
			score, diff = s*otherScript, d|inScript
		}
	}
	return score, diff
}

// acrossScripts compares a name in Latin letters with one of another script.
func acrossScripts(a, b *prepared) (float64, departures) {
	score, diff := 0.0, departures(0)
	if len(b.units) > 0 {
		if ok, moved := spellsAround(b.units, b.family, a.native.squeezed); ok {
			score, diff = otherScript, inScript
			if moved {
				score, diff = otherScript*otherOrder, inScript|inOrder
			}
		}
	}
	// Words that are spelt as a romanisation are less alike for that already.
	if s, d := align(&a.native, &b.whole); s > score {
		score, diff = s, d|inScript
	}
	for i := range b.latin {
		f := &b.latin[i]
		if len(f.words) == 0 {
			continue
		}
		s, d := 0.0, departures(0)
		if f.squeezed == a.native.squeezed {
			s = 1
		} else {
			s, d = align(&a.native, f)
		}
		if s *= otherScript; s > score {
			score, diff = s, d|inScript
		}
	}
	return score, diff
}

// acronyms compares the initials of one name with the other, if that is one word or letters.
func acronyms(a, b *prepared) float64 {
	for _, side := range [2][2]*prepared{{a, b}, {b, a}} {
		short, long := side[0], side[1]
		if n := len(short.acronym); n >= 3 && n <= maxAcronym && slices.Contains(long.initials, short.acronym) {
			if len(short.acronym) >= 5 {
				return longAcronym
			}
			return acronym
		}
	}
	return 0
}

// align matches the words of two forms, each with one of the other at most: equal
// words first, then words that are joined in one of the names, then the most alike,
// then initials. The score is the weight of what was matched, times how alike it is,
// of the weight of all words.
func align(a, b *form) (float64, departures) {
	if len(a.words) == 0 || len(b.words) == 0 {
		return 0, 0
	}
	m := matching{a: a, b: b}
	m.equal()
	m.joined()
	m.alike()
	m.initials()
	return m.score()
}

// A matching is a partial assignment of the words of two forms.
type matching struct {
	a, b         *form
	usedA, usedB uint16
	partner      [maxWords]int8 // of words of a: a word of b plus 1
	sum          float32
	less         float32 // weight that words lose because they are generic ones misspelt
	diff         departures
	own          bool // a word that is not generic was matched
}

func (m *matching) match(i, j int, s float32) {
	m.usedA |= 1 << i
	m.usedB |= 1 << j
	m.partner[i] = int8(j + 1)
	w, v := m.a.words[i].weight, m.b.words[j].weight
	switch ownA, ownB := m.a.words[i].own(), m.b.words[j].own(); {
	case ownA && ownB:
		m.own = true
	case ownA && v < w:
		m.less += w - v
		w = v
	case ownB && w < v:
		m.less += v - w
		v = w
	}
	m.sum += s * (w + v)
}

// own reports whether a word is not generic.
func (w *word) own() bool { return w.class == distinctive || w.class == number }

func (m *matching) equal() {
	for i := range m.a.words {
		w := &m.a.words[i]
		for j := range m.b.words {
			v := &m.b.words[j]
			if w.mask == v.mask && m.usedB>>j&1 == 0 && w.text == v.text {
				m.match(i, j, 1)
				break
			}
		}
	}
}

// joined matches a word with two or three that make it up.
func (m *matching) joined() {
	for i := range m.a.words {
		if m.usedA>>i&1 == 0 {
			if j, n := parts(&m.a.words[i], m.b.words, m.usedB); n > 0 {
				m.match(i, j, otherSpaces)
				m.diff |= inSpelling
				for k := j + 1; k < j+n; k++ {
					m.usedB |= 1 << k
					m.sum += otherSpaces * m.b.words[k].weight
				}
			}
		}
	}
	for j := range m.b.words {
		if m.usedB>>j&1 == 0 {
			if i, n := parts(&m.b.words[j], m.a.words, m.usedA); n > 0 {
				m.match(i, j, otherSpaces)
				m.diff |= inSpelling
				for k := i + 1; k < i+n; k++ {
					m.usedA |= 1 << k
					m.sum += otherSpaces * m.a.words[k].weight
				}
			}
		}
	}
}

// parts finds neighbours among words that make up w.
func parts(w *word, words []word, used uint16) (at, n int) {
	for j := range words {
		rest, k := w.text, j
		for k < len(words) && k < j+3 && used>>k&1 == 0 && len(rest) > 0 && len(words[k].text) <= len(rest) && rest[:len(words[k].text)] == words[k].text {
			rest = rest[len(words[k].text):]
			k++
		}
		if rest == "" && k > j+1 {
			return j, k - j
		}
		if k > j && rest != "" && k < len(words) && len(w.units) > 0 {
			continue
		}
	}
	return 0, 0
}

// leastAlike is the similarity below which words are different words.
const leastAlike = 0.6

func (m *matching) alike() {
	var like [maxWords][maxWords]float32
	any := false
	for i := range m.a.words {
		if m.usedA>>i&1 == 1 {
			continue
		}
		for j := range m.b.words {
			if m.usedB>>j&1 == 1 {
				continue
			}
			if s := wordSimilarity(&m.a.words[i], &m.b.words[j]); s >= leastAlike {
				like[i][j] = s
				any = true
			}
		}
	}
	for any {
		best, x, y := float32(0), 0, 0
		for i := range m.a.words {
			if m.usedA>>i&1 == 1 {
				continue
			}
			for j := range m.b.words {
				if m.usedB>>j&1 == 0 && like[i][j] > best {
					best, x, y = like[i][j], i, j
				}
			}
		}
		if best == 0 {
			return
		}
		m.match(x, y, best)
		if best == otherScript {
			m.diff |= inScript
		} else {
			m.diff |= inSpelling
		}
	}
}

// initials matches letters with words that begin with them, in names that share a
// word. If it is a generic one, the letter and the word are the first of their names, and nothing else
// is left.
func (m *matching) initials() {
	if !m.own {
		if m.firstInitial() {
			m.match(0, 0, initialFor)
			m.diff |= inInitials
		}
		return
	}
	for i := range m.a.words {
		if m.usedA>>i&1 == 1 {
			continue
		}
		for j := range m.b.words {
			w, v := &m.a.words[i], &m.b.words[j]
			if m.usedB>>j&1 == 1 || w.class != initial && v.class != initial || w.text[0] != v.text[0] {
				continue
			}
			m.match(i, j, initialFor)
			m.diff |= inInitials
			break
		}
	}
}

// firstInitial reports whether all words of both names were matched, but for the first ones, of which one
// is a letter with which the other begins.
func (m *matching) firstInitial() bool {
	w, v := &m.a.words[0], &m.b.words[0]
	return m.usedA == 1<<len(m.a.words)-2 && m.usedB == 1<<len(m.b.words)-2 && m.usedA != 0 &&
		(w.class == initial && v.class == distinctive || v.class == initial && w.class == distinctive) && w.text[0] == v.text[0]
}

func (m *matching) score() (float64, departures) {
	if m.sum == 0 {
		return 0, 0
	}
	score := float64(m.sum / (m.a.weight + m.b.weight - m.less))
	ownLeft := false // one of the names has a word of its own that was not matched
	for _, side := range [2]struct {
		f    *form
		used uint16
	}{{m.a, m.usedA}, {m.b, m.usedB}} {
		if bits.OnesCount16(side.used) == len(side.f.words) {
			continue
		}
		for i := range side.f.words {
			if side.used>>i&1 == 1 {
				continue
			}
			ownLeft = ownLeft || side.f.words[i].own()
			switch side.f.words[i].class {
			case corporate, particle, title:
				m.diff |= inLegalForm
			default:
				m.diff |= inSpelling
			}
			if side.f.words[i].digits && m.a.numbers && m.b.numbers {
				score *= otherNumber
			}
		}
	}
	last := int8(0)
	for i := range m.a.words {
		j := m.partner[i]
		if j == 0 {
			continue
		}
		if j < last && m.a.words[i].class != particle {
			score *= otherOrder
			m.diff |= inOrder
			break
		}
		last = j
	}
	if !m.own && ownLeft {
		score = min(score, onlyGeneric)
	}
	if !m.own && m.diff&inInitials != 0 {
		score = min(score, firstLetter)
	}
	return min(score, 1), m.diff
}
