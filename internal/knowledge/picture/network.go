package picture

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
)

// The greatest networks that are drawn.
const (
	MaxNodes = 150
	MaxEdges = 1000
)

// Node is an entity of a [Network].
type Node struct {
	ID     string
	Label  string
	Lang   string // the BCP 47 tag of the label
	Kind   string // one of [domain.EntityKinds]
	Link   string // a path within the site, or an address of http or https
	Listed bool   // a sanctions list has it
	Focus  bool   // the picture is about it
	Hidden int    // neighbours that the picture leaves out
}

// Edge is a tie between two nodes of a [Network], or of one with itself.
type Edge struct {
	ID         string
	From, To   string       // ids of nodes
	Kind       string       // one of [domain.RelationshipKinds]
	Label      string       // the words beside the line; empty for those of the kind
	Min, Max   domain.Share // of an edge of kind OWNS; both 0 for none, 0 and all for one that is not known
	Confidence string       // one of [domain.Confidences]; empty is CONFIRMED
	Since      domain.Date  // in the text alternative only
	Until      domain.Date  // in the text alternative only
	Ended      bool         // it is past
	Mutual     bool         // it has no direction
	Link       string       // as for a node
}

// Network is a picture of entities and their ties: boxes and lines. Boxes do not overlap,
// and words beside lines cover neither boxes nor each other.
type Network struct {
	Frame
	Nodes []Node
	Edges []Edge
}

// index returns the positions of nodes by their ids, and checks that the network can be
// drawn: sizes, ids that are unique and that edges refer to, confidences. The error is of
// KindInvalid.
func (n Network) index() (map[string]int, error) {
	if len(n.Nodes) > MaxNodes || len(n.Edges) > MaxEdges {
		return nil, domain.Invalid("a picture has at most %d nodes and %d edges, not %d and %d", MaxNodes, MaxEdges, len(n.Nodes), len(n.Edges))
	}
	index := make(map[string]int, len(n.Nodes))
	for i, node := range n.Nodes {
		if _, twice := index[node.ID]; twice {
			return nil, domain.Invalid("two nodes have the id %q", ellipsis(clean(node.ID), 40))
		}
		index[node.ID] = i
	}
	for _, e := range n.Edges {
		if !slices.Contains(domain.Confidences, e.confidence()) {
			return nil, domain.Invalid("%q is not a confidence: want one of %s", ellipsis(clean(e.Confidence), 40), strings.Join(domain.Confidences, ", "))
		}
		for _, id := range []string{e.From, e.To} {
			if _, ok := index[id]; !ok {
				return nil, domain.Invalid("an edge refers to %q, which is no node", ellipsis(clean(id), 40))
			}
		}
	}
	return index, nil
}

// SVG draws the network. The error is of KindInvalid, or that of the context.
func (n Network) SVG(ctx context.Context) ([]byte, error) {
	index, err := n.index()
	if err != nil {
		return nil, err
	}
	boxes := make([]*box, len(n.Nodes))
	for i, node := range n.Nodes {
		boxes[i] = newBox(node)
	}
	ties := n.bundle(index)
	if err := arrange(ctx, boxes, ties); err != nil {
		return nil, err
	}
	route(boxes, ties)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	captions := make([]*caption, len(ties))
	for i, t := range ties {
		captions[i] = &t.caption
	}
	without := placeCaptions(captions, boxes)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	width, height := settle(boxes, ties)

	p := n.Theme.palette()
	c := &canvas{p: p}
	for _, t := range ties {
		t.draw(c)
	}
	for _, t := range ties {
		t.caption.draw(c)
	}
	for _, b := range boxes {
		b.draw(c)
	}
	f := n.Frame
	f.addNote(without)
	return document(f, p, c.String(), width, height, n.keys(), n.Text()), nil
}

// Text returns the text alternative of the picture, line by line: all its nodes and
// edges. It is in the picture's <desc>, which those who read pages aloud do not find in an
// <img>: that needs it beside the picture.
func (n Network) Text() []string {
	nodes, names := describeNodes(n.Nodes)
	out := append([]string{n.Subtitle}, nodes...)
	out = append(out, domain.Count(len(n.Edges), "tie", "ties")+":")
	for _, e := range n.Edges {
		out = append(out, "– "+e.describe(names[e.From], names[e.To]))
	}
	return append(out, n.Note)
}

