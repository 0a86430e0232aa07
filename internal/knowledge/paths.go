package knowledge

import (
	"cmp"
	"context"
	"slices"
	"sort"

	"github.com/redthread-api/redthread/internal/domain"
)

// The bounds of a search for paths.
const (
	MaxPathLength = 8
	MaxPaths      = 50
)

// PathsParams say which paths to look for.
type PathsParams struct {
	From, To  domain.ID // entities that the viewer sees, not the same
	MaxLength int       // relationships, 1 to MaxPathLength
	First     int       // paths, 1 to MaxPaths
	Filter
}

// Paths are simple paths, on which no entity comes twice: the shortest first; of equal length, those whose weakest
// confidence is highest, then by the ids of their relationships. Relationships are followed in both directions. Of
// several relationships between the same two entities, a path has the one with the highest confidence, and the
// others are beside it.
type Paths struct {
	Paths []Path
	// Complete says that there are no other paths up to the length that was asked for, GaveUp that looking for them was
	// too much work. Neither is true where there is at least one more path.
	Complete, GaveUp bool
}

// Path is a path.
type Path struct {
	Steps []Step
	// Weakest is the lowest confidence of its steps.
	Weakest string
}

// Step is one relationship of a path.
type Step struct {
	Edge
	Start, End domain.ID // the entities before and after it
	Others     []Edge    // other relationships between the two
}

// Paths returns how two entities are tied.
//
// It is a breadth-first search from both ends (Pohl 1971) for the distance, and then, length by length, a search in
// depth among what was read, which turns back where the other end can no longer be reached in time.
func (g *Graph) Paths(ctx context.Context, p PathsParams) (*Paths, error) {
	r, err := g.beginWalk(ctx, p.Filter)
	if err != nil {
		return nil, err
	}
	found, err := r.paths(ctx, p)
	if err != nil {
		return nil, err
	}
	var edges []*Edge
	for _, path := range found.Paths {
		for i := range path.Steps {
			s := &path.Steps[i]
			edges = append(edges, &s.Edge)
			for j := range s.Others {
				edges = append(edges, &s.Others[j])
			}
		}
	}
	return found, r.complete(ctx, edges...)
}

func (r *reading) paths(ctx context.Context, p PathsParams) (*Paths, error) {
	s := newPathSearch(r, p.From, p.To)
	defer s.end()
	result := &Paths{}
	for length := 1; length <= p.MaxLength; length++ {
		// All paths of a length are among what was read if both sides together went as far as the length.
		for s.sides[0].radius+s.sides[1].radius < length {
			if len(s.sides[0].frontier) == 0 || len(s.sides[1].frontier) == 0 {
				// Nothing new comes: all of the part of one end was read.
				break
			}
			if err := s.grow(ctx); err != nil {
				return nil, err
			}
			if s.gaveUp {
				result.GaveUp = true
				return result, nil
			}
		}
		room := p.First - len(result.Paths)
		found := s.ofLength(length, room+1)
		result.GaveUp = s.steps > s.graph.maxSteps
		result.Paths = append(result.Paths, found[:min(len(found), room)]...)
		if result.GaveUp || len(found) > room {
			return result, nil
		}
	}
	result.Complete = true
	return result, nil
}

// pathSearch is a search for paths. An entity is a place in it: in memory that of what is held, otherwise the number of
// entities that were met before it.
type pathSearch struct {
	*reading
	spots   []spot // by place
	reached []uint32
	sides   [2]side
	read    int
	steps   int
	gaveUp  bool

	// Of a search that reads the database: the entities and what was read.
	places map[domain.ID]uint32
	ids    []domain.ID
	links  [][]link // of those that were expanded, all relationships; of others, those with an end that was
}

// spot is what is known of an entity.
type spot struct {
	distance [2]int8 // from each end, and one more; 0: it was not reached from there
	expanded bool
	counted  bool
	degree   int32
}

// side is what was reached from one end.
type side struct {
	end      uint32
	frontier []uint32 // those at radius, which have not been expanded from here
	radius   int
}

// link is a relationship as one of its ends has it.
type link struct {
	other uint32
	edge  Edge
}

func newPathSearch(r *reading, from, to domain.ID) *pathSearch {
	s := &pathSearch{reading: r}
	if r.view != nil {
		s.spots = r.view.spots()
	} else {
		s.places = map[domain.ID]uint32{}
	}
	for i, id := range [2]domain.ID{from, to} {
		at, ok := s.place(id)
		if !ok {
			continue // it has no relationships
		}
		s.sides[i] = side{end: at}
		s.reach(i, at)
	}
	return s
}

