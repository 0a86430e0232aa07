package picture

import (
	"cmp"
	"context"
	"math"
	"slices"
)

const (
	stretch    = 1.5 // how much wider than high a layout is, as boxes are
	gapX, gapY = 26.0, 22.0
	groupGap   = 44.0 // between components
	snakeRow   = 4    // boxes in a row of a long chain
	starLeaves = 14   // boxes beside the middle of a star, from which on they stand in columns
	clearSteps = 24   // rounds of pushing boxes away from lines
)

// arrange gives each box its place. Components of the network are laid out for
// themselves and set beside each other; boxes do not overlap.
func arrange(ctx context.Context, boxes []*box, ties []*tie) error {
	var groups []group
	for _, members := range components(len(boxes), ties) {
		local := make(map[int]int, len(members))
		g := group{boxes: make([]*box, len(members))}
		for i, m := range members {
			local[m] = i
			g.boxes[i] = boxes[m]
		}
		length := make([][]float64, len(members))
		g.words = make([][]float64, len(members))
		for i := range length {
			length[i] = make([]float64, len(members))
			g.words[i] = make([]float64, len(members))
		}
		for _, t := range ties {
			i, inside := local[t.a]
			if j := local[t.b]; inside && i != j {
				length[i][j] = max(length[i][j], g.desired(i, j, t))
				length[j][i] = length[i][j]
				g.words[i][j] = max(g.words[i][j], t.caption.w)
				g.words[j][i] = g.words[i][j]
			}
		}
		if err := g.layout(ctx, length); err != nil {
			return err
		}
		groups = append(groups, g)
	}
	pack(groups)
	return nil
}

// components returns the connected parts of a network, each by its nodes in order.
func components(n int, ties []*tie) [][]int {
	root := make([]int, n)
	for i := range root {
		root[i] = i
	}
	find := func(i int) int {
		for root[i] != i {
			root[i] = root[root[i]]
			i = root[i]
		}
		return i
	}
	for _, t := range ties {
		a, b := find(t.a), find(t.b)
		root[max(a, b)] = min(a, b)
	}
	at := map[int]int{}
	var out [][]int
	for i := range n {
		r := find(i)
		k, ok := at[r]
		if !ok {
			k = len(out)
			at[r] = k
			out = append(out, nil)
		}
		out[k] = append(out[k], i)
	}
	return out
}

// A group is a component of a network.
type group struct {
	boxes []*box
	words [][]float64 // how wide the words between two boxes are
}

// desired returns the length that a tie should have, in the layout's own units, which
// are narrower than pixels by [stretch].
func (g group) desired(i, j int, t *tie) float64 {
	a, b := g.boxes[i], g.boxes[j]
	return max(56, 30+t.caption.w/stretch) + (a.w/stretch+a.h+b.w/stretch+b.h)/4
}

// layout places the boxes of the group.
func (g group) layout(ctx context.Context, length [][]float64) error {
	if chain := chainOf(length); len(chain) > snakeRow {
		g.snake(chain)
		return nil
	}
	if middle := middleOf(length); middle >= 0 && len(length) > starLeaves {
		g.columns(middle)
		return nil
	}
	// The ties of a node with many are longer: its neighbours need room around it.
	degree := make([]float64, len(length))
	for i := range length {
		for j := range length {
			if length[i][j] > 0 {
				degree[i]++
			}
		}
	}
	for i := range length {
		for j := range length {
			length[i][j] *= max(1, math.Sqrt(max(degree[i], degree[j])/7))
		}
	}
	at, err := stressLayout(ctx, length)
	if err != nil {
		return err
	}
	for i, b := range g.boxes {
		b.point = point{at[i].x * stretch, at[i].y}
	}
	g.spread()
	g.separate()
	return g.clear(ctx, length)
}

// clear pushes boxes away from the straight lines between others, as far as that goes, and
// apart again.
func (g group) clear(ctx context.Context, length [][]float64) error {
	const room = 9.0
	lines := 0
	for i := range length {
		for j := range i {
			if length[i][j] > 0 {
				lines++
			}
		}
	}
	if lines > 2*len(length) {
		return nil // there is no free ground to push them to
	}
	for range clearSteps {
		if err := ctx.Err(); err != nil {
			return err
		}
		moved := false
		for i, a := range g.boxes {
			for j, b := range g.boxes[:i] {
				if length[i][j] == 0 {
					continue
				}
				d := b.minus(a.point)
				reach := d.length()
				u := d.unit()
				for _, c := range g.boxes {
					if c == a || c == b {
						continue
					}
					v := c.minus(a.point)
					along := float64(v.x*u.x) + float64(v.y*u.y)
					if along < 0 || along > reach {
						continue
					}
					off := float64(v.y*u.x) - float64(v.x*u.y)
					need := (math.Abs(float64(u.y*c.w))+math.Abs(float64(u.x*c.h)))/2 + room - math.Abs(off)
					if need > 0 {
						step := math.Copysign(min(need, 14)*0.6, off)
						c.point = c.plus(point{-u.y, u.x}.times(step))
						moved = true
					}
				}
			}
		}
		if !moved {
			break
		}
		g.separate()
	}
	return nil
}

// chainOf returns the nodes of a graph that is one path, from end to end, and nil for
// any other.
func chainOf(length [][]float64) []int {
	start, ends := -1, 0
	next := make([][]int, len(length))
	for i := range length {
		for j := range length {
			if length[i][j] > 0 {
				next[i] = append(next[i], j)
			}
		}
		switch len(next[i]) {
		case 2:
		case 1:
			if ends++; start < 0 {
				start = i
			}
		default:
			return nil
		}
	}
	if ends != 2 {
		return nil
	}
	chain := []int{start}
	for before, i := -1, start; len(chain) < len(length); {
		for _, j := range next[i] {
			if j != before {
				before, i = i, j
				chain = append(chain, j)
				break
			}
		}
	}
	return chain
}

