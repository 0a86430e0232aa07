package names

import (
	"math/bits"
	"slices"
	"strings"
	"sync"
)

// How alike two names in Latin letters are that may be romanisations of one name.
const (
	sameMandarin  = 0.92 // pinyin and Wade-Giles
	sameCantonese = 0.88 // pinyin and a customary spelling of Cantonese: less certain
	sameKorean    = 0.92 // spellings of Hangul
)

// A reading is how a name in Latin letters may be meant if it is a romanisation from
// Chinese or Korean.
type reading struct {
	mandarin  []unit // pinyin and Wade-Giles of its syllables, if it is in pinyin
	cantonese []unit // pinyin, and how Hong Kong spells common characters with it
	family    int    // how many syllables the first word has
	last      int    // and the last
	surnames  [2]uint64
	given     [2]string // without the first word, and without the last
}

// readingOf returns the reading of a name of two or three words, or nil.
func readingOf(words []word) *reading {
	if len(words) < 2 || len(words) > 4 {
		return nil
	}
	length, isPinyinName := 0, true
	for _, w := range words {
		if w.chars == nil || w.digits || w.class == number || w.class == initial || w.class == industry {
			return nil
		}
		length += len(w.text)
		isPinyinName = isPinyinName && (w.pinyin || pinyinSyllables()[w.text])
	}
	if length > 24 {
		return nil
	}
	r := &reading{}
	if isPinyinName {
		r.chinese(words)
	}
	first, last := words[0].text, words[len(words)-1].text
	r.surnames[0], r.surnames[1] = koreanSurnames()[first], koreanSurnames()[last]
	if r.surnames[0] != 0 {
		r.given[0] = joinWords(words[1:])
	}
	if r.surnames[1] != 0 {
		r.given[1] = joinWords(words[:len(words)-1])
	}
	if r.mandarin == nil && r.surnames == [2]uint64{} && len(toPinyin()[first]) == 0 && len(toPinyin()[last]) == 0 {
		return nil
	}
	return r
}

func joinWords(words []word) string {
	var b strings.Builder
	for _, w := range words {
		b.WriteString(w.text)
	}
	return b.String()
}

// chinese fills in the units of a name in pinyin, if it has two to four syllables.
func (r *reading) chinese(words []word) {
	var syllables []string
	for i, w := range words {
		s := pinyinOf(w.text)
		if s == nil {
			return
		}
		syllables = append(syllables, s...)
		if i == 0 {
			r.family = len(s)
		}
		r.last = len(s)
	}
	if len(syllables) < 2 || len(syllables) > 4 {
		return
	}
	for _, s := range syllables {
		r.mandarin = append(r.mandarin, unit{s}.add(wadeGiles(s)))
		r.cantonese = append(r.cantonese, unit{s}.add(cantoneseSpellings()[s]...))
	}
}

// pinyinOf splits a word into the fewest syllables of pinyin, or returns nil.
func pinyinOf(text string) []string {
	if pinyinSyllables()[text] {
		return []string{text}
	}
	for n := min(maxSyllable, len(text)-1); n > 0; n-- {
		if pinyinSyllables()[text[:n]] {
			if rest := pinyinOf(text[n:]); rest != nil && len(rest) < 3 {
				return append([]string{text[:n]}, rest...)
			}
		}
	}
	return nil
}

// namingCharacters are characters that are common in names of people, after the family
// name. How Hong Kong spells a syllable is only known through a character.
const namingCharacters = "伟芳娜秀敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉红建国文志海林春梅永福生德金龙" +
	"云辉力东光天达安康宁兴亮成荣新忠仁义礼智信美玲珍凤凰雪莲月琴慧巧淑惠珠翠雅芝萍香莉莎瑞佩" +
	"家俊豪浩宇轩泽子涵雨晨晓欣怡思嘉佳诗琪梦婷颖琳洁倩蓉薇莹菲悦彤立大小中山水江河峰岩岳松柏" +
	"树森桐楠栋梁良善民众启发富贵财宝长久远程鹏飞翔鸿鹤雄武威振声学书诚正直清廉洪波涌泉源深广" +
	"庆祥瑞禄寿喜乐和谐顺利先前进步宗祖孝敬恭谦卫保护胜凯旋伯仲叔季少维念宜可以有为如一元亨贞" +
	"权衡鼎耀灿煌炳焕然煜培坤坚均城基增堂壮宏宽容宪宾寒实守宜官定景晖朗期本朝来杨柱栩根格业" +
	"锦铭锋钧钢铁银镇锐钰键霖露霜震雷风起超越迪运通道迎连逸进邦郁部兆先克全公其兵冠凡利列则创" +
	"伦健倩傲儒允充加劲勋勤卓南博占印厚又友双叶司合吉同名君吟含君启唯善嗣圣坚堃培士夏多夫奇奋"

