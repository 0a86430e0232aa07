package ownership

import (
	"cmp"
	"slices"

	"github.com/redthread-api/redthread/internal/domain"
)

// Params say how stakes are read.
type Params struct {
	// AsOf is the day: YYYY-MM-DD.
	AsOf domain.Date
	// Certain is the lowest confidence of a stake that surely exists. A stake of lower
	// confidence may be missing: its Min is 0. Empty takes every stake as certain.
	Certain string
}

// Graph is the stakes as they are on one day. It does not change, and goroutines may share
// it.
type Graph struct {
	params Params
	ids    []domain.ID // of the entities, ascending; an entity is its place here
	stakes []edge      // ascending by id of the relationship
	stated []Stake     // beside stakes
	in     adjacency   // stakes by what they are in
	out    adjacency   // stakes by their owner
	least  []domain.Share
}

// edge is a stake that holds on the day, or may.
type edge struct {
	owner, owned int32
	min, max     domain.Share
}

// adjacency lists places in Graph.stakes for each entity.
type adjacency struct{ start, list []int32 }

func (a adjacency) of(entity int32) []int32 { return a.list[a.start[entity]:a.start[entity+1]] }

// New returns the graph of the stakes that hold on the day of p, or may. The error is of
// KindInvalid: for a day that is not one, for a range or date that cannot be, or for two
// stakes of one id.
func New(stakes []Stake, p Params) (*Graph, error) {
	if _, err := domain.ParseDate(string(p.AsOf)); err != nil || len(p.AsOf) != len("2006-01-02") {
		return nil, domain.Invalid("%q is not a day: want YYYY-MM-DD", p.AsOf)
	}
	if p.Certain != "" && !slices.Contains(domain.Confidences, p.Certain) {
		return nil, domain.Invalid("%q is not a confidence", p.Certain)
	}
	sorted := slices.Clone(stakes)
	slices.SortFunc(sorted, func(a, b Stake) int { return cmp.Compare(a.ID, b.ID) })

	g := &Graph{params: p}
	for i, s := range sorted {
		if err := s.check(); err != nil {
			return nil, err
		}
		if i > 0 && s.ID == sorted[i-1].ID {
			return nil, domain.Invalid("stake %s is there twice", s.ID)
		}
		if r, _ := s.onDay(p); r.Max > 0 {
			g.stated = append(g.stated, s)
			g.stakes = append(g.stakes, edge{min: r.Min, max: r.Max})
			g.ids = append(g.ids, s.Owner, s.Owned)
		}
	}
	slices.Sort(g.ids)
	g.ids = slices.Compact(g.ids)
	g.least = make([]domain.Share, len(g.ids))
	for i, s := range g.stated {
		e := &g.stakes[i]
		e.owner, _ = g.place(s.Owner)
		e.owned, _ = g.place(s.Owned)
		g.least[e.owned] += e.min
	}
	g.in = g.adjacency(func(e edge) (int32, int32) { return e.owned, e.owner })
	g.out = g.adjacency(func(e edge) (int32, int32) { return e.owner, e.owned })
	return g, nil
}

// place returns the place of an entity in Graph.ids.
func (g *Graph) place(id domain.ID) (int32, bool) {
	i, ok := slices.BinarySearch(g.ids, id)
	return int32(i), ok
}

// places returns the places of the entities that have stakes, ascending and without
// duplicates.
func (g *Graph) places(ids []domain.ID) []int32 {
	var out []int32
	for _, id := range ids {
		if i, ok := g.place(id); ok {
			out = append(out, i)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// adjacency lists the stakes of each entity, in order of the entity at the other end.
func (g *Graph) adjacency(ends func(edge) (at, other int32)) adjacency {
	a := adjacency{start: make([]int32, len(g.ids)+1), list: make([]int32, len(g.stakes))}
	for _, e := range g.stakes {
		at, _ := ends(e)
		a.start[at+1]++
	}
	for i := range g.ids {
		a.start[i+1] += a.start[i]
	}
	next := slices.Clone(a.start)
	for i, e := range g.stakes {
		at, _ := ends(e)
		a.list[next[at]] = int32(i)
		next[at]++
	}
	for i := range g.ids {
		slices.SortStableFunc(a.of(int32(i)), func(x, y int32) int {
			_, ox := ends(g.stakes[x])
			_, oy := ends(g.stakes[y])
			return cmp.Compare(ox, oy)
		})
	}
	return a
}

// upstream returns which entities are one of these, or hold shares in one of them, directly
// or not.
func (g *Graph) upstream(entities ...int32) []bool {
	seen := make([]bool, len(g.ids))
	for _, e := range entities {
		seen[e] = true
	}
	for todo := slices.Clone(entities); len(todo) > 0; {
		e := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, s := range g.in.of(e) {
			if o := g.stakes[s].owner; !seen[o] {
				seen[o] = true
				todo = append(todo, o)
			}
		}
	}
	return seen
}

// Contradiction is an entity of which the owners hold more than 100 percent together, by
// their Min.
type Contradiction struct {
	Entity domain.ID
	Sum    domain.Share
}

// contradictions returns the contradictions in the entities for which in is true, in
// order of the entities.
func (g *Graph) contradictions(in func(entity int32) bool) []Contradiction {
	var out []Contradiction
	for i, sum := range g.least {
		if sum > domain.FullShare && in(int32(i)) {
			out = append(out, Contradiction{Entity: g.ids[i], Sum: sum})
		}
	}
	return out
}
