package analysis_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/clipperhouse/uax29/v2/words"

	"github.com/redthread-api/redthread/internal/search/analysis"
)

// Where the division into words is not tailored, it is that of Unicode.
func TestWordsAreThoseOfUnicode(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"The quick (“brown”) fox can’t jump 32 feet, right?",
		"Die Straße nach Łódź, über Gdańsk; więcej niż 3,14!",
		"Шахты и порты: что нового? Ещё ёлка — й.",
		"Η Αθήνα είναι η πρωτεύουσα της Ελλάδας.",
		"تقع مصر في شمال إفريقيا، وعاصمتها القاهرة.",
		"ירושלים היא בירת ישראל, ואוכלוסייתה גדולה.",
		"भारत गणराज्य दक्षिण एशिया में स्थित है।",
		"தமிழ் மொழி மிகவும் பழமையானது.",
		"საქართველო არის ქვეყანა; հայերեն լեզու։",
		"አዲስ አበባ የኢትዮጵያ ዋና ከተማ ናት።",
		"བོད་ཡིག",
	} {
		var want []string
		for segments := words.FromString(text); segments.Next(); {
			if s := segments.Value(); strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
				want = append(want, s)
			}
		}
		var got []string
		for _, token := range analysis.Words(text) {
			got = append(got, text[token.Start:token.End])
		}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("got %q\nwant %q", got, want)
		}
	}
}