// describeNodes returns what a picture says of its nodes, and their labels by their ids.
func describeNodes(nodes []Node) (lines []string, names map[string]string) {
	lines = []string{domain.Count(len(nodes), "entity", "entities") + ":"}
	names = map[string]string{}
	for _, node := range nodes {
		names[node.ID] = clean(node.Label)
		lines = append(lines, "– "+node.describe())
	}
	return lines, names
}

// describe returns what the picture says of a node.
func (n Node) describe() string {
	is := []string{phrase(n.Kind)}
	if n.Listed {
		is = append(is, "on a sanctions list")
	}
	if n.Hidden > 0 {
		is = append(is, domain.Count(n.Hidden, "neighbour", "neighbours")+" not shown")
	}
	is = slices.DeleteFunc(is, func(s string) bool { return s == "" })
	if len(is) == 0 {
		return clean(n.Label)
	}
	return clean(n.Label) + " (" + strings.Join(is, ", ") + ")"
}

// words returns the label of an edge.
func (e Edge) words() string {
	if l := clean(e.Label); l != "" {
		return l
	}
	if e.Kind == "OWNS" && e.Max > 0 {
		return phrase(e.Kind) + " " + shareText(e.Min, e.Max)
	}
	return phrase(e.Kind)
}

// describe returns what the picture says of an edge between two names.
func (e Edge) describe(from, to string) string {
	arrow := "→"
	if e.Mutual {
		arrow = "↔"
	}
	s := fmt.Sprintf("%s %s %s: %s", from, arrow, to, e.words())
	if e.Since != "" || e.Until != "" {
		s += ", " + spanText(e.Since, e.Until)
	}
	if e.Confidence != "" && e.Confidence != "CONFIRMED" {
		s += ", " + phrase(e.Confidence)
	}
	if e.Ended {
		s += ", ended"
	}
	return s
}

// keys returns the legend: the kinds and lines that occur, and no others.
func (n Network) keys() []key {
	var out []key
	for _, kind := range domain.EntityKinds {
		if slices.ContainsFunc(n.Nodes, func(x Node) bool { return x.Kind == kind }) {
			out = append(out, key{phrase(kind), kindKey(kind)})
		}
	}
	if slices.ContainsFunc(n.Nodes, func(x Node) bool { return x.Listed }) {
		out = append(out, key{"on a sanctions list", listedKey})
	}
	return append(out, lineKeys(n.Edges)...)
}

func lineKeys(edges []Edge) []key {
	var out []key
	for _, confidence := range domain.Confidences {
		if slices.ContainsFunc(edges, func(e Edge) bool { return e.confidence() == confidence }) {
			out = append(out, key{phrase(confidence), lineKey(confidence, false)})
		}
	}
	if slices.ContainsFunc(edges, func(e Edge) bool { return e.Ended }) {
		out = append(out, key{"ended", lineKey("CONFIRMED", true)})
	}
	return out
}

func (e Edge) confidence() string {
	if e.Confidence == "" {
		return "CONFIRMED"
	}
	return e.Confidence
}

func kindKey(kind string) func(*canvas, float64, float64) {
	return func(c *canvas, x, y float64) {
		c.elem("rect", "x", x+1, "y", y-1, "width", 24.0, "height", 16.0, "rx", corner(kind, 16), "fill", c.p.fill(kind), "stroke", c.p.line)
		c.sign(kind, x+7, y+1, 12, c.p.ink)
	}
}

func listedKey(c *canvas, x, y float64) {
	c.elem("rect", "x", x+1, "y", y-1, "width", 24.0, "height", 16.0, "rx", 2.0, "fill", "none", "stroke", c.p.accent, "stroke-width", "1.6")
	c.flag(x+9, y+1.5, c.p.accent)
}

func lineKey(confidence string, ended bool) func(*canvas, float64, float64) {
	return func(c *canvas, x, y float64) {
		c.stroke("M"+num(x)+" "+num(y+7)+"h26", pen{colour: c.p.line, confidence: confidence, ended: ended})
		if ended {
			c.cross(point{x + 13, y + 7}, c.p.line)
		}
	}
}
