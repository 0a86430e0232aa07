package ownership_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge/ownership"
)

var percents = []int64{0, 5, 10, 20, 25, 30, 40, 49, 50, 51, 60, 75, 90, 100}

// drawStakes draws a small graph in which no Min sum to more than 100, with at most four ranges.
func drawStakes(t *rapid.T, entities []domain.ID) []ownership.Stake {
	var out []ownership.Stake
	least := map[domain.ID]domain.Share{}
	ranges := 0
	for range rapid.IntRange(1, 9).Draw(t, "stakes") {
		s := ownership.Stake{
			ID:    domain.ID(len(out) + 1),
			Owner: rapid.SampledFrom(entities).Draw(t, "owner"),
			Owned: rapid.SampledFrom(entities).Draw(t, "owned"),
		}
		a := domain.Share(1_000_000 * rapid.SampledFrom(percents).Draw(t, "percent"))
		b := a
		if ranges < 4 && rapid.Bool().Draw(t, "range") {
			b = domain.Share(1_000_000 * rapid.SampledFrom(percents).Draw(t, "other end"))
		}
		s.Share = ownership.Range{Min: min(a, b), Max: max(a, b)}
		if least[s.Owned]+s.Share.Min > domain.FullShare {
			continue
		}
		least[s.Owned] += s.Share.Min
		if a != b {
			ranges++
		}
		out = append(out, s)
	}
	return out
}

func drawRule(t *rapid.T) ownership.Rule {
	return ownership.Rule{
		Threshold:     domain.Share(1_000_000 * rapid.SampledFrom([]int64{25, 50, 60}).Draw(t, "threshold")),
		Comparison:    rapid.SampledFrom([]ownership.Comparison{ownership.AtLeast, ownership.MoreThan}).Draw(t, "comparison"),
		Together:      rapid.Bool().Draw(t, "together"),
		ListingCounts: rapid.Bool().Draw(t, "listing counts"),
	}
}

