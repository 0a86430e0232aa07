package ownership

import (
	"cmp"
	"math/big"
	"slices"
)

// Chain is a way from a listed entity to the target, in steps from owner to owned.
// It comes by no entity twice.
type Chain struct {
	Steps []Step
	// Share is what the chain passes on. By a rule that is the whole share of the last step, so
	// chains with the same last step pass on the same share, once. In an [Economic] it is
	// the product of the shares of all steps.
	Share Range
	// Sure is whether every step surely exists and, by a rule, every entity in between surely
	// reaches the threshold.
	Sure bool
}

func compareChains(a, b Chain) int {
	return cmp.Or(cmp.Compare(len(a.Steps), len(b.Steps)), slices.CompareFunc(a.Steps, b.Steps, func(a, b Step) int {
		return cmp.Or(cmp.Compare(a.Stake.Owner, b.Stake.Owner), cmp.Compare(a.Stake.ID, b.Stake.ID))
	}))
}

// chain returns the chain of a path under a rule.
func (g *Graph) chain(path []int32, f *spread) Chain {
	c := Chain{Sure: true}
	for i, s := range path {
		c.Steps = append(c.Steps, g.step(s))
		c.Sure = c.Sure && g.stakes[s].min > 0 && (i == 0 || f.sure[g.stakes[s].owner])
	}
	c.Share = c.Steps[len(c.Steps)-1].Share
	return c
}

// product returns the chain of a path with the product of its shares.
func (g *Graph) product(path []int32) Chain {
	c := Chain{Sure: true}
	least, most := big.NewRat(1, 1), big.NewRat(1, 1)
	for _, s := range path {
		c.Steps = append(c.Steps, g.step(s))
		c.Sure = c.Sure && g.stakes[s].min > 0
		least.Mul(least, fraction(g.stakes[s].min))
		most.Mul(most, fraction(g.stakes[s].max))
	}
	c.Share = shown(least, most)
	return c
}

// pathQuery is a search for paths of stakes.
type pathQuery struct {
	target int32
	limit  int
	within []bool  // the entities on paths
	block  []int32 // the strongly connected component of each
	starts []bool  // where paths begin
	passes []bool  // what may be between the ends; nil is everything
	work   int     // bounds the search, in stakes looked at and entities compared
}

func (q pathQuery) between(e int32) bool { return q.passes == nil || q.passes[e] }

// pathWork is the bound of one search.
const pathWork = 1_000_000

// partial is a path from an entity to the target, while it is searched.
type partial struct {
	entity, stake int32 // the stake that the entity holds in that of next
	length        int32
	next          *partial
}

// search returns simple paths from a start to the target, each as its stakes in that order,
// the shortest first. more is whether there are more than the limit, or the
// search gave up before it knew.
//
// It goes backward from the target and takes first what can become the shortest
// path (A* with exact distances), so the first path costs its length, also in a dense
// graph. Only dead ends inside cycles cost more, up to the bound.
func (g *Graph) search(q pathQuery) (paths [][]int32, more bool) {
	distance := g.distances(q)
	if distance[q.target] < 0 && !q.starts[q.target] {
		return nil, false
	}
	// Lists of partial paths by the length that they can end with. The last one of a list
	// is taken first: it is the nearest to its end.
	queue := make([][]*partial, len(distance)+1)
	queue[0] = append(queue[0], &partial{entity: q.target, stake: -1})
	work := 0
	for length := 0; length < len(queue); length++ {
		for len(queue[length]) > 0 {
			last := len(queue[length]) - 1
			p := queue[length][last]
			queue[length] = queue[length][:last]
			if q.starts[p.entity] && p.length > 0 {
				if len(paths) == q.limit {
					return paths, true
				}
				paths = append(paths, p.stakes())
			}
			if p.length > 0 && !q.between(p.entity) {
				continue
			}
			for _, s := range slices.Backward(g.in.of(p.entity)) {
				o := g.stakes[s].owner
				work++
				if distance[o] < 0 || !q.within[o] || !q.starts[o] && !q.between(o) || p.visits(o, q.block, &work) {
					continue
				}
				next := &partial{entity: o, stake: s, length: p.length + 1, next: p}
				if total := next.length + distance[o]; int(total) < len(queue) {
					queue[total] = append(queue[total], next)
				}
			}
			if work > q.work {
				return paths, true
			}
		}
	}
	return paths, false
}

// stakes returns the stakes of a path from its start.
func (p *partial) stakes() []int32 {
	out := make([]int32, 0, p.length)
	for ; p.next != nil; p = p.next {
		out = append(out, p.stake)
	}
	return out
}

// visits reports whether a path comes by an entity. Where it does, the entity is in the
// same strongly connected component as the start of the path and everything between.
func (p *partial) visits(entity int32, block []int32, work *int) bool {
	for ; p != nil && block[p.entity] == block[entity]; p = p.next {
		*work++
		if p.entity == entity {
			return true
		}
	}
	return false
}

// distances returns for each entity the number of steps of the shortest path to it from a start, and -1
// if there is none.
func (g *Graph) distances(q pathQuery) []int32 {
	distance := make([]int32, len(g.ids))
	var todo []int32
	for e := range distance {
		distance[e] = -1
		if q.within[e] && q.starts[e] {
			distance[e] = 0
			todo = append(todo, int32(e))
		}
	}
	for ; len(todo) > 0; todo = todo[1:] {
		if e := todo[0]; !q.starts[e] && !q.between(e) {
			continue
		}
		for _, s := range g.out.of(todo[0]) {
			if e := g.stakes[s].owned; q.within[e] && distance[e] < 0 {
				distance[e] = distance[todo[0]] + 1
				todo = append(todo, e)
			}
		}
	}
	return distance
}

// components returns the strongly connected components of the entities for which within is
// true: the number of each entity's, and the entities of each. A component comes
// after those of its owners. It is Tarjan's algorithm (1972) without recursion.
func (g *Graph) components(within []bool) (number []int32, members [][]int32) {
	n := len(g.ids)
	number = make([]int32, n)
	order, low := make([]int32, n), make([]int32, n) // order is 0 before the entity is visited
	var path, open []int32
	next := make([]int32, n) // the place of the next stake to follow
	visited := int32(0)
	visit := func(e int32) {
		visited++
		order[e], low[e] = visited, visited
		path, open = append(path, e), append(open, e)
	}
	for root := range int32(n) {
		number[root] = -1
	}
	for root := range int32(n) {
		if !within[root] || order[root] > 0 {
			continue
		}
		for visit(root); len(path) > 0; {
			e := path[len(path)-1]
			if stakes := g.in.of(e); int(next[e]) < len(stakes) {
				o := g.stakes[stakes[next[e]]].owner
				next[e]++
				switch {
				case !within[o]:
				case order[o] == 0:
					visit(o)
				case number[o] < 0:
					low[e] = min(low[e], order[o])
				}
				continue
			}
			path = path[:len(path)-1]
			if len(path) > 0 {
				up := path[len(path)-1]
				low[up] = min(low[up], low[e])
			}
			if low[e] == order[e] {
				at := len(open) - 1
				for open[at] != e {
					at--
				}
				block := slices.Clone(open[at:])
				open = open[:at]
				for _, m := range block {
					number[m] = int32(len(members))
				}
				members = append(members, block)
			}
		}
	}
	return number, members
}
