package query_test

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/search/analysis"
	"github.com/redthread-api/redthread/internal/search/query"
)

// What people type from a published list of companies finds the row of the list: the
// name as it is written there, in other letter case, and without its punctuation.
func TestNamesOfAListAreFound(t *testing.T) {
	t.Parallel()
	const path = "../../../../shared/data/dod-chinese-military-companies.csv"
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the real list is not part of the project and is not beside it; nothing was tested")
	} else if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // nothing was written
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	names := 0
	for _, row := range rows[1:] {
		for _, name := range row[:4] {
			if strings.TrimSpace(name) == "" {
				continue
			}
			names++
			plain := strings.NewReplacer("(", " ", ")", " ", ",", " ", "*", "", ";", " ", "’", "'").Replace(name)
			for _, typed := range []string{name, strings.ToUpper(name), plain, `"` + name + `"`} {
				q := query.Parse(typed)
				if len(q.All) == 0 || q.Truncated {
					t.Errorf("%s: got %d clauses, truncated %v", typed, len(q.All), q.Truncated)
				}
				for _, c := range q.All {
					if c.Not || len(c.Any) != 1 {
						t.Errorf("%s: an operator was read in it: %s", typed, q)
						continue
					}
					if m := analysis.NewMatcher([][]analysis.Position{c.Any[0].Positions}); len(m.Spans(name, "en")) == 0 {
						t.Errorf("%s does not find %s: %s", typed, name, c.Any[0])
					}
				}
			}
		}
	}
	if names < 400 {
		t.Errorf("got %d names of %d rows", names, len(rows)-1)
	}
}
