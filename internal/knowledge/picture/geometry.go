package picture

import "math"

// A point is a place or a vector, in pixels. Products are converted where they are
// added, so that no processor fuses the two and rounds in another way.
type point struct{ x, y float64 }

func (a point) plus(b point) point    { return point{a.x + b.x, a.y + b.y} }
func (a point) minus(b point) point   { return point{a.x - b.x, a.y - b.y} }
func (a point) times(f float64) point { return point{float64(a.x * f), float64(a.y * f)} }
func (a point) length() float64       { return math.Sqrt(float64(a.x*a.x) + float64(a.y*a.y)) }
func (a point) String() string        { return num(a.x) + " " + num(a.y) }
func mix(a, b point, t float64) point { return a.times(1 - t).plus(b.times(t)) }

// unit returns the vector of length 1 in the direction of a, and one to the right for no
// direction.
func (a point) unit() point {
	if l := a.length(); l > 1e-9 {
		return a.times(1 / l)
	}
	return point{1, 0}
}

// A rect is a rectangle by its left upper corner.
type rect struct{ x, y, w, h float64 }

// meets reports whether two rectangles overlap, or are nearer than pad.
func (r rect) meets(s rect, pad float64) bool {
	return r.x < s.x+s.w+pad && s.x < r.x+r.w+pad && r.y < s.y+s.h+pad && s.y < r.y+r.h+pad
}

// A curve is a quadratic Bézier curve.
type curve struct{ a, control, b point }

// bent returns the curve from a to b whose middle is off the straight line by bend, to the
// right of its direction on the screen for a positive one.
func bent(a, b point, bend float64) curve {
	d := b.minus(a).unit()
	return curve{a, mix(a, b, 0.5).plus(point{-d.y, d.x}.times(2 * bend)), b}
}

func (c curve) at(t float64) point {
	return mix(mix(c.a, c.control, t), mix(c.control, c.b, t), t)
}

// part returns the piece from t to u.
func (c curve) part(t, u float64) curve {
	middle := mix(mix(c.a, c.control, t), mix(c.control, c.b, t), u)
	return curve{c.at(t), middle, c.at(u)}
}

func (c curve) String() string {
	if d := c.b.minus(c.a).unit(); math.Abs(float64(d.x*(c.control.y-c.a.y))-float64(d.y*(c.control.x-c.a.x))) < 0.05 {
		return "M" + c.a.String() + "L" + c.b.String()
	}
	return "M" + c.a.String() + "Q" + c.control.String() + " " + c.b.String()
}

// steps returns a number of points by which the curve is looked at.
func (c curve) steps() int {
	return min(max(int(c.b.minus(c.a).length()/9), 8), 160)
}

// An extent is the smallest rectangle around several.
type extent struct{ low, high point }

func newExtent() *extent {
	return &extent{point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}}
}

func (e *extent) include(r rect) {
	e.low = point{min(e.low.x, r.x), min(e.low.y, r.y)}
	e.high = point{max(e.high.x, r.x+r.w), max(e.high.y, r.y+r.h)}
}