// end gives back what the search has used.
func (s *pathSearch) end() {
	if s.view == nil {
		return
	}
	for _, at := range s.reached {
		s.spots[at] = spot{}
	}
	s.view.giveBack(s.spots)
}

// place returns the place of an entity. In memory it may have none.
func (s *pathSearch) place(id domain.ID) (at uint32, ok bool) {
	if s.view != nil {
		return s.view.place(id)
	}
	if at, ok = s.places[id]; !ok {
		at = uint32(len(s.ids))
		s.places[id] = at
		s.ids, s.spots, s.links = append(s.ids, id), append(s.spots, spot{}), append(s.links, nil)
	}
	return at, true
}

func (s *pathSearch) entity(at uint32) domain.ID {
	if s.view != nil {
		return s.view.entity(at)
	}
	return s.ids[at]
}

// reach adds an entity to the frontier of a side, at its radius, unless the side has reached it before.
func (s *pathSearch) reach(side int, at uint32) {
	spot := &s.spots[at]
	if spot.distance[side] != 0 {
		return
	}
	spot.distance[side] = int8(s.sides[side].radius + 1)
	s.sides[side].frontier = append(s.sides[side].frontier, at)
	s.reached = append(s.reached, at)
}

// grow expands the side with fewer relationships ahead of it.
func (s *pathSearch) grow(ctx context.Context) error {
	ahead := [2][]uint32{s.unexpanded(0), s.unexpanded(1)}
	first := 0
	if len(ahead[1]) < len(ahead[0]) {
		first = 1
	}
	// Each of those ahead has a relationship at least: by which it was reached. So where one side has more of them than
	// the other has relationships, which is so behind a hub, there is no need to count its own.
	degrees := [2]int{len(ahead[0]), len(ahead[1])}
	var err error
	if degrees[first], err = s.count(ctx, ahead[first]); err != nil {
		return err
	}
	if degrees[1-first] <= degrees[first] {
		if degrees[1-first], err = s.count(ctx, ahead[1-first]); err != nil {
			return err
		}
	}
	i := 0
	if degrees[1] < degrees[0] {
		i = 1
	}
	if s.read += degrees[i]; s.read > s.graph.maxEdges {
		s.gaveUp = true
		return nil
	}
	if err := s.expand(ctx, ahead[i]); err != nil {
		return err
	}
	side := &s.sides[i]
	frontier := side.frontier
	side.radius, side.frontier = side.radius+1, nil
	for _, at := range frontier {
		s.each(at, func(other uint32) { s.reach(i, other) })
	}
	return nil
}

// unexpanded returns those of the frontier of a side that the other one has not expanded.
func (s *pathSearch) unexpanded(side int) []uint32 {
	return slices.DeleteFunc(slices.Clone(s.sides[side].frontier), func(at uint32) bool { return s.spots[at].expanded })
}

// count returns how many relationships entities have.
func (s *pathSearch) count(ctx context.Context, places []uint32) (int, error) {
	bound := s.graph.maxEdges + 1
	var uncounted []domain.ID
	for _, at := range places {
		spot := &s.spots[at]
		switch {
		case spot.counted:
		case s.view != nil:
			spot.degree, spot.counted = int32(s.view.degree(at, Both, bound)), true
		default:
			uncounted = append(uncounted, s.ids[at])
		}
	}
	degrees, err := s.degrees(ctx, uncounted, Both, bound)
	if err != nil {
		return 0, err
	}
	for id, n := range degrees {
		spot := &s.spots[s.places[id]]
		spot.degree, spot.counted = int32(n), true
	}
	sum := 0
	for _, at := range places {
		sum += int(s.spots[at].degree)
	}
	return sum, nil
}

// expand reads the relationships of entities. In memory they are there.
func (s *pathSearch) expand(ctx context.Context, places []uint32) error {
	for _, at := range places {
		s.spots[at].expanded = true
	}
	if s.view != nil {
		return nil
	}
	ids := make([]domain.ID, len(places))
	now := make(map[uint32]bool, len(places))
	for i, at := range places {
		ids[i], now[at], s.links[at] = s.ids[at], true, nil
	}
	edges, err := s.edges(ctx, ids, Both)
	if err != nil {
		return err
	}
	for _, e := range edges {
		from, _ := s.place(e.From)
		to, _ := s.place(e.To)
		if from == to {
			continue
		}
		for _, l := range [2][2]uint32{{from, to}, {to, from}} {
			if now[l[0]] || !s.spots[l[0]].expanded {
				s.links[l[0]] = append(s.links[l[0]], link{l[1], e})
			}
		}
	}
	return nil
}

