package analysis_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/redthread-api/redthread/internal/search/analysis"
)

// terms returns the terms of a text, those at one position joined by a stroke.
func terms(text, language string) string {
	var out []string
	at := -1
	for _, t := range analysis.Analyze(nil, text, language) {
		if t.Position == at {
			out[len(out)-1] += "/" + t.Term
			continue
		}
		at = t.Position
		out = append(out, t.Term)
	}
	return strings.Join(out, " ")
}

func TestAnalyze(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, language, text, want string }{
		{"Case", "en", "Norin MINING", "norin mine"},
		{"Possessive", "en", "China's firms' it’s", "china firm it"},
		{"Contractions", "en", "don't they're we'll", "dont they we"},
		{"ApostropheInNames", "en", "Xi'an O'Brien T'ang Qur’an Hawaiʻi 1990's", "xian obrien tang quran hawaii 1990"},
		{"Hyphens", "en", "joint-venture state-of-the-art non‑profit", "joint ventur state of the art non profit"},
		{"HyphenAfterALetter", "en", "e-mail X-ray", "email/mail xray/ray"},
		{"LettersAndDigits", "en", "5G 1260H AS-400 DF-21D COVID-19", "5g 1260h as400/as/400 df21d/df/21d covid 19"},
		{"Acronyms", "en", "U.S. U.S.A. the U.N.", "us usa the un"},
		{"Points", "en", "example.com node_modules a:b", "exampl com node modul a b"},
		{"Numbers", "en", "1,234,567.8 1.234.567 1'000 3,5 2.0.1 12,5", "1234567.8 1234567 1000 3.5 2.0.1 12.5"},
		{"Invisible", "en", "soft\u00adhyphen zero\u200bwidth \ufeffx\u2060y", "softhyphen zerowidth xy"},
		{"Compatibility", "en", "ﬁne ＣＩＡ m² ㈱", "fine cia m2 株"},
		{"British", "en", "harbours harboured organisation centre defence programme labour cheque travelling analysing", "harbor harbor organ center defens program labor check travel analyz"},
		{"NotBritish", "en", "pour four hours rise wise enterprise promise devour", "pour four hour rise wise enterpris promis devour"},
		{"Accents", "pl", "Łódź Gdańsk Đorđe", "lodz gdansk dorde"},
		{"Vietnamese", "vi", "Nguyễn Phú Trọng", "nguyen phu trong"},
		{"German", "de", "Müller Straße Häuser", "mull~de/muell~de strass~de haus~de/haeus~de"},
		{"French", "fr", "l'accord d’exploitation sécurité minières", "accord~fr exploit~fr secur~fr/securit~fr mini~fr/minier~fr"},
		{"Spanish", "es", "investigación inversiones", "investig~es inversion~es"},
		{"Russian", "ru", "Шахты ёлка йод за\u0301мок", "шахт елк йод замок"},
		{"Ukrainian", "uk", "п'ять шахти", "пять шахти"},
		{"Greek", "el", "Αθήνα ΟΔΟΣ", "αθηνα οδοσ"},
		{"Arabic", "ar", "مُحَمَّد أحمد ال\u0640\u0640كتاب", "محمد احمد كتاب"},
		{"Hebrew", "he", "שָׁלוֹם צה\"ל", "שלום צהל"},
		{"Hindi", "hi", "भारत में", "भारत में"},
		{"Digits", "ar", "٢٠٢٤ ２０２４", "2024 2024"},
		{"Chinese", "zh", "国家安全", "国家 家安 安全 全"},
		{"Traditional", "zh-Hant", "國家發展", "国家 家发 发展 展"},
		{"ChineseAlone", "zh", "安", "安"},
		{"Japanese", "ja", "経済ガス 人々", "经济 济ガ ガス ス 人々 々"},
		{"KanaOfHalfWidth", "ja", "ｶﾞｽ か\u3099", "ガス ス が"},
		{"SmallKe", "ja", "霞ヶ関 〆切", "霞ケ ケ关 关 〆切 切"},
		{"LongVowel", "ja", "サーバー", "サー ーバ バー ー"},
		{"Mixed", "zh", "5G网络CIA長官", "5g 网络 络 cia 长官 官"},
		{"Korean", "ko", "한국어를 배우다", "한국 국어 어를 를 배우 우다 다"},
		{"Jamo", "ko", "\u1112\u1161\u11ab국", "한국 국"},
		{"Thai", "th", "ไทย", "ไท ทย ย"},
		{"Supplementary", "zh", "𠮷野", "𠮷野 野"},
		{"LongNumber", "en", strings.Repeat("1,2", 200), strings.Repeat("1.2", 32)},
		{"LongWord", "en", strings.Repeat("ab", 200), strings.Repeat("ab", 48)},
		{"Nothing", "en", " .,;!? — … 😀 ", ""},
		{"UnknownLanguage", "", "mines шахты", "mine шахт"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := terms(c.text, c.language); got != c.want {
				t.Errorf("%s: got %s, want %s", c.text, got, c.want)
			}
		})
	}
}

