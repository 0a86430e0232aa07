package ownership_test

import (
	"os"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge/ownership"
)

// handCase is a case of testdata/cases.txt, which describes the notation.
type handCase struct {
	says     string
	rule     ownership.Rule
	params   ownership.Params
	listed   []domain.ID
	stakes   []ownership.Stake
	controls []ownership.Control
	want     [][3]string // what, entity, expected
}

func handCases(t *testing.T) []handCase {
	t.Helper()
	raw, err := os.ReadFile("testdata/cases.txt")
	if err != nil {
		t.Fatal(err)
	}
	var cases []handCase
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if s, ok := strings.CutPrefix(line, "case: "); ok {
			cases = append(cases, handCase{says: s, params: ownership.Params{AsOf: today}, rule: rule(t, "OFAC")})
			continue
		}
		c := &cases[len(cases)-1]
		if s, ok := parseStake(t, line); ok {
			s.ID = domain.ID(len(c.stakes) + 1)
			c.stakes = append(c.stakes, s)
			continue
		}
		if m := controlLine.FindStringSubmatch(line); m != nil {
			c.controls = append(c.controls, ownership.Control{
				ID: domain.ID(len(c.controls) + 1), Controller: entity(m[1]), Controlled: entity(m[2]),
				Since: domain.Date(m[3]), Until: domain.Date(m[4]), Confidence: m[5],
			})
			continue
		}
		key, value, ok := strings.Cut(line, ": ")
		if !ok {
			key, ok = strings.CutSuffix(line, ":")
		}
		if !ok {
			t.Fatalf("%q is no line of a case", line)
		}
		switch what, of, _ := strings.Cut(key, " "); what {
		case "rule":
			c.rule = ruleOn(t, value, c.params.AsOf)
		case "listed":
			c.listed = names(value)
		case "as": // as of
			c.params.AsOf = domain.Date(value)
		case "certain":
			c.params.Certain = value
		default:
			c.want = append(c.want, [3]string{what, of, value})
		}
	}
	return cases
}

func TestCases(t *testing.T) {
	t.Parallel()
	cases := handCases(t)
	if len(cases) < 40 {
		t.Fatalf("got %d cases, want at least 40", len(cases))
	}
	for _, c := range cases {
		t.Run(strings.TrimSuffix(c.says, "."), func(t *testing.T) {
			t.Parallel()
			if len(c.want) == 0 {
				t.Fatal("the case expects nothing")
			}
			g, err := ownership.New(c.stakes, c.params)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range c.want {
				d, err := g.Decide(ownership.Query{Target: entity(w[1]), Rule: c.rule, Listed: c.listed, Controls: c.controls})
				if err != nil {
					t.Fatal(err)
				}
				if got := c.read(t, g, d, w[0]); got != w[2] {
					t.Errorf("%s of %s: got %q, want %q", w[0], w[1], got, w[2])
				}
			}
			c.reachAgrees(t, g)
		})
	}
}

// read returns one aspect of a decision in the notation.
func (c handCase) read(t *testing.T, g *ownership.Graph, d ownership.Decision, what string) string {
	t.Helper()
	switch what {
	case "verdict":
		return string(d.Verdict) + " " + rangeText(d.Held)
	case "through":
		return nameOf(d.Through)
	case "holders":
		return each(d.Holders, func(h ownership.Holder) string {
			if !h.Sure {
				return nameOf(h.Stake.Owner) + "? " + rangeText(h.Share)
			}
			return nameOf(h.Stake.Owner) + " " + rangeText(h.Share)
		})
	case "chains":
		return each(d.Chains, chainText)
	case "open":
		return each(d.Open, func(o ownership.OpenStake) string {
			return stepText(o.Step) + " " + string(o.AtMin) + "/" + string(o.AtMax)
		})
	case "doubts":
		return each(d.Open, func(o ownership.OpenStake) string {
			return stepText(o.Step) + " " + each(o.Doubts, func(d ownership.Doubt) string { return string(d) })
		})
	case "contradictions":
		return each(d.Contradictions, func(c ownership.Contradiction) string { return nameOf(c.Entity) + " " + c.Sum.String() })
	case "controls":
		return each(d.Controls, func(f ownership.ControlFlag) string {
			text := nameOf(f.Control.Controller) + "=>" + nameOf(f.Control.Controlled)
			if !f.Sure {
				text += "?"
			}
			return text
		})
	case "economic":
		e := g.Economic(d.Entity, c.listed, 0)
		if !e.Exact {
			return "about " + rangeText(e.Held)
		}
		return rangeText(e.Held)
	case "products":
		return each(g.Economic(d.Entity, c.listed, 0).Chains, func(c ownership.Chain) string {
			return chainText(c) + " " + rangeText(c.Share)
		})
	}
	t.Fatalf("%q is no aspect of a decision", what)
	return ""
}

// reachAgrees checks that the report over all entities has the same findings as the
// decisions one by one.
func (c handCase) reachAgrees(t *testing.T, g *ownership.Graph) {
	t.Helper()
	report, err := g.Reach(c.rule, c.listed)
	if err != nil {
		t.Fatal(err)
	}
	found := map[domain.ID]ownership.Finding{}
	for _, f := range report.Findings {
		found[f.Entity] = f
	}
	for _, s := range c.stakes {
		for _, id := range []domain.ID{s.Owner, s.Owned} {
			d, err := g.Decide(ownership.Query{Target: id, Rule: c.rule, Listed: c.listed})
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := found[id]; ok && got != d.Finding || !ok && d.Verdict != ownership.NotBlocked {
				t.Errorf("report on %s: got %+v, want %+v", nameOf(id), got, d.Finding)
			}
		}
	}
}
