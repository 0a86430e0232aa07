package ownership_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge/ownership"
)

// builder makes graphs that are too large for the notation. Entities are numbers.
type builder struct{ stakes []ownership.Stake }

func (b *builder) add(owner, owned int, r ownership.Range) {
	b.stakes = append(b.stakes, ownership.Stake{
		ID: domain.ID(len(b.stakes) + 1), Owner: domain.ID(owner), Owned: domain.ID(owned), Share: r,
	})
}

func percent(n int) ownership.Range { return ownership.Exactly(domain.Share(n) * 1_000_000) }

func (b *builder) graph(t testing.TB) *ownership.Graph {
	t.Helper()
	g, err := ownership.New(b.stakes, ownership.Params{AsOf: today})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func decide(t testing.TB, g *ownership.Graph, q ownership.Query) ownership.Decision {
	t.Helper()
	d, err := g.Decide(q)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestChainsOfADenseGraphEnd(t *testing.T) {
	t.Parallel()
	const n = 200
	var b builder
	for i := 1; i <= n; i++ {
		for j := 1; j <= n; j++ {
			if i != j {
				b.add(i, j, ownership.Unknown())
			}
		}
	}
	b.add(1000, 1, percent(60))
	g := b.graph(t)
	d := decide(t, g, ownership.Query{Target: n, Rule: rule(t, "OFAC"), Listed: []domain.ID{1000}, Limit: 30})
	if d.Verdict != ownership.Undetermined || len(d.Chains) != 30 || !d.Truncated || len(d.Open) == 0 {
		t.Errorf("got %s, %d chains, truncated %t, %d open stakes", d.Verdict, len(d.Chains), d.Truncated, len(d.Open))
	}
	if len(d.Chains[0].Steps) != 2 || len(d.Chains[29].Steps) != 3 {
		t.Errorf("chains of %d to %d steps, want 2 to 3", len(d.Chains[0].Steps), len(d.Chains[29].Steps))
	}
}

func TestDeadEndsInACycleEnd(t *testing.T) {
	t.Parallel()
	// The only way to the target is by 1, which owns all of a dense cluster that owns it in turn. Every
	// other path backward from the target stays in the cluster.
	const n = 60
	var b builder
	b.add(1000, 1, percent(60))
	b.add(1, 2000, percent(60))
	for i := 2; i <= n; i++ {
		b.add(1, i, percent(50))
		b.add(i, 1, ownership.Range{Max: 500_000})
		for j := 2; j <= n; j++ {
			if i != j {
				b.add(i, j, ownership.Range{Max: 500_000})
			}
		}
	}
	g := b.graph(t)
	d := decide(t, g, ownership.Query{Target: 2000, Rule: rule(t, "OFAC"), Listed: []domain.ID{1000}})
	if d.Verdict != ownership.Blocked || len(d.Chains) != 1 || len(d.Chains[0].Steps) != 2 {
		t.Errorf("got %s by %d chains, want one chain of two steps", d.Verdict, len(d.Chains))
	}
	if !d.Truncated {
		t.Error("the search gave up, and does not say so")
	}
}

func TestLongChainIsFound(t *testing.T) {
	t.Parallel()
	const n = 20_000
	var b builder
	for i := 1; i < n; i++ {
		b.add(i, i+1, percent(50))
	}
	d := decide(t, b.graph(t), ownership.Query{Target: n, Rule: rule(t, "OFAC"), Listed: []domain.ID{1}})
	if d.Verdict != ownership.Blocked || len(d.Chains) != 1 || len(d.Chains[0].Steps) != n-1 || d.Truncated {
		t.Errorf("got %s by %d chains, truncated %t", d.Verdict, len(d.Chains), d.Truncated)
	}
}

func TestLongProductsAreBoundedOutward(t *testing.T) {
	t.Parallel()
	for steps, want := range map[int]string{
		70:  "exactly 49.4839..49.483901",
		100: "about 36.603271..36.603272",
	} {
		t.Run(fmt.Sprint(steps), func(t *testing.T) {
			t.Parallel()
			var b builder
			for i := range steps {
				b.add(i+1, i+2, ownership.Exactly(99_000_001))
			}
			e := b.graph(t).Economic(domain.ID(steps+1), []domain.ID{1}, 0)
			got := "about " + rangeText(e.Held)
			if e.Exact {
				got = "exactly " + rangeText(e.Held)
			}
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestCyclesOfAnySizeAreBounded(t *testing.T) {
	t.Parallel()
	for size, exact := range map[int]bool{3: true, 24: true, 25: false, 500: false} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			// A ring in which each holds half of the next, and 1000 half of the first: the share in the first is
			// half, and what comes round: x = 1/2 + x/2^size.
			var b builder
			b.add(1000, 1, percent(50))
			for i := 1; i <= size; i++ {
				b.add(i, i%size+1, percent(50))
			}
			power := new(big.Int).Lsh(big.NewInt(1), uint(size))
			want := new(big.Rat).SetFrac(power, new(big.Int).Sub(power, big.NewInt(1)))
			want.Mul(want, big.NewRat(int64(domain.FullShare), 2))
			e := b.graph(t).Economic(1, []domain.ID{1000}, 0)
			if e.Exact != exact {
				t.Errorf("exact is %t, want %t", e.Exact, exact)
			}
			lo, hi := big.NewRat(int64(e.Held.Min), 1), big.NewRat(int64(e.Held.Max), 1)
			if lo.Cmp(want) > 0 || hi.Cmp(want) < 0 || e.Held.Max-e.Held.Min > 1 {
				t.Errorf("got %s, want the millionths around %s", rangeText(e.Held), want.FloatString(9))
			}
		})
	}
}

func TestCyclesWithRangesAreBounded(t *testing.T) {
	t.Parallel()
	for size, exact := range map[int]bool{5: true, 24: true, 30: false} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			// A ring in which each holds 50 to 70 of the next, and 1000 holds 30 to 50 of the first. At least,
			// x = 30 % + x 50 %^size. At most, 1000 leaves half of the first to the ring: x = 50 % + x 50 % 70 %^(size-1).
			var b builder
			b.add(1000, 1, ownership.Range{Min: 30_000_000, Max: 50_000_000})
			for i := 1; i <= size; i++ {
				b.add(i, i%size+1, ownership.Range{Min: 50_000_000, Max: 70_000_000})
			}
			solved := func(constant, first, other int64) *big.Rat {
				round := big.NewRat(first, 100)
				for range size - 1 {
					round.Mul(round, big.NewRat(other, 100))
				}
				return new(big.Rat).Quo(big.NewRat(constant*1_000_000, 1), round.Sub(big.NewRat(1, 1), round))
			}
			least, most := solved(30, 50, 50), solved(50, 50, 70)
			e := b.graph(t).Economic(1, []domain.ID{1000}, 0)
			if e.Exact != exact {
				t.Errorf("exact is %t, want %t", e.Exact, exact)
			}
			below := least.Sub(least, big.NewRat(int64(e.Held.Min), 1))
			above := most.Sub(big.NewRat(int64(e.Held.Max), 1), most)
			if below.Sign() < 0 || above.Sign() < 0 || below.Cmp(big.NewRat(2, 1)) > 0 || above.Cmp(big.NewRat(2, 1)) > 0 {
				t.Errorf("got %s, which is %s and %s millionths too wide", rangeText(e.Held), below.FloatString(3), above.FloatString(3))
			}
		})
	}
}

