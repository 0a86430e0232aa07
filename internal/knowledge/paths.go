package knowledge

import (
	"cmp"
	"context"
	"maps"
	"slices"

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
	s := &pathSearch{reading: r, ties: map[domain.ID][]tie{}, known: map[domain.ID]bool{}, degree: map[domain.ID]int{},
		sides: [2]*side{newSide(p.From), newSide(p.To)}}
	result := &Paths{}
	for length := 1; length <= p.MaxLength; length++ {
		// All paths of a length are among what was read if both sides together went as far as the length.
		for s.sides[0].radius+s.sides[1].radius < length {
			if s.sides[0].exhausted() || s.sides[1].exhausted() {
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

// tie is all relationships between two entities, as one of them has it.
type tie struct {
	other domain.ID
	edges []Edge // the highest confidence first, then by id
}

// side is what was reached from one end.
type side struct {
	start    domain.ID
	distance map[domain.ID]int
	frontier []domain.ID // those at radius, which have not been expanded
	radius   int
}

func newSide(start domain.ID) *side {
	return &side{start: start, distance: map[domain.ID]int{start: 0}, frontier: []domain.ID{start}}
}

func (s *side) exhausted() bool { return len(s.frontier) == 0 }

type pathSearch struct {
	*reading
	sides  [2]*side
	ties   map[domain.ID][]tie // of the entities that were expanded; from memory, of those that were asked for
	known  map[domain.ID]bool  // they were expanded
	degree map[domain.ID]int   // of those that were counted
	read   int
	steps  int
	gaveUp bool
}

// grow expands the side with fewer relationships ahead of it.
func (s *pathSearch) grow(ctx context.Context) error {
	var ahead [2][]domain.ID
	var uncounted []domain.ID
	for i, side := range s.sides {
		ahead[i] = s.unknown(side.frontier)
		for _, id := range ahead[i] {
			if _, ok := s.degree[id]; !ok {
				s.degree[id] = 0
				uncounted = append(uncounted, id)
			}
		}
	}
	counts, err := s.degrees(ctx, uncounted, Both, s.graph.maxEdges+1)
	if err != nil {
		return err
	}
	maps.Copy(s.degree, counts)
	var degrees [2]int
	for i := range ahead {
		for _, id := range ahead[i] {
			degrees[i] += s.degree[id]
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
	smaller := s.sides[i]
	smaller.radius++
	var next []domain.ID
	reach := func(other domain.ID) {
		if _, ok := smaller.distance[other]; !ok {
			smaller.distance[other] = smaller.radius
			next = append(next, other)
		}
	}
	for _, id := range smaller.frontier {
		if s.view != nil {
			s.view.neighbours(id, reach)
			continue
		}
		for _, t := range s.ties[id] {
			reach(t.other)
		}
	}
	smaller.frontier = next
	return nil
}

// unknown returns those that were not expanded.
func (s *pathSearch) unknown(ids []domain.ID) []domain.ID {
	return slices.DeleteFunc(slices.Clone(ids), func(id domain.ID) bool { return s.known[id] })
}

// expand reads the relationships of entities. In memory, they are there.
func (s *pathSearch) expand(ctx context.Context, ids []domain.ID) error {
	if s.view != nil {
		for _, id := range ids {
			s.known[id] = true
		}
		return nil
	}
	edges, err := s.edges(ctx, ids, Both)
	if err != nil {
		return err
	}
	wanted := make(map[domain.ID]bool, len(ids))
	for _, id := range ids {
		wanted[id], s.known[id] = true, true
	}
	slices.SortStableFunc(edges, func(a, b Edge) int { return cmp.Compare(weakness(a.Confidence), weakness(b.Confidence)) })
	at := map[[2]domain.ID]int{}
	for _, e := range edges {
		if e.From == e.To {
			continue
		}
		for _, id := range [2]domain.ID{e.From, e.To} {
			if !wanted[id] {
				continue
			}
			other := e.Other(id)
			i, ok := at[[2]domain.ID{id, other}]
			if !ok {
				i = len(s.ties[id])
				at[[2]domain.ID{id, other}] = i
				s.ties[id] = append(s.ties[id], tie{other: other})
			}
			s.ties[id][i].edges = append(s.ties[id][i].edges, e)
		}
	}
	return nil
}

// ofLength returns paths of a length, the best first, and at most a number of them.
func (s *pathSearch) ofLength(length, most int) []Path {
	from, to := s.sides[0], s.sides[1]
	start, end := from.start, to.start
	// The least number of steps to the other end: where it was not reached, more than it has gone.
	left := func(id domain.ID) int {
		if d, ok := to.distance[id]; ok {
			return d
		}
		if to.exhausted() {
			return MaxPathLength + 1
		}
		return to.radius + 1
	}
	if left(start) > length {
		return nil
	}
	var found []Path
	on := map[domain.ID]bool{start: true}
	steps := make([]Step, 0, length)
	tiesOf := s.tiesOf()
	var visit func(id domain.ID)
	visit = func(id domain.ID) {
		depth := len(steps)
		ties := tiesOf(id)
		for i := range ties {
			t := &ties[i]
			if s.steps++; s.steps > s.graph.maxSteps {
				return
			}
			if on[t.other] || depth+1+left(t.other) > length || (t.other == end) != (depth+1 == length) {
				continue
			}
			steps = append(steps, Step{Edge: t.edges[0], Start: id, End: t.other, Others: t.edges[1:]})
			if t.other == end {
				found = insertPath(found, steps, most)
			} else {
				on[t.other] = true
				visit(t.other)
				delete(on, t.other)
			}
			steps = steps[:depth]
		}
	}
	visit(start)
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

// tiesOf returns a function that returns the ties of an entity: all of one that was expanded, and of another one those to
// entities that were.
func (s *pathSearch) tiesOf() func(domain.ID) []tie {
	if s.view == nil {
		back := s.backward()
		return func(id domain.ID) []tie {
			if s.known[id] {
				return s.ties[id]
			}
			return back[id]
		}
	}
	back := map[domain.ID][]tie{}
	return func(id domain.ID) []tie {
		at, wanted := s.ties, func(domain.ID) bool { return true }
		if !s.known[id] {
			at, wanted = back, func(other domain.ID) bool { return s.known[other] }
		}
		ties, ok := at[id]
		if !ok {
			ties = s.view.ties(id, wanted)
			at[id] = ties
		}
		return ties
	}
}

// backward returns the ties of entities that were reached and not expanded, as those that were expanded have them.
func (s *pathSearch) backward() map[domain.ID][]tie {
	back := map[domain.ID][]tie{}
	for id := range s.known {
		for _, t := range s.ties[id] {
			if !s.known[t.other] {
				back[t.other] = append(back[t.other], tie{other: id, edges: t.edges})
			}
		}
	}
	return back
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