// snake places a chain in rows that run to the right and to the left in turn.
func (g group) snake(chain []int) {
	perRow := max(snakeRow, int(math.Ceil(math.Sqrt(float64(len(chain)))*0.8)))
	w, h := 0.0, 0.0
	for _, b := range g.boxes {
		w, h = max(w, b.w), max(h, b.h)
	}
	for k, i := range chain {
		row, column := k/perRow, k%perRow
		if row%2 == 1 {
			column = perRow - 1 - column
		}
		g.boxes[i].point = point{float64(column) * (w + 90), float64(row) * (h + 60)}
	}
}

// middleOf returns the node that all edges of a star end at, and -1 for any other graph.
func middleOf(length [][]float64) int {
	middle := -1
	for i := range length {
		degree := 0
		for j := range length {
			if length[i][j] > 0 {
				degree++
			}
		}
		switch degree {
		case 1:
		case len(length) - 1:
			middle = i
		default:
			return -1
		}
	}
	return middle
}

// columns places a star: its leaves in order in a column at each side of the middle.
func (g group) columns(middle int) {
	var leaves []*box
	for i, b := range g.boxes {
		if i != middle {
			leaves = append(leaves, b)
		}
	}
	half := (len(leaves) + 1) / 2
	sides := [2][]*box{leaves[:half], leaves[half:]}
	g.boxes[middle].point = point{}
	for k, side := range sides {
		height := -14.0
		for _, b := range side {
			height += b.h + 14
		}
		x := g.boxes[middle].w/2 + max(170, min(height/3.2, 460))
		y := -height / 2
		for _, b := range side {
			b.point, b.dock = point{-(x + b.w/2), y + b.h/2}, 1
			if k == 1 {
				b.x, b.dock = -b.x, -1
			}
			y += b.h + 14
		}
	}
}

// spread enlarges a layout in which the boxes have too little room.
func (g group) spread() {
	need := 0.0
	for _, b := range g.boxes {
		need += float64((b.w + gapX) * (b.h + gapY))
	}
	r := bounds(g.boxes)
	if have := r.w * r.h; len(g.boxes) > 3 && have < 2*need {
		f := min(math.Sqrt(2*need/have), 8)
		for _, b := range g.boxes {
			b.point = b.times(f)
		}
	}
}

func bounds(boxes []*box) rect {
	e := newExtent()
	for _, b := range boxes {
		e.include(b.rect())
	}
	return rect{e.low.x, e.low.y, e.high.x - e.low.x, e.high.y - e.low.y}
}

const pushSteps = 200

// separate pushes boxes apart until none overlap, and words fit between those side by
// side. Most of it is a gentle push of pairs; where that does not come to an end, boxes
// move to the right until they are free.
func (g group) separate() {
	for range pushSteps {
		moved := false
		for i, a := range g.boxes {
			for k, b := range g.boxes[i+1:] {
				dx, dy := b.x-a.x, b.y-a.y
				beside, below := gapX, gapY
				if w := g.words[i][i+1+k]; w > 0 { // and for arrowheads at both ends of the words
					beside, below = max(beside, min(w, 110)+26), captionLine+28
				}
				ox := (a.w+b.w)/2 + beside - math.Abs(dx)
				oy := (a.h+b.h)/2 + below - math.Abs(dy)
				if ox <= 0.01 || oy <= 0.01 {
					continue
				}
				moved = true
				if ox < oy*stretch {
					push := math.Copysign(ox/2, dx)
					a.x, b.x = a.x-push, b.x+push
				} else {
					push := math.Copysign(oy/2, dy)
					a.y, b.y = a.y-push, b.y+push
				}
			}
		}
		if !moved {
			return
		}
	}
	order := slices.Clone(g.boxes)
	slices.SortStableFunc(order, func(a, b *box) int { return cmp.Compare(a.x-a.w/2, b.x-b.w/2) })
	for i, b := range order {
		for again := true; again; {
			again = false
			for _, a := range order[:i] {
				if a.rect().meets(b.rect(), 4) {
					b.x = a.x + (a.w+b.w)/2 + 5
					again = true
				}
			}
		}
	}
}

// pack sets groups beside each other in rows, the highest first, and single boxes last.
func pack(groups []group) {
	type part struct {
		group
		rect
	}
	parts := make([]part, len(groups))
	area, widest := 0.0, 0.0
	for i, g := range groups {
		parts[i] = part{g, bounds(g.boxes)}
		area += float64((parts[i].w + groupGap) * (parts[i].h + groupGap))
		widest = max(widest, parts[i].w)
	}
	slices.SortStableFunc(parts, func(a, b part) int {
		return cmp.Or(cmp.Compare(min(len(b.boxes), 2), min(len(a.boxes), 2)), cmp.Compare(b.h, a.h))
	})
	limit := max(widest, math.Sqrt(area*stretch))
	x, y, row := 0.0, 0.0, 0.0
	for i, p := range parts {
		single := len(p.boxes) == 1
		if x > 0 && (x+p.w > limit || single && len(parts[i-1].boxes) > 1) {
			x, y, row = 0, y+row+groupGap, 0
		}
		for _, b := range p.boxes {
			b.point = b.plus(point{x - p.rect.x, y - p.rect.y})
		}
		x += p.w + groupGap
		if single {
			x -= groupGap - gapX
		}
		row = max(row, p.h)
	}
}
