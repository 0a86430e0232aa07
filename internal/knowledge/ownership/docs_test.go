package ownership_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge/ownership"
)

// manual returns the part of docs/knowledge.md under a heading.
func manual(t *testing.T, heading string) string {
	t.Helper()
	raw, err := os.ReadFile("../../../docs/knowledge.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, ok := strings.Cut(string(raw), "\n"+heading+"\n")
	if !ok {
		t.Fatalf("docs/knowledge.md has no heading %q", heading)
	}
	part, _, _ = strings.Cut(part, "\n#")
	return part
}

// rows returns the cells of the rows of a table whose first cell is not empty.
func rows(table string) [][]string {
	var out [][]string
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || strings.HasPrefix(strings.TrimSpace(cells[1]), "---") {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		out = append(out, cells[1:len(cells)-1])
	}
	return out[1:]
}

func TestManualsCases(t *testing.T) {
	t.Parallel()
	cases := rows(manual(t, "### Worked cases"))
	if len(cases) < 5 {
		t.Fatalf("got %d cases, want at least 5", len(cases))
	}
	for _, c := range cases {
		t.Run(c[0], func(t *testing.T) {
			t.Parallel()
			text := strings.NewReplacer("→", "->", "unknown", "?", "since 2019", "[2019..]").Replace(c[0])
			text, asOf, _ := strings.Cut(text, ", as of ")
			day := map[string]domain.Date{"": today, "1 July 2019": "2019-07-01"}[asOf]
			g, err := ownership.New(stakes(t, strings.Split(text, ", ")...), ownership.Params{AsOf: day})
			if err != nil {
				t.Fatal(err)
			}
			d, err := g.Decide(ownership.Query{Target: entity("T"), Rule: rule(t, "OFAC"), Listed: names("X")})
			if err != nil {
				t.Fatal(err)
			}
			if got := "`" + string(d.Verdict) + "`"; got != c[1] {
				t.Errorf("verdict: got %s, want %s", got, c[1])
			}
			if got := strings.ReplaceAll(rangeText(d.Held), "..", " to "); got != c[2] {
				t.Errorf("held: got %s, want %s", got, c[2])
			}
			if m := regexp.MustCompile(`the economic share is ([\d.]+)`).FindStringSubmatch(c[3]); m != nil {
				if got := rangeText(g.Economic(entity("T"), names("X"), 0).Held); got != strings.TrimSuffix(m[1], ".") {
					t.Errorf("economic share: got %s, want %s", got, m[1])
				}
			}
		})
	}
}

// day writes a day, or one some days from it, as the manual does.
func day(t *testing.T, d domain.Date, later int) string {
	t.Helper()
	at, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		t.Fatal(err)
	}
	return at.AddDate(0, 0, later).Format("2 January 2006")
}

func TestManualsRules(t *testing.T) {
	t.Parallel()
	table := rows(manual(t, "### The rule"))
	for _, r := range ownership.Rules() {
		threshold, together, control := "50 or more", "add up", "is a test of its own"
		if r.Comparison == ownership.MoreThan {
			threshold = "more than 50"
		}
		if !r.Together {
			together = "do not add up"
		}
		if !r.ControlTest {
			control = "is not part of the rule"
		}
		when := ""
		if r.Since != "" {
			when = ", since " + day(t, r.Since, 0)
		} else if r.Until != "" {
			when = ", until " + day(t, r.Until, -1)
		}
		found := false
		for _, row := range table {
			if !strings.HasPrefix(row[0], "`"+r.Authority+"`"+when) {
				continue
			}
			found = true
			if !strings.HasPrefix(row[1], threshold) || row[2] != together || row[3] != control || !strings.Contains(row[4], "("+r.URL+")") {
				t.Errorf("row %q is not the rule %+v", row, r)
			}
			for _, programme := range r.Except {
				if !strings.Contains(row[0], "`"+programme+"`") {
					t.Errorf("row %q lacks the exception %s", row, programme)
				}
			}
		}
		if !found {
			t.Errorf("the manual has no row for %s", r.Authority)
		}
	}
}
