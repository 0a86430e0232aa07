package collation_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"github.com/redthread-api/redthread/internal/collation"
)

func byKey(a, b string) int { return bytes.Compare(collation.Key(a), collation.Key(b)) }

func TestKeysOrderForPeople(t *testing.T) {
	t.Parallel()
	want := []string{
		"", "(in brackets)", "10", "9", "a-b", "ab", "Äpfel", "apple", "Banana", "đ", "Danube", "ďas", "e", "E", "é", "Émile", "ezra",
		"Lodz", "Łódź", "Lotus", "Mary", "Øre", "Ostrava", "Zebra", "жук", "سلام", "김정은", "中国",
	}
	got := slices.Clone(want)
	rand.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
	slices.SortFunc(got, byKey)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// letters are of many scripts, with what is special about them in collation:
// accents alone, contractions, ideographs outside of the basic plane, letters
// that stand for others, and what is not seen.
var letters = []rune("abcABCäöüÄÖÜłŁøØéèêzZ019 -_.,'\"()/中国汉字龍𠮷한국김정은ㄱжукЖёйЙسلامعかカガがアァー゛①½ﬁ😀₿ßſİıªº\u0301\u0308\u030a\u0323\u0e40\u0e01ເກ\u200d\u00ad")

func randomText(r *rand.Rand, most int) string {
	var b strings.Builder
	for range r.IntN(most) {
		b.WriteRune(letters[r.IntN(len(letters))])
	}
	return b.String()
}

// Bytes compare as the collator compares texts, and two ways to encode an accent
// are one text.
func TestKeysCompareAsTheCollatorDoes(t *testing.T) {
	t.Parallel()
	c := collate.New(language.Und)
	r := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		a, b := norm.NFC.String(randomText(r, 8)), norm.NFC.String(randomText(r, 8))
		if r.IntN(3) == 0 {
			b = norm.NFC.String(a + b)
		}
		if got, want := byKey(a, b), c.CompareString(a, b); got != want && a != "" && b != "" {
			t.Fatalf("%q and %q: got %d, want %d", a, b, got, want)
		}
		if byKey(a, norm.NFD.String(a)) != 0 {
			t.Fatalf("%q has two keys", a)
		}
	}
}

func TestLongKeys(t *testing.T) {
	t.Parallel()
	for text, whole := range map[string]bool{
		strings.Repeat("a", 300): true, strings.Repeat("中", 300): true, strings.Repeat("𠮷", 300): true, strings.Repeat("Щ", 300): true,
		strings.Repeat("한", 300): false, strings.Repeat("ﷺ", 300): false,
	} {
		key := collation.Key(text)
		if len(key) > collation.MaxKey || len(key) < collation.MaxKey != whole {
			t.Errorf("%.6s…: got %d bytes", text, len(key))
		}
	}
}

func TestKeysAreMadeConcurrently(t *testing.T) {
	t.Parallel()
	want := collation.Key("Łódź")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				if got := collation.Key("Łódź"); !bytes.Equal(got, want) {
					t.Errorf("got %x, want %x", got, want)
					return
				}
				collation.Key("another, 中国")
			}
		})
	}
	wg.Wait()
}
