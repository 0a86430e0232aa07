package picture

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
)

// Stake is a share in one node of an [Ownership] that another node holds.
type Stake struct {
	ID           string
	Owner, Owned string       // ids of nodes
	Min, Max     domain.Share // equal for a share that is known; 0 and all for one that is not
	Confidence   string       // one of [domain.Confidences]; empty is CONFIRMED
	Since, Until domain.Date  // in the text alternative only
	Ended        bool
	Counts       bool   // the verdict rests on it
	MayCount     bool   // it is not known whether the verdict rests on it
	Link         string // as for a node
}

// Outcome is what a rule says about the entity that a chart is about.
type Outcome string

// The outcomes.
const (
	Listed       Outcome = "LISTED"
	Blocked      Outcome = "BLOCKED_BY_OWNERSHIP"
	NotBlocked   Outcome = "NOT_BLOCKED"
	Undetermined Outcome = "UNDETERMINED"
)

// Verdict is the banner below a chart.
type Verdict struct {
	Outcome Outcome
	Text    string // one sentence; without it there is no banner
	Detail  string // the reasons: sums, what is not known, the rule, the date
}

// Ownership is a chart of who owns whom: owners above, holdings below, and shares beside
// the lines. A line that runs up closes a circle of ownership.
type Ownership struct {
	Frame
	Nodes   []Node
	Stakes  []Stake
	Verdict Verdict
}

// SVG draws the chart. The error is of KindInvalid, or that of the context.
func (o Ownership) SVG(ctx context.Context) ([]byte, error) {
	n := Network{Nodes: o.Nodes, Edges: make([]Edge, len(o.Stakes))}
	for i, s := range o.Stakes {
		if s.Min < 0 || s.Min > s.Max || s.Max > domain.FullShare {
			return nil, domain.Invalid("a stake of %s to %s percent is no range within 0 to 100", s.Min, s.Max)
		}
		n.Edges[i] = Edge{From: s.Owner, To: s.Owned, Confidence: s.Confidence, Ended: s.Ended}
	}
	index, err := n.index()
	if err != nil {
		return nil, err
	}
	switch o.Verdict.Outcome {
	case "", Listed, Blocked, NotBlocked, Undetermined:
	default:
		return nil, domain.Invalid("%q is not an outcome", ellipsis(clean(string(o.Verdict.Outcome)), 40))
	}
	boxes := make([]*box, len(o.Nodes))
	for i, node := range o.Nodes {
		boxes[i] = newBox(node)
	}
	edges := make([][2]int, len(o.Stakes))
	for i, s := range o.Stakes {
		edges[i] = [2]int{index[s.Owner], index[s.Owned]}
	}
	l, err := layered(ctx, boxes, edges)
	if err != nil {
		return nil, err
	}
	lines := o.lines(l, boxes, edges)
	captions := make([]*caption, len(lines))
	for i, s := range lines {
		captions[i] = &s.caption
	}
	without := placeCaptions(captions, boxes)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e := newExtent()
	e.include(rect{})
	for i, b := range boxes {
		if i == 0 {
			e = newExtent()
		}
		e.include(b.rect())
	}
	for _, w := range captions {
		w.extend(e)
	}
	move := point{2 - e.low.x, 2 - e.low.y}
	for _, b := range boxes {
		b.point = b.plus(move)
	}
	p := o.Theme.palette()
	c := &canvas{p: p}
	for _, weight := range []int{0, 1, 2} { // what counts lies above the rest
		for _, s := range lines {
			if s.stake.weight() == weight {
				s.caption.move(move)
				s.draw(c, move)
			}
		}
	}
	for _, w := range captions {
		w.draw(c)
	}
	for _, b := range boxes {
		b.draw(c)
	}
	width, height := max(e.high.x-e.low.x+4, 460), e.high.y-e.low.y+4
	height = o.Verdict.draw(c, width, height)
	f := o.Frame
	f.addNote(without)
	return document(f, p, c.String(), width, height, o.keys(l), o.Text()), nil
}

