package picture

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
)

// MaxEvents is the greatest number of events of a [Timeline].
const MaxEvents = 400

// Event is something on a [Timeline]: at a date, or over a time. One with neither Since
// nor Until is listed below the axis.
type Event struct {
	Label   string
	Lang    string // the BCP 47 tag of the label
	Lane    string // the heading that it stands beside; empty for none
	Since   domain.Date
	Until   domain.Date
	Ongoing bool   // it has begun and has not ended
	Focus   bool   // it is drawn in the accent colour
	Link    string // a path within the site, or an address of http or https
}

// Timeline is a picture of dated events, in lanes. A date that is known to the month or year
// is drawn as that month or year, and not as a day in it.
type Timeline struct {
	Frame
	Events []Event
	AsOf   domain.Date // a line at this date; empty for none
}

const (
	timelineWidth = 900.0
	laneColumn    = 138.0
	pointRow      = 22.0
	spanRow       = 37.0
)

// A mark is an event with its place.
type mark struct {
	Event
	since, until period // zero where not known
	date         string
	label        string
	left, right  float64 // of the sign
	textAt       float64
	row          int
}

// span reports whether the event is drawn as a bar.
func (m *mark) span() bool {
	return m.Ongoing || m.Until != "" && m.Until != m.Since
}

// describe returns what the picture says of an event.
func (e Event) describe() string {
	when := spanText(e.Since, e.Until)
	if e.Since != "" && e.Until == "" && !e.Ongoing {
		when = dateText(e.Since)
	}
	if when == "" {
		when = "date not known"
	}
	return when + ": " + clean(e.Label)
}

// when returns the words for the date beside the label.
func (e Event) when() string {
	w, _, _ := strings.Cut(e.describe(), ": ")
	return w
}

// An axis maps time to x.
type axis struct {
	from, to    float64 // in days
	now         float64 // the end of what is ongoing, in days
	left, right float64 // in pixels
}

func (a axis) x(days float64) float64 {
	return a.left + (a.right-a.left)*(days-a.from)/(a.to-a.from)
}

// SVG draws the timeline. The error is of KindInvalid, or that of the context.
func (t Timeline) SVG(ctx context.Context) ([]byte, error) {
	marks, undated, err := t.marks()
	if err != nil {
		return nil, err
	}
	marks, far := farOff(marks)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p := t.Theme.palette()
	c := &canvas{p: p}
	height := 0.0
	if len(marks) > 0 {
		if height, err = t.draw(c, marks); err != nil {
			return nil, err
		}
	}
	below := func(heading string, all []string) {
		if len(all) == 0 {
			return
		}
		for _, l := range paragraph(heading+strings.Join(all, "; "), timelineWidth/textSize, 30) {
			height += 17
			c.text(0, height-3, l, style{size: textSize, fill: p.ink})
		}
	}
	below("Too far from the others to be on the axis: ", far)
	below("Date not known: ", undated)
	return document(t.Frame, p, c.String(), timelineWidth, height, t.keys(marks), t.Text()), nil
}

// marks checks the events and sorts those that have a date by it.
func (t Timeline) marks() (marks []*mark, undated []string, err error) {
	if len(t.Events) > MaxEvents {
		return nil, nil, domain.Invalid("a timeline has at most %d events, not %d", MaxEvents, len(t.Events))
	}
	for _, e := range t.Events {
		m := &mark{Event: e}
		for _, d := range []struct {
			date domain.Date
			to   *period
		}{{e.Since, &m.since}, {e.Until, &m.until}} {
			if d.date == "" {
				continue
			}
			if *d.to, err = periodOf(d.date); err != nil {
				return nil, nil, err
			}
		}
		if e.Since.After(e.Until) {
			return nil, nil, domain.Invalid("an event ends (%s) before it begins (%s)", e.Until, e.Since)
		}
		if e.Since == "" && e.Until == "" {
			undated = append(undated, clean(e.Label))
			continue
		}
		marks = append(marks, m)
	}
	slices.SortStableFunc(marks, func(a, b *mark) int { return cmp.Compare(a.start(), b.start()) })
	return marks, undated, nil
}

