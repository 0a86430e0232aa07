package names

// The letters of Hangul in Revised Romanisation first, then in McCune-Reischauer
// (without its marks), as names are customarily written, and as the letters of foreign
// names that Hangul writes so: c, f, v, z.
var (
	hangulInitials = [19][]string{
		{"g", "k"}, {"kk", "gg"}, {"n"}, {"d", "t"}, {"tt", "dd"}, {"r", "l"}, {"m"}, {"b", "p", "v"}, {"pp", "bb"}, {"s", "sh"},
		{"ss", "s"}, {""}, {"j", "ch", "z"}, {"jj", "tch"}, {"ch"}, {"k", "c"}, {"t"}, {"p", "f"}, {"h"},
	}
	hangulVowels = [21][]string{
		{"a", "ah"}, {"ae", "ai", "e"}, {"ya"}, {"yae"}, {"eo", "o", "u", "uh"}, {"e", "ae"}, {"yeo", "yo", "you", "yu"}, {"ye", "yeh", "e"}, {"o", "oh"},
		{"wa"}, {"wae"}, {"oe", "oi", "we"}, {"yo"}, {"u", "oo", "woo"}, {"wo", "weo"}, {"we"}, {"wi"}, {"yu", "yoo"}, {"eu", "u", "oo"}, {"ui", "ee", "i", "eui"}, {"i", "ee", "yi"},
	}
	hangulFinals = [28][]string{
		{""}, {"k", "g", "c"}, {"k"}, {"k"}, {"n"}, {"n"}, {"n"}, {"t", "d"}, {"l", "r"}, {"k"}, {"m"}, {"l"}, {"l"}, {"l"}, {"p"}, {"l"},
		{"m"}, {"p", "b"}, {"p"}, {"t"}, {"t"}, {"ng"}, {"t"}, {"t"}, {"k"}, {"t"}, {"p"}, {"t"},
	}
	// mccuneReischauer has the vowels of that romanisation that differ, by index.
	mccuneReischauer = map[int]string{4: "o", 6: "yo", 14: "wo", 18: "u"}
)

// customaryKorean has how family names are customarily written.
var customaryKorean = map[string][]string{
	"김": {"kim", "gim"}, "이": {"lee", "yi", "rhee", "ri", "li", "i"}, "리": {"ri", "lee", "rhee", "li"}, "박": {"park", "pak", "bak"},
	"최": {"choi", "choe", "chey"}, "정": {"jung", "chung", "jeong", "cheong", "jong"}, "강": {"kang", "gang"}, "조": {"cho", "jo", "joe"},
	"윤": {"yoon", "yun", "youn"}, "장": {"jang", "chang"}, "임": {"lim", "im", "yim", "rim"}, "림": {"rim", "lim"}, "한": {"han", "hahn"}, "오": {"oh", "o"},
	"서": {"seo", "suh", "so", "sur"}, "신": {"shin", "sin"}, "권": {"kwon", "gwon"}, "황": {"hwang", "whang"}, "안": {"ahn", "an"}, "송": {"song"},
	"류": {"ryu", "yoo", "yu", "ryoo"}, "유": {"yoo", "yu", "you", "ryu"}, "홍": {"hong"}, "전": {"jeon", "jun", "chun", "chon"}, "고": {"ko", "go", "koh"},
	"문": {"moon", "mun"}, "양": {"yang"}, "손": {"son", "sohn"}, "배": {"bae", "pae"}, "백": {"baek", "paik", "paek", "back"}, "허": {"heo", "hur", "huh", "ho"},
	"노": {"noh", "roh", "no", "ro"}, "로": {"ro", "roh"}, "남": {"nam"}, "심": {"shim", "sim"}, "하": {"ha"}, "곽": {"kwak", "gwak"}, "성": {"sung", "seong", "song"},
	"차": {"cha"}, "주": {"joo", "ju", "chu"}, "우": {"woo", "u", "wu"}, "구": {"koo", "gu", "ku", "goo"}, "민": {"min"}, "나": {"na", "ra", "rha"},
	"진": {"jin", "chin"}, "지": {"ji", "chi"}, "엄": {"um", "eom", "uhm"}, "채": {"chae"}, "원": {"won"}, "천": {"chun", "cheon", "chon"}, "방": {"bang", "pang"},
	"공": {"kong", "gong"}, "현": {"hyun", "hyeon", "hyon"}, "함": {"ham", "hahm"}, "변": {"byun", "byeon", "pyon"}, "염": {"yum", "yeom", "yom"}, "여": {"yeo", "yuh"},
	"추": {"choo", "chu"}, "도": {"do", "to"}, "소": {"so"}, "석": {"seok", "suk"}, "선": {"sun", "seon"}, "설": {"seol", "sul"}, "마": {"ma"}, "길": {"gil", "kil"},
	"연": {"yeon", "yon"}, "위": {"wi", "wee"}, "표": {"pyo"}, "명": {"myung", "myeong"}, "기": {"ki", "gi"}, "반": {"ban", "pan"}, "왕": {"wang"}, "금": {"keum", "geum", "kum"},
	"옥": {"ok"}, "육": {"yuk", "yook"}, "인": {"in"}, "맹": {"maeng"}, "제": {"je"}, "모": {"mo"},
}