// Text returns the text alternative of the chart, line by line: the verdict, all its nodes
// and all its stakes.
func (o Ownership) Text() []string {
	nodes, names := describeNodes(o.Nodes)
	out := append([]string{o.Subtitle, o.Verdict.Text, o.Verdict.Detail}, nodes...)
	out = append(out, domain.Count(len(o.Stakes), "stake", "stakes")+":")
	for _, s := range o.Stakes {
		out = append(out, "– "+s.describe(names[s.Owner], names[s.Owned]))
	}
	if slices.ContainsFunc(o.Stakes, func(s Stake) bool { return s.weight() == 1 }) {
		out = append(out, "A stake that may count has a double line: whether the verdict rests on it depends on what is not known.")
	}
	return append(out, o.Note)
}

// shareText returns a share, or the range that it is in, in words.
func shareText(low, high domain.Share) string {
	switch {
	case low == high:
		return low.String() + "\u00a0%"
	case low == 0 && high == domain.FullShare:
		return "share not known"
	case low == 0:
		return "at most " + high.String() + "\u00a0%"
	case high == domain.FullShare:
		return "at least " + low.String() + "\u00a0%"
	}
	return low.String() + "–" + high.String() + "\u00a0%"
}

func (s Stake) describe(owner, owned string) string {
	out := owner + " → " + owned + ": " + shareText(s.Min, s.Max)
	if s.Since != "" || s.Until != "" {
		out += ", " + spanText(s.Since, s.Until)
	}
	if s.Confidence != "" && s.Confidence != "CONFIRMED" {
		out += ", " + phrase(s.Confidence)
	}
	if s.Ended {
		out += ", ended"
	}
	if s.Counts {
		out += ", counts"
	} else if s.MayCount {
		out += ", may count"
	}
	return out
}

// weight returns how much the stake matters to the verdict: 2 if it counts, 1 if it may.
func (s Stake) weight() int {
	switch {
	case s.Counts:
		return 2
	case s.MayCount:
		return 1
	}
	return 0
}

// A stakeLine is the line of a stake.
type stakeLine struct {
	stake Stake
	tip   string
	path  []point // the ends of its pieces, which alternate: straight, curved, straight
	up    bool
	loop  bool
	caption
}

const layerGap = 58.0

// lines gives boxes their places and returns the lines between them.
func (o Ownership) lines(l layering, boxes []*box, edges [][2]int) []*stakeLine {
	tops, bottoms := make([]float64, len(l.layers)), make([]float64, len(l.layers))
	crossing := make([]int, len(l.layers)) // lines below a layer
	for _, k := range l.links {
		for _, s := range k.via[1:] {
			crossing[s.layer-1]++
		}
	}
	y := 0.0
	for i, layer := range l.layers {
		tops[i] = y
		height := 0.0
		for _, s := range layer {
			if s.box != nil {
				height = max(height, s.box.h)
			}
		}
		for _, s := range layer {
			if s.box != nil {
				s.box.point = point{s.x, y + height/2}
			}
		}
		bottoms[i] = y + height
		y += height + layerGap + min(float64(crossing[i])*2, 70)
	}
	ports := l.ports()
	var out []*stakeLine
	for i, k := range l.links {
		first, last := k.via[0], k.via[len(k.via)-1]
		from := point{ports[i][0], first.box.y + first.box.h/2}
		to := point{ports[i][1], last.box.y - last.box.h/2}
		line := &stakeLine{stake: o.Stakes[k.edge], up: k.up, path: make([]point, 0, 2*len(k.via))}
		line.path = append(line.path, from, point{from.x, bottoms[first.layer]})
		for _, s := range k.via[1 : len(k.via)-1] {
			line.path = append(line.path, point{s.x, tops[s.layer]}, point{s.x, bottoms[s.layer]})
		}
		line.path = append(line.path, point{to.x, tops[last.layer]}, to)
		line.sample()
		switch above, below := len(first.down), len(last.up); { // where there are fewer lines
		case above > 4 && above >= below:
			line.near = 0.75
		case below > 4:
			line.near = 0.25
		}
		out = append(out, line)
	}
	for i, e := range edges {
		if e[0] == e[1] {
			right := boxes[e[0]].plus(point{boxes[e[0]].w / 2, 0})
			line := &stakeLine{stake: o.Stakes[i], loop: true, path: []point{
				right.plus(point{0, -9}), right.plus(point{20, -9}), right.plus(point{20, 9}), right.plus(point{1, 9})}}
			line.track, line.beside = []point{line.path[1], line.path[2]}, true
			out = append(out, line)
		}
	}
	for _, s := range out {
		s.set(shareText(s.stake.Min, s.stake.Max))
		s.accent, s.bold = s.stake.weight() > 0, s.stake.Counts
		var names [2]string
		for _, node := range o.Nodes {
			if node.ID == s.stake.Owner {
				names[0] = clean(node.Label)
			}
			if node.ID == s.stake.Owned {
				names[1] = clean(node.Label)
			}
		}
		s.tip = s.stake.describe(names[0], names[1])
	}
	return out
}

