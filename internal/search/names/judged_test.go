package names_test

import (
	_ "embed"
	"slices"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/search/names"
)

//go:embed testdata/judged.txt
var judgedFile string

// threshold is the score at which the judged pairs are counted as matches.
const threshold = 0.85

// listed is the score from which matches are listed by default.
const listed = 0.8

type judgedPair struct {
	class, a, b    string
	same, possible bool
}

func judged(t testing.TB) []judgedPair {
	t.Helper()
	var out []judgedPair
	for line := range strings.Lines(judgedFile) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, " | ")
		if len(f) != 4 || !slices.Contains([]string{"same", "possible", "different"}, f[1]) {
			t.Fatalf("%q is not: class | same, possible or different | name | name", line)
		}
		out = append(out, judgedPair{class: f[0], same: f[1] == "same", possible: f[1] == "possible", a: f[2], b: f[3]})
	}
	return out
}

func match(a, b string) names.Match {
	p := names.Prepare(a)
	return p.Compare([]names.PreparedName{names.PrepareName(names.Name{Text: b})})
}

// TestJudgedPairs holds precision and recall of the judged pairs to a floor.
func TestJudgedPairs(t *testing.T) {
	t.Parallel()
	const floor = 0.99
	pairs := judged(t)
	if len(pairs) < 120 {
		t.Fatalf("got %d judged pairs, want at least 120", len(pairs))
	}
	type counts struct{ hit, missed, wrong, right int }
	all := counts{}
	classes := map[string]*counts{}
	for _, p := range pairs {
		c := classes[p.class]
		if c == nil {
			c = &counts{}
			classes[p.class] = c
		}
		m := match(p.a, p.b)
		if p.possible {
			if m.Score < listed {
				t.Errorf("%s: %q may be %q, got %.3f %s, want at least %.2f", p.class, p.a, p.b, m.Score, m.Reason, listed)
			}
			continue
		}
		switch found := m.Score >= threshold; {
		case found && p.same:
			c.hit++
			all.hit++
		case found:
			c.wrong++
			all.wrong++
			t.Logf("%s: %q and %q are different, got %.3f %s", p.class, p.a, p.b, m.Score, m.Reason)
		case p.same:
			c.missed++
			all.missed++
			t.Logf("%s: %q and %q are the same, got %.3f %s", p.class, p.a, p.b, m.Score, m.Reason)
		default:
			c.right++
			all.right++
		}
	}
	for name, c := range classes {
		t.Logf("%-12s %3d same, %d missed; %3d different, %d matched", name, c.hit+c.missed, c.missed, c.right+c.wrong, c.wrong)
	}
	precision := float64(all.hit) / float64(all.hit+all.wrong)
	recall := float64(all.hit) / float64(all.hit+all.missed)
	t.Logf("%d pairs: precision %.3f, recall %.3f at %.2f", len(pairs), precision, recall, threshold)
	if precision < floor || recall < floor {
		t.Errorf("got precision %.3f and recall %.3f, want at least %.2f", precision, recall, floor)
	}
}

// TestKeysFindCandidates checks what QueryKeys promises on the judged pairs, both ways.
func TestKeysFindCandidates(t *testing.T) {
	t.Parallel()
	for _, p := range judged(t) {
		for _, side := range [2][2]string{{p.a, p.b}, {p.b, p.a}} {
			m := match(side[0], side[1])
			if m.Score < 0.8 {
				continue
			}
			query, least := names.QueryKeys(side[0])
			keys := names.Keys(names.Name{Text: side[1]})
			shared := 0
			for _, k := range query {
				if slices.Contains(keys, k) {
					shared++
				}
			}
			if shared < least {
				t.Errorf("%q and %q score %.2f but share %d keys, want %d: %q and %q", side[0], side[1], m.Score, shared, least, query, keys)
			}
		}
	}
}
