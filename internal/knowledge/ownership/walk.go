package ownership

import (
	"cmp"
	"slices"

	"github.com/redthread-api/redthread/internal/domain"
)

// Holding is an effective share that one entity holds in another, as in
// [Economic], without the chains.
type Holding struct {
	Entity domain.ID // the other end of the walk
	Depth  int       // the number of stakes of the shortest chain
	Share  Range     // the effective share, through all chains of any depth
	Exact  bool      // as in Economic
}

// WalkParams bound a walk.
type WalkParams struct {
	Depth int // 0 is any
	Limit int // 0 is DefaultLimit
}

// Walk is what a walk from an entity comes to, in order of depth, then of the entities.
type Walk struct {
	Holdings  []Holding
	Truncated bool // there are more than the limit, within the depth
}

// Owners returns the direct and indirect owners of an entity, each with its effective
// share in it. The shares of two owners may overlap: what one of them holds through another
// is in both. The work is the number of stakes between an owner and the entity, for each
// owner up to the limit.
func (g *Graph) Owners(entity domain.ID, p WalkParams) Walk {
	e, ok := g.place(entity)
	if !ok {
		return Walk{}
	}
	w, found := g.walk(e, g.in, func(s edge) int32 { return s.owner }, p)
	up := g.upstream(e)
	for i, o := range found {
		w.Holdings[i].Share, w.Holdings[i].Exact = g.values([]int32{o}, up, looseWork/len(found)).share(e)
	}
	return w
}

// Holdings returns what an entity holds shares in, directly and indirectly, each with the
// effective share.
func (g *Graph) Holdings(entity domain.ID, p WalkParams) Walk {
	e, ok := g.place(entity)
	if !ok {
		return Walk{}
	}
	w, found := g.walk(e, g.out, func(s edge) int32 { return s.owned }, p)
	v := g.values([]int32{e}, g.upstream(found...), looseWork)
	for i, o := range found {
		w.Holdings[i].Share, w.Holdings[i].Exact = v.share(o)
	}
	return w
}

// walk goes from an entity along stakes, level by level. It returns the entities beside
// the holdings, which have no shares yet.
func (g *Graph) walk(from int32, stakes adjacency, end func(edge) int32, p WalkParams) (w Walk, found []int32) {
	limit := cmp.Or(max(p.Limit, 0), DefaultLimit)
	seen := map[int32]bool{from: true}
	level := []int32{from}
	for depth := 1; len(level) > 0 && (p.Depth <= 0 || depth <= p.Depth); depth++ {
		var next []int32
		for _, e := range level {
			for _, s := range stakes.of(e) {
				if o := end(g.stakes[s]); !seen[o] {
					seen[o] = true
					next = append(next, o)
				}
			}
		}
		slices.Sort(next)
		for _, e := range next {
			if len(found) == limit {
				w.Truncated = true
				return w, found
			}
			found = append(found, e)
			w.Holdings = append(w.Holdings, Holding{Entity: g.ids[e], Depth: depth})
		}
		level = next
	}
	return w, found
}
