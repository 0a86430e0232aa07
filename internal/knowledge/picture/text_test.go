package picture

import (
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"WhiteSpaceIsOneSpace", "  Harborlight\t\n Mining ", "Harborlight Mining"},
		{"ControlsAreDropped", "a\x00b\x1fc\x7fd\u0085e\u009f", "abcd e"},
		{"NoncharactersAreDropped", "a\ufffeb\uffffc\ufdd0d\U0001ffff", "abcd"},
		{"DirectionIsNotChanged", "a\u202eb\u2066c", "abc"},
		{"BrokenBytesAreMarked", "a\xffb", "a\ufffdb"},
		{"TowersOfMarksAreCut", "a" + strings.Repeat("\u0301", 40), "a" + strings.Repeat("\u0301", maxMarks)},
		{"LongTextsAreCut", strings.Repeat("a", maxText+1), strings.Repeat("a", maxText) + "…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := clean(tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// Widths that Arial and Helvetica publish, in thousandths of an em.
func TestWidths(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		want float64
	}{
		{"Harborlight", 0.722 + 0.556 + 0.333 + 0.556 + 0.556 + 0.333 + 0.222 + 0.222 + 0.556 + 0.556 + 0.278},
		{"é", 0.556}, {"e\u0301", 0.556}, {"ế", 0.556}, {"Ж", 0.923}, {"Ω", 0.748}, {" ", 0.278},
		{"国家", 2}, {"새벽", 2}, {"ア", 1}, {"ｱ", 0.55}, {"Ａ", 1}, {"🏭", 1.3}, {"…", 1}, {"\u200b", 0},
	} {
		t.Run(tt.text, func(t *testing.T) {
			t.Parallel()
			if got := textWidth(tt.text); math.Abs(got-tt.want) > 0.002*float64(utf8.RuneCountInString(tt.text)) {
				t.Errorf("got %.3f em, want %.3f", got, tt.want)
			}
		})
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		want     []string
	}{
		{"ShortLabel", "Harborlight Mining", []string{"Harborlight Mining"}},
		{"LinesOfAboutTheSameLength", "Meridian Heavy Industries Group Limited", []string{"Meridian Heavy", "Industries Group Limited"}},
		{"ChineseBreaksAnywhere", "国家远洋安全协调办公室北方分局", []string{"国家远洋安全协调", "办公室北方分局"}},
		{"NoPointAtTheBeginningOfALine", "あけぼの海運ホールディ、グス。東京", nil},
		{"KoreanWordsStayWhole", "새벽빛 해운 주식회사 부산항 사무소", []string{"새벽빛 해운 주식회사", "부산항 사무소"}},
		{"HyphensMayEndALine", "Anglo-Saltmarshian-Quayside", []string{"Anglo-Saltmarshian-", "Quayside"}},
		{"TooLongEndsInAnEllipsis", strings.Repeat("Harborlight ", 9), []string{"Harborlight Harborlight", "Harborlight Harborlight", "Harborlight Harborligh…"}},
		{"OneLongWord", strings.Repeat("w", 40), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := wrap(clean(tt.in), labelLimit, labelLines)
			for _, l := range got {
				if textWidth(l) > labelLimit {
					t.Errorf("line %q is %.2f em wide, want at most %.2f", l, textWidth(l), labelLimit)
				}
				if first, _ := utf8.DecodeRuneInString(l); strings.ContainsRune("。、，", first) {
					t.Errorf("line %q begins with %q", l, first)
				}
			}
			if tt.want != nil {
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("lines (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// Lines are never wider than asked, unless one character is; and they have all of the text,
// or end in an ellipsis.
func TestWrapProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := clean(rapid.String().Draw(t, "text"))
		limit := rapid.Float64Range(2.6, 20).Draw(t, "limit")
		lines := wrap(text, limit, 3)
		for _, l := range lines {
			if textWidth(l) > limit+1e-9 && len(clusters(l)) > 1 {
				t.Errorf("line %q is %.2f em wide, want at most %.2f", l, textWidth(l), limit)
			}
		}
		plain := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		got := strings.Join(lines, "")
		if strings.HasSuffix(got, "…") {
			return
		}
		if plain(got) != plain(text) {
			t.Errorf("got %q, want all of %q", lines, text)
		}
		if len(lines) > 3 {
			t.Errorf("got %d lines, want at most 3", len(lines))
		}
	})
}

func TestSafeLink(t *testing.T) {
	t.Parallel()
	for _, link := range []string{"/entities/a", "a/b?c=d#e", "?page=2", "#here", "https://example.org/a?b=c&d=e", "HTTP://example.org"} {
		if SafeLink(link) == "" {
			t.Errorf("%q: got no link, want one", link)
		}
	}
	for _, link := range []string{"javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "//evil.example", `\\evil.example`, `/\evil.example`, "java\nscript:x", " https://x.example", "mailto:a@example.org", "https:opaque", "http://", "file:///etc/passwd", "\x00"} {
		if got := SafeLink(link); got != "" {
			t.Errorf("%q: got %q, want none", link, got)
		}
	}
}

func TestFontsFollowTheLanguage(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string]string{"ja": "CJK JP", "ko-KR": "CJK KR", "zh-Hant": "CJK TC", "zh-HK": "CJK TC"} {
		if got := fonts(lang); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want one with %s", lang, got, want)
		}
	}
	if got := fonts("zh-Hans"); got != "" {
		t.Errorf("zh-Hans: got %s, want those of the picture", got)
	}
}

func TestWordsOfACluster(t *testing.T) {
	t.Parallel()
	var got []string
	for _, c := range clusters("e\u0301👩\u200d🚀👍🏽क्षि") {
		got = append(got, c.text)
	}
	want := []string{"e\u0301", "👩\u200d🚀", "👍🏽"}
	if !slices.Equal(got[:3], want) {
		t.Errorf("got %q, want %q first", got, want)
	}
}
