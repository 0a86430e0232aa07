package ownership

import (
	"cmp"
	"math/big"
	"slices"

	"github.com/redthread-api/redthread/internal/domain"
)

// Economic is the effective share of a group of owners in an entity: the products of the
// shares along chains, summed. It is information. No rule counts it, and it
// can be far below or above what a rule counts.
type Economic struct {
	// Held is the share of the owners together, of which each part counts once: what
	// one of them holds through another is in the share of the other.
	Held Range
	// Exact is whether Held is the exact range, rounded. It is false where a cycle has too many
	// entities, or a chain too many steps; the exact range is then within Held.
	Exact bool
	// Chains lead from one of the owners to the entity. In a cycle their products
	// do not sum to Held: Held also counts what comes round again.
	Chains []Chain
	// Contradictions are those in the entity and its direct and indirect owners. Where
	// shares sum to more than 100 they are taken in proportion.
	Contradictions []Contradiction
	Truncated      bool // as in Decision
}

// Economic returns the effective share of the owners in the target. limit bounds each of
// the lists, and 0 is [DefaultLimit].
func (g *Graph) Economic(target domain.ID, owners []domain.ID, limit int) Economic {
	limit = cmp.Or(max(limit, 0), DefaultLimit)
	e, ok := g.place(target)
	if !ok {
		return Economic{Exact: true}
	}
	up := g.upstream(e)
	v := g.values(g.places(owners), up, looseWork)
	var out Economic
	out.Held, out.Exact = v.share(e)
	block, _ := g.components(up)
	paths, more := g.search(pathQuery{
		target: e, limit: limit, within: up, block: block, starts: v.owner, work: pathWork,
	})
	for _, path := range paths {
		out.Chains = append(out.Chains, g.product(path))
	}
	slices.SortFunc(out.Chains, compareChains)
	out.Truncated = more
	out.Contradictions = cut(g.contradictions(func(e int32) bool { return up[e] }), limit, &out.Truncated)
	return out
}

// values are effective shares of a group of owners in entities: the integrated ownership of
// F. Brioschi, L. Buzzacchi and M. G. Colombo, "Risk capital financing and the separation of
// ownership and control in business groups", Journal of Banking and Finance 13 (1989)
// 747–772. For owners that are in cycles themselves it leaves out what comes round to them
// again, as S. Baldone, F. Brioschi and S. Paleari do (1997), so that nothing counts twice.
//
// The share in an entity is the sum over its stakes of the stake times the share in
// its owner, which is 1 for the owners of the group. This is also the probability
// that a walk, which goes from an entity to one of its owners by the shares, comes to
// the group; so it is at most 1.
//
// Without cycles that is a sum. A strongly connected component is a system of linear
// equations. Its lower bound is that of all Min. Its upper bound is over all ways to divide
// 100 percent among the owners of each entity. It is found by policy iteration: solve for
// one way, let each entity take a better one where there is one, until there is none.
type values struct {
	g      *Graph
	owner  []bool     // in the group
	lo, hi []*big.Rat // of entities that are not in the group; nil is 0
	loose  []bool     // lo and hi are not exact
	work   int        // bounds the approximation of a component, in stakes looked at
}

const (
	// maxCycle bounds the component that is solved exactly.
	maxCycle = 24
	// maxDenominator bounds the bits of a denominator: 75 steps of any shares.
	maxDenominator = 2048
	// maxPolicies bounds the policies that are tried. Each is better than the one before,
	// and a handful is usual.
	maxPolicies = 100
	// looseWork is the bound of one approximation, or of all approximations of a walk.
	looseWork = 1_000_000
)

// values returns the effective shares of the owners in the entities for which within is
// true.
func (g *Graph) values(owners []int32, within []bool, work int) *values {
	n := len(g.ids)
	v := &values{
		g: g, owner: make([]bool, n), lo: make([]*big.Rat, n), hi: make([]*big.Rat, n), loose: make([]bool, n), work: work,
	}
	for _, e := range owners {
		v.owner[e] = true
	}
	for _, block := range g.blocksBelow(v.owner, within) {
		v.solve(block)
	}
	return v
}

// blocksBelow returns the strongly connected components of what the owners hold
// shares in, directly or not, without the owners themselves.
func (g *Graph) blocksBelow(owner, within []bool) [][]int32 {
	below := make([]bool, len(g.ids))
	var todo []int32
	for e := range owner {
		if owner[e] {
			todo = append(todo, int32(e))
		}
	}
	for len(todo) > 0 {
		e := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, s := range g.out.of(e) {
			if o := g.stakes[s].owned; within[o] && !below[o] && !owner[o] {
				below[o] = true
				todo = append(todo, o)
			}
		}
	}
	_, blocks := g.components(below)
	return blocks
}

