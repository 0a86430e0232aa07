package knowledge

import (
	"cmp"
	"context"
	"slices"

	"github.com/redthread-api/redthread/internal/domain"
)

// The bounds of a network.
const (
	MaxDepth = 4
	MaxNodes = 150
	// maxFollowed is how many relationships an entity other than one that was asked for may have for the network to go on
	// beyond it: everything is close to everything through a hub, which says little.
	maxFollowed = 150
)

// NetworkParams say which part of the graph to return.
type NetworkParams struct {
	Around []domain.ID // entities that the viewer sees
	Depth  int         // 1 to MaxDepth
	Limit  int         // of nodes, 1 to MaxNodes, and not fewer than Around
	Filter
}

// Network is a part of the graph: its nodes, and all relationships between them that pass the filter, in the order of
// their ids.
type Network struct {
	Nodes []Node // by distance
	Edges []Edge
}

// Node is an entity of a network.
type Node struct {
	ID domain.ID
	// Distance is the number of relationships to the nearest of the entities that were asked for.
	Distance int
	// Degree is how many relationships that pass the filter it has, in the network or not, and Hidden how many of them
	// lead out of the network.
	Degree, Hidden int
	Cut            Cut
}

// Cut says why relationships of a node lead out of a network.
type Cut int

// The cuts.
const (
	Whole      Cut = iota // none does
	CutByDepth            // it is as far away as was asked for
	CutByLimit            // there was no room for what they lead to
	CutAtHub              // it has so many that the network does not go on beyond it
)

// Network returns what is around entities. It follows relationships in both directions, of each level those with the
// highest confidence first, then to the entities that most of them lead to.
func (g *Graph) Network(ctx context.Context, p NetworkParams) (*Network, error) {
	r, err := g.beginWalk(ctx, p.Filter)
	if err != nil {
		return nil, err
	}
	w := &walk{reading: r, at: map[domain.ID]int{}, edges: map[domain.ID]Edge{}}
	for _, id := range p.Around {
		w.add(id, 0)
	}
	from := 0
	for distance := 1; distance <= p.Depth && from < len(w.nodes); distance++ {
		to := len(w.nodes)
		if err := w.expand(ctx, from, distance, p.Limit); err != nil {
			return nil, err
		}
		from = to
	}
	return w.finish(ctx, from)
}

// walk is a network in the making.
type walk struct {
	*reading
	nodes []Node
	at    map[domain.ID]int  // in nodes
	edges map[domain.ID]Edge // of nodes that were expanded, also those that lead out
}

func (w *walk) add(id domain.ID, distance int) {
	if _, ok := w.at[id]; !ok {
		w.at[id] = len(w.nodes)
		w.nodes = append(w.nodes, Node{ID: id, Distance: distance})
	}
}

func idsOf(nodes []Node) []domain.ID {
	ids := make([]domain.ID, len(nodes))
	for i := range nodes {
		ids[i] = nodes[i].ID
	}
	return ids
}

// expand adds what the nodes from a place on lead to, up to a limit of nodes.
func (w *walk) expand(ctx context.Context, from, distance, limit int) error {
	frontier := idsOf(w.nodes[from:])
	degrees, err := w.degrees(ctx, frontier, Both, maxFollowed+1)
	if err != nil {
		return err
	}
	var whole []domain.ID
	var found []Edge
	for i, id := range frontier {
		if degrees[id] <= maxFollowed {
			whole = append(whole, id)
			continue
		}
		w.nodes[from+i].Cut = CutAtHub
		if distance == 1 {
			strongest, err := w.strongest(ctx, id, limit)
			if err != nil {
				return err
			}
			found = append(found, strongest...)
		}
	}
	all, err := w.reading.edges(ctx, whole, Both)
	if err != nil {
		return err
	}
	type candidate struct {
		id       domain.ID
		weakness int
		links    int
	}
	candidates := map[domain.ID]*candidate{}
	for _, e := range append(all, found...) {
		if _, known := w.edges[e.ID]; known {
			continue
		}
		w.edges[e.ID] = e
		for _, id := range [2]domain.ID{e.From, e.To} {
			if _, known := w.at[id]; known {
				continue
			}
			c := candidates[id]
			if c == nil {
				c = &candidate{id: id, weakness: len(domain.Confidences)}
				candidates[id] = c
			}
			c.links++
			c.weakness = min(c.weakness, weakness(e.Confidence))
		}
	}
	ordered := make([]*candidate, 0, len(candidates))
	for _, c := range candidates {
		ordered = append(ordered, c)
	}
	slices.SortFunc(ordered, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(a.weakness, b.weakness), cmp.Compare(b.links, a.links), cmp.Compare(a.id, b.id))
	})
	for _, c := range ordered[:min(len(ordered), max(limit-len(w.nodes), 0))] {
		w.add(c.id, distance)
	}
	return nil
}

// finish adds the relationships between the nodes that were reached last, those from a place on, and counts what leads out.
func (w *walk) finish(ctx context.Context, last int) (*Network, error) {
	ids := idsOf(w.nodes)
	own := map[domain.ID]int{} // of those that were expanded, all relationships were read
	for _, e := range w.edges {
		own[e.From]++
		if e.To != e.From {
			own[e.To]++
		}
	}
	counted := slices.DeleteFunc(slices.Clone(ids), func(id domain.ID) bool { i := w.at[id]; return i < last && w.nodes[i].Cut != CutAtHub })
	degrees, err := w.degrees(ctx, counted, Both, 0)
	if err != nil {
		return nil, err
	}
	var few, many []domain.ID
	for i := range w.nodes {
		n := &w.nodes[i]
		n.Degree = degrees[n.ID]
		if i < last && n.Cut != CutAtHub {
			n.Degree = own[n.ID]
			continue
		}
		if n.Degree <= 2*len(w.nodes) {
			few = append(few, n.ID)
		} else {
			many = append(many, n.ID)
		}
	}
	for _, read := range []func() ([]Edge, error){
		func() ([]Edge, error) { return w.between(ctx, few, ids, true) },
		// Those that were expanded and the few have theirs already.
		func() ([]Edge, error) { return w.between(ctx, many, many, false) },
	} {
		edges, err := read()
		if err != nil {
			return nil, err
		}
		for _, e := range edges {
			w.edges[e.ID] = e
		}
	}
	network := &Network{Nodes: w.nodes}
	for _, e := range w.edges {
		if w.shows(&e) {
			network.Edges = append(network.Edges, e)
		}
	}
	network.Edges = distinct(network.Edges)
	shownEdges := make([]*Edge, len(network.Edges))
	for i := range network.Edges {
		shownEdges[i] = &network.Edges[i]
	}
	if err := w.complete(ctx, shownEdges...); err != nil {
		return nil, err
	}
	shown := make([]int, len(w.nodes))
	for i := range network.Edges {
		e := &network.Edges[i]
		shown[w.at[e.From]]++
		if e.To != e.From {
			shown[w.at[e.To]]++
		}
	}
	for i := range w.nodes {
		n := &w.nodes[i]
		n.Hidden = n.Degree - shown[i]
		switch {
		case n.Hidden <= 0:
			n.Hidden, n.Cut = 0, Whole
		case n.Cut == CutAtHub:
		case i >= last:
			n.Cut = CutByDepth
		default:
			n.Cut = CutByLimit
		}
	}
	return network, nil
}

func (w *walk) shows(e *Edge) bool {
	_, from := w.at[e.From]
	_, to := w.at[e.To]
	return from && to
}
