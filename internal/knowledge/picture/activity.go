package picture

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// Unit is the length of the bins of an [Activity].
type Unit string

// The units.
const (
	Day   Unit = "DAY"
	Week  Unit = "WEEK"
	Month Unit = "MONTH"
)

// MaxBins is the greatest number of bins of an [Activity], empty ones included.
const MaxBins = 400

// Bin is the counts of one day, week or month.
type Bin struct {
	From   domain.Date // its first day; for a month also the month itself
	Counts []int       // for each of the groups
}

// Activity is a picture of counts over time: stacked bars, one for each unit of time from
// the first bin to the last. Units without a bin are empty.
type Activity struct {
	Frame
	Unit   Unit
	Groups []string // names, of a platform or language
	Bins   []Bin
	Noun   string // what is counted, in the plural; empty for none
}

// A series is a group as it is drawn.
type series struct {
	name   string
	total  int
	counts []int // for each bin
}

// SVG draws the counts. The error is of KindInvalid, or that of the context.
func (a Activity) SVG(ctx context.Context) ([]byte, error) {
	if _, err := a.bins(); err != nil {
		return nil, err
	}
	a = a.inOrder()
	bins, err := a.bins()
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	all := a.series(bins)
	p := a.Theme.palette()
	c := &canvas{p: p}
	height := 0.0
	if len(bins) > 0 {
		height = a.draw(c, bins, all)
	}
	var keys []key
	for i, s := range all {
		keys = append(keys, key{s.name + ": " + count(s.total), func(c *canvas, x, y float64) {
			c.elem("rect", "x", x+4, "y", y, "width", 20.0, "height", 13.0, "fill", seriesFill(i))
		}})
	}
	return document(a.Frame, p, c.String(), timelineWidth, height, keys, a.Text()), nil
}

// next returns the first day of the bin after the one that begins at t.
func (u Unit) next(t time.Time) time.Time {
	switch u {
	case Week:
		return t.AddDate(0, 0, 7)
	case Month:
		return t.AddDate(0, 1, 0)
	}
	return t.AddDate(0, 0, 1)
}

// A filled bin is one of a run without gaps.
type filled struct {
	from, to time.Time
	counts   []int
}

// bins checks the bins, sorts them, and fills the gaps between them.
func (a Activity) bins() ([]filled, error) {
	if a.Unit != Day && a.Unit != Week && a.Unit != Month {
		return nil, domain.Invalid("%q is not a unit: want DAY, WEEK or MONTH", ellipsis(clean(string(a.Unit)), 20))
	}
	at := map[time.Time][]int{}
	var first, last time.Time
	for _, b := range a.Bins {
		p, err := periodOf(b.From)
		switch {
		case err != nil:
			return nil, err
		case len(b.From) == 4, len(b.From) == 7 && a.Unit != Month, a.Unit == Month && p.first.Day() != 1:
			return nil, domain.Invalid("%s is not the first day of a %s", b.From, phrase(string(a.Unit)))
		case len(b.Counts) != len(a.Groups):
			return nil, domain.Invalid("the bin %s has %d counts for %d groups", b.From, len(b.Counts), len(a.Groups))
		case slices.ContainsFunc(b.Counts, func(n int) bool { return n < 0 || n > 1e9 }):
			return nil, domain.Invalid("a count of the bin %s is not within 0 to 1000000000", b.From)
		case at[p.first] != nil:
			return nil, domain.Invalid("two bins begin on %s", b.From)
		}
		at[p.first] = b.Counts
		if first.IsZero() || p.first.Before(first) {
			first = p.first
		}
		if last.IsZero() || p.first.After(last) {
			last = p.first
		}
	}
	var out []filled
	met := 0
	for t := first; len(a.Bins) > 0 && !t.After(last); t = a.Unit.next(t) {
		counts := at[t]
		if counts == nil {
			counts = make([]int, len(a.Groups))
		} else {
			met++
		}
		if out = append(out, filled{t, a.Unit.next(t), counts}); len(out) > MaxBins {
			return nil, domain.Invalid("a picture has at most %d bins", MaxBins)
		}
	}
	if met < len(a.Bins) {
		return nil, domain.Invalid("a bin does not begin whole weeks after %s", first.Format(time.DateOnly))
	}
	return out, nil
}