// cantoneseSpellings maps syllables of pinyin to the customary spellings of Cantonese of
// the common characters that are read so.
var cantoneseSpellings = sync.OnceValue(func() map[string]unit {
	t := han()
	m := map[string]unit{}
	for r, spellings := range customaryChinese {
		s := t.mandarinOf(r)
		if special := t.surnames[string(r)]; len(special) > 0 {
			s = special[0][0]
		}
		// The last of them are spellings of other languages than Cantonese.
		m[s] = m[s].add(spellings[:min(2, len(spellings))]...)
	}
	for _, r := range namingCharacters {
		s := t.mandarinOf(r)
		m[s] = m[s].add(hongKong(t.cantoneseOf(r))...)
	}
	return m
})

// koreanSurnames maps spellings of Korean family names to the set of those that are
// spelt so.
var koreanSurnames = sync.OnceValue(func() map[string]uint64 {
	m := map[string]uint64{}
	keys := make([]string, 0, len(customaryKorean))
	for s := range customaryKorean {
		keys = append(keys, s)
	}
	slices.Sort(keys)
	for i, s := range keys {
		for _, spelling := range customaryKorean[s] {
			m[spelling] |= 1 << (i % 64)
		}
	}
	return m
})

// toPinyin maps syllables of Wade-Giles and of Hong Kong to the pinyin that they may
// stand for.
var toPinyin = sync.OnceValue(func() map[string]unit {
	m := map[string]unit{}
	syllables := han().pinyin[1:]
	for _, s := range syllables {
		if w := wadeGiles(s); w != s {
			m[w] = m[w].add(s)
		}
	}
	for _, s := range syllables {
		for _, spelling := range cantoneseSpellings()[s] {
			if spelling != s {
				m[spelling] = m[spelling].add(s)
			}
		}
	}
	return m
})

// koreanSpellings maps spellings of Korean family names to the other spellings of the
// same names.
var koreanSpellings = sync.OnceValue(func() map[string]unit {
	m := map[string]unit{}
	for _, spellings := range customaryKorean {
		for _, s := range spellings {
			for _, other := range spellings {
				if s != other {
					m[s] = m[s].add(other)
				}
			}
		}
	}
	for _, u := range m {
		slices.Sort(u)
	}
	return m
})

// compareReadings compares two names in Latin letters as romanisations of one name.
func compareReadings(a, b *prepared) (float64, departures) {
	score, diff := 0.0, departures(0)
	try := func(units []unit, r *reading, text string, s float64) {
		if s <= score || len(units) == 0 {
			return
		}
		if ok, moved := spellsAround(units, r.family, text); ok {
			score, diff = s, inScript
			if moved {
				score, diff = s*otherOrder, inScript|inOrder
			}
		} else if ok, moved := spellsAround(units, len(units)-r.last, text); ok && moved && s*otherOrder > score {
			score, diff = s*otherOrder, inScript|inOrder
		}
	}
	for _, side := range [2][2]*prepared{{a, b}, {b, a}} {
		if r := side[0].reading; r != nil {
			if other := side[1]; len(other.native.words) > 1 && len(other.native.words) <= 4 {
				try(r.mandarin, r, other.native.squeezed, sameMandarin)
				try(r.cantonese, r, other.native.squeezed, sameCantonese)
			}
		}
	}
	if a.reading == nil || b.reading == nil {
		return score, diff
	}
	for i := range 2 {
		for j := range 2 {
			if a.reading.surnames[i]&b.reading.surnames[j] == 0 {
				continue
			}
			s, d := sameKorean, inScript
			if i != j {
				s, d = sameKorean*otherOrder, inScript|inOrder
			}
			if s > score && koreanAlike(a.reading.given[i], b.reading.given[j]) {
				score, diff = s, d
			}
		}
	}
	return score, diff
}