// ports returns the x at which each link leaves its upper box and reaches its lower one:
// in the order of where it comes from and goes to, so that lines at one box do not cross.
func (l layering) ports() [][2]float64 {
	out := make([][2]float64, len(l.links))
	type end struct {
		link int
		next float64
	}
	lower, upper := map[*slot][]end{}, map[*slot][]end{}
	for i, k := range l.links {
		n := len(k.via)
		lower[k.via[0]] = append(lower[k.via[0]], end{i, k.via[1].x})
		upper[k.via[n-1]] = append(upper[k.via[n-1]], end{i, k.via[n-2].x})
	}
	for side, ends := range []map[*slot][]end{lower, upper} {
		for _, layer := range l.layers {
			for _, s := range layer {
				here := ends[s]
				slices.SortStableFunc(here, func(a, b end) int { return cmp.Compare(a.next, b.next) })
				step := 0.0
				if len(here) > 1 {
					step = min(26, (s.box.w-28)/float64(len(here)-1))
				}
				for i, e := range here {
					out[e.link][side] = s.x + (float64(i)-float64(len(here)-1)/2)*step
				}
			}
		}
	}
	return out
}

// sample sets the track of the line: points along its curved pieces.
func (s *stakeLine) sample() {
	s.track = make([]point, 0, 13*len(s.path)/2)
	for i := 1; i+1 < len(s.path); i += 2 {
		a, b := s.path[i], s.path[i+1]
		middle := (a.y + b.y) / 2
		for k := range 13 {
			t := float64(k) / 12
			p, q, r := mix(a, point{a.x, middle}, t), mix(point{a.x, middle}, point{b.x, middle}, t), mix(point{b.x, middle}, b, t)
			s.track = append(s.track, mix(mix(p, q, t), mix(q, r, t), t))
		}
	}
}

func (s *stakeLine) draw(c *canvas, move point) {
	path := make([]point, len(s.path))
	for i, q := range s.path {
		path[i] = q.plus(move)
	}
	linked := c.link(s.stake.Link)
	c.begin("g")
	c.title(s.tip)
	tip, direction := path[len(path)-1], point{0, 1}
	var d strings.Builder
	switch {
	case s.loop:
		direction = point{-1, 0}
		d.WriteString("M" + path[0].String() + "L" + path[1].String() + "L" + path[2].String() + "L" + path[3].plus(point{arrowLength - 1, 0}).String())
	default:
		last := len(path) - 1
		if s.up {
			tip, direction = path[0], point{0, -1}
			path[0].y += arrowLength - 1
			path[1].y = max(path[1].y, path[0].y)
		} else {
			path[last].y -= arrowLength - 1
			path[last-1].y = min(path[last-1].y, path[last].y)
		}
		d.WriteString("M" + path[0].String())
		for i := 1; i < len(path); i++ {
			if i%2 == 1 {
				d.WriteString("L" + path[i].String())
				continue
			}
			middle := (path[i-1].y + path[i].y) / 2
			d.WriteString("C" + point{path[i-1].x, middle}.String() + " " + point{path[i].x, middle}.String() + " " + path[i].String())
		}
	}
	p := pen{colour: c.p.line, confidence: s.stake.Confidence, ended: s.stake.Ended}
	switch s.stake.weight() {
	case 2:
		p.colour, p.strong = c.p.accent, true
	case 1:
		p.colour, p.double = c.p.accent, true
	}
	c.stroke(d.String(), p)
	c.arrow(tip, direction, p.colour)
	if s.stake.Ended {
		c.cross(s.free(), p.colour)
	}
	c.end("g")
	if linked {
		c.end("a")
	}
}