func TestDenseCyclesAreBounded(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		n           int
		owner, each domain.Share // what 1000 holds of each, and what each holds of each other
		want, width domain.Share
	}{
		// By symmetry x = 20 % + 59 % x.
		"a loose one comes close": {n: 60, owner: 20_000_000, each: 1_000_000, want: 48_780_487, width: 10},
		// x = 2 % + 97.51 % x: far more rounds than there is work for.
		"a tight one stays wide": {n: 200, owner: 2_000_000, each: 490_000, want: 80_321_285, width: domain.FullShare},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b builder
			for i := 1; i <= tc.n; i++ {
				b.add(1000, i, ownership.Exactly(tc.owner))
				for j := 1; j <= tc.n; j++ {
					if i != j {
						b.add(i, j, ownership.Exactly(tc.each))
					}
				}
			}
			e := b.graph(t).Economic(1, []domain.ID{1000}, 5)
			if e.Exact || e.Held.Min > tc.want || e.Held.Max < tc.want+1 || e.Held.Max-e.Held.Min > tc.width {
				t.Errorf("got %s, exact %t, want it around %s", rangeText(e.Held), e.Exact, tc.want)
			}
		})
	}
}

// layered returns stakes among n entities, of which each has about the given number of owners: 9 of
// 10 of them among the entities before it. One of them holds a half, so that what the first ones hold spreads.
func layered(n, owners int, seed uint64) []ownership.Stake {
	r := rand.New(rand.NewPCG(seed, 1))
	var b builder
	for e := 11; e <= n; e++ {
		b.add(1+r.IntN(e-1), e, percent(50))
		for range owners - 1 {
			owner := 1 + r.IntN(e-1)
			if r.IntN(10) == 0 {
				owner = 1 + r.IntN(n)
			}
			share := percent(40 / (owners - 1))
			if r.IntN(10) == 0 {
				share.Max += 20_000_000
			}
			b.add(owner, e, share)
		}
	}
	return b.stakes
}