// farOff parts the few marks, at most a quarter, that stretch the axis so far that all others would lie on each other: without them it
// would be less than a thirtieth of decades. They are returned in words.
func farOff(marks []*mark) (near []*mark, far []string) {
	const decades = 30 * 365
	whole := extentOf(marks)
	if whole < decades {
		return marks, nil
	}
	latest := slices.Clone(marks) // marks begins with the earliest
	slices.SortStableFunc(latest, func(a, b *mark) int { return cmp.Compare(b.end(), a.end()) })
	for n := 1; n <= len(marks)/4; n++ {
		for early := range n + 1 {
			isFar := func(m *mark) bool { return slices.Contains(marks[:early], m) || slices.Contains(latest[:n-early], m) }
			near = slices.DeleteFunc(slices.Clone(marks), isFar)
			if extentOf(near) >= whole/30 {
				continue
			}
			for _, m := range marks {
				if isFar(m) {
					far = append(far, m.describe())
				}
			}
			return near, far
		}
	}
	return marks, nil
}

// extentOf returns how many days there are from the first to the last of some marks.
func extentOf(marks []*mark) float64 {
	first, last := math.Inf(1), math.Inf(-1)
	for _, m := range marks {
		first, last = min(first, m.start()), max(last, m.end())
	}
	return last - first
}

// keys returns the legend: the signs that occur.
func (t Timeline) keys(marks []*mark) []key {
	var day, within, bar, unsure bool
	for _, m := range marks {
		switch {
		case m.span():
			bar = true
			unsure = unsure || len(m.Since) < 10 || m.Until != "" && len(m.Until) < 10
		case len(m.Since) == 10:
			day = true
		default:
			within = true
		}
	}
	var out []key
	if day {
		out = append(out, key{"on a day", func(c *canvas, x, y float64) { c.dot(point{x + 13, y + 7}, c.p.ink) }})
	}
	if within {
		out = append(out, key{"within a month or year", func(c *canvas, x, y float64) { c.within(x, x+26, y+7, c.p.ink) }})
	}
	if bar {
		out = append(out, key{"over a time", func(c *canvas, x, y float64) {
			c.elem("rect", "x", x, "y", y+4, "width", 26.0, "height", 6.0, "fill", c.p.line)
		}})
	}
	if unsure {
		out = append(out, key{"begin or end not exactly known", func(c *canvas, x, y float64) {
			c.unsure(x, x+26, y+7, c.p.line)
		}})
	}
	return out
}

// Text returns the text alternative of the timeline, line by line: all its events.
func (t Timeline) Text() []string {
	out := []string{t.Subtitle, domain.Count(len(t.Events), "event", "events") + ":"}
	events := slices.Clone(t.Events)
	slices.SortStableFunc(events, func(a, b Event) int {
		return cmp.Compare(cmp.Or(a.Since, a.Until, "9999-99"), cmp.Or(b.Since, b.Until, "9999-99"))
	})
	for _, e := range events {
		line := "– " + e.describe()
		if lane := clean(e.Lane); lane != "" {
			line += " (" + lane + ")"
		}
		out = append(out, line)
	}
	return append(out, t.Note)
}

// A lane is a part of the timeline with its heading.
type lane struct {
	name  []string
	marks []*mark
	rows  []row
}

// A row is a line of marks that do not overlap.
type row struct {
	span  bool
	right float64
}

// lanes sorts marks into lanes, in the order of the events, and into rows.
func (t Timeline) lanes(marks []*mark, a axis) []*lane {
	var out []*lane
	at := map[string]*lane{}
	for _, e := range t.Events {
		if at[e.Lane] == nil {
			at[e.Lane] = &lane{name: wrap(clean(e.Lane), (laneColumn-18)/textSize/bold, 3)}
			out = append(out, at[e.Lane])
		}
	}
	for _, m := range marks {
		l := at[m.Lane]
		l.marks = append(l.marks, m)
		low, high := m.measure(a)
		m.row = -1
		for i := range l.rows {
			if r := &l.rows[i]; r.span == m.span() && r.right+14 <= low {
				m.row, r.right = i, high
				break
			}
		}
		if m.row < 0 {
			m.row = len(l.rows)
			l.rows = append(l.rows, row{m.span(), high})
		}
	}
	return slices.DeleteFunc(out, func(l *lane) bool { return len(l.marks) == 0 })
}

