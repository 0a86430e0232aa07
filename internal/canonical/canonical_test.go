package canonical_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/redthread-api/redthread/internal/canonical"
)

func TestForms(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		form       canonical.Form
		text, want string
	}{
		{canonical.Text, "A\u0308pfel", "Äpfel"},
		{canonical.Text, "\u3000 Äpfel\n", "Äpfel"},
		{canonical.Text, "\u212b", "Å"},
		{canonical.Language, "ZH-hans", "zh-Hans"},
		{canonical.Language, "en_us", "en-US"},
		{canonical.Language, "iw", "he"},
		{canonical.Language, "no such tag", "no such tag"},
		{canonical.Country, "cn", "CN"},
		{canonical.Country, "chn", "chn"},
		{canonical.MediaType, "IMAGE/PNG", "image/png"},
		{canonical.MediaType, "text/html;Charset=utf-8", "text/html; charset=utf-8"},
		{canonical.MediaType, "none", "none"},
	} {
		if got := tt.form.Of(tt.text); got != tt.want {
			t.Errorf("%d, %q: got %q, want %q", tt.form, tt.text, got, tt.want)
		}
	}
}

func TestPrefixes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		form       canonical.Form
		text, want string
	}{
		{canonical.Text, "A\u0308p", "Äp"},
		{canonical.Text, " The ", "The "},
		{canonical.Language, "ZH", "zh"},
		{canonical.Language, "zh-ha", "zh-Ha"},
		{canonical.Language, "zh-", "zh-"},
		{canonical.Language, "ZH_HANS_T", "zh-Hans-T"},
		{canonical.Country, "c", "C"},
		{canonical.MediaType, "Image/", "image/"},
	} {
		if got := tt.form.Prefix(tt.text); got != tt.want {
			t.Errorf("%d, %q: got %q, want %q", tt.form, tt.text, got, tt.want)
		}
	}
}

// A text in a form is unchanged by the same form.
func FuzzForms(f *testing.F) {
	for _, text := range []string{"A\u0308pfel ", "zh-hans", "cn", "IMAGE/png", "zh-ha-"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			t.Skip()
		}
		for form := canonical.Text; form <= canonical.MediaType; form++ {
			if once := form.Of(text); form.Of(once) != once {
				t.Errorf("%d, %q: %q becomes %q", form, text, once, form.Of(once))
			}
			if once := form.Prefix(text); form.Prefix(once) != once {
				t.Errorf("%d, beginning %q: %q becomes %q", form, text, once, form.Prefix(once))
			}
		}
	})
}
