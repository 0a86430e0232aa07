package ownership

import "github.com/redthread-api/redthread/internal/domain"

// spread is what a list reaches by a rule: two least fixed points, computed
// together by a work list.
//
// The lower one is over surely reached owners with the Min of their stakes, the
// upper one over possibly reached owners with what their stakes may come to.
// Each entity enters each of them at most once, so the work is the number of the stakes of what
// is reached, and cycles end: an entity never counts before it was reached without
// its own help.
type spread struct {
	g    *Graph
	rule Rule
	// within leaves out entities for which it is false, unless it is nil.
	within []bool
	// fixed takes one stake at one share instead of its range, unless it is -1.
	fixed   int32
	fixedAt domain.Share

	listed  []bool // counts as an owner, whatever its own owners
	sure    []bool // the owners surely reach the threshold
	perhaps []bool // the owners possibly reach the threshold

	sureMin    []domain.Share // sum of Min of surely reached owners
	perhapsMin []domain.Share // sum of Min of possibly reached owners
	perhapsMax []domain.Share // sum of Max of possibly reached owners
	touched    []int32        // entities of which a reached owner holds a share, or that are listed
	seen       []bool         // whether an entity is in touched
}

func (g *Graph) newSpread(rule Rule) *spread {
	n := len(g.ids)
	flags, sums := make([]bool, 4*n), make([]domain.Share, 3*n)
	return &spread{
		g: g, rule: rule, fixed: -1,
		listed: flags[:n:n], sure: flags[n : 2*n : 2*n], perhaps: flags[2*n : 3*n : 3*n], seen: flags[3*n:],
		sureMin: sums[:n:n], perhapsMin: sums[n : 2*n : 2*n], perhapsMax: sums[2*n:],
	}
}

// run computes what the listed entities reach. It may run again with others.
func (f *spread) run(listed []int32) {
	f.clear()
	surely, possibly := make([]int32, 0, len(listed)), make([]int32, 0, len(listed))
	for _, e := range listed {
		f.listed[e] = true
		f.touch(e)
		surely, possibly = append(surely, e), append(possibly, e)
	}
	for len(surely) > 0 {
		owner := surely[len(surely)-1]
		surely = surely[:len(surely)-1]
		for _, s := range f.g.out.of(owner) {
			e := f.g.stakes[s].owned
			if f.outside(e) {
				continue
			}
			f.touch(e)
			lo, _ := f.bounds(s)
			f.sureMin[e] += lo
			if !f.sure[e] && f.rule.reached(min(f.sureMin[e], domain.FullShare)) {
				f.sure[e] = true
				if !f.listed[e] {
					surely = append(surely, e)
				}
			}
		}
	}
	for len(possibly) > 0 {
		owner := possibly[len(possibly)-1]
		possibly = possibly[:len(possibly)-1]
		for _, s := range f.g.out.of(owner) {
			e := f.g.stakes[s].owned
			if f.outside(e) {
				continue
			}
			f.touch(e)
			lo, hi := f.bounds(s)
			f.perhapsMin[e] += lo
			f.perhapsMax[e] += hi
			if !f.perhaps[e] && f.rule.reached(f.held(e).Max) {
				f.perhaps[e] = true
				if !f.listed[e] {
					possibly = append(possibly, e)
				}
			}
		}
	}
}

func (f *spread) clear() {
	for _, e := range f.touched {
		f.listed[e], f.sure[e], f.perhaps[e], f.seen[e] = false, false, false, false
		f.sureMin[e], f.perhapsMin[e], f.perhapsMax[e] = 0, 0, 0
	}
	f.touched = f.touched[:0]
}

func (f *spread) touch(e int32) {
	if !f.seen[e] {
		f.seen[e] = true
		f.touched = append(f.touched, e)
	}
}

func (f *spread) outside(e int32) bool { return f.within != nil && !f.within[e] }

// bounds returns the range of a stake.
func (f *spread) bounds(s int32) (lo, hi domain.Share) {
	if s == f.fixed {
		return f.fixedAt, f.fixedAt
	}
	return f.g.stakes[s].min, f.g.stakes[s].max
}

// least returns the sum of Min of all owners of an entity.
func (f *spread) least(e int32) domain.Share {
	sum := f.g.least[e]
	if f.fixed >= 0 && f.g.stakes[f.fixed].owned == e {
		sum += f.fixedAt - f.g.stakes[f.fixed].min
	}
	return sum
}

// held returns the share of an entity that reached owners hold together.
func (f *spread) held(e int32) Range {
	others := f.least(e) - f.perhapsMin[e]
	most := min(f.perhapsMax[e], domain.FullShare-others)
	return Range{
		Min: min(f.sureMin[e], domain.FullShare),
		Max: min(max(most, f.perhapsMin[e]), domain.FullShare),
	}
}

// passes reports whether an owner possibly counts: it is listed, or possibly reached.
func (f *spread) passes(e int32) bool { return f.listed[e] || f.perhaps[e] }

// surelyPasses reports whether an owner surely counts.
func (f *spread) surelyPasses(e int32) bool { return f.listed[e] || f.sure[e] }

// byOwners returns the verdict on an entity by its owners alone.
func (f *spread) byOwners(e int32) Verdict {
	switch {
	case f.sure[e]:
		return Blocked
	case f.perhaps[e]:
		return Undetermined
	}
	return NotBlocked
}

// groups returns the sets of listed owners of which the shares add up: all together, or each
// alone.
func (r Rule) groups(listed []int32) [][]int32 {
	if r.Together {
		return [][]int32{listed}
	}
	out := make([][]int32, len(listed))
	for i := range listed {
		out[i] = listed[i : i+1]
	}
	return out
}
