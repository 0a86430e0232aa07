package ownership_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge/ownership"
)

// The notation of stakes in tests. A name of at most seven letters is an entity:
//
//	X -> A 50                          X holds 50 percent of A
//	X -> A 30..60                      between 30 and 60
//	X -> A ? [2019..2021-05] POSSIBLE  an unknown share, since 2019, until May 2021
//	X => A [..2020]                    X controls A until 2020

var (
	stakeLine   = regexp.MustCompile(`^(\w+) -> (\w+) (\S+)(?: \[(.*)\.\.(.*)\])?(?: ([A-Z]+))?$`)
	controlLine = regexp.MustCompile(`^(\w+) => (\w+)(?: \[(.*)\.\.(.*)\])?(?: ([A-Z]+))?$`)
)

// entity returns the id of a name: its letters, so that ids sort as names do.
func entity(name string) domain.ID {
	var id domain.ID
	for i := range 7 {
		id <<= 8
		if i < len(name) {
			id |= domain.ID(name[i])
		}
	}
	return id
}

// nameOf returns the name of an entity.
func nameOf(id domain.ID) string {
	var b []byte
	for i := range 7 {
		if c := byte(id >> (8 * (6 - i))); c != 0 {
			b = append(b, c)
		}
	}
	return string(b)
}

func names(list string) (ids []domain.ID) {
	for name := range strings.FieldsSeq(list) {
		ids = append(ids, entity(name))
	}
	return ids
}

func share(t testing.TB, s string) domain.Share {
	t.Helper()
	v, err := domain.ParseShare(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func shareRange(t testing.TB, s string) ownership.Range {
	t.Helper()
	if s == "?" {
		return ownership.Unknown()
	}
	lo, hi, ok := strings.Cut(s, "..")
	if !ok {
		return ownership.Exactly(share(t, s))
	}
	return ownership.Range{Min: share(t, lo), Max: share(t, hi)}
}

func rangeText(r ownership.Range) string {
	if r.Min == r.Max {
		return r.Min.String()
	}
	return r.Min.String() + ".." + r.Max.String()
}

// parseStake reads a line of the notation. ok is false if it is no stake.
func parseStake(t testing.TB, line string) (s ownership.Stake, ok bool) {
	t.Helper()
	m := stakeLine.FindStringSubmatch(line)
	if m == nil {
		return s, false
	}
	return ownership.Stake{
		Owner: entity(m[1]), Owned: entity(m[2]), Share: shareRange(t, m[3]),
		Since: domain.Date(m[4]), Until: domain.Date(m[5]), Confidence: m[6],
	}, true
}

// stakes reads lines of the notation. The ids of relationships are their numbers, from 1.
func stakes(t testing.TB, lines ...string) []ownership.Stake {
	t.Helper()
	var out []ownership.Stake
	for _, line := range lines {
		s, ok := parseStake(t, line)
		if !ok {
			t.Fatalf("%q is no stake", line)
		}
		s.ID = domain.ID(len(out) + 1)
		out = append(out, s)
	}
	return out
}

const today = domain.Date("2024-06-30")

// graph returns the graph of lines of the notation, as of 30 June 2024.
func graph(t testing.TB, lines ...string) *ownership.Graph {
	t.Helper()
	g, err := ownership.New(stakes(t, lines...), ownership.Params{AsOf: today})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// rule reads the name of a rule that is known on 30 June 2024, or a comparison and a threshold.
func rule(t testing.TB, s string) ownership.Rule {
	t.Helper()
	return ruleOn(t, s, today)
}

// ruleOn reads the name of a rule that is known on a day, or a comparison and a threshold.
func ruleOn(t testing.TB, s string, day domain.Date) ownership.Rule {
	t.Helper()
	if r, ok := ownership.FindRule(s, "", day); ok {
		return r
	}
	var comparison, threshold string
	if _, err := fmt.Sscan(s, &comparison, &threshold); err != nil {
		t.Fatalf("%q is no rule: %v", s, err)
	}
	return ownership.Rule{
		Authority: "INVENTED", Threshold: share(t, threshold), Comparison: ownership.Comparison(comparison),
		Together: true, ListingCounts: true,
	}
}

func stepText(s ownership.Step) string { return nameOf(s.Stake.Owner) + ">" + nameOf(s.Stake.Owned) }

// chainText returns the entities of a chain, with a question mark if it is not sure.
func chainText(c ownership.Chain) string {
	out := nameOf(c.Steps[0].Stake.Owner)
	for _, s := range c.Steps {
		out += ">" + nameOf(s.Stake.Owned)
	}
	if !c.Sure {
		out += "?"
	}
	return out
}

// each returns the texts of a list, joined by commas.
func each[T any](list []T, text func(T) string) string {
	var out []string
	for _, v := range list {
		out = append(out, text(v))
	}
	return strings.Join(out, ", ")
}
