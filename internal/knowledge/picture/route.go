package picture

import (
	"math"
	"slices"
	"strings"
)

// A tie is one line of the picture: edges between the same nodes that look the same.
type tie struct {
	a, b       int // positions of nodes; a line has its arrowhead at b
	edges      []Edge
	tips       []string // what the edges say
	confidence string
	ended      bool
	mutual     bool
	curve      curve
	start, end float64 // the piece of the curve between the two boxes
	caption
}

// bundle joins edges that would be drawn as the same line.
func (n Network) bundle(index map[string]int) []*tie {
	type like struct {
		a, b          int
		confidence    string
		ended, mutual bool
	}
	at := map[like]*tie{}
	var out []*tie
	for _, e := range n.Edges {
		l := like{index[e.From], index[e.To], e.confidence(), e.Ended, e.Mutual}
		if e.Mutual && l.a > l.b {
			l.a, l.b = l.b, l.a
		}
		t := at[l]
		if t == nil {
			t = &tie{a: l.a, b: l.b, confidence: l.confidence, ended: l.ended, mutual: l.mutual}
			at[l] = t
			out = append(out, t)
		}
		t.edges = append(t.edges, e)
		t.tips = append(t.tips, e.describe(clean(n.Nodes[index[e.From]].Label), clean(n.Nodes[index[e.To]].Label)))
	}
	for _, t := range out {
		var said []string
		for _, e := range t.edges {
			if w := e.words(); w != "" && !slices.Contains(said, w) {
				said = append(said, w)
			}
		}
		t.set(strings.Join(said, ", "))
	}
	return out
}

// bends are the ways in which a line may leave the straight one, to pass a box.
var bends = [...]float64{0, 14, -14, 28, -28, 48, -48, 72, -72, 100, -100, 140, -140, 190, -190, 240, -240}

// route finds the curves of ties: apart from each other between the same boxes, and not
// through other boxes, if there is a way.
func route(boxes []*box, ties []*tie) {
	type pair struct{ a, b int }
	between := map[pair][]*tie{}
	for _, t := range ties {
		p := pair{min(t.a, t.b), max(t.a, t.b)}
		between[p] = append(between[p], t)
	}
	done := map[*tie]bool{}
	for _, t := range ties {
		if done[t] {
			continue
		}
		all := between[pair{min(t.a, t.b), max(t.a, t.b)}]
		for i, t := range all {
			done[t] = true
			if t.a == t.b {
				var others []*box
				for _, o := range ties {
					if o.a != o.b && o.a == t.a {
						others = append(others, boxes[o.b])
					} else if o.a != o.b && o.b == t.a {
						others = append(others, boxes[o.a])
					}
				}
				t.loopAt(boxes[t.a], i, others)
			} else {
				bend := (float64(i) - float64(len(all)-1)/2) * 22
				if t.a > t.b {
					bend = -bend // the same side for both directions
				}
				t.routeAround(boxes, bend)
			}
			steps := t.curve.steps()
			for k := range steps + 1 {
				t.track = append(t.track, t.curve.at(t.start+(t.end-t.start)*float64(k)/float64(steps)))
			}
		}
	}
}

// routeAround bends the tie by about bend, so that it meets as few boxes as may be.
func (t *tie) routeAround(boxes []*box, bend float64) {
	a, b := boxes[t.a], boxes[t.b]
	if a.dock != 0 || b.dock != 0 {
		t.routeToDock(a, b, bend)
		return
	}
	reach := b.minus(a.point).length()
	best := math.Inf(1)
	for _, more := range bends {
		if more != 0 && math.Abs(bend+more) > reach*0.45 {
			continue
		}
		c := bent(a.point, b.point, bend+more)
		cost := math.Abs(more)/4 + 100*float64(hits(c, bend+more, boxes, a, b))
		if cost < best {
			best, t.curve = cost, c
		}
		if best < math.Abs(more)/4+1 {
			break
		}
	}
	t.start, t.end = t.curve.leaves(a), 1-curve{t.curve.b, t.curve.control, t.curve.a}.leaves(b)
	if t.end < t.start {
		t.start, t.end = 0.5, 0.5
	}
}

// routeToDock draws the tie of a star, so that it reaches the leaf at its side.
func (t *tie) routeToDock(a, b *box, bend float64) {
	middle, leaf := a, b
	if a.dock != 0 {
		middle, leaf = b, a
	}
	dock := leaf.plus(point{leaf.dock * (leaf.w/2 + 1), bend / 2})
	c := curve{middle.point, point{middle.x + (dock.x-middle.x)*0.5, dock.y + bend}, dock}
	t.start, t.end, t.near = c.leaves(middle), 1, 0.72
	if leaf == a {
		c.a, c.b = c.b, c.a
		t.start, t.end, t.near = 0, 1-t.start, 0.28
	}
	t.curve = c
}

