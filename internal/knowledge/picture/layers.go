package picture

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// A slot is a place in a layer: of a box, or where a long line passes the layer.
type slot struct {
	box   *box // nil where a line passes
	layer int
	x     float64
	w     float64
	up    []*slot // in the layer above
	down  []*slot // in the layer below
	pos   int     // among the slots of the layer
	wish  float64 // the pos that it would have beside its neighbours
}

// A link is a line from one box to one in a lower layer, by way of the slots that it
// passes. Where up is true, its direction is from the lower one to the upper one: it closes
// a circle.
type link struct {
	edge int
	via  []*slot // from the upper box to the lower one
	up   bool
}

// A layering is a drawing in layers: K. Sugiyama, S. Tagawa and M. Toda, "Methods for
// Visual Understanding of Hierarchical System Structures", IEEE Transactions on Systems,
// Man, and Cybernetics 11 (1981).
type layering struct {
	layers [][]*slot
	links  []link
}

// Bounds of the work of layering.
const (
	orderSweeps  = 14
	placeSweeps  = 16
	passingWidth = 10.0
	loopRoom     = 56.0 // at both sides of a box, for a line to itself and its words
)

// layered arranges boxes so that edges run down, but for those that close circles. Edges
// are pairs of positions, upper and lower; those from a box to itself are left out.
func layered(ctx context.Context, boxes []*box, edges [][2]int) (layering, error) {
	reversed := circles(len(boxes), edges)
	ranks := rank(len(boxes), edges, reversed)
	var l layering
	slots := make([]*slot, len(boxes))
	for i, b := range boxes {
		for len(l.layers) <= ranks[i] {
			l.layers = append(l.layers, nil)
		}
		slots[i] = &slot{box: b, layer: ranks[i], w: b.w}
		l.layers[ranks[i]] = append(l.layers[ranks[i]], slots[i])
	}
	for i, e := range edges {
		if e[0] == e[1] {
			slots[e[0]].w = boxes[e[0]].w + 2*loopRoom
			continue
		}
		a, b := slots[e[0]], slots[e[1]]
		if reversed[i] {
			a, b = b, a
		}
		via := []*slot{a}
		for layer := a.layer + 1; layer < b.layer; layer++ {
			s := &slot{layer: layer, w: passingWidth}
			l.layers[layer] = append(l.layers[layer], s)
			via = append(via, s)
		}
		via = append(via, b)
		for k := range via[1:] {
			via[k].down = append(via[k].down, via[k+1])
			via[k+1].up = append(via[k+1].up, via[k])
		}
		l.links = append(l.links, link{i, via, reversed[i]})
	}
	// Lines pass in the middle of a layer where nothing else orders it, so that the many
	// holdings of one owner stand at both sides.
	for k, layer := range l.layers {
		half := (ranked(ranks, k) + 1) / 2
		l.layers[k] = slices.Concat(layer[:half], layer[ranked(ranks, k):], layer[half:ranked(ranks, k)])
	}
	if err := l.order(ctx); err != nil {
		return l, err
	}
	l.place()
	return l, ctx.Err()
}

// ranked counts the boxes of a layer.
func ranked(ranks []int, layer int) int {
	n := 0
	for _, r := range ranks {
		if r == layer {
			n++
		}
	}
	return n
}

// circles returns the edges that a walk from the top meets as the last of a circle.
func circles(n int, edges [][2]int) map[int]bool {
	out := make([][]int, n)
	owned := make([]bool, n)
	for i, e := range edges {
		if e[0] != e[1] {
			out[e[0]] = append(out[e[0]], i)
			owned[e[1]] = true
		}
	}
	reversed := map[int]bool{}
	const (
		fresh = iota
		open
		closed
	)
	state := make([]int, n)
	var walk func(int)
	walk = func(v int) {
		state[v] = open
		for _, i := range out[v] {
			switch w := edges[i][1]; state[w] {
			case fresh:
				walk(w)
			case open:
				reversed[i] = true
			}
		}
		state[v] = closed
	}
	for _, top := range []bool{true, false} {
		for v := range n {
			if state[v] == fresh && owned[v] != top {
				walk(v)
			}
		}
	}
	return reversed
}

// rank returns the layers of boxes: each below all that lead to it, in layers that do not
// grow too wide, and no higher than it must be.
func rank(n int, edges [][2]int, reversed map[int]bool) []int {
	down := make([][]int, n)
	missing := make([]int, n)
	for i, e := range edges {
		a, b := e[0], e[1]
		if a == b {
			continue
		}
		if reversed[i] {
			a, b = b, a
		}
		down[a] = append(down[a], b)
		missing[b]++
	}
	widest := max(6, int(math.Ceil(math.Sqrt(float64(n)*1.3))))
	ranks := make([]int, n)
	count := map[int]int{}
	var ready, order []int
	for v := range n {
		if missing[v] == 0 {
			ready = append(ready, v)
		}
	}
	for len(ready) > 0 {
		v := ready[0]
		ready = ready[1:]
		order = append(order, v)
		for count[ranks[v]] >= widest {
			ranks[v]++
		}
		count[ranks[v]]++
		for _, w := range down[v] {
			ranks[w] = max(ranks[w], ranks[v]+1)
			if missing[w]--; missing[w] == 0 {
				ready = append(ready, w)
			}
		}
	}
	// An owner that nothing is above stands right above its holdings.
	slices.Reverse(order)
	above := make([]int, n)
	for _, ws := range down {
		for _, w := range ws {
			above[w]++
		}
	}
	for _, v := range order {
		if above[v] > 0 || len(down[v]) == 0 {
			continue
		}
		nearest := math.MaxInt
		for _, w := range down[v] {
			nearest = min(nearest, ranks[w]-1)
		}
		for to := nearest; to > ranks[v]; to-- {
			if count[to] < widest {
				count[ranks[v]]--
				ranks[v] = to
				count[to]++
				break
			}
		}
	}
	return compact(ranks)
}

