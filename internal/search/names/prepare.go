package names

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A word is a word of a name, with what is needed to compare it.
type word struct {
	text    string
	chars   []byte // of ASCII
	runes   []rune // of other texts
	units   []unit // how a word of another script may be spelt, on its romanisation
	sound   string // the spelling without what is written in different ways
	mask    uint32 // the set of its characters
	weight  float32
	generic uint16 // the same for translations of a generic word
	class   class
	slavic  string // the spelling that romanisations of Cyrillic share, in such names
	pinyin  bool   // consists of syllables of pinyin
	digits  bool   // has a digit
	script  script
}

// A form is a way in which a name is written.
type form struct {
	words    []word
	squeezed string // without spaces
	weight   float32
	numbers  bool
	own      bool // has a word that is not generic
}

// A prepared has the forms of a name.
type prepared struct {
	native   form
	latin    [2]form // romanisations, none for a name in Latin letters
	whole    form    // a short name in another script as one word, where latin divides it as a person's
	joined   string  // the words with spaces
	legal    legalForm
	initials []string // of the words, and with more and more of the words of the legal form
	acronym  string   // the name as it may be the initials of another: its only word, or its letters
	scripts  uint8    // the set of its scripts
	units    []unit   // of a short name in one word of another script
	family   int      // how many of the units are the family name
	reading  *reading
}

// Prepared is a name that is looked for, in its normal forms.
type Prepared struct{ p prepared }

// PreparedName is a name of an entity, in its normal forms.
type PreparedName struct {
	Name Name
	p    prepared
}

// Prepare returns a name that is looked for in its normal forms.
func Prepare(text string) Prepared { return Prepared{prepare(text, "")} }

// PrepareName returns a name of an entity in its normal forms.
func PrepareName(n Name) PreparedName { return PreparedName{n, prepare(n.Text, n.Language)} }

func prepare(text, language string) prepared {
	all := tokenize(text)
	acronym := acronymOf(all)
	tokens, legal := cutLegalForm(all)
	p := prepared{legal: legal, acronym: acronym}
	if len(tokens) == 0 {
		p.joined = strings.TrimSpace(text)
		p.native.squeezed = p.joined
		return p
	}
	for _, t := range tokens {
		p.scripts |= 1 << t.script
	}
	parts := split(tokens, legal.class != "")
	words := make([]word, len(parts))
	texts := make([]string, len(parts))
	for i, t := range parts {
		words[i] = newWord(t.text, t.script)
		texts[i] = t.text
	}
	p.native = newForm(words)
	p.joined = strings.Join(texts, " ")
	p.initials = initials(words, all[len(tokens):], all)
	if p.scripts == 1<<latin {
		p.reading = readingOf(p.native.words)
		if looksSlavic(p.native.words) {
			slavic(p.native.words)
		}
		return p
	}
	p.romanise(parts, isUkrainian(text, language))
	if p.scripts&(1<<cyrillic) != 0 {
		slavic(p.latin[0].words)
		slavic(p.latin[1].words)
	}
	return p
}

func isUkrainian(text, language string) bool {
	return strings.HasPrefix(language, "uk") || strings.ContainsAny(text, "іїєґІЇЄҐ")
}

// split cuts tokens of Han and Hangul into generic words and what is between them, if
// the name is that of an organisation, and returns at most maxWords tokens.
func split(tokens []token, organisation bool) []token {
	out := make([]token, 0, len(tokens)+4)
	for _, t := range tokens {
		n := utf8.RuneCountInString(t.text)
		isHan := t.script == hanScript && (n >= 5 || n >= 3 && organisation || n == 4 && !compoundSurname(t.text))
		isHangul := t.script == hangul && n >= 4
		if isHan || isHangul {
			out = segment(out, t)
		} else {
			out = append(out, t)
		}
	}
	return out[:min(len(out), maxWords)]
}

// compoundSurname reports whether a text begins with a family name of two characters.
func compoundSurname(text string) bool {
	_, ok := han().surnames[string([]rune(text)[:2])]
	return ok
}

// segment appends the longest generic words of a token, from left to right, and what is
// between them. The first two characters of Hangul are always the name's own.
func segment(out []token, t token) []token {
	runes := []rune(t.text)
	start := 0
	take := func(end int) {
		if end > start {
			out = append(out, token{text: string(runes[start:end]), script: t.script})
		}
	}
	for i := 0; i < len(runes); {
		found := 0
		for n := min(maxGenericHan, len(runes)-i); n >= 2; n-- {
			if _, ok := genericWords()[string(runes[i:i+n])]; ok && (t.script == hanScript || i >= 2) {
				found = n
				break
			}
		}
		if found == 0 {
			i++
			continue
		}
		take(i)
		out = append(out, token{text: string(runes[i : i+found]), script: t.script})
		i += found
		if i+1 < len(runes) && strings.ContainsRune("市省县区", runes[i]) && genericWords()[string(runes[i-found:i])].class == place {
			i++ // the City of Shenzhen is Shenzhen
		}
		start = i
	}
	take(len(runes))
	return out
}

func newWord(text string, s script) word {
	w := word{text: text, script: s}
	length := 0
	letters := false
	for _, r := range text {
		length++
		if unicode.IsDigit(r) {
			w.digits = true
		} else {
			letters = true
		}
		switch {
		case r >= 'a' && r <= 'z':
			w.mask |= 1 << (r - 'a')
		default:
			w.mask |= 1 << (26 + r%6)
		}
	}
	if length == len(text) {
		w.chars = []byte(text)
	} else {
		w.runes = []rune(text)
	}
	g, ok := genericWords()[text]
	switch {
	case ok:
		w.class, w.generic = g.class, g.id
	case w.digits && !letters:
		w.class = number
	case length == 1 && (s == latin || s == cyrillic):
		w.class = initial
	}
	w.weight = weights[w.class]
	if w.class == distinctive && s == latin {
		if length == 2 {
			w.weight = 0.7
		}
		w.sound = soundOf(text)
		w.pinyin = isPinyin(text)
	}
	return w
}