func newGraph(t rapid.TB, stakes []ownership.Stake) *ownership.Graph {
	t.Helper()
	g, err := ownership.New(stakes, ownership.Params{AsOf: today})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestRuleEqualsEnumeration(t *testing.T) {
	t.Parallel()
	entities := names("A B C D E")
	rapid.Check(t, func(t *rapid.T) {
		stakes, rule := drawStakes(t, entities), drawRule(t)
		listed := rapid.SliceOfNDistinct(rapid.SampledFrom(entities), 1, 3, rapid.ID[domain.ID]).Draw(t, "listed")
		g := newGraph(t, stakes)
		all := worlds(stakes)
		for _, target := range entities {
			d, err := g.Decide(ownership.Query{Target: target, Rule: rule, Listed: listed})
			if err != nil {
				t.Fatal(err)
			}
			verdict, held := naiveVerdict(all, stakes, rule, listed, target)
			if d.Verdict != verdict {
				t.Errorf("verdict on %s: got %s, want %s", nameOf(target), d.Verdict, verdict)
			}
			if want := held[d.Through]; d.Held != want && (rule.Together || d.Through != 0) {
				t.Errorf("held of %s through %s: got %s, want %s", nameOf(target), nameOf(d.Through), rangeText(d.Held), rangeText(want))
			}
			if d.Verdict == ownership.Undetermined && len(d.Open) == 0 {
				t.Errorf("the verdict on %s is open, and no stake leaves it open", nameOf(target))
			}
			for _, o := range d.Open {
				checkEnds(t, stakes, rule, listed, target, o)
			}
		}
	})
}

// checkEnds compares the verdicts at the ends of an open stake with those of a world
// in which its share is known.
func checkEnds(t *rapid.T, stakes []ownership.Stake, rule ownership.Rule, listed []domain.ID, target domain.ID, o ownership.OpenStake) {
	t.Helper()
	room := o.Share
	room.Max = min(room.Max, domain.FullShare-others(stakes, o.Stake))
	for _, end := range []struct {
		share domain.Share
		got   ownership.Verdict
	}{{room.Min, o.AtMin}, {room.Max, o.AtMax}} {
		known := make([]ownership.Stake, len(stakes))
		copy(known, stakes)
		for i := range known {
			if known[i].ID == o.Stake.ID {
				known[i].Share = ownership.Exactly(end.share)
			}
		}
		if want, _ := naiveVerdict(worlds(known), known, rule, listed, target); end.got != want {
			t.Errorf("verdict on %s with %s at %s: got %s, want %s", nameOf(target), stepText(o.Step), end.share, end.got, want)
		}
	}
}

// others returns the sum of Min of the other stakes in the same entity.
func others(stakes []ownership.Stake, of ownership.Stake) (sum domain.Share) {
	for _, s := range stakes {
		if s.Owned == of.Owned && s.ID != of.ID {
			sum += s.Share.Min
		}
	}
	return sum
}

func TestEconomicEqualsPowerIteration(t *testing.T) {
	t.Parallel()
	entities := names("A B C D E")
	rapid.Check(t, func(t *rapid.T) {
		stakes := drawStakes(t, entities)
		owners := rapid.SliceOfNDistinct(rapid.SampledFrom(entities), 1, 2, rapid.ID[domain.ID]).Draw(t, "owners")
		g := newGraph(t, stakes)
		all := worlds(stakes)
		for _, target := range entities {
			got := g.Economic(target, owners, 0)
			if !got.Exact {
				t.Errorf("%s is not exact", nameOf(target))
			}
			var low, high ownership.Range // bounds of Min and of Max
			for n, w := range all {
				least, most := naiveEconomic(stakes, w, owners, target, 60)
				here := ownership.Range{Min: millionths(least, false), Max: millionths(most, true)}
				if n == 0 {
					low, high = here, here
				}
				low = ownership.Range{Min: min(low.Min, here.Min), Max: min(low.Max, here.Max)}
				high = ownership.Range{Min: max(high.Min, here.Min), Max: max(high.Max, here.Max)}
			}
			if got.Held.Min < low.Min || got.Held.Min > low.Max || got.Held.Max < high.Min || got.Held.Max > high.Max {
				t.Errorf("share of %s: got %s, want Min in %s and Max in %s", nameOf(target), rangeText(got.Held), rangeText(low), rangeText(high))
			}
		}
	})
}

func TestWalksAgree(t *testing.T) {
	t.Parallel()
	entities := names("A B C D E")
	rapid.Check(t, func(t *rapid.T) {
		g := newGraph(t, drawStakes(t, entities))
		up := map[[2]domain.ID]ownership.Holding{}
		for _, e := range entities {
			for _, h := range g.Owners(e, ownership.WalkParams{}).Holdings {
				up[[2]domain.ID{h.Entity, e}] = h
			}
		}
		count := 0
		for _, e := range entities {
			for _, h := range g.Holdings(e, ownership.WalkParams{}).Holdings {
				count++
				other := up[[2]domain.ID{e, h.Entity}]
				if other.Share != h.Share || other.Depth != h.Depth {
					t.Errorf("%s in %s: going up %+v, going down %+v", nameOf(e), nameOf(h.Entity), other, h)
				}
				if single := g.Economic(h.Entity, []domain.ID{e}, 0).Held; single != h.Share {
					t.Errorf("%s in %s: got %s, want %s", nameOf(e), nameOf(h.Entity), rangeText(h.Share), rangeText(single))
				}
			}
		}
		if count != len(up) {
			t.Errorf("got %d holdings going down, want %d", count, len(up))
		}
	})
}

// allPaths returns the number of simple paths from a listed entity to the target, through entities
// for which passes is true.
func allPaths(stakes []ownership.Stake, at domain.ID, listed map[domain.ID]bool, passes func(domain.ID) bool, seen map[domain.ID]bool) int {
	n := 0
	seen[at] = true
	for _, s := range stakes {
		if s.Owned != at || s.Share.Max == 0 || seen[s.Owner] {
			continue
		}
		if listed[s.Owner] {
			n++
		}
		if passes(s.Owner) {
			n += allPaths(stakes, s.Owner, listed, passes, seen)
		}
	}
	seen[at] = false
	return n
}

func TestChainsAreAllSimplePaths(t *testing.T) {
	t.Parallel()
	entities := names("A B C D E")
	rapid.Check(t, func(t *rapid.T) {
		stakes := drawStakes(t, entities)
		rule := drawRule(t)
		rule.Together = true
		listed := rapid.SliceOfNDistinct(rapid.SampledFrom(entities), 1, 2, rapid.ID[domain.ID]).Draw(t, "listed")
		isListed := map[domain.ID]bool{}
		for _, id := range listed {
			isListed[id] = true
		}
		g := newGraph(t, stakes)
		all := worlds(stakes)
		byOwners := rule
		byOwners.ListingCounts = false
		passes := func(id domain.ID) bool {
			v, _ := naiveVerdict(all, stakes, byOwners, listed, id)
			return v != ownership.NotBlocked
		}
		for _, target := range entities {
			d, err := g.Decide(ownership.Query{Target: target, Rule: rule, Listed: listed, Limit: 10_000})
			if err != nil {
				t.Fatal(err)
			}
			if want := allPaths(stakes, target, isListed, passes, map[domain.ID]bool{}); len(d.Chains) != want || d.Truncated {
				t.Errorf("chains to %s: got %d, want %d", nameOf(target), len(d.Chains), want)
			}
			e := g.Economic(target, listed, 10_000)
			every := func(domain.ID) bool { return true }
			if want := allPaths(stakes, target, isListed, every, map[domain.ID]bool{}); len(e.Chains) != want || e.Truncated {
				t.Errorf("products to %s: got %d, want %d", nameOf(target), len(e.Chains), want)
			}
			checkOrder(t, d.Chains)
			checkOrder(t, e.Chains)
		}
	})
}

func checkOrder(t *rapid.T, chains []ownership.Chain) {
	t.Helper()
	for i := 1; i < len(chains); i++ {
		if len(chains[i].Steps) < len(chains[i-1].Steps) {
			t.Errorf("%s comes before %s", chainText(chains[i-1]), chainText(chains[i]))
		}
	}
}

// TestProductOfRangesIsExact compares the product of a chain with one of fractions.
func TestProductOfRangesIsExact(t *testing.T) {
	t.Parallel()
	g := graph(t, "X -> A 33.333333..50", "A -> B 33.333333..50", "B -> C 33.333333..66.666667")
	chains := g.Economic(entity("C"), names("X"), 0).Chains
	if len(chains) != 1 {
		t.Fatalf("got %d chains, want 1", len(chains))
	}
	third := big.NewInt(33_333_333)
	least := new(big.Int).Exp(third, big.NewInt(3), nil)
	least.Quo(least, new(big.Int).Exp(big.NewInt(int64(domain.FullShare)), big.NewInt(2), nil))
	want := ownership.Range{Min: domain.Share(least.Int64()), Max: 16_666_667} // 66.666667/4 is 16.66666675
	if got := chains[0].Share; got != want {
		t.Errorf("got %s, want %s", rangeText(got), rangeText(want))
	}
}