// compact renumbers layers, so that none is empty.
func compact(ranks []int) []int {
	used := slices.Compact(slices.Sorted(slices.Values(ranks)))
	for i, r := range ranks {
		ranks[i], _ = slices.BinarySearch(used, r)
	}
	return ranks
}

// order orders the slots of each layer by the middles of their neighbours, up and down
// in turn, and takes the order with the fewest crossings.
func (l *layering) order(ctx context.Context) error {
	l.number()
	best, fewest, since := l.copy(), l.crossings(), 0
	for sweep := range orderSweeps {
		if err := ctx.Err(); err != nil {
			return err
		}
		up := sweep%2 == 0
		for k := range l.layers {
			if up {
				k = len(l.layers) - 1 - k
			}
			reorder(l.layers[k], up)
		}
		if n := l.crossings(); n < fewest {
			best, fewest, since = l.copy(), n, 0
		} else if since++; since > 3 {
			break
		}
	}
	l.layers = best
	l.number()
	return nil
}

// reorder orders the slots of a layer by the middles of their neighbours below, for up, or
// above. Those without one stay where they are.
func reorder(layer []*slot, up bool) {
	moving, places := make([]*slot, 0, len(layer)), make([]int, 0, len(layer))
	for i, s := range layer {
		neighbours := s.up
		if up {
			neighbours = s.down
		}
		if len(neighbours) == 0 {
			continue
		}
		sum := 0
		for _, t := range neighbours {
			sum += t.pos
		}
		s.wish = float64(sum) / float64(len(neighbours))
		moving = append(moving, s)
		places = append(places, i)
	}
	slices.SortFunc(moving, func(a, b *slot) int {
		if c := cmp.Compare(a.wish, b.wish); c != 0 {
			return c
		}
		return cmp.Compare(a.pos, b.pos)
	})
	for i, s := range moving {
		s.pos = places[i]
		layer[s.pos] = s
	}
}

func (l *layering) number() {
	for _, layer := range l.layers {
		for i, s := range layer {
			s.pos = i
		}
	}
}

func (l *layering) copy() [][]*slot {
	out := make([][]*slot, len(l.layers))
	for i, layer := range l.layers {
		out[i] = slices.Clone(layer)
	}
	return out
}

// crossings counts the pairs of lines that cross between layers.
func (l *layering) crossings() int {
	total := 0
	for k := range len(l.layers) - 1 {
		tree := make([]int, len(l.layers[k+1])+1) // a Fenwick tree of ends that were met
		seen := 0
		for _, s := range l.layers[k] {
			for _, t := range s.down {
				before := 0
				for i := t.pos + 1; i > 0; i -= i & -i {
					before += tree[i]
				}
				total += seen - before
			}
			for _, t := range s.down {
				for i := t.pos + 1; i < len(tree); i += i & -i {
					tree[i]++
				}
				seen++
			}
		}
	}
	return total
}

// place gives slots their x: as near to the middles of their neighbours as their order
// and widths permit, in the sense of least squares, layer by layer.
func (l *layering) place() {
	for _, layer := range l.layers {
		x := 0.0
		for i, s := range layer {
			if i > 0 {
				x += apart(layer[i-1], s)
			}
			s.x = x
		}
	}
	for sweep := range placeSweeps {
		for k := range l.layers {
			if sweep%2 == 1 {
				k = len(l.layers) - 1 - k
			}
			settleLayer(l.layers[k], sweep%2 == 1)
		}
	}
}

// apart returns how far the middles of two slots side by side are apart at least.
func apart(a, b *slot) float64 {
	gap := 14.0
	switch {
	case a.box != nil && b.box != nil:
		gap = 30
	case a.box == nil && b.box == nil:
		gap = 6
	}
	return (a.w+b.w)/2 + gap
}

// settleLayer solves the placement of one layer exactly: with the distances taken off, it is
// the isotonic regression of the wished places, by pooling adjacent violators.
func settleLayer(layer []*slot, up bool) {
	type pool struct {
		sum, weight float64
		n           int
	}
	pools := make([]pool, 0, len(layer))
	offset := make([]float64, len(layer))
	for i, s := range layer {
		if i > 0 {
			offset[i] = offset[i-1] + apart(layer[i-1], s)
		}
		sum, weight := 0.0, 0.0
		if s.box == nil { // a line that passes runs straight on
			before := s.up[0]
			if up {
				before = s.down[0]
			}
			sum, weight = 4*before.x, 4
		} else {
			for _, side := range [][]*slot{s.up, s.down} {
				for _, t := range side {
					sum += t.x
					weight++
				}
			}
		}
		if weight == 0 {
			sum, weight = float64(s.x*0.01), 0.01
		}
		pools = append(pools, pool{sum - float64(offset[i]*weight), weight, 1})
		for len(pools) > 1 {
			a, b := pools[len(pools)-2], pools[len(pools)-1]
			if a.sum/a.weight <= b.sum/b.weight {
				break
			}
			pools = append(pools[:len(pools)-2], pool{a.sum + b.sum, a.weight + b.weight, a.n + b.n})
		}
	}
	i := 0
	for _, p := range pools {
		for range p.n {
			layer[i].x = p.sum/p.weight + offset[i]
			i++
		}
	}
}