func newForm(words []word) form {
	f := form{words: words}
	n := 0
	for _, w := range words {
		n += len(w.text)
		f.weight += w.weight
		f.numbers = f.numbers || w.digits
		f.own = f.own || w.class == distinctive || w.class == number
	}
	b := make([]byte, 0, n)
	for _, w := range words {
		b = append(b, w.text...)
	}
	f.squeezed = string(b)
	return f
}

// acronymOf returns the only word of a name in Latin letters, of three letters or more, or its words if each is a
// letter: CNIGC and C.N.I.G.C.
func acronymOf(tokens []token) string {
	for _, t := range tokens {
		if t.script != latin || len(tokens) > 1 && len(t.text) > 1 {
			return ""
		}
	}
	if text := squeeze(tokens); len(text) >= 3 {
		return text
	}
	return ""
}

// initials returns the first letters of three or more words, without particles, and
// the same with the first letters of the words behind them: of the legal form.
func initials(words []word, behind, all []token) []string {
	var b strings.Builder
	n := 0
	for _, w := range words {
		if w.class != particle {
			r, _ := utf8.DecodeRuneInString(w.text)
			b.WriteRune(r)
			n++
		}
	}
	if n < 2 {
		return nil
	}
	var out []string
	if n > 2 {
		out = append(out, b.String())
	}
	if len(words)+len(behind) != len(all) || words[0].text != all[0].text {
		return out // the form was in front, or no word of its own
	}
	for _, t := range behind[:min(len(behind), maxFormInitials)] {
		r, _ := utf8.DecodeRuneInString(t.text)
		b.WriteRune(r)
		out = append(out, b.String())
	}
	return out
}

// maxFormInitials is how many words of a legal form initials may stand for.
const maxFormInitials = 3

// romanise fills in the Latin forms of a name.
func (p *prepared) romanise(parts []token, isUkrainian bool) {
	var first, second []word
	same := true
	for i, t := range parts {
		native := p.native.words[i]
		if native.generic != 0 && native.class != particle && t.script != latin {
			w := newWord(genericWords()[t.text].text, latin)
			first, second = append(first, w), append(second, w)
			continue
		}
		switch t.script {
		case latin, other:
			first, second = append(first, native), append(second, native)
		case hanScript:
			units, family := chineseUnits(t.text)
			if len(parts) == 1 && p.legal.class == "" && len(units) <= 4 {
				p.units, p.family = units, family
				if len(units) > family {
					first = append(first, unitWord(units[:family], 0), unitWord(units[family:], 0))
					second = append(second, wadeGilesWord(units[:family]), wadeGilesWord(units[family:]))
					same = same && first[0].text == second[0].text && first[1].text == second[1].text
					break
				}
			}
			w := newWord(chineseWord(t.text), latin)
			w.units = units
			first, second = append(first, w), append(second, w)
		case hangul:
			units, family := koreanUnits(t.text)
			if len(parts) == 1 && p.legal.class == "" && len(units) <= 4 {
				p.units, p.family = units, family
				if len(units) > family {
					first = append(first, unitWord(units[:family], 0), unitWord(units[family:], 0))
					runes := []rune(t.text)
					given := newWord(mcCune(string(runes[family:])), latin)
					given.units = units[family:]
					second = append(second, unitWord(units[:family], 0), given)
					same = same && first[1].text == given.text
					break
				}
			}
			a, b := newWord(revised(t.text), latin), newWord(mcCune(t.text), latin)
			a.units, b.units = units, units
			same = same && a.text == b.text
			first, second = append(first, a), append(second, b)
		case kana:
			units := japaneseUnits(t.text)
			a, b := unitWord(units, 0), unitWord(units, 1)
			same = same && a.text == b.text
			first, second = append(first, a), append(second, b)
		case cyrillic:
			units := cyrillicUnits(t.text)
			a := newWord(cyrillicSystem(nil).romanise(t.text, isUkrainian), latin)
			b := newWord(cyrillicSystem(iso9).romanise(t.text, isUkrainian), latin)
			a.units, b.units = units, units
			same = same && a.text == b.text
			first, second = append(first, a), append(second, b)
		}
	}
	for i := range first {
		if first[i].text == "" || second[i].text == "" { // characters without a reading
			if len(first) != len(parts) {
				return
			}
			first[i], second[i] = p.native.words[i], p.native.words[i]
		}
	}
	p.latin[0] = newForm(first)
	if !same {
		p.latin[1] = newForm(second)
	}
	if len(first) > len(parts) {
		p.whole = newForm([]word{unitWord(p.units, 0)})
	}
}

func unitWord(units []unit, system int) word {
	w := newWord(nth(units, system), latin)
	w.units = units
	return w
}

func wadeGilesWord(units []unit) word {
	text := ""
	for _, u := range units {
		if len(u) > 0 {
			text += wadeGiles(u[0])
		}
	}
	w := newWord(text, latin)
	w.units = units
	return w
}

// slavic fills in the spelling of words that romanisations of Cyrillic share.
func slavic(words []word) {
	for i := range words {
		if w := &words[i]; w.class == distinctive && w.chars != nil {
			w.slavic = slavicOf(w.text)
		}
	}
}
