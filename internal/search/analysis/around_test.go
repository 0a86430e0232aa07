package analysis_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/search/analysis"
)

// Fragments around places: cut between words, each place in one of them.
func TestAround(t *testing.T) {
	t.Parallel()
	around := func(text, mark string, size, limit int) []string {
		var places []analysis.Span
		for at := 0; ; {
			i := strings.Index(text[at:], mark)
			if i < 0 {
				break
			}
			places = append(places, analysis.Span{Start: at + i, End: at + i + len(mark)})
			at += i + len(mark)
		}
		var out []string
		for _, s := range analysis.Around(text, "en", places, size, limit) {
			out = append(out, analysis.HTML(s))
		}
		return out
	}
	long := strings.Repeat("filler words ", 40)
	for _, test := range []struct {
		text, mark  string
		size, limit int
		want        []string
	}{
		{"a quay & more", "quay", 40, 3, []string{"a <mark>quay</mark> &amp; more"}},
		{long + "the quay, and the quay. " + long + "one quay.", "quay", 60, 3, []string{"…words the <mark>quay</mark>, and the <mark>quay</mark>. filler words filler words…", "…words one <mark>quay</mark>."}},
		{long + "the quay, and the quay. " + long + "one quay.", "quay", 60, 1, []string{"…words the <mark>quay</mark>, and the <mark>quay</mark>. filler words filler words…"}},
		{"经过长时间的谈判之后，码头公司签署了租约，租期为五十年。", "码头公司", 24, 1, []string{"…之后，<mark>码头公司</mark>签署了租约…"}},
		{"quayquay", "quay", 4, 5, []string{"<mark>quay</mark>…", "…<mark>quay</mark>"}},
		{"none", "quay", 40, 3, nil},
		{"quay", "quay", 40, 0, nil},
	} {
		if d := cmp.Diff(test.want, around(test.text, test.mark, test.size, test.limit)); d != "" {
			t.Errorf("%.40q (-want +got):\n%s", test.text, d)
		}
	}
}
