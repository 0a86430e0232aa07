package picture

import (
	"math"
	"strconv"
)

const (
	labelLimit = 11.0 // em of a line of a label: 22 Latin letters
	longWord   = 15.0 // em of a line of a label with a word that is longer than that
	labelLines = 3
	lineHeight = 15.0
	padX, padY = 10.0, 8.0
	signSize   = 14.0
	signGap    = 7.0
)

// A box is a node with its place. x and y are its centre.
type box struct {
	Node
	point
	w, h    float64
	lines   []string
	bold    bool
	squeeze bool    // the label has set widths
	dock    float64 // lines end at its left side for -1, and at its right side for 1
	hidden  string  // the line that counts the neighbours that are left out
}

// newBox returns the box of a node, as large as its label needs.
func newBox(n Node) *box {
	label := ellipsis(clean(n.Label), 2*longWord*labelLines)
	limit := labelLimit
	for _, w := range words(label) {
		if w.width <= longWord {
			limit = max(limit, w.width)
		}
	}
	b := &box{Node: n, bold: n.Focus, lines: wrap(label, limit, labelLines)}
	em := 0.0
	for _, l := range b.lines {
		em = max(em, textWidth(l))
	}
	em *= b.em()
	// Fonts that are a fifth wider than ours stay in the padding of a short label.
	b.squeeze = em*0.2 > 2*(padX-3)
	for _, l := range b.lines {
		b.squeeze = b.squeeze && exact(l)
	}
	b.h = float64(len(b.lines))*lineHeight + 2*padY
	status := 0.0
	if n.Listed {
		status = 14 + textWidth("listed")*smallSize*bold
	}
	if n.Hidden > 0 {
		b.hidden = "+" + strconv.Itoa(n.Hidden) + " not shown"
		if status > 0 {
			status += 8
		}
		status += textWidth(b.hidden) * smallSize
	}
	if status > 0 {
		b.h += lineHeight
	}
	b.w = math.Ceil(max(em, status)) + signSize + signGap + 2*padX
	if b.Kind == "PERSON" {
		b.w += 6
	}
	return b
}

// em returns the size of the label's letters.
func (b *box) em() float64 {
	if b.bold {
		return textSize * bold
	}
	return textSize
}

func (b *box) draw(c *canvas) {
	linked := c.link(b.Link)
	c.begin("g")
	c.title(b.describe())
	x, y := b.x-b.w/2, b.y-b.h/2
	stroke, weight := c.p.line, "1"
	if b.Listed {
		stroke = c.p.accent
		weight = "1.6"
	}
	if b.Focus {
		weight = "2.4"
		if !b.Listed {
			stroke = c.p.ink
		}
	}
	r := corner(b.Kind, b.h)
	c.elem("rect", "x", x, "y", y, "width", b.w, "height", b.h, "rx", r,
		"fill", c.p.fill(b.Kind), "stroke", stroke, "stroke-width", weight)
	x += padX
	if b.Kind == "PERSON" {
		x += 3
	}
	c.sign(b.Kind, x, y+padY+1, signSize, c.p.ink)
	x += signSize + signGap
	y += padY + 11.5
	for _, l := range b.lines {
		st := style{size: textSize, fill: c.p.ink, bold: b.bold, lang: b.Lang}
		if b.squeeze {
			st.width = textWidth(l) * b.em()
		}
		c.text(x, y, l, st)
		y += lineHeight
	}
	if b.Listed {
		c.flag(x, y-9.5, c.p.accent)
		c.text(x+13, y, "listed", style{size: smallSize, fill: c.p.accent, bold: true})
		x += 14 + textWidth("listed")*smallSize*bold + 8
	}
	if b.hidden != "" {
		c.text(x, y, b.hidden, style{size: smallSize, fill: c.p.muted})
	}
	c.end("g")
	if linked {
		c.end("a")
	}
}

// contains reports whether q is in the box or nearer to it than pad.
func (b *box) contains(q point, pad float64) bool {
	return math.Abs(q.x-b.x) < b.w/2+pad && math.Abs(q.y-b.y) < b.h/2+pad
}

func (b *box) rect() rect { return rect{b.x - b.w/2, b.y - b.h/2, b.w, b.h} }

// sign draws the sign of a kind, size pixels wide.
func (c *canvas) sign(kind string, x, y, size float64, stroke string) {
	scale := strconv.FormatFloat(math.Round(size/14*1000)/1000, 'f', -1, 64)
	c.elem("path", "d", sign(kind), "transform", "translate("+num(x)+" "+num(y)+") scale("+scale+")",
		"fill", "none", "stroke", stroke, "stroke-width", "1.1", "stroke-linejoin", "round", "stroke-linecap", "round")
}

// flag draws the sign of a listed entity, 9 by 11 pixels.
func (c *canvas) flag(x, y float64, fill string) {
	c.elem("path", "d", "M"+num(x)+" "+num(y)+"h9l-2.5 3.2 2.5 3.2h-7.6v4.6h-1.4Z", "fill", fill)
}

// A pen is how a line is drawn.
type pen struct {
	colour     string
	confidence string
	ended      bool
	strong     bool
	double     bool // two lines
}

// stroke draws a line.
func (c *canvas) stroke(d string, p pen) {
	dash, weight, limit := "", 1.2, ""
	switch p.confidence {
	case "PROBABLE":
		dash = "7 3.5"
	case "POSSIBLE":
		dash, limit, weight = "0.1 3.6", "round", 1.7
	}
	if p.strong {
		weight++
	}
	if p.double {
		weight = 4
		if p.confidence == "POSSIBLE" {
			dash = "0.1 5.4" // the dots are greater
		}
	}
	if p.ended {
		weight *= 0.75
	}
	c.elem("path", "d", d, "fill", "none", "stroke", p.colour, "stroke-width", weight, "stroke-dasharray", dash, "stroke-linecap", limit)
	if p.double {
		c.elem("path", "d", d, "fill", "none", "stroke", c.p.ground, "stroke-width", weight-2.4, "stroke-dasharray", dash, "stroke-linecap", limit)
	}
}

// cross draws the mark on the line of what has ended.
func (c *canvas) cross(q point, colour string) {
	c.elem("path", "d", "M"+num(q.x-3)+" "+num(q.y-3)+"l6 6m0-6l-6 6", "stroke", colour, "stroke-width", "1.2", "fill", "none")
}

const arrowLength = 8.0

// arrow draws an arrowhead with its tip at q, in the direction of the vector d.
func (c *canvas) arrow(q, d point, colour string) {
	d = d.unit()
	base := q.minus(d.times(arrowLength))
	side := point{-d.y, d.x}.times(3.2)
	c.elem("path", "d", "M"+base.plus(side).String()+"L"+q.String()+"L"+base.minus(side).String()+"Z", "fill", colour)
}