// inOrder returns the counts with the groups in the order of the legend, the bars, from below, and all texts: the greatest first, then by
// name; what is not known comes last.
func (a Activity) inOrder() Activity {
	totals := make([]int, len(a.Groups))
	for _, b := range a.Bins {
		for g, n := range b.Counts {
			totals[g] += n
		}
	}
	order := make([]int, len(a.Groups))
	for g := range order {
		order[g] = g
	}
	unknown := func(g int) int {
		if clean(a.Groups[g]) == "" {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(order, func(g, h int) int {
		return cmp.Or(cmp.Compare(unknown(g), unknown(h)), cmp.Compare(totals[h], totals[g]), strings.Compare(a.Groups[g], a.Groups[h]))
	})
	out := a
	out.Groups, out.Bins = nil, nil
	for _, g := range order {
		out.Groups = append(out.Groups, a.Groups[g])
	}
	for _, b := range a.Bins {
		bin := Bin{From: b.From}
		for _, g := range order {
			bin.Counts = append(bin.Counts, b.Counts[g])
		}
		out.Bins = append(out.Bins, bin)
	}
	return out
}

// series returns the groups. Of more than there are colours, the smallest become one.
func (a Activity) series(bins []filled) []series {
	var out []series
	for g, name := range a.Groups {
		s := series{name: ellipsis(cmp.Or(clean(name), "not known"), 20), counts: make([]int, len(bins))}
		for i, b := range bins {
			s.counts[i] = b.counts[g]
			s.total += b.counts[g]
		}
		out = append(out, s)
	}
	if limit := len(palette{}.series); len(out) > limit {
		rest := series{name: fmt.Sprintf("others (%d)", len(out)-limit+1), counts: make([]int, len(bins))}
		for _, s := range out[limit-1:] {
			rest.total += s.total
			for i, n := range s.counts {
				rest.counts[i] += n
			}
		}
		out = append(out[:limit-1], rest)
	}
	return out
}

// Text returns the text alternative, line by line: the totals of groups, and the counts of
// each bin that has any.
func (a Activity) Text() []string {
	out := []string{a.Subtitle}
	total := 0
	sums := make([]int, len(a.Groups))
	bins := slices.Clone(a.Bins)
	slices.SortStableFunc(bins, func(a, b Bin) int { return cmp.Compare(a.From, b.From) })
	var lines []string
	for _, b := range bins {
		sum := 0
		for g, n := range b.Counts {
			if g < len(sums) {
				sums[g] += n
				sum += n
			}
		}
		total += sum
		if sum > 0 {
			lines = append(lines, "– "+a.describe(b.From, b.Counts))
		}
	}
	out = append(out, strings.TrimSpace(count(total)+" "+clean(a.Noun))+":")
	for g, name := range a.Groups {
		out = append(out, "– "+cmp.Or(clean(name), "not known")+": "+count(sums[g]))
	}
	out = append(out, "By "+phrase(string(a.Unit))+":")
	return append(append(out, lines...), a.Note)
}

// describe returns the counts of one bin in words.
func (a Activity) describe(from domain.Date, counts []int) string {
	var parts []string
	sum := 0
	for g, n := range counts {
		if n > 0 && g < len(a.Groups) {
			parts = append(parts, cmp.Or(clean(a.Groups[g]), "not known")+" "+count(n))
			sum += n
		}
	}
	name := dateText(from)
	switch {
	case a.Unit == Week:
		name = "week of " + name
	case a.Unit == Month && len(from) == 10:
		name = dateText(from[:7])
	}
	out := name + ": " + count(sum)
	if len(parts) > 0 {
		out += " (" + strings.Join(parts, ", ") + ")"
	}
	return out
}

// seriesFill returns the fill of the i-th series.
func seriesFill(i int) string { return "url(#" + patternID + strconv.Itoa(i) + ")" }

// patterns defines the fills of series, which differ in more than colour.
func (c *canvas) patterns(n int) {
	c.begin("defs")
	for i := range n {
		colour := c.p.series[i]
		c.begin("pattern", "id", patternID+strconv.Itoa(i), "width", 6.0, "height", 6.0, "patternUnits", "userSpaceOnUse")
		d := ""
		switch i {
		case 2:
			d = "M-1 1 1-1M-1 7 7-1M5 7 7 5" // strokes that rise
		case 3:
			d = "M0 1.5h6M0 4.5h6" // level strokes
		case 4:
			d = "M1.5 0v6M4.5 0v6" // upright strokes
		case 5:
			d = "M0 0h2.2v2.2h-2.2ZM3 3h2.2v2.2h-2.2Z" // a chequer
		}
		opacity := ""
		if d != "" {
			opacity = "0.4"
		}
		c.elem("rect", "width", 6.0, "height", 6.0, "fill", colour, "fill-opacity", opacity)
		if d != "" {
			c.elem("path", "d", d, "stroke", colour, "stroke-width", "1.5", "fill", "none")
		}
		c.end("pattern")
	}
	c.end("defs")
}

// niceStep returns a step of 1, 2 or 5 times a power of ten that divides most into about
// five.
func niceStep(most int) int {
	for step := 1; ; step *= 10 {
		for _, f := range []int{1, 2, 5} {
			if (most+step*f-1)/(step*f) <= 5 {
				return step * f
			}
		}
	}
}

// draw draws axes and bars, and returns their height.
func (a Activity) draw(c *canvas, bins []filled, all []series) float64 {
	const plot = 270.0
	most := 1
	for i := range bins {
		sum := 0
		for _, s := range all {
			sum += s.counts[i]
		}
		most = max(most, sum)
	}
	step := niceStep(most)
	top := (most + step - 1) / step * step
	left := 14 + textWidth(count(top))*smallSize
	x := axis{from: days(bins[0].from), to: days(bins[len(bins)-1].to), left: left, right: timelineWidth - 2}
	head := 8.0
	if noun := clean(a.Noun); noun != "" {
		head = 26
		c.text(0, 11, ellipsis(noun, 40), style{size: smallSize, fill: c.p.muted})
	}
	y := func(n int) float64 { return head + plot - plot*float64(n)/float64(top) }
	for n := 0; n <= top; n += step {
		c.elem("path", "d", "M"+num(left)+" "+num(y(n))+"H"+num(x.right), "stroke", c.p.hairline)
		c.text(left-8, y(n)+4, count(n), style{size: smallSize, fill: c.p.muted, anchor: "end"})
	}
	c.patterns(len(all))
	for i, b := range bins {
		l, r := x.x(days(b.from)), x.x(days(b.to))
		gap := min(max((r-l)*0.14, 0), 6)
		if r-l < 3 {
			gap = 0
		}
		width := min(r-l-2*gap, 64)
		l = (l+r)/2 - width/2
		sum := 0
		c.begin("g")
		c.title(a.describe(domain.Date(b.from.Format(time.DateOnly)), b.counts))
		for k, s := range all {
			n := s.counts[i]
			if n == 0 {
				continue
			}
			c.elem("rect", "x", l, "y", y(sum+n), "width", max(width, 0.7), "height", math.Max(y(sum)-y(sum+n)-0.6, 0.4), "fill", seriesFill(k))
			sum += n
		}
		c.end("g")
	}
	c.elem("path", "d", "M"+num(left)+" "+num(y(0))+"H"+num(x.right), "stroke", c.p.line)
	type label struct {
		text     string
		from, to float64
	}
	var labels []label
	for _, k := range ticks(bins[0].from, bins[len(bins)-1].from, 10) {
		at := x.x(days(k.at))
		c.elem("path", "d", "M"+num(at)+" "+num(y(0))+"v5", "stroke", c.p.line)
		width := textWidth(k.label) * smallSize
		from := max(min(at-width/2, x.right-width), 0)
		if n := len(labels); n > 0 && labels[n-1].to+6 > from {
			labels = labels[:n-1] // the last one tells where the time ends
		}
		labels = append(labels, label{k.label, from, from + width})
	}
	for _, l := range labels {
		c.text((l.from+l.to)/2, y(0)+18, l.text, style{size: smallSize, fill: c.p.muted, anchor: "middle"})
	}
	return head + plot + 24
}
