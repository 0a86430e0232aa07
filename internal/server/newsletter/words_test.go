package newsletter

import (
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/redthread-api/redthread/internal/newsletter"
)

// Each language has all words, with the same names to be replaced.
func TestWords(t *testing.T) {
	t.Parallel()
	names := regexp.MustCompile(`\{\w+\}`)
	of := func(text string) []string { return slices.Sorted(slices.Values(names.FindAllString(text, -1))) }
	want := reflect.ValueOf(english())
	for _, tag := range newsletter.Languages() {
		got := reflect.ValueOf(wordsIn(tag))
		if languageName(tag) == "" {
			t.Errorf("%s has no name", tag)
		}
		for i := range got.NumField() {
			text, model := got.Field(i).String(), want.Field(i).String()
			if text == "" || tag != "en" && text == model || !slices.Equal(of(text), of(model)) {
				t.Errorf("%s, %s: got %q for %q", tag, got.Type().Field(i).Name, text, model)
			}
		}
	}
}
