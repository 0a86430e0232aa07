package newsletter_test

import (
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/newsletter"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"Reader@Example.ORG":              "reader@example.org",
		" a.b+c@example.org ":             "a.b+c@example.org",
		"reader@bücher.example":           "reader@xn--bcher-kva.example",
		"reader@BÜCHER.example":           "reader@xn--bcher-kva.example",
		"reader@xn--bcher-kva.example":    "reader@xn--bcher-kva.example",
		"読者@例え.テスト":                       "読者@xn--r8jz45g.xn--zckzah",
		"o'brien@example.org":             "o'brien@example.org",
		strings.Repeat("a", 64) + "@b.io": strings.Repeat("a", 64) + "@b.io",
	} {
		if got, problem := newsletter.CompareAddress(typed); got != want || problem != "" {
			t.Errorf("%s: got %s %s, want %s", typed, got, problem, want)
		}
	}
	for _, typed := range []string{
		"", " ", "a", "@", "a@", "@b.c", "a@b", "a@localhost", "a@[192.0.2.1]", "a@192.0.2.1", "a b@example.org", ".a@example.org", "a.@example.org", "a..b@example.org",
		`"a b"@example.org`, "a@exa mple.org", "a@-example.org", "a@example..org", "a@b@c.org", "a\r\nBcc: x@example.org", "a@example.org\r\nBcc: x", "a@example.org, b@example.org",
		"<a@example.org>", "a\x00@example.org", "a\xff@example.org", "a\u200b@example.org", strings.Repeat("a", 65) + "@example.org", "a@" + strings.Repeat("b.", 130) + "org", "a@" + strings.Repeat("b", 64) + ".org",
	} {
		if got, problem := newsletter.CompareAddress(typed); problem == "" {
			t.Errorf("%q: got %s, want a problem", typed, got)
		}
	}
}

func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"reader@example.org", "読者@例え.テスト", "a@b@c", "\"x\"@y.z", "a@[::1]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		compared, problem := newsletter.CompareAddress(typed)
		if problem != "" {
			return
		}
		if strings.ContainsAny(compared, " \r\n\t<>,;\"") || strings.Count(compared, "@") != 1 {
			t.Errorf("%q: got %q", typed, compared)
		}
		if again, problem := newsletter.CompareAddress(compared); again != compared || problem != "" {
			t.Errorf("%q: got %q, then %q %s", typed, compared, again, problem)
		}
		newsletter.Mask(typed)
	})
}

func TestMatchLanguage(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"en":                                "en",
		"en-GB,en;q=0.9":                    "en",
		"ja-JP,ja;q=0.9,en;q=0.8":           "ja",
		"zh-HK,zh;q=0.9":                    "zh-Hant", // Hong Kong
		"zh-HK,zh;q=0.9,en;q=0.8":           "zh-Hant",
		"zh-Hant-HK,zh-Hans;q=0.5":          "zh-Hant",
		"zh-MO,zh;q=0.9":                    "zh-Hant", // Macau
		"zh-TW,zh;q=0.9,en-US;q=0.8":        "zh-Hant", // Taiwan
		"zh-SG,zh;q=0.9":                    "zh-Hans", // Singapore
		"zh-CN,zh;q=0.9":                    "zh-Hans",
		"zh":                                "zh-Hans",
		"zh-Hant":                           "zh-Hant",
		"zh-Hans-HK":                        "zh-Hans",
		"fr-FR,fr;q=0.9,ja;q=0.2":           "ja",
		"en;q=0.1,zh-TW;q=0.9":              "zh-Hant",
		"fr":                                "",
		"":                                  "",
		"*":                                 "",
		"und":                               "",
		"xx-yy-zz!;q=7":                     "",
		strings.Repeat("en-US,", 5000) + "": "",
	} {
		got, ok := newsletter.MatchLanguage(header)
		if got != want && len(header) < 1000 || ok != (got != "") {
			t.Errorf("%.60s: got %s %t, want %s", header, got, ok, want)
		}
	}
}
