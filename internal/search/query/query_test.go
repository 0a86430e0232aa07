package query_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/redthread-api/redthread/internal/search/query"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"Words", "copper  mines", "copper mines"},
		{"Phrase", `"joint venture" law`, `"joint venture" law`},
		{"TypographicQuotes", "“a b” „c d“ «e f» »g h« 「国家 安全」", `"a b" "c d" "e f" "g h" "国家 安全"`},
		{"CornerBracketsInARun", "中国「国家安全」法", `中国 "国家安全" 法`},
		{"CornerBracketWithoutItsOther", "中国「国家安全", `中国 国家安全`},
		{"UnbalancedQuote", `"joint venture`, `joint venture`},
		{"QuoteInsideAWord", `5" a"b`, `5 "a b"`},
		{"HebrewAbbreviation", `צה"ל`, `צה״ל`},
		{"Exclusion", `a -b -"c d"`, `a -b -"c d"`},
		{"OnlyExclusions", "-a", "-a"},
		{"MinusAlone", "a - b -- c", "a b c"},
		{"HyphenInAWord", "joint-venture", "joint-venture"},
		{"Or", `a b OR "c d" OR e* f`, `a b OR "c d" OR e* f`},
		{"OrAtTheEnds", "OR a OR", `"OR" a "OR"`},
		{"OrTwice", "a OR OR b", `a "OR" "OR" b`},
		{"OrBesideAnExclusion", "a OR -b", `a "OR" -b`},
		{"OrInLowerCase", "a or b", "a or b"},
		{"OrBesideAFilter", "a OR tag:b tag:c", `a OR "tag:b" tag:c`},
		{"OrBesidePunctuation", "a OR !", `a "OR"`},
		{"And", "a AND b AND", `a b "AND"`},
		{"Prefix", `min* "joint ven"* * x**`, `min* "joint ven"* x*`},
		{"Filters", `x tag:Okinawa kind:company type:REPORT lang:JA entity:norin-mining after:2024-01 before:2025`,
			"x tag:okinawa entity:norin-mining type:report kind:COMPANY lang:ja after:2024-01-01 before:2025-01-01"},
		{"QuotedValue", `tag:"a b" tag:“c”`, `tag:"a b" tag:c`},
		{"ExcludedFilter", "-tag:x -kind:PERSON", "-tag:x -kind:PERSON"},
		{"ExcludedDate", "-after:2024 -before:2020", "-after:2024-01-01 -before:2020-01-01"},
		{"StrictestExcludedDate", "-after:2024 -after:2023 -before:2025-06 -before:2026", "-after:2023-01-01 -before:2026-01-01"},
		{"Items", "type:Edition_Item type:item -type:edition", "type:item -type:edition"},
		{"KindsOfNarrativesAndTags", "kind:active kind:Topic", "kind:ACTIVE kind:TOPIC"},
		{"StrictestDate", "after:2024 after:2023 before:2026 before:2025-06", "after:2024-01-01 before:2025-06-01"},
		{"UnknownField", "https://x.org note: note:y", "https://x.org note: note:y"},
		{"UnknownValue", "kind:FOO type:asset lang:?? after:soon before:2024-13", `"kind:FOO" "type:asset" "lang:??" "after:soon" "before:2024-13"`},
		{"NoValue", "tag: tag:! x", `tag: x tag:!`},
		{"UnbalancedValue", `tag:"a b`, `tag: a b`},
		{"FullWidth", "ＣＩＡ　ＯＲ　－ｂ　ｔａｇ：ｘ　“ａ　ｂ”", `CIA "OR" -b "a b" tag:x`},
		{"Punctuation", `!!! ... () "" -""`, ""},
		{"Controls", "a\x00b\xffc\td", "a b c d"},
		{"Parentheses", "(a OR b) c", "(a OR b) c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := query.Parse(c.text).String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestQueriesAreBounded(t *testing.T) {
	t.Parallel()
	count := func(q query.Query) (terms, positions int) {
		for _, c := range q.All {
			for _, t := range c.Any {
				terms++
				positions += len(t.Positions)
			}
		}
		return terms, positions
	}
	for name, text := range map[string]string{
		"Words":        strings.Repeat("a ", 400),
		"Alternatives": strings.Repeat("a OR ", 100) + "b",
		"Characters":   strings.Repeat("安", 300),
		"Bytes":        strings.Repeat("x", 2000),
		"Filters":      strings.Repeat("tag:x ", 100),
		"Expansion":    strings.Repeat("\uFDFA", 300),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := query.Parse(text)
			terms, positions := count(q)
			if !q.Truncated || terms > query.MaxItems || positions > query.MaxPositions || len(q.String()) > 4*query.MaxBytes {
				t.Errorf("got truncated %v, %d terms, %d positions, %d bytes", q.Truncated, terms, positions, len(q.String()))
			}
		})
	}
	if q := query.Parse(strings.Repeat("a ", query.MaxItems)); q.Truncated || len(q.All) != query.MaxItems {
		t.Errorf("a query at the limit: got %d terms, truncated %v", len(q.All), q.Truncated)
	}
}

func TestCutKeepsWhatIsRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"word": 4, strings.Repeat("x", 1024): 1024, strings.Repeat("x", 1025): 1024, strings.Repeat("é", 513): 1024, "x" + strings.Repeat("é", 512): 1023} {
		if got := query.Cut(text); len(got) != want || !strings.HasPrefix(text, got) {
			t.Errorf("%d bytes: got %d, want %d", len(text), len(got), want)
		}
	}
}

func TestGroupsAreWhatIsFound(t *testing.T) {
	t.Parallel()
	if got := len(query.Parse(`a -b "c d" OR e tag:f`).Groups()); got != 3 {
		t.Errorf("got %d groups, want 3", got)
	}
}

func TestNormalFormMeansTheSame(t *testing.T) {
	t.Parallel()
	pieces := rapid.SampledFrom([]string{
		"a", "OR", "AND", "-", "\"", " ", " ", " ", "*", ":", "tag:", "kind:", "COMPANY", "after:", "2024", "国家", "「", "」", "«", "”", "“", "x y",
		"lang:", "ja", "é", "ﬁ", "\u0301", "　", "：", "״", "צ", ".", "(", "\xff", "−", "don't", "joint-venture", "type:report", "type:item", "before:2024-02", "-before:2023", "-after:2024", "-after:2025-01-02",
	})
	rapid.Check(t, func(t *rapid.T) {
		checkNormalForm(t, strings.Join(rapid.SliceOfN(pieces, 0, 20).Draw(t, "pieces"), ""))
	})
}

type fataler interface{ Fatalf(string, ...any) }

func checkNormalForm(t fataler, text string) {
	q := query.Parse(text)
	form := q.String()
	if q.Truncated || len(form) > query.MaxBytes {
		return
	}
	if diff := cmp.Diff(q, query.Parse(form)); diff != "" {
		t.Fatalf("%q is not %q (-got +normal form):\n%s", text, form, diff)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", `a -b "c d" OR e*`, `tag:"x y" after:2024 「国家」`, "a OR OR", "-\"", "צה\"ל", "kind:\"", "\u0301a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkNormalForm(t, text)
		for _, c := range query.Parse(text).All {
			if len(c.Any) == 0 || c.Not && len(c.Any) != 1 {
				t.Fatalf("%q has a clause of %d terms", text, len(c.Any))
			}
			for _, term := range c.Any {
				if len(term.Positions) == 0 {
					t.Fatalf("%q has a term without positions", text)
				}
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		query.Parse(`mining "joint venture" OR harbour -copper tag:okinawa 国家安全 norin*`)
	}
}