// hits counts the boxes that a curve made by [bent] meets, but for two.
func hits(c curve, bend float64, boxes []*box, from, to *box) int {
	reach := c.b.minus(c.a).length()
	direction := c.b.minus(c.a).unit()
	n, steps := 0, float64(c.steps())
	for _, b := range boxes {
		if b == from || b == to {
			continue
		}
		// Where the curve is beside the box: along the straight line it advances evenly.
		d := b.minus(c.a)
		along := float64(d.x*direction.x) + float64(d.y*direction.y)
		off := float64(d.y*direction.x) - float64(d.x*direction.y)
		size := (b.w+b.h)/2 + 12
		if off < min(bend, 0)-size || off > max(bend, 0)+size || along < -size || along > reach+size {
			continue
		}
		first, last := math.Floor((along-size)/reach*steps), math.Ceil((along+size)/reach*steps)
		for i := max(first, 0); i <= min(last, steps); i++ {
			if b.contains(c.at(i/steps), 6) {
				n++
				break
			}
		}
	}
	return n
}

// leaves returns where a curve that starts in the middle of a box leaves it.
func (c curve) leaves(b *box) float64 {
	low, high := 0.0, 1.0
	for range 20 {
		t := (low + high) / 2
		if b.contains(c.at(t), 1) {
			low = t
		} else {
			high = t
		}
	}
	return high
}

// loopAt makes the tie the i-th loop at the side of a box that points away most from the
// boxes that it is tied to.
func (t *tie) loopAt(b *box, i int, others []*box) {
	best, side := math.Inf(1), point{}
	for _, s := range [...]point{{1, 0}, {0, -1}, {-1, 0}, {0, 1}} {
		near := -1.0
		for _, o := range others {
			d := o.minus(b.point).unit()
			near = max(near, float64(d.x*s.x)+float64(d.y*s.y))
		}
		if near < best-0.01 {
			best, side = near, s
		}
	}
	half := b.w / 2
	if side.x == 0 {
		half = b.h / 2
	}
	along := point{-side.y, side.x}
	spread := 8 + float64(i)*3
	at := b.plus(side.times(half + 1))
	t.curve = curve{at.plus(along.times(-spread)), at.plus(side.times(2 * (22 + float64(i)*16))), at.plus(along.times(spread))}
	t.start, t.end, t.beside = 0, 1, true
}

// head returns the parameter at which an arrowhead begins that ends at t.end, or at
// t.start, seen from the other side.
func (t *tie) head(from float64, step float64) float64 {
	tip := t.curve.at(from)
	at := from
	for range 200 {
		if t.curve.at(at).minus(tip).length() >= arrowLength-1 || at < t.start || at > t.end {
			break
		}
		at += step
	}
	return at
}

func (t *tie) draw(c *canvas) {
	linked := len(t.edges) == 1 && c.link(t.edges[0].Link)
	c.begin("g")
	c.title(strings.Join(t.tips, "; "))
	step := 0.004
	from, to := t.start, t.head(t.end, -step)
	if t.mutual {
		from = t.head(t.start, step)
	}
	if from < to {
		c.stroke(t.curve.part(from, to).String(), pen{colour: c.p.line, confidence: t.confidence, ended: t.ended})
	}
	c.arrow(t.curve.at(t.end), t.curve.at(t.end).minus(t.curve.at(to)), c.p.line)
	if t.mutual {
		c.arrow(t.curve.at(t.start), t.curve.at(t.start).minus(t.curve.at(from)), c.p.line)
	}
	if t.ended {
		c.cross(t.free(), c.p.line)
	}
	c.end("g")
	if linked {
		c.end("a")
	}
}

// settle moves all to the right of and below the origin, and returns the size of the
// whole.
func settle(boxes []*box, ties []*tie) (width, height float64) {
	if len(boxes) == 0 {
		return 0, 0
	}
	e := newExtent()
	for _, b := range boxes {
		e.include(b.rect())
	}
	for _, t := range ties {
		t.extend(e)
	}
	move := point{2 - e.low.x, 2 - e.low.y}
	for _, b := range boxes {
		b.point = b.plus(move)
	}
	for _, t := range ties {
		c := t.curve
		t.curve = curve{c.a.plus(move), c.control.plus(move), c.b.plus(move)}
		t.caption.move(move)
	}
	return e.high.x - e.low.x + 4, e.high.y - e.low.y + 4
}