// measure finds the places of the sign and of the words, and returns from where to where
// both reach.
func (m *mark) measure(a axis) (low, high float64) {
	m.date = m.when()
	first, last := m.start(), m.finish(a)
	m.left, m.right = a.x(first), a.x(last)
	if m.Since == "" {
		m.left = max(a.left, m.left-openEnd)
	}
	if !m.span() && len(m.Since) == 10 || !m.span() && m.right-m.left < 9 {
		middle := (m.left + m.right) / 2
		m.left, m.right = middle-4.5, middle+4.5
	}
	date := textWidth(m.date)*smallSize + 7
	room := a.right - a.left - date
	m.label = ellipsis(clean(m.Label), min(room, 440)/textSize)
	w := date + textWidth(m.label)*textSize
	if m.span() {
		m.textAt = max(min(m.left, a.right-w), a.left)
		return min(m.left, m.textAt), max(m.right, m.textAt+w)
	}
	m.textAt = m.right + 6
	if m.textAt+w > a.right {
		m.textAt = m.left - 6 - w
		if m.textAt < a.left { // neither side has room: beside the sign, as much as fits
			m.label = ellipsis(m.label, max((a.right-m.right-6-date)/textSize, 2))
			m.textAt = m.right + 6
			w = date + textWidth(m.label)*textSize
			if left := (m.left - 6 - a.left - date) / textSize; left > textWidth(m.label) {
				m.label = ellipsis(clean(m.Label), left)
				w = date + textWidth(m.label)*textSize
				m.textAt = m.left - 6 - w
			}
		}
	}
	return min(m.left, m.textAt), max(m.right, m.textAt+w)
}

func (t Timeline) axis(marks []*mark) (axis, error) {
	a := axis{from: math.Inf(1), to: math.Inf(-1), left: laneColumn, right: timelineWidth - 4}
	if !slices.ContainsFunc(t.Events, func(e Event) bool { return clean(e.Lane) != "" }) {
		a.left = 4
	}
	include := func(p period) {
		if !p.next.IsZero() {
			a.from, a.to = min(a.from, days(p.first)), max(a.to, days(p.next))
		}
	}
	for _, m := range marks {
		include(m.since)
		include(m.until)
	}
	if t.AsOf != "" {
		p, err := periodOf(t.AsOf)
		if err != nil {
			return a, err
		}
		include(p)
	}
	pad := max((a.to-a.from)*0.03, 1)
	a.from, a.to = a.from-pad, a.to+pad
	a.now = a.to
	if t.AsOf != "" {
		p, _ := periodOf(t.AsOf)
		a.now = days(p.first)
	}
	return a, nil
}

// openEnd is the length of a bar without a known beginning, in pixels.
const openEnd = 40

// start returns the day on which the sign of an event begins.
func (m *mark) start() float64 {
	if m.Since == "" {
		return days(m.until.first)
	}
	return days(m.since.first)
}

// end returns the last day that is known of an event.
func (m *mark) end() float64 {
	if m.Until != "" {
		return days(m.until.next)
	}
	return days(m.since.next)
}

// finish returns the day on which the sign of an event ends.
func (m *mark) finish(a axis) float64 {
	switch {
	case m.Until != "":
		return days(m.until.next)
	case m.Ongoing:
		return max(a.now, days(m.since.next))
	}
	return days(m.since.next)
}

// draw draws axis and lanes, and returns their height.
func (t Timeline) draw(c *canvas, marks []*mark) (float64, error) {
	a, err := t.axis(marks)
	if err != nil {
		return 0, err
	}
	lanes := t.lanes(marks, a)
	height := 0.0
	for _, l := range lanes {
		height += l.height()
	}
	for _, k := range ticksOf(a, int((a.right-a.left)/88)) {
		x := a.x(days(k.at))
		c.elem("path", "d", "M"+num(x)+" 0v"+num(height+5), "stroke", c.p.hairline)
		anchor := "middle"
		if x > a.right-24 {
			anchor, x = "end", a.right
		} else if x < 24 {
			anchor, x = "start", 0
		}
		c.text(x, height+18, k.label, style{size: smallSize, fill: c.p.muted, anchor: anchor})
	}
	if t.AsOf != "" {
		p, _ := periodOf(t.AsOf)
		x := a.x(days(p.first))
		c.elem("path", "d", "M"+num(x)+" 0v"+num(height), "stroke", c.p.accent, "stroke-dasharray", "2 3")
		c.text(x-4, height+32, "as of "+dateText(t.AsOf), style{size: smallSize, fill: c.p.accent, anchor: "end"})
	}
	y := 0.0
	for i, l := range lanes {
		if i > 0 {
			c.elem("path", "d", "M0 "+num(y)+"H"+num(timelineWidth), "stroke", c.p.hairline)
		}
		for k, name := range l.name {
			c.text(0, y+21+float64(k)*lineHeight, name, style{size: textSize, fill: c.p.ink, bold: true})
		}
		tops := make([]float64, len(l.rows))
		top := y + 8
		for k, r := range l.rows {
			tops[k] = top
			top += r.height()
		}
		for _, m := range l.marks {
			m.draw(c, tops[m.row], a)
		}
		y += l.height()
	}
	c.elem("path", "d", "M"+num(a.left)+" "+num(height)+"H"+num(a.right), "stroke", c.p.line)
	if t.AsOf != "" {
		height += 14
	}
	return height + 24, nil
}