func TestTokensSayWhereTheyStand(t *testing.T) {
	t.Parallel()
	text := "Ｎｏｒｉｎ's ﬁrm ½ 國家 e\u0301te\u0301 so\u00adft,"
	var got []string
	for _, token := range analysis.Analyze(nil, text, "en") {
		got = append(got, fmt.Sprintf("%s=%s", token.Term, text[token.Start:token.End]))
	}
	want := []string{"norin=Ｎｏｒｉｎ", "firm=ﬁrm", "1=½", "2=½", "国家=國家", "家=家", "ete=e\u0301te\u0301", "soft=so\u00adft"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWordsAreNotStemmed(t *testing.T) {
	t.Parallel()
	var got []string
	for _, w := range analysis.Words("Müller's Mines AS-400 中国") {
		got = append(got, fmt.Sprintf("%d %s", w.Position, w.Term))
	}
	if want := []string{"0 muller", "1 mines", "2 as400", "3 中国", "4 国"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// finds reports whether a query finds a text.
func finds(query string, prefix bool, text, language string) bool {
	return len(analysis.NewMatcher([][]analysis.Position{analysis.Query(query, prefix)}).Spans(text, language)) > 0
}

func TestQueriesFind(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		query, language, text string
		want                  bool
	}{
		{"mining", "en", "The mines", true},
		{"harbor", "en", "Harbours of Okinawa", true},
		{"Harbour", "en", "harbor", true},
		{"four", "en", "for", false},
		{"rise", "en", "rize", false},
		{"their", "en", "the", false},
		{"director", "en", "direct", false},
		{"news", "en", "new", false},
		{"Norin", "de", "Norin", true},
		{"organization", "en", "organisations", true},
		{"analyses", "en", "an analysis", true},
		{"securite", "fr", "La sécurité", true},
		{"sécurité", "fr", "LA SECURITE", true},
		{"l'accord", "fr", "Un accord", true},
		{"de l'accord", "fr", "de l’accord", true},
		{"mens", "nl", "alle mensen", true},
		{"Mueller", "de", "Herr Müller", true},
		{"Müller", "de", "Herr Mueller", true},
		{"Muller", "pl", "Müller", true},
		{"Häuser", "de", "ein Haus", true},
		{"investigacion", "es", "las investigaciones", true},
		{"шахта", "ru", "шахты", true},
		{"елка", "ru", "ёлка", true},
		{"и", "ru", "й", false},
		{"カス", "ja", "ガス", false},
		{"ガス", "ja", "天然ｶﾞｽ田", true},
		{"安", "zh", "国家安全", true},
		{"全", "zh", "国家安全", true},
		{"国", "zh", "中国", true},
		{"國家", "zh", "国家", true},
		{"国家", "ja", "國家", true},
		{"經濟", "ja", "経済産業省", true},
		{"家国", "zh", "国家", false},
		{"国安", "zh", "国家安全", false},
		{"总体国家安全观", "zh", "坚持总体国家安全观。", true},
		{"人々", "ja", "人々の声", true},
		{"한국어", "ko", "한국어를 배우다", true},
		{"한국어는", "ko", "한국어를 배우다", true},
		{"정부에서", "ko", "정부는", true},
		{"국은", "ko", "국가", false},
		{"전문가", "ko", "전문", false},
		{"한국어를 배우다", "ko", "한국어는 배우다", false},
		{"한", "ko", "대한민국", true},
		{"5G网络", "zh", "在5G网络上", true},
		{"网络5G", "zh", "网络5G", true},
		{"网络5G", "zh", "网络安全5G", false},
		{"CIA長官", "ja", "元ＣＩＡ長官の", true},
		{"ประเทศ", "th", "ในประเทศไทย", true},
		{"AS400", "en", "an AS-400", true},
		{"400", "en", "an AS-400", true},
		{"email", "en", "by e-mail", true},
		{"US", "en", "the U.S. and", true},
		{"joint venture", "en", "a joint-venture", true},
		{"joint venture", "en", "venture joint", false},
		{"mail address", "en", "e-mail address", true},
		{"AT&T", "en", "AT&T", true},
		{"1234567", "en", "1,234,567 t", true},
		{"محمد", "ar", "مُحَمَّد", true},
		{"كتاب", "ar", "الكتاب", true},
		{"שלום", "he", "שָׁלוֹם", true},
	} {
		if got := finds(c.query, false, c.text, c.language); got != c.want {
			t.Errorf("%s finds %s: got %v, want %v (%v)", c.query, c.text, got, c.want, analysis.Query(c.query, false))
		}
	}
}

func TestBeginningsFind(t *testing.T) {
	t.Parallel()
	word := "mining organisations harbour security dictionaries"
	for _, w := range strings.Fields(word) {
		for n := 2; n <= len(w); n++ {
			if !finds(w[:n], true, word, "en") {
				t.Errorf("%s* does not find %s: %v", w[:n], w, analysis.Query(w[:n], true))
			}
		}
	}
	for _, c := range []struct{ query, text string }{{"nor", "Norin"}, {"5", "5G"}, {"as4", "AS-400"}, {"国", "国家"}, {"joint ven", "joint ventures"}, {"häu", "ein Häuschen"}} {
		if !finds(c.query, true, c.text, "en") {
			t.Errorf("%s* does not find %s", c.query, c.text)
		}
	}
	if finds("mining", true, "mineral", "en") {
		t.Error("mining* finds mineral")
	}
}

var languages = []string{"", "en", "de", "fr", "es", "it", "nl", "pt", "sv", "da", "nb", "ru", "uk", "ar", "fa", "zh", "ja", "ko", "th", "pl"}

func checkTokens(t interface{ Fatalf(string, ...any) }, text, language string) {
	var before analysis.Token
	for i, token := range analysis.Analyze(nil, text, language) {
		switch {
		case token.Start < 0 || token.End > len(text) || token.Start >= token.End:
			t.Fatalf("%q: token %+v is outside the text", text, token)
		case utf8.ValidString(text) && (!utf8.RuneStart(text[token.Start]) || token.End < len(text) && !utf8.RuneStart(text[token.End])):
			t.Fatalf("%q: token %+v divides a character", text, token)
		case token.Term == "" || !utf8.ValidString(token.Term):
			t.Fatalf("%q: token %+v has no term", text, token)
		case i == 0 && token.Position != 0, i > 0 && token.Position != before.Position && token.Position != before.Position+1:
			t.Fatalf("%q: token %+v follows position %d", text, token, before.Position)
		case token.Position != before.Position && token.Start < before.Start:
			t.Fatalf("%q: token %+v begins before %+v", text, token, before)
		}
		before = token
	}
}

func TestAnyTextIsFoundByItself(t *testing.T) {
	t.Parallel()
	pieces := rapid.SampledFrom([]string{
		"mining", "Harbours", "organisés", "Müller", "l'accord", "O'Brien", "e-mail", "AS-400", "1,234.5", "U.S.", "国家", "安", "ガス", "ー", "한국어", "шахты",
		"й", "مُحَمَّد", "שָׁלוֹם", "ไทย", "ﬁ", "½", "\u0301", "\u200b", "\u00ad", "-", "'", "’", ".", ",", " ", " ", " ", "\"", "́", "ﾞ", "5", "G", "々", "𠮷", "\xff", "s",
	})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(pieces, 0, 12).Draw(t, "pieces"), "")
		language := rapid.SampledFrom(languages).Draw(t, "language")
		checkTokens(t, text, language)
		checkFoundByItself(t, text, language)
	})
}

// checkFoundByItself checks that a text, and each of its words, finds the text.
func checkFoundByItself(t interface{ Fatalf(string, ...any) }, text, language string) {
	for _, q := range append(strings.Fields(text), text) {
		for _, prefix := range []bool{false, true} {
			if len(analysis.Query(q, prefix)) > 0 && !finds(q, prefix, text, language) {
				t.Fatalf("%q (prefix %v) does not find %q in %q: %v, %v", q, prefix, text, language, analysis.Query(q, prefix), terms(text, language))
			}
		}
	}
}

func FuzzAnalyze(f *testing.F) {
	for _, s := range []string{"The mines' harbours", "Müller’s l'accord", "国家安全5G", "한국어를", "مُحَمَّد", "\u0301a\u200b-b", "ﷺ½㈱", "1,2.3'4", "ไทย"} {
		f.Add(s, uint8(0))
	}
	f.Fuzz(func(t *testing.T, text string, n uint8) {
		language := languages[int(n)%len(languages)]
		checkTokens(t, text, language)
		checkFoundByItself(t, text, language)
	})
}
