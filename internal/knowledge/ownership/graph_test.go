package ownership_test

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge/ownership"
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		params ownership.Params
		change func(*ownership.Stake)
	}{
		"a year as the day":         {params: ownership.Params{AsOf: "2024"}},
		"no day":                    {},
		"a day not in the calendar": {params: ownership.Params{AsOf: "2023-02-29"}},
		"an unknown confidence":     {params: ownership.Params{AsOf: today, Certain: "SURE"}},
		"Min over Max":              {change: func(s *ownership.Stake) { s.Share = ownership.Range{Min: 2, Max: 1} }},
		"more than all":             {change: func(s *ownership.Stake) { s.Share.Max = domain.FullShare + 1 }},
		"less than nothing":         {change: func(s *ownership.Stake) { s.Share.Min = -1 }},
		"a date that is none":       {change: func(s *ownership.Stake) { s.Until = "soon" }},
		"an id that is there twice": {change: func(s *ownership.Stake) { s.ID = 2 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list := stakes(t, "X -> A 50", "X -> B 50")
			if tc.change != nil {
				tc.params.AsOf = today
				tc.change(&list[0])
			}
			if _, err := ownership.New(list, tc.params); domain.KindOf(err) != domain.KindInvalid {
				t.Errorf("got %v, want an error of KindInvalid", err)
			}
		})
	}
}

func TestRuleRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*ownership.Rule){
		"no comparison":                  func(r *ownership.Rule) { r.Comparison = "" },
		"more than 100":                  func(r *ownership.Rule) { r.Threshold = domain.FullShare + 1 },
		"at least nothing":               func(r *ownership.Rule) { r.Threshold = 0 },
		"less than nothing":              func(r *ownership.Rule) { r.Threshold = -1 },
		"a comparison of another letter": func(r *ownership.Rule) { r.Comparison = "at_least" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rule(t, "OFAC")
			change(&r)
			g := graph(t, "X -> A 50")
			_, err := g.Decide(ownership.Query{Target: entity("A"), Rule: r, Listed: names("X")})
			_, reachErr := g.Reach(r, names("X"))
			if domain.KindOf(err) != domain.KindInvalid || domain.KindOf(reachErr) != domain.KindInvalid {
				t.Errorf("got %v and %v, want errors of KindInvalid", err, reachErr)
			}
		})
	}
}

// On each day there is one rule of an authority, with no gap and no overlap.
func TestRulesFollowEachOther(t *testing.T) {
	t.Parallel()
	for _, day := range []domain.Date{"1990-01-01", "2024-07-02", "2024-07-03", "2100-01-01"} {
		applying := map[string]int{}
		for _, r := range ownership.Rules() {
			if r.AppliesOn(day) {
				applying[r.Authority]++
			}
		}
		if want := map[string]int{"EU": 1, "OFAC": 1, "UK": 1}; !maps.Equal(applying, want) {
			t.Errorf("on %s there are the rules %v, want %v", day, applying, want)
		}
	}
}

func TestKnownRulesAreComplete(t *testing.T) {
	t.Parallel()
	for _, r := range ownership.Rules() {
		u, err := url.Parse(r.URL)
		if err = errors.Join(err, r.Validate()); err != nil || u.Scheme != "https" || r.Title == "" || r.Authority == "" {
			t.Errorf("rule of %q: %v, title %q, address %q", r.Authority, err, r.Title, r.URL)
		}
	}
}

func TestFindRule(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		authority, programme string
		found                bool
	}{
		{"OFAC", "", true},
		{"OFAC", "RUSSIA-EO14024", true},
		{"OFAC", "CMIC-EO13959", false},
		{"EU", "", true},
		{"UK", "", true},
		{"U.S. Department of Defense", "", false},
		{"", "", false},
	} {
		r, ok := ownership.FindRule(tc.authority, tc.programme, today)
		if ok != tc.found || ok && r.Authority != tc.authority {
			t.Errorf("rule for %q %q: got %q, %t, want found %t", tc.authority, tc.programme, r.Authority, ok, tc.found)
		}
	}
	if own := (ownership.Rule{Authority: "A", Programme: "P"}); !own.Covers("A", "P") || own.Covers("A", "Q") || own.Covers("B", "P") {
		t.Error("a rule for one programme covers others, or not its own")
	}
}