// koreanCompound are the family names of two syllables.
var koreanCompound = map[string]bool{"남궁": true, "황보": true, "제갈": true, "사공": true, "선우": true, "독고": true, "서문": true}

// jamo splits a syllable of Hangul into the indexes of its letters.
func jamo(r rune) (initial, vowel, final int) {
	i := int(r - 0xAC00)
	return i / 588, i % 588 / 28, i % 28
}

// koreanUnits returns the units of a run of Hangul, and how many of them are the
// family name if it is a person's. The romanisations are those of the syllables by
// themselves, as Revised Romanisation wants it for given names: how sounds change
// between syllables (Silla for 신라) is not shown.
func koreanUnits(text string) (units []unit, family int) {
	runes := []rune(text)
	family = 1
	if len(runes) > 2 && koreanCompound[string(runes[:2])] {
		family = 2
	}
	for n, r := range runes {
		if r < 0xAC00 || r > 0xD7A3 {
			units = append(units, nil)
			continue
		}
		i, v, f := jamo(r)
		var u unit
		if n == 0 && family == 1 && len(runes) <= 4 {
			u = u.add(customaryKorean[string(r)]...)
		}
		finals := hangulFinals[f]
		if n+1 < len(runes) && doubledL(r, runes[n+1]) {
			finals = append(finals[:len(finals):len(finals)], "")
		}
		for _, final := range finals {
			for _, vowel := range hangulVowels[v] {
				for _, initial := range hangulInitials[i] {
					u = u.add(initial + vowel + final)
				}
			}
		}
		units = append(units, u)
	}
	return units, family
}

// doubledL reports whether an l ends one syllable and begins the next, as Hangul writes one l of a foreign name.
func doubledL(r, next rune) bool {
	if next < 0xAC00 || next > 0xD7A3 {
		return false
	}
	const final, initial = 8, 5 // ㄹ
	_, _, f := jamo(r)
	i, _, _ := jamo(next)
	return f == final && i == initial
}

// revised returns a run of Hangul in Revised Romanisation, syllable by syllable.
func revised(text string) string {
	var b []byte
	for _, r := range text {
		if r >= 0xAC00 && r <= 0xD7A3 {
			i, v, f := jamo(r)
			b = append(append(append(b, hangulInitials[i][0]...), hangulVowels[v][0]...), hangulFinals[f][0]...)
		}
	}
	return string(b)
}

// mcCune returns a run of Hangul in McCune-Reischauer without its marks: consonants
// are voiced between vowels.
func mcCune(text string) string {
	var b []byte
	voiced := false
	for _, r := range text {
		if r < 0xAC00 || r > 0xD7A3 {
			voiced = false
			continue
		}
		i, v, f := jamo(r)
		initial := hangulInitials[i][0]
		if !voiced {
			switch initial {
			case "g":
				initial = "k"
			case "d":
				initial = "t"
			case "b":
				initial = "p"
			case "j":
				initial = "ch"
			}
		}
		vowel := hangulVowels[v][0]
		if m, ok := mccuneReischauer[v]; ok {
			vowel = m
		}
		final := hangulFinals[f][0]
		voiced = final == "" || final == "n" || final == "m" || final == "ng" || final == "l"
		b = append(append(append(b, initial...), vowel...), final...)
	}
	return string(b)
}
