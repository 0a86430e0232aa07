package names_test

import (
	"math"
	"testing"
	"unicode/utf8"

	"github.com/redthread-api/redthread/internal/search/names"
)

// FuzzCompare checks that scores are from 0 to 1 and the same both ways, that a name is
// equal to itself, and that keys are bounded.
func FuzzCompare(f *testing.F) {
	for _, p := range judged(f) {
		f.Add(p.a, p.b)
	}
	for _, s := range []string{"", "!!!", "S.A.", "有限公司", "株式会社", "(주)", "Co., Ltd.", "\xff\xfe", "ッッー", "ab\u0301\u0301", "Iİıß", "1 2 3 4 5 6 7 8 9 10 11 12 13 14"} {
		f.Add(s, "Redline S.A.")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		there, back := match(a, b), match(b, a)
		if !(there.Score >= 0 && there.Score <= 1) {
			t.Errorf("got the score %v", there.Score)
		}
		if math.Abs(there.Score-back.Score) > 1e-6 {
			t.Errorf("got %v (%s) there and %v (%s) back", there.Score, there.Reason, back.Score, back.Reason)
		}
		if (there.Score == 0) != (there.Reason == names.None) {
			t.Errorf("got the score %v for %q", there.Score, there.Reason)
		}
		if m := match(a, a); a != "" && m.Score != 1 {
			t.Errorf("got %v for equal names", m)
		}
		n := names.Name{Text: a}
		if k := names.Keys(n); len(k) > 28 {
			t.Errorf("got %d keys: %q", len(k), k)
		}
		for _, s := range names.Forms(n) {
			if utf8.ValidString(a) && !utf8.ValidString(s) {
				t.Errorf("got the form %q", s)
			}
		}
	})
}