// solve computes the shares in the entities of a component, after those of their
// owners.
func (v *values) solve(block []int32) {
	cyclic, loose, stakes := len(block) > 1, false, 0
	for _, e := range block {
		for _, s := range v.g.in.of(e) {
			o := v.g.stakes[s].owner
			cyclic, loose = cyclic || o == e, loose || v.loose[o]
			stakes++
		}
	}
	switch {
	case !cyclic:
		e := block[0]
		v.lo[e] = v.leastRow(e).sum(v.low)
		v.hi[e] = v.greedyRow(e, v.byHigh).sum(v.high)
	case len(block) > maxCycle || !v.solveExactly(block):
		loose = true
		v.approximate(block, min(max(v.work/stakes, 4), 100))
	}
	for _, e := range block {
		v.loose[e] = loose
		if max(v.lo[e].Denom().BitLen(), v.hi[e].Denom().BitLen()) > maxDenominator {
			v.lo[e], v.hi[e], v.loose[e] = coarseDown(v.lo[e]), coarseUp(v.hi[e]), true
		}
	}
}

// solveExactly solves a component with cycles. It reports false if there were too many
// policies.
func (v *values) solveExactly(block []int32) bool {
	rows := make([]row, len(block))
	for i, e := range block {
		rows[i] = v.leastRow(e)
	}
	for i, x := range solveRows(block, rows, v.low) {
		v.lo[block[i]], v.hi[block[i]] = x, x
	}
	for i, e := range block {
		rows[i] = v.greedyRow(e, v.byHigh)
	}
	for range maxPolicies {
		for i, x := range solveRows(block, rows, v.high) {
			v.hi[block[i]] = x
		}
		better := false
		for i, e := range block {
			if r := v.greedyRow(e, v.byHigh); r.sum(v.high).Cmp(v.hi[e]) > 0 {
				rows[i], better = r, true
			}
		}
		if !better {
			return true
		}
	}
	return false
}

// low returns the lower bound of the share in an entity.
func (v *values) low(e int32) *big.Rat { return v.value(e, v.lo) }

// high returns the upper bound of the share in an entity.
func (v *values) high(e int32) *big.Rat { return v.value(e, v.hi) }

func (v *values) value(e int32, of []*big.Rat) *big.Rat {
	switch {
	case v.owner[e]:
		return big.NewRat(1, 1)
	case of[e] == nil:
		return new(big.Rat)
	}
	return of[e]
}

// share returns the share in an entity, rounded, and whether it is exact. For an
// owner of the group it is what the group holds in it.
func (v *values) share(e int32) (Range, bool) {
	if !v.owner[e] {
		return shown(v.low(e), v.high(e)), !v.loose[e]
	}
	exact := true
	for _, s := range v.g.in.of(e) {
		exact = exact && !v.loose[v.g.stakes[s].owner]
	}
	return shown(v.leastRow(e).sum(v.low), v.greedyRow(e, v.byHigh).sum(v.high)), exact
}

// row is one way to divide an entity among its owners.
type row struct {
	shares []domain.Share
	owners []int32
	whole  domain.Share // what the shares are parts of
}

// sum returns the sum of the shares times the values of their owners.
func (r row) sum(value func(int32) *big.Rat) *big.Rat {
	sum := new(big.Rat)
	for i, s := range r.shares {
		if x := value(r.owners[i]); s > 0 && x.Sign() > 0 {
			sum.Add(sum, new(big.Rat).Mul(big.NewRat(int64(s), int64(r.whole)), x))
		}
	}
	return sum
}

// leastRow returns the row of an entity with the Min of all stakes.
func (v *values) leastRow(e int32) row {
	stakes := v.g.in.of(e)
	r := row{make([]domain.Share, len(stakes)), make([]int32, len(stakes)), max(domain.FullShare, v.g.least[e])}
	for i, s := range stakes {
		r.shares[i], r.owners[i] = v.g.stakes[s].min, v.g.stakes[s].owner
	}
	return r
}

// greedyRow returns the row of an entity that gives the owners of highest value as much as
// their Max and the Min of the others allow. compare orders owners by their values.
func (v *values) greedyRow(e int32, compare func(a, b int32) int) row {
	r := v.leastRow(e)
	left := domain.FullShare - v.g.least[e]
	if left <= 0 {
		return r
	}
	stakes := v.g.in.of(e)
	var open []int
	for i, s := range stakes {
		if v.g.stakes[s].min < v.g.stakes[s].max {
			open = append(open, i)
		}
	}
	slices.SortStableFunc(open, func(i, j int) int { return compare(r.owners[j], r.owners[i]) })
	for _, i := range open {
		more := min(left, v.g.stakes[stakes[i]].max-r.shares[i])
		r.shares[i] += more
		left -= more
	}
	return r
}

// byHigh compares owners by the upper bounds of their values.
func (v *values) byHigh(a, b int32) int { return v.high(a).Cmp(v.high(b)) }
