package editorial_test

import (
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

func TestSlugify(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{
		"Møller & Mærsk":                 "moller-maersk",
		"Straße":                         "strasse",
		"STRAẞE":                         "strasse",
		"Đại":                            "dai",
		"Đại Việt":                       "dai-viet",
		"Łódź":                           "lodz",
		"Æther Œuvre":                    "aether-oeuvre",
		"Þórður Guðmundsson":             "thordur-gudmundsson",
		"Ħamrun":                         "hamrun",
		"Işık İstanbul":                  "isik-istanbul",
		"Ŋaayi, Ŧ, ƒ, ĸ, ŀl":             "naayi-t-f-q-ll",
		"Əliyev":                         "eliyev",
		"col·legi":                       "collegi",
		"ſecret":                         "secret",
		"Hawaiʻi’s O'Neill":              "hawaiis-oneill",
		"soft\u00adhyphen":               "softhyphen",
		"A — B – C · D … “E”":            "a-b-c-d-e",
		"№ 5 ﬁles ½":                     "no-5-files-1-2",
		"تقرير ٢٠٢٤":                     "2024",
		"第３回 ２０２４":                       "3-2024",
		"中国":                             "",
		"  --  ":                         "",
		"":                               "",
		strings.Repeat("a", 79) + " b c": strings.Repeat("a", 79),
		strings.Repeat("a", 78) + " b c": strings.Repeat("a", 78) + "-b",
		strings.Repeat("a", 79) + "æ":    strings.Repeat("a", 80),
	} {
		if got := editorial.Slugify(title); got != want {
			t.Errorf("%q: got %q, want %q", title, got, want)
		}
	}
}

// Whatever it is made from, a slug is one, or there is none.
func FuzzSlugify(f *testing.F) {
	for _, title := range []string{"Møller & Mærsk", "Straße ½ ㎏", strings.Repeat("ß-", 60)} {
		f.Add(title)
	}
	f.Fuzz(func(t *testing.T, title string) {
		if slug := editorial.Slugify(title); slug != "" && !domain.ValidSlug(slug) {
			t.Errorf("%q: got %q, which is no slug", title, slug)
		}
	})
}