// koreanSounds are sounds of Korean with their spellings.
var koreanSounds = [][]string{
	{"g", "k"}, {"d", "t"}, {"b", "p"}, {"j", "ch"}, {"r", "l"}, {"s", "sh"}, {"kk", "gg", "k"},
	{"eo", "o", "u", "uh"}, {"yeo", "yo", "you", "yu"}, {"u", "oo"}, {"u", "woo"}, {"oo", "woo"}, {"eu", "u"}, {"ae", "ai"}, {"ui", "ee", "i", "eui"},
	{"i", "ee", "yi"}, {"wo", "weo"}, {"oe", "oi"}, {"yu", "yoo"}, {"o", "oh"}, {"a", "ah"}, {"e", "eh"},
}

// koreanAlike reports whether two spellings of a given name can be of the same Hangul.
func koreanAlike(a, b string) bool {
	if a == "" || b == "" || len(a) > 20 || len(b) > 20 {
		return false
	}
	var at [21]uint32 // for each position in a, the positions in b
	at[0] = 1
	for i := 0; i <= len(a); i++ {
		// A step may stay at i only if it consumes nothing of a, which none does.
		for set := at[i]; set != 0; set &= set - 1 {
			j := bits.TrailingZeros32(set)
			if i == len(a) || j == len(b) {
				continue
			}
			if a[i] == b[j] {
				at[i+1] |= 1 << (j + 1)
			}
			for _, sound := range koreanSounds {
				for _, x := range sound {
					if !strings.HasPrefix(a[i:], x) {
						continue
					}
					for _, y := range sound {
						if x == y || !strings.HasPrefix(b[j:], y) {
							continue
						}
						if openVowel(x, a[i+len(x):]) && openVowel(y, b[j+len(y):]) {
							continue
						}
						at[i+len(x)] |= 1 << (j + len(y))
					}
				}
			}
		}
	}
	return at[len(a)]>>len(b)&1 == 1
}

// openVowel reports whether x is o or u at the end of a syllable, where they are
// different vowels. Before n, ng, k and so on, jong and jung may both be 정.
func openVowel(x, rest string) bool {
	return (x == "o" || x == "u") && (rest == "" || strings.IndexByte("nkmlptrg", rest[0]) < 0)
}

// slavicEndings are endings of family names that are mostly from Cyrillic, by the last
// five bits of their last letter.
var slavicEndings = sync.OnceValue(func() (byLast [32][]string) {
	for _, e := range []string{
		"ov", "ova", "ev", "eva", "off", "eff", "ow", "ski", "sky", "skiy", "skij", "skii", "skaya", "skaja", "skaia", "enko", "chuk", "cuk", "yuk", "juk", "iuk",
		"vich", "vych", "vic", "ic", "kin", "lin", "tin", "shin", "sin", "nin", "kina", "lina", "tina", "shina", "nina", "ykh", "yh", "yan", "ian", "jan", "adze", "shvili", "svili",
	} {
		last := e[len(e)-1] & 31
		byLast[last] = append(byLast[last], e)
	}
	return byLast
})

// looksSlavic reports whether a word of five letters or more ends like such a name.
func looksSlavic(words []word) bool {
	for i := range words {
		w := &words[i]
		if w.script != latin || w.class != distinctive || w.pinyin || len(w.text) < 5 {
			continue
		}
		for _, e := range slavicEndings()[w.text[len(w.text)-1]&31] {
			if strings.HasSuffix(w.text, e) {
				return true
			}
		}
	}
	return false
}

// slavicFolds bring romanisations of Cyrillic to one spelling. The longest come first.
var slavicFolds = strings.NewReplacer(
	"shch", "s", "tch", "c", "sch", "s", "sh", "s", "zh", "z", "kh", "h", "ch", "c", "ts", "c", "tz", "c", "ks", "ks", "x", "ks", "ph", "f",
	"ya", "a", "ia", "a", "ja", "a", "yu", "u", "iu", "u", "ju", "u", "ye", "e", "je", "e", "ie", "e", "yo", "o", "jo", "o", "io", "o",
	"iy", "i", "ii", "i", "ij", "i", "yy", "i", "yj", "i", "yi", "i", "ey", "ei", "ej", "ei", "y", "i", "j", "i", "w", "v", "ff", "v", "ck", "k",
)

// slavicOf returns the spelling of a word that its romanisations share, or "" for a
// short word.
func slavicOf(text string) string {
	if len(text) < 4 {
		return ""
	}
	s := slavicFolds.Replace(text)
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		if n := len(b); n == 0 || b[n-1] != s[i] {
			b = append(b, s[i])
		}
	}
	return string(b)
}