func ticksOf(a axis, limit int) []tick {
	return ticks(timeOf(a.from), timeOf(a.to), limit)
}

func (r row) height() float64 {
	if r.span {
		return spanRow
	}
	return pointRow
}

func (l *lane) height() float64 {
	h := 12.0
	for _, r := range l.rows {
		h += r.height()
	}
	return max(h, 20+float64(len(l.name))*lineHeight)
}

// draw draws an event into its row.
func (m *mark) draw(c *canvas, top float64, a axis) {
	linked := c.link(m.Link)
	c.begin("g")
	c.title(m.describe())
	colour, bar := c.p.ink, c.p.line
	if m.Focus {
		colour, bar = c.p.accent, c.p.accent
	}
	base := top + 15
	switch {
	case m.span():
		m.drawBar(c, top+24, bar, a)
		base = top + 14
	case len(m.Since) == 10:
		c.dot(point{(m.left + m.right) / 2, top + 11}, colour)
	default:
		c.within(m.left, m.right, top+11, colour)
	}
	// One text, so that a wider font moves the label with the date, and away from the sign.
	x, anchor := m.textAt, ""
	if !m.span() && m.textAt < m.left {
		x, anchor = m.left-6, "end"
	}
	width := textWidth(m.date)*smallSize + 7 + textWidth(m.label)*textSize
	c.elem("rect", "x", m.textAt-2, "y", base-11, "width", width+4, "height", 14.0, "fill", c.p.ground)
	c.begin("text", "x", x, "y", base, "text-anchor", anchor)
	c.begin("tspan", "font-size", smallSize, "fill", c.p.muted)
	c.WriteString(escape(m.date) + "</tspan>")
	c.begin("tspan", "dx", 7.0, "font-size", textSize, "fill", colour, "xml:lang", langTag(m.Lang), "font-family", fonts(m.Lang))
	c.WriteString(escape(m.label) + "</tspan>")
	c.end("text")
	c.end("g")
	if linked {
		c.end("a")
	}
}

// drawBar draws a time: full where it certainly lasted, and outlined where it may have.
func (m *mark) drawBar(c *canvas, y float64, colour string, a axis) {
	from, to := m.left, m.right
	if m.Since == "" {
		from = a.x(days(m.until.first))
		c.elem("path", "d", "M"+num(from)+" "+num(y)+"H"+num(m.left), "stroke", colour, "stroke-width", "5", "stroke-dasharray", "7 3 5 4 3 5 2 60")
	} else if len(m.Since) < 10 {
		from = a.x(days(m.since.next))
	}
	if m.Until != "" && len(m.Until) < 10 {
		to = a.x(days(m.until.first))
	}
	if to < from { // both ends are in the same month or year
		c.unsure(m.left, m.right, y, colour)
		return
	}
	if m.Since != "" && from > m.left {
		c.unsure(m.left, from, y, colour)
	}
	if to < m.right {
		c.unsure(to, m.right, y, colour)
	}
	if to > from {
		c.elem("rect", "x", from, "y", y-3, "width", max(to-from, 2), "height", 6.0, "fill", colour)
	}
	if m.Until == "" {
		c.elem("path", "d", "M"+num(to-1)+" "+num(y-6)+"l7 6-7 6Z", "fill", colour)
	}
}

// dot draws the sign of a day.
func (c *canvas) dot(q point, colour string) {
	c.elem("circle", "cx", q.x, "cy", q.y, "r", 4.2, "fill", colour)
}

// within draws the sign of a month or year: its extent, and a hollow dot.
func (c *canvas) within(left, right, y float64, colour string) {
	if right-left >= 16 {
		c.elem("path", "d", "M"+num(left)+" "+num(y-3.5)+"v7m0-3.5H"+num(right)+"m0-3.5v7", "stroke", colour, "fill", "none")
	}
	c.elem("circle", "cx", (left+right)/2, "cy", y, "r", 3.7, "fill", c.p.ground, "stroke", colour, "stroke-width", "1.4")
}

// unsure draws a part of a bar that is not certain.
func (c *canvas) unsure(left, right, y float64, colour string) {
	c.elem("rect", "x", left, "y", y-2.5, "width", max(right-left, 1), "height", 5.0, "fill", c.p.ground, "stroke", colour, "stroke-dasharray", "2 1.6")
}
