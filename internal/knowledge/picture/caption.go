package picture

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
)

// A caption is the words beside a line of a picture.
type caption struct {
	rect
	lines  []string
	placed bool
	accent bool
	bold   bool
	beside bool    // they must not interrupt the line, which is short
	near   float64 // where on the line they are best; 0 is its middle
	track  []point // points of the line, at even distances
}

const captionLine = 13.0

// set breaks the words into lines.
func (w *caption) set(s string) {
	if s == "" {
		return
	}
	w.lines = wrap(ellipsis(s, 60), 13, 2)
	for _, l := range w.lines {
		w.w = max(w.w, textWidth(l)*smallSize+6)
	}
	w.h = float64(len(w.lines))*captionLine + 2
}

// draw writes the words over a piece of ground that interrupts the lines below.
func (w *caption) draw(c *canvas) {
	if !w.placed {
		return
	}
	c.elem("rect", "x", w.x, "y", w.y, "width", w.w, "height", w.h, "fill", c.p.ground)
	st := style{size: smallSize, fill: c.p.muted, anchor: "middle"}
	if w.accent {
		st.fill, st.bold = c.p.accent, w.bold
	}
	for i, l := range w.lines {
		c.text(w.x+w.w/2, w.y+10.5+float64(i)*captionLine, l, st)
	}
}

// extend makes e include the line and its words.
func (w *caption) extend(e *extent) {
	for _, q := range w.track {
		e.include(rect{q.x, q.y, 0, 0})
	}
	if w.placed {
		e.include(w.rect)
	}
}

func (w *caption) move(by point) {
	w.x, w.y = w.x+by.x, w.y+by.y
	for i, q := range w.track {
		w.track[i] = q.plus(by)
	}
}

// free returns a point of the line, near one of its ends, that is away from the words.
func (w *caption) free() point {
	n := float64(len(w.track) - 1)
	a, b := w.track[int(n*0.16)], w.track[int(n*0.84)]
	middle := point{w.x + w.w/2, w.y + w.h/2}
	if w.placed && a.minus(middle).length() < b.minus(middle).length() {
		return b
	}
	return a
}

// addNote counts the captions that a picture has no room for.
func (f *Frame) addNote(without int) {
	if without > 0 {
		f.Note = strings.TrimSpace(f.Note + " There was no room for the words beside " + domain.Count(without, "line", "lines") + ".")
	}
}

// placeCaptions finds places for captions, where they cover neither boxes nor each other,
// and as few other lines as may be. It returns how many have no place.
func placeCaptions(captions []*caption, boxes []*box) (without int) {
	crowd := newCrowd(captions)
	var taken []rect
	for _, b := range boxes {
		taken = append(taken, b.rect())
	}
	// Those that have the fewest places come first.
	order := make([]int, len(captions))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch x, y := captions[a].beside, captions[b].beside; {
		case x && !y:
			return -1
		case y && !x:
			return 1
		}
		return 0
	})
	for _, n := range order {
		w := captions[n]
		if len(w.lines) == 0 || len(w.track) < 2 {
			continue
		}
		best, found := math.Inf(1), rect{}
		near := cmp.Or(w.near, 0.5)
		for k, off := range [...]float64{0, -0.08, 0.08, -0.16, 0.16, -0.23, 0.23, -0.3, 0.3, -0.38, 0.38} {
			at := min(max(near+off, 0.1), 0.9) * float64(len(w.track)-1)
			i := min(int(at), len(w.track)-2)
			q, d := mix(w.track[i], w.track[i+1], at-float64(i)), w.track[i+1].minus(w.track[i]).unit()
			for side := range 3 {
				cost := float64(k) + float64(side)*1.5
				if cost >= best || side == 0 && w.beside {
					continue
				}
				r := rect{q.x - w.w/2, q.y - w.h/2, w.w, w.h}
				if side > 0 { // beside the line
					off := math.Abs(float64(d.y*w.w))/2 + math.Abs(float64(d.x*w.h))/2 + 2
					if side == 2 {
						off = -off
					}
					r.x, r.y = r.x-float64(d.y*off), r.y+float64(d.x*off)
				}
				if cost += 6 * float64(crowd.others(r, n)); cost < best && !slices.ContainsFunc(taken, func(s rect) bool { return s.meets(r, 2) }) {
					best, found = cost, r
				}
			}
		}
		if math.IsInf(best, 1) {
			without++
			continue
		}
		w.rect, w.placed = found, true
		taken = append(taken, found)
	}
	return without
}

// A crowd knows which lines pass through a part of the picture: for each cell of a grid,
// the positions of their captions.
type crowd struct {
	origin        point
	cell          float64
	columns, rows int
	first         []int32 // where the lines of each cell begin in lines
	lines         []int32
}

const maxCells = 150_000

func newCrowd(captions []*caption) crowd {
	e := newExtent()
	for _, w := range captions {
		for _, q := range w.track {
			e.include(rect{q.x, q.y, 0, 0})
		}
	}
	if math.IsInf(e.low.x, 1) {
		return crowd{}
	}
	size := e.high.minus(e.low)
	c := crowd{origin: e.low, cell: max(12, math.Sqrt(float64(size.x*size.y)/maxCells))}
	c.columns, c.rows = int(size.x/c.cell)+1, int(size.y/c.cell)+1
	// Each line is counted in the cells that it enters, and then written there.
	c.first = make([]int32, c.columns*c.rows+1)
	enter := func(do func(cell int, line int32)) {
		for i, w := range captions {
			before := -1
			for _, q := range w.track {
				x, y := c.at(q)
				if cell := y*c.columns + x; cell != before {
					do(cell, int32(i))
					before = cell
				}
			}
		}
	}
	enter(func(cell int, _ int32) { c.first[cell]++ })
	end := int32(0)
	for cell, n := range c.first {
		end += n
		c.first[cell] = end
	}
	c.lines = make([]int32, end)
	enter(func(cell int, line int32) {
		c.first[cell]--
		c.lines[c.first[cell]] = line
	})
	return c
}

// at returns the cell of a point, or the one next to it at the rim.
func (c crowd) at(q point) (x, y int) {
	x, y = int((q.x-c.origin.x)/c.cell), int((q.y-c.origin.y)/c.cell)
	return min(max(x, 0), c.columns-1), min(max(y, 0), c.rows-1)
}

// others counts how often lines but one pass through r.
func (c crowd) others(r rect, but int) int {
	n := 0
	left, top := c.at(point{r.x, r.y})
	right, bottom := c.at(point{r.x + r.w, r.y + r.h})
	for y := top; y <= bottom; y++ {
		for x := left; x <= right; x++ {
			cell := y*c.columns + x
			for _, i := range c.lines[c.first[cell]:c.first[cell+1]] {
				if int(i) != but {
					n++
				}
			}
		}
	}
	return n
}