func TestListingThatDoesNotCount(t *testing.T) {
	t.Parallel()
	r := rule(t, "AT_LEAST 50")
	r.ListingCounts = false
	g := graph(t, "X -> A 60", "A -> B 60", "Y -> X 30")
	for name, want := range map[string]ownership.Verdict{
		"X": ownership.NotBlocked, "A": ownership.Blocked, "B": ownership.Blocked, "Z": ownership.NotBlocked,
	} {
		d, err := g.Decide(ownership.Query{Target: entity(name), Rule: r, Listed: names("X Y Z")})
		if err != nil || d.Verdict != want {
			t.Errorf("verdict on %s: got %s, %v, want %s", name, d.Verdict, err, want)
		}
	}
}

func TestReachReportsEverythingThatIsReached(t *testing.T) {
	t.Parallel()
	g := graph(t,
		"X -> A 60", "A -> B 50", "X -> C 40..60", "C -> D 100", "N -> E 100", "X -> F 10",
		"N -> A 60", "N -> E 1", // contradictions, the second one out of reach
	)
	report, err := g.Reach(rule(t, "OFAC"), names("X Y X"))
	if err != nil {
		t.Fatal(err)
	}
	got := each(report.Findings, func(f ownership.Finding) string {
		return fmt.Sprintf("%s %s %s", nameOf(f.Entity), f.Verdict, rangeText(f.Held))
	})
	want := "A BLOCKED_BY_OWNERSHIP 60, B BLOCKED_BY_OWNERSHIP 50, C UNDETERMINED 40..60, D UNDETERMINED 0..100, X LISTED 0, Y LISTED 0"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if diff := cmp.Diff([]ownership.Contradiction{{Entity: entity("A"), Sum: share(t, "100") + share(t, "20")}}, report.Contradictions); diff != "" {
		t.Errorf("contradictions (-want +got):\n%s", diff)
	}
}

func TestEntityWithoutStakes(t *testing.T) {
	t.Parallel()
	g := graph(t, "X -> A 60")
	q := ownership.Query{
		Target: entity("Q"), Rule: rule(t, "OFAC"), Listed: names("X Y"),
		Controls: []ownership.Control{{ID: 1, Controller: entity("Y"), Controlled: entity("Q")}},
	}
	d, err := g.Decide(q)
	if err != nil || d.Verdict != ownership.NotBlocked || len(d.Controls) != 1 {
		t.Errorf("got %+v, %v, want NOT_BLOCKED with a flag", d, err)
	}
	q.Target = entity("Y")
	if d, err := g.Decide(q); err != nil || d.Verdict != ownership.Listed {
		t.Errorf("got %s, %v, want LISTED", d.Verdict, err)
	}
	if e := g.Economic(entity("Q"), names("X"), 0); e.Held != ownership.Exactly(0) || !e.Exact {
		t.Errorf("got %+v, want exactly 0", e)
	}
	if up, down := g.Owners(entity("Q"), ownership.WalkParams{}), g.Holdings(entity("Q"), ownership.WalkParams{}); len(up.Holdings)+len(down.Holdings) > 0 {
		t.Errorf("got %v and %v, want nothing", up, down)
	}
}

