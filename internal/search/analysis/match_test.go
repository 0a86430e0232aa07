package analysis_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/redthread-api/redthread/internal/search/analysis"
)

// matcher returns a matcher for words, phrases and, with an asterisk at the end,
// beginnings of words.
func matcher(queries ...string) *analysis.Matcher {
	var groups [][]analysis.Position
	for _, q := range queries {
		word, prefix := strings.CutSuffix(q, "*")
		groups = append(groups, analysis.Query(word, prefix))
	}
	return analysis.NewMatcher(groups)
}

// marked returns a text with brackets around the spans.
func marked(text string, spans []analysis.Span) string {
	var b strings.Builder
	at := 0
	for _, s := range spans {
		b.WriteString(text[at:s.Start] + "[" + text[s.Start:s.End] + "]")
		at = s.End
	}
	return b.String() + text[at:]
}

func TestSpans(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text, language string
		queries              []string
		want                 string
	}{
		{"Words", "Mines and the mining of copper", "en", []string{"mine"}, "[Mines] and the [mining] of copper"},
		{"Accents", "La sécurité", "fr", []string{"securite"}, "La [sécurité]"},
		{"Phrase", "A joint venture, no venture joint; joint-ventures", "en", []string{"joint venture"}, "A [joint venture], no venture joint; [joint-ventures]"},
		{"WithoutTheClitic", "China's", "en", []string{"china"}, "[China]'s"},
		{"PartOfAWord", "the AS-400 and e-mail", "en", []string{"400", "mail"}, "the AS-[400] and e-[mail]"},
		{"Prefix", "Norin mining", "en", []string{"nor*", "min*"}, "[Norin] [mining]"},
		{"Characters", "总体国家安全观", "zh", []string{"国家安全"}, "总体[国家安全]观"},
		{"OneCharacter", "国家安全，安保", "zh", []string{"安"}, "国家[安]全，[安]保"},
		{"LastCharacter", "国家安全", "zh", []string{"全"}, "国家安[全]"},
		{"OverlappingCharacters", "国家安全", "zh", []string{"国家", "家安"}, "[国家安]全"},
		{"Korean", "한국어를", "ko", []string{"한국어"}, "[한국어]를"},
		{"DecomposedHangul", "\u1112\u1161\u11ab국", "ko", []string{"한"}, "[\u1112\u1161\u11ab]국"},
		{"CombiningMarks", "e\u0301te\u0301 か\u3099す", "ja", []string{"ete", "が"}, "[e\u0301te\u0301] [か\u3099]す"},
		{"HalfWidth", "ｶﾞｽ", "ja", []string{"ガ"}, "[ｶﾞ]ｽ"},
		{"OneSignForManyCharacters", "㍿東芝", "ja", []string{"会社"}, "[㍿]東芝"},
		{"Thai", "กำลังดี", "th", []string{"กำ"}, "[กำ]ลังดี"},
		{"Nothing", "copper", "en", []string{"gold", "!"}, "copper"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := marked(c.text, matcher(c.queries...).Spans(c.text, c.language)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestSnippets(t *testing.T) {
	t.Parallel()
	filler := strings.Repeat("lorem ipsum ", 20)
	for _, c := range []struct {
		name, text, language string
		queries              []string
		size, limit          int
		want                 []string
	}{
		{"WholeText", "The mines of Zambia.", "en", []string{"mine"}, 40, 3, []string{"The [mines] of Zambia."}},
		{"NothingFound", "The mines of Zambia are far from any port.", "en", []string{"gold"}, 20, 3, []string{"The mines of Zambia…"}},
		{"Middle", filler + "the mines of Zambia " + filler, "en", []string{"mine"}, 40, 1, []string{"…ipsum the [mines] of Zambia lorem ipsum…"}},
		{"MostGroupsFirst", "mines " + filler + "the mines and ports " + filler + "ports", "en", []string{"mine", "port"}, 30, 1, []string{"…the [mines] and [ports] lorem…"}},
		{"EachGroup", "mines " + filler + "ports", "en", []string{"mine", "port"}, 20, 2, []string{"[mines] lorem ipsum…", "…[ports]"}},
		{"Punctuation", "He said (in the mines). Then " + filler, "en", []string{"mine"}, 28, 1, []string{"…(in the [mines]). Then lorem…"}},
		{"Ideographs", strings.Repeat("发展", 20) + "国家安全" + strings.Repeat("发展", 20), "zh", []string{"国家安全"}, 20, 1, []string{"…发展[国家安全]发展发展…"}},
		{"CombiningMarks", strings.Repeat("か\u3099", 20), "ja", []string{"が"}, 6, 1, []string{"[か\u3099か\u3099か\u3099]…"}},
		{"LongWord", strings.Repeat("x", 90) + " mine", "en", []string{strings.Repeat("x", 90)}, 10, 1, []string{"[xxxxxxxxxx]…"}},
		{"EmptyText", " \n", "en", []string{"mine"}, 10, 1, nil},
		{"NoRoom", "mine", "en", []string{"mine"}, 10, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, s := range matcher(c.queries...).Snippets(c.text, c.language, c.size, c.limit) {
				got = append(got, marked(s.Text, s.Spans))
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestSnippetsAreCutRight(t *testing.T) {
	t.Parallel()
	pieces := rapid.SampledFrom([]string{
		"mines", "Harbours", "國家安全", "ガ", "か\u3099", "한국어", "กำลัง", "e\u0301", "👩‍👩‍👧", " ", " ", "\n", ".", "-", "㍿", "𠮷", strings.Repeat("x", 50), "\u200b",
	})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(pieces, 0, 60).Draw(t, "pieces"), "")
		size := rapid.IntRange(1, 60).Draw(t, "size")
		m := matcher("mine", "harbor", "安全", "が", "한국어", "x*")
		snippets := m.Snippets(text, "en", size, 3)
		if len(snippets) > 3 {
			t.Fatalf("got %d snippets of 3", len(snippets))
		}
		for _, s := range snippets {
			body := strings.TrimSuffix(strings.TrimPrefix(s.Text, "…"), "…")
			if !strings.Contains(text, body) || !utf8.ValidString(body) {
				t.Fatalf("%q is not of %q", body, text)
			}
			if c := analysis.Columns(body); c > size+1 {
				t.Fatalf("%q has %d columns of %d", body, c, size)
			}
			at := 0
			for _, span := range s.Spans {
				if span.Start < at || span.End <= span.Start || span.End > len(s.Text) {
					t.Fatalf("%q has the spans %v", s.Text, s.Spans)
				}
				at = span.End
			}
		}
	})
}

func TestHTMLIsEscaped(t *testing.T) {
	t.Parallel()
	s := matcher("mine").Snippets(`<b> "mines" & 'ports'</b>`, "en", 60, 1)[0]
	if got, want := analysis.HTML(s), `&lt;b&gt; &#34;<mark>mines</mark>&#34; &amp; &#39;ports&#39;&lt;/b&gt;`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
