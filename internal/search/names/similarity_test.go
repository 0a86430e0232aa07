package names_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/redthread-api/redthread/internal/search/names"
)

// TestJaroWinklerTable compares with the pairs and values that Winkler published: table
// 6 of "Advanced Methods for Record Linkage" (1994) and its successors.
func TestJaroWinklerTable(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		a, b          string
		jaro, winkler float64
	}{
		{"SHACKLEFORD", "SHACKELFORD", 0.970, 0.982},
		{"DUNNINGHAM", "CUNNIGHAM", 0.896, 0.896},
		{"NICHLESON", "NICHULSON", 0.926, 0.956},
		{"JONES", "JOHNSON", 0.790, 0.832},
		{"MASSEY", "MASSIE", 0.889, 0.933},
		{"ABROMS", "ABRAMS", 0.889, 0.922},
		{"HARDIN", "MARTINEZ", 0.722, 0.722},
		{"ITMAN", "SMITH", 0.467, 0.467},
		{"JERALDINE", "GERALDINE", 0.926, 0.926},
		{"MARHTA", "MARTHA", 0.944, 0.961},
		{"MICHELLE", "MICHAEL", 0.869, 0.921},
		{"JULIES", "JULIUS", 0.889, 0.933},
		{"TANYA", "TONYA", 0.867, 0.880},
		{"DWAYNE", "DUANE", 0.822, 0.840},
		{"SEAN", "SUSAN", 0.783, 0.805},
		{"JON", "JOHN", 0.917, 0.933},
		{"DIXON", "DICKSONX", 0.767, 0.813},
	} {
		t.Run(row.a+"_"+row.b, func(t *testing.T) {
			t.Parallel()
			if got := names.Jaro(row.a, row.b); math.Abs(got-row.jaro) > 0.0006 {
				t.Errorf("Jaro: got %.4f, want %.3f", got, row.jaro)
			}
			if got := names.JaroWinkler(row.a, row.b); math.Abs(got-row.winkler) > 0.0006 {
				t.Errorf("Jaro-Winkler: got %.4f, want %.3f", got, row.winkler)
			}
			if there, back := names.Jaro(row.a, row.b), names.Jaro(row.b, row.a); math.Abs(there-back) > 1e-9 {
				t.Errorf("got %.4f there and %.4f back", there, back)
			}
		})
	}
}

func TestJaroWinklerComparesCharacters(t *testing.T) {
	t.Parallel()
	// The last of three characters differs: two of three are shared, with their prefix.
	want := (2.0/3+2.0/3+1)/3 + 2*0.1*(1-(2.0/3+2.0/3+1)/3)
	if got := names.JaroWinkler("김정은", "김정일"); math.Abs(got-want) > 1e-9 {
		t.Errorf("got %.4f, want %.4f", got, want)
	}
}

func TestEdits(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		a, b string
		most int
		want int
	}{
		{"", "", 3, 0},
		{"kitten", "sitting", 5, 3},
		{"sunday", "saturday", 5, 3},
		{"ca", "abc", 5, 3}, // optimal string alignment; the unrestricted distance is 2
		{"martha", "marhta", 5, 1},
		{"a", "abcdef", 2, 3}, // more than most is most + 1
		{"김정은", "김정일", 3, 1},
	} {
		t.Run(fmt.Sprintf("%s_%s", row.a, row.b), func(t *testing.T) {
			t.Parallel()
			if got := names.Edits(row.a, row.b, row.most); got != row.want {
				t.Errorf("got %d, want %d", got, row.want)
			}
			if got := names.Edits(row.b, row.a, row.most); got != row.want {
				t.Errorf("the other way round: got %d, want %d", got, row.want)
			}
		})
	}
}