func TestOrderOfStakesMakesNoDifference(t *testing.T) {
	t.Parallel()
	list := stakes(t, "X -> A 25..60", "X -> B 60", "B -> A 10..20", "Y -> A 10", "A -> C 50", "B -> C 20", "A -> B 10")
	q := ownership.Query{Target: entity("C"), Rule: rule(t, "OFAC"), Listed: names("Y X"), Limit: 3}
	var first ownership.Decision
	for shift := range list {
		turned := append(append([]ownership.Stake{}, list[shift:]...), list[:shift]...)
		g, err := ownership.New(turned, ownership.Params{AsOf: today})
		if err != nil {
			t.Fatal(err)
		}
		d, err := g.Decide(q)
		if err != nil {
			t.Fatal(err)
		}
		if shift == 0 {
			first = d
		}
		if diff := cmp.Diff(first, d); diff != "" {
			t.Errorf("stakes from number %d on first (-want +got):\n%s", shift, diff)
		}
	}
	if len(first.Chains) != 3 || !first.Truncated {
		t.Errorf("got %d chains, truncated %t, want 3 of more", len(first.Chains), first.Truncated)
	}
}

func walkText(w ownership.Walk) string {
	return each(w.Holdings, func(h ownership.Holding) string {
		return fmt.Sprintf("%s %d %s", nameOf(h.Entity), h.Depth, rangeText(h.Share))
	})
}

func TestWalks(t *testing.T) {
	t.Parallel()
	g := graph(t, "X -> A 50", "X -> C 10", "A -> B 40..60", "B -> C 50", "N -> A 50", "C -> D 100")
	for name, tc := range map[string]struct {
		got  ownership.Walk
		want string
		more bool
	}{
		"owners":              {got: g.Owners(entity("C"), ownership.WalkParams{}), want: "B 1 50, X 1 20..25, A 2 20..30, N 3 10..15"},
		"holdings":            {got: g.Holdings(entity("X"), ownership.WalkParams{}), want: "A 1 50, C 1 20..25, B 2 20..30, D 2 20..25"},
		"owners to a depth":   {got: g.Owners(entity("C"), ownership.WalkParams{Depth: 1}), want: "B 1 50, X 1 20..25"},
		"holdings to a depth": {got: g.Holdings(entity("X"), ownership.WalkParams{Depth: 1}), want: "A 1 50, C 1 20..25"},
		"owners to a limit":   {got: g.Owners(entity("C"), ownership.WalkParams{Limit: 3}), want: "B 1 50, X 1 20..25, A 2 20..30", more: true},
		"all owners exactly":  {got: g.Owners(entity("C"), ownership.WalkParams{Limit: 4}), want: "B 1 50, X 1 20..25, A 2 20..30, N 3 10..15"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := walkText(tc.got); got != tc.want || tc.got.Truncated != tc.more {
				t.Errorf("got %s, truncated %t, want %s, truncated %t", got, tc.got.Truncated, tc.want, tc.more)
			}
		})
	}
}

func TestHoldersCarryTheStakeAsItWasStated(t *testing.T) {
	t.Parallel()
	g := graph(t, "X -> A 60 [2024..] PROBABLE")
	d, err := g.Decide(ownership.Query{Target: entity("A"), Rule: rule(t, "OFAC"), Listed: names("X")})
	if err != nil {
		t.Fatal(err)
	}
	want := []ownership.Holder{{Sure: true, Step: ownership.Step{
		Stake: ownership.Stake{
			ID: 1, Owner: entity("X"), Owned: entity("A"), Share: ownership.Exactly(share(t, "60")), Since: "2024", Confidence: "PROBABLE",
		},
		Share: ownership.Range{Max: share(t, "60")}, Doubts: []ownership.Doubt{ownership.UncertainDate},
	}}}
	if diff := cmp.Diff(want, d.Holders); diff != "" {
		t.Errorf("holders (-want +got):\n%s", diff)
	}
	if got := strings.Join([]string{chainText(d.Chains[0]), rangeText(d.Chains[0].Share)}, " "); got != "X>A? 0..60" {
		t.Errorf("got %s, want X>A? 0..60", got)
	}
}
