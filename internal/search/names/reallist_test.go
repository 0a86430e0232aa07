package names_test

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/search/names"
)

// realCompanies returns the names of the companies on the published list, or skips.
func realCompanies(t *testing.T) []string {
	t.Helper()
	f, err := os.Open("../../../../shared/data/dod-chinese-military-companies.csv")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the list of companies is not beside the repository: ../shared/data/dod-chinese-military-companies.csv")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := slices.Index(rows[0], "Clean Name")
	var out []string
	for _, row := range rows[1:] {
		out = append(out, row[column])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// screen returns the best company for a name among those that share a key with it.
func screen(looked string, companies []names.PreparedName, index map[string][]int) (names.Match, int) {
	keys, least := names.QueryKeys(looked)
	shared := map[int]int{}
	for _, k := range keys {
		for _, i := range index[k] {
			shared[i]++
		}
	}
	p := names.Prepare(looked)
	best, at := names.Match{}, -1
	for i := range companies {
		if shared[i] < least {
			continue
		}
		if m := p.Compare(companies[i : i+1]); m.Score > best.Score {
			best, at = m, i
		}
	}
	return best, at
}

func TestRealList(t *testing.T) {
	t.Parallel()
	companies := realCompanies(t)
	// The list has some companies in two spellings.
	var different []string
	for _, a := range companies {
		if !slices.ContainsFunc(different, func(b string) bool { return match(a, b).Score == 1 }) {
			different = append(different, a)
		}
	}
	companies = different
	prepared := make([]names.PreparedName, len(companies))
	index := map[string][]int{}
	for i, c := range companies {
		n := names.Name{Text: c}
		prepared[i] = names.PrepareName(n)
		for _, k := range names.Keys(n) {
			index[k] = append(index[k], i)
		}
	}
	r := rand.New(rand.NewPCG(7, 8))
	changes := []struct {
		name   string
		change func(string) string
		least  float64 // the share that is found first, with a score of the threshold or more
	}{
		{"AsItIs", func(s string) string { return s }, 1},
		{"Capitals", strings.ToUpper, 0.99},
		{"OtherAbbreviations", func(s string) string {
			return strings.NewReplacer("Co., Ltd.", "Company Limited", "Co., Ltd", "Company Limited", "Limited", "Ltd", "Corporation", "Corp.").Replace(s)
		}, 0.99},
		{"WithoutLegalForm", func(s string) string {
			for _, form := range []string{" Company Limited", " Co., Ltd.", " Co., Ltd", " Ltd.", " Inc.", " Limited"} {
				s = strings.TrimSuffix(s, form)
			}
			return s
		}, 0.98},
		{"OneMistake", func(s string) string {
			c := []rune(s)
			i := len(c) / 2
			for c[i] == ' ' || c[i+1] == ' ' {
				i--
			}
			c[i], c[i+1] = c[i+1], c[i]
			return string(c)
		}, 0.93},
		{"OtherOrder", func(s string) string {
			words := strings.Fields(s)
			own := max(len(words)-2, 0) // without Co., Ltd.
			r.Shuffle(own, func(i, j int) { words[i], words[j] = words[j], words[i] })
			return strings.Join(words, " ")
		}, 0.93},
	}
	for _, c := range changes {
		found := 0
		for i, company := range companies {
			m, at := screen(c.change(company), prepared, index)
			if at == i && m.Score >= threshold {
				found++
			} else if at >= 0 && testing.Verbose() {
				t.Logf("%s: %q: got %q, %.3f %s", c.name, c.change(company), companies[at], m.Score, m.Reason)
			}
		}
		share := float64(found) / float64(len(companies))
		t.Logf("%-18s %d of %d found first", c.name, found, len(companies))
		if share < c.least {
			t.Errorf("%s: got %.3f found first, want %.2f", c.name, share, c.least)
		}
	}
	// Different companies of the list are rarely alike.
	alike := 0
	for i := range companies {
		p := names.Prepare(companies[i])
		for j := range i {
			if m := p.Compare(prepared[j : j+1]); m.Score >= threshold {
				alike++
				t.Logf("alike: %q and %q, %.3f %s", companies[i], companies[j], m.Score, m.Reason)
			}
		}
	}
	t.Logf("%d of %d pairs of companies score %.2f or more", alike, len(companies)*(len(companies)-1)/2, threshold)
	if alike > 40 {
		t.Errorf("got %d pairs that are alike, want at most 40", alike)
	}
}