func listedFirst(n int) []domain.ID {
	var ids []domain.ID
	for i := range n {
		ids = append(ids, domain.ID(i+1))
	}
	return ids
}

func BenchmarkDecide(b *testing.B) {
	list := layered(5_010, 2, 1)
	q := ownership.Query{Target: 5_010, Rule: rule(b, "OFAC"), Listed: listedFirst(10)}
	b.Run(fmt.Sprintf("load_%d", len(list)), func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ownership.New(list, ownership.Params{AsOf: today}); err != nil {
				b.Fatal(err)
			}
		}
	})
	g, err := ownership.New(list, ownership.Params{AsOf: today})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("verdict", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			decide(b, g, q)
		}
	})
	b.Run("economic", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			g.Economic(q.Target, q.Listed, 0)
		}
	})
	b.Run("owners", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			g.Owners(q.Target, ownership.WalkParams{})
		}
	})
	b.Run("holdings", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			g.Holdings(1, ownership.WalkParams{})
		}
	})
}

func BenchmarkReach(b *testing.B) {
	list := layered(66_677, 3, 2)
	for _, name := range []string{"OFAC", "UK"} {
		b.Run(fmt.Sprintf("%s_%d", name, len(list)), func(b *testing.B) {
			g, err := ownership.New(list, ownership.Params{AsOf: today})
			if err != nil {
				b.Fatal(err)
			}
			reached := 0
			b.ReportAllocs()
			for b.Loop() {
				report, err := g.Reach(rule(b, name), listedFirst(10))
				if err != nil {
					b.Fatal(err)
				}
				reached = len(report.Findings)
			}
			b.ReportMetric(float64(reached), "reached")
		})
	}
	b.Run(fmt.Sprintf("load_%d", len(list)), func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ownership.New(list, ownership.Params{AsOf: today}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDenseCycle(b *testing.B) {
	for _, n := range []int{24, 60, 200} {
		var build builder
		for i := 1; i <= n; i++ {
			build.add(1000, i, ownership.Range{Min: 10_000_000, Max: 30_000_000})
			for j := 1; j <= n; j++ {
				if i != j {
					build.add(i, j, ownership.Range{Min: 100_000, Max: 2_000_000})
				}
			}
		}
		g := build.graph(b)
		b.Run(fmt.Sprintf("economic_%d", n), func(b *testing.B) {
			for b.Loop() {
				g.Economic(1, []domain.ID{1000}, 0)
			}
		})
		b.Run(fmt.Sprintf("owners_%d", n), func(b *testing.B) {
			for b.Loop() {
				g.Owners(1, ownership.WalkParams{})
			}
		})
		b.Run(fmt.Sprintf("verdict_%d", n), func(b *testing.B) {
			for b.Loop() {
				decide(b, g, ownership.Query{Target: 1, Rule: rule(b, "OFAC"), Listed: []domain.ID{1000}})
			}
		})
	}
}