// each calls fn for the other end of each relationship of an entity that was expanded.
func (s *pathSearch) each(at uint32, fn func(other uint32)) {
	if s.view == nil {
		for i := range s.links[at] {
			fn(s.links[at][i].other)
		}
		return
	}
	s.view.each(at, Both, func(p passed) bool {
		if p.from != p.to {
			fn(p.other(at))
		}
		return true
	})
}

// linksTo returns the relationships of an entity with those that are wanted; of one that was not expanded, only those with
// entities that were. n is how many were looked at.
func (s *pathSearch) linksTo(at uint32, wanted func(other uint32) bool) (links []link, n int) {
	if s.view == nil {
		for i := range s.links[at] {
			if l := &s.links[at][i]; wanted(l.other) {
				links = append(links, *l)
			}
		}
		return links, len(s.links[at])
	}
	all := s.spots[at].expanded
	s.view.each(at, Both, func(p passed) bool {
		other := p.other(at)
		if other == at || !all && !s.spots[other].expanded {
			return true
		}
		if n++; wanted(other) {
			links = append(links, link{other, s.view.edge(p)})
		}
		return true
	})
	return links, n
}

// tie is all relationships between two entities, as one of them has it.
type tie struct {
	other uint32
	edges []Edge // the highest confidence first, then by id
}

// tiesOf returns the ties that links are, those with the highest confidence first, then by the id of their first
// relationship.
func tiesOf(links []link) []tie {
	byConfidence := func(a, b *Edge) int {
		return cmp.Or(cmp.Compare(weakness(a.Confidence), weakness(b.Confidence)), cmp.Compare(a.ID, b.ID))
	}
	sort.Slice(links, func(i, j int) bool { return byConfidence(&links[i].edge, &links[j].edge) < 0 })
	var ties []tie
	at := make(map[uint32]int, len(links))
	for _, l := range links {
		i, ok := at[l.other]
		if !ok {
			i = len(ties)
			at[l.other] = i
			ties = append(ties, tie{other: l.other})
		}
		ties[i].edges = append(ties[i].edges, l.edge)
	}
	return ties
}

// ofLength returns paths of a length, the best first, and at most a number of them.
func (s *pathSearch) ofLength(length, most int) []Path {
	to := &s.sides[1]
	// The least number of steps to the other end: where it was not reached, more than it has gone.
	unreached := to.radius + 1
	if len(to.frontier) == 0 {
		unreached = MaxPathLength + 1
	}
	left := func(at uint32) int {
		if d := s.spots[at].distance[1]; d != 0 {
			return int(d) - 1
		}
		return unreached
	}
	if len(s.reached) == 0 || left(s.sides[0].end) > length {
		return nil
	}
	var found []Path
	on := []uint32{s.sides[0].end}
	steps := make([]Step, 0, length)
	var visit func(at uint32)
	visit = func(at uint32) {
		depth := len(steps)
		links, n := s.linksTo(at, func(other uint32) bool {
			return depth+1+left(other) <= length && (other == to.end) == (depth+1 == length) && !slices.Contains(on, other)
		})
		if s.steps += n; s.steps > s.graph.maxSteps {
			return
		}
		for _, t := range tiesOf(links) {
			steps = append(steps, Step{Edge: t.edges[0], Start: s.entity(at), End: s.entity(t.other), Others: t.edges[1:]})
			if t.other == to.end {
				found = insertPath(found, steps, most)
			} else {
				on = append(on, t.other)
				visit(t.other)
				on = on[:len(on)-1]
			}
			steps = steps[:depth]
		}
	}
	visit(s.sides[0].end)
	return found
}

// insertPath adds the path of the steps to the best ones.
func insertPath(best []Path, steps []Step, most int) []Path {
	p := Path{Steps: steps, Weakest: weakest(steps)}
	at, _ := slices.BinarySearchFunc(best, p, comparePaths)
	if at == most {
		return best
	}
	p.Steps = slices.Clone(steps)
	best = slices.Insert(best, at, p)
	return best[:min(len(best), most)]
}

// weakest returns the lowest confidence of steps.
func weakest(steps []Step) string {
	least := steps[0].Confidence
	for _, s := range steps[1:] {
		if weakness(s.Confidence) > weakness(least) {
			least = s.Confidence
		}
	}
	return least
}

func comparePaths(a, b Path) int {
	if c := cmp.Compare(weakness(a.Weakest), weakness(b.Weakest)); c != 0 {
		return c
	}
	return slices.CompareFunc(a.Steps, b.Steps, func(a, b Step) int { return cmp.Compare(a.ID, b.ID) })
}
