package names_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/search/names"
)

// misspelt returns a name with a letter removed, doubled, changed, or swapped with the
// next, or with its words in another order.
func misspelt(r *rand.Rand, name string) string {
	c := []rune(name)
	i := r.IntN(len(c))
	switch r.IntN(5) {
	case 0:
		return string(slices.Delete(c, i, i+1))
	case 1:
		return string(slices.Insert(c, i, c[i]))
	case 2:
		c[i] = 'a' + rune(r.IntN(26))
		return string(c)
	case 3:
		if i+1 < len(c) {
			c[i], c[i+1] = c[i+1], c[i]
		}
		return string(c)
	default:
		words := strings.Fields(name)
		r.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
		return strings.Join(words, " ")
	}
}

func shared(t *testing.T, looked string, entity names.Name) (n, least int) {
	t.Helper()
	query, least := names.QueryKeys(looked)
	keys := names.Keys(entity)
	for _, k := range query {
		if slices.Contains(keys, k) {
			n++
		}
	}
	return n, least
}

// TestKeysFindMisspeltNames checks what QueryKeys promises on names with random
// mistakes: it may miss one in a thousand.
func TestKeysFindMisspeltNames(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	all, missed := 0, 0
	for _, name := range invented(r, 4000) {
		other := misspelt(r, name)
		if r.IntN(4) == 0 {
			other = misspelt(r, other)
		}
		m := match(other, name)
		if m.Score < 0.8 {
			continue
		}
		all++
		if n, least := shared(t, other, names.Name{Text: name}); n < least {
			missed++
			t.Logf("%q and %q score %.2f and share %d keys", other, name, m.Score, n)
		}
	}
	t.Logf("%d pairs, %d missed", all, missed)
	if all < 2000 || missed*1000 > all {
		t.Errorf("got %d missed of %d pairs", missed, all)
	}
}

func TestKeysAreFew(t *testing.T) {
	t.Parallel()
	total := 0
	all := append(invented(rand.New(rand.NewPCG(5, 6)), 1000), "Сергей Александрович Кузнецов", "黄小明", "김민호", "北京红线远景科技股份有限公司")
	for _, name := range all {
		n := len(names.Keys(names.Name{Text: name}))
		if n == 0 || n > 28 {
			t.Errorf("%q: got %d keys, want from 1 to 28", name, n)
		}
		total += n
	}
	if mean := float64(total) / float64(len(all)); mean > 12 {
		t.Errorf("got %.1f keys a name, want at most 12", mean)
	}
}