// draw writes the banner below a chart of that size, and returns the new height.
func (v Verdict) draw(c *canvas, width, height float64) float64 {
	text, detail := clean(v.Text), clean(v.Detail)
	if text == "" {
		return height
	}
	const pad, signWidth, bar = 14.0, 32.0, 5.0
	left := bar + pad + signWidth
	room := width - left - pad
	head := paragraph(text, room/14/bold, 4)
	var body []string
	if detail != "" {
		body = paragraph(detail, room/textSize, 10)
	}
	y := height + 26
	h := 2*pad + float64(len(head))*18 + float64(len(body))*16 - 4
	reached := v.Outcome == Listed || v.Outcome == Blocked
	colour, dash := c.p.line, ""
	if reached {
		colour = c.p.accent
	}
	if v.Outcome == Undetermined {
		dash = "6 3"
	}
	c.elem("rect", "x", 1.0, "y", y, "width", width-2, "height", h, "fill", "none", "stroke", colour, "stroke-dasharray", dash)
	c.elem("rect", "x", 1.0, "y", y, "width", bar, "height", h, "fill", colour)
	x, middle := bar+pad+10, y+pad+7
	switch {
	case reached:
		c.elem("circle", "cx", x, "cy", middle, "r", 9.5, "fill", colour)
		c.elem("path", "d", "M"+num(x-5)+" "+num(middle)+"h10", "stroke", c.p.onAccent, "stroke-width", "2.4")
	case v.Outcome == NotBlocked:
		c.elem("circle", "cx", x, "cy", middle, "r", 9.0, "fill", "none", "stroke", c.p.ink, "stroke-width", "1.4")
		c.elem("path", "d", "M"+num(x-4)+" "+num(middle)+"l3 3.5 5.5-7", "stroke", c.p.ink, "stroke-width", "1.6", "fill", "none")
	default:
		c.elem("circle", "cx", x, "cy", middle, "r", 9.0, "fill", "none", "stroke", c.p.ink, "stroke-width", "1.4")
		c.text(x, middle+5, "?", style{size: 14, fill: c.p.ink, bold: true, anchor: "middle"})
	}
	ink := c.p.ink
	if reached {
		ink = c.p.accent
	}
	y += pad + 12
	for _, l := range head {
		c.text(left, y, l, style{size: 14, fill: ink, bold: true})
		y += 18
	}
	for _, l := range body {
		c.text(left, y, l, style{size: textSize, fill: c.p.ink})
		y += 16
	}
	return height + 26 + h + 1
}

// keys returns the legend: what occurs, and no more.
func (o Ownership) keys(l layering) []key {
	edges := make([]Edge, 0, len(o.Stakes))
	counts, may := false, false
	for _, s := range o.Stakes {
		counts, may = counts || s.weight() == 2, may || s.weight() == 1
		edges = append(edges, Edge{Confidence: s.Confidence, Ended: s.Ended})
	}
	out := Network{Nodes: o.Nodes, Edges: edges}.keys()
	if counts {
		out = append(out, key{"counts for the verdict", func(c *canvas, x, y float64) {
			c.stroke("M"+num(x)+" "+num(y+7)+"h26", pen{colour: c.p.accent, strong: true})
		}})
	}
	if may {
		out = append(out, key{"may count for the verdict", func(c *canvas, x, y float64) {
			c.stroke("M"+num(x)+" "+num(y+7)+"h26", pen{colour: c.p.accent, double: true})
		}})
	}
	if slices.ContainsFunc(l.links, func(k link) bool { return k.up }) {
		out = append(out, key{"closes a circle of ownership", func(c *canvas, x, y float64) {
			c.stroke("M"+num(x+13)+" "+num(y+15)+"v-9", pen{colour: c.p.line})
			c.arrow(point{x + 13, y - 1}, point{0, -1}, c.p.line)
		}})
	}
	return out
}
