package picture

import (
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/redthread-api/redthread/internal/domain"
)

// anyNetwork draws a network of any shape.
func anyNetwork(t *rapid.T) Network {
	var n Network
	size := rapid.IntRange(1, 45).Draw(t, "nodes")
	label := rapid.SampledFrom([]string{"", "Osprey", "Meridian Heavy Industries Group Corporation Limited", "晨光矿业投资集团有限公司北方分局", "Ada Quillfeather", "새벽빛 해운", "شركة فنار"})
	for i := range size {
		n.Nodes = append(n.Nodes, Node{ID: strconv.Itoa(i), Label: label.Draw(t, "label"), Kind: rapid.SampledFrom(domain.EntityKinds).Draw(t, "kind"),
			Listed: rapid.Bool().Draw(t, "listed"), Focus: i == 0, Hidden: rapid.IntRange(0, 2).Draw(t, "hidden")})
	}
	node := rapid.IntRange(0, size-1)
	for range rapid.IntRange(0, 3*size).Draw(t, "edges") {
		n.Edges = append(n.Edges, Edge{From: strconv.Itoa(node.Draw(t, "from")), To: strconv.Itoa(node.Draw(t, "to")),
			Kind: rapid.SampledFrom(domain.RelationshipKinds).Draw(t, "kind"), Confidence: rapid.SampledFrom(domain.Confidences).Draw(t, "confidence"),
			Ended: rapid.Bool().Draw(t, "ended"), Mutual: rapid.Bool().Draw(t, "mutual")})
	}
	return n
}

// boxesApart checks that no two boxes overlap.
func boxesApart(t *rapid.T, boxes []*box) {
	for i, a := range boxes {
		for _, b := range boxes[i+1:] {
			if a.rect().meets(b.rect(), 0) {
				t.Fatalf("boxes of %q and %q overlap: %v, %v", a.ID, b.ID, a.rect(), b.rect())
			}
		}
	}
}

// captionsFree checks that captions cover neither boxes nor each other.
func captionsFree(t *rapid.T, boxes []*box, captions []*caption) {
	for i, w := range captions {
		if !w.placed {
			continue
		}
		for _, b := range boxes {
			if w.rect.meets(b.rect(), 0) {
				t.Fatalf("words %q cover the box of %q", w.lines, b.ID)
			}
		}
		for _, v := range captions[i+1:] {
			if v.placed && w.rect.meets(v.rect, 0) {
				t.Fatalf("words %q cover words %q", w.lines, v.lines)
			}
		}
	}
}

func TestNetworkLayoutProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := anyNetwork(t)
		index, err := n.index()
		if err != nil {
			t.Fatal(err)
		}
		var boxes []*box
		for _, node := range n.Nodes {
			boxes = append(boxes, newBox(node))
		}
		ties := n.bundle(index)
		if err := arrange(t.Context(), boxes, ties); err != nil {
			t.Fatal(err)
		}
		route(boxes, ties)
		var captions []*caption
		for _, tie := range ties {
			captions = append(captions, &tie.caption)
		}
		placeCaptions(captions, boxes)
		w, h := settle(boxes, ties)
		boxesApart(t, boxes)
		captionsFree(t, boxes, captions)
		for _, b := range boxes {
			if r := b.rect(); r.x < 0 || r.y < 0 || r.x+r.w > w || r.y+r.h > h {
				t.Fatalf("the box %v is not within %v by %v", r, w, h)
			}
		}
	})
}

func TestOwnershipLayoutProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := anyNetwork(t)
		o := Ownership{Nodes: n.Nodes}
		index, _ := n.index()
		var boxes []*box
		for _, node := range n.Nodes {
			boxes = append(boxes, newBox(node))
		}
		var edges [][2]int
		for _, e := range n.Edges {
			o.Stakes = append(o.Stakes, Stake{Owner: e.From, Owned: e.To, Max: domain.FullShare})
			edges = append(edges, [2]int{index[e.From], index[e.To]})
		}
		l, err := layered(t.Context(), boxes, edges)
		if err != nil {
			t.Fatal(err)
		}
		lines := o.lines(l, boxes, edges)
		if len(lines) != len(edges) {
			t.Fatalf("got %d lines, want %d", len(lines), len(edges))
		}
		var captions []*caption
		for _, s := range lines {
			captions = append(captions, &s.caption)
		}
		placeCaptions(captions, boxes)
		boxesApart(t, boxes)
		captionsFree(t, boxes, captions)
		for i, e := range edges {
			a, b := boxes[e[0]], boxes[e[1]]
			up := a.y > b.y
			for _, k := range l.links {
				if k.edge == i && k.up != up {
					t.Fatalf("the stake of %s in %s: up is %v, and its owner is at %v, its holding at %v", a.ID, b.ID, k.up, a.y, b.y)
				}
			}
		}
	})
}

// A chart without circles has no line that runs up.
func TestOwnersStandAboveHoldings(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 40).Draw(t, "nodes")
		var edges [][2]int
		for range rapid.IntRange(0, 80).Draw(t, "edges") {
			a, b := rapid.IntRange(0, n-1).Draw(t, "a"), rapid.IntRange(0, n-1).Draw(t, "b")
			if a != b {
				edges = append(edges, [2]int{min(a, b), max(a, b)})
			}
		}
		if up := circles(n, edges); len(up) > 0 {
			t.Errorf("got %d lines that run up, want none", len(up))
		}
		ranks := rank(n, edges, nil)
		for _, e := range edges {
			if ranks[e[0]] >= ranks[e[1]] {
				t.Errorf("%d in layer %d is not above %d in layer %d", e[0], ranks[e[0]], e[1], ranks[e[1]])
			}
		}
	})
}

func TestBoxHoldsItsLabel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := newBox(Node{Label: rapid.String().Draw(t, "label"), Focus: rapid.Bool().Draw(t, "focus"), Listed: rapid.Bool().Draw(t, "listed"), Hidden: rapid.IntRange(0, 1_000_000).Draw(t, "hidden")})
		room := b.w - 2*padX - signSize - signGap
		for _, l := range b.lines {
			if w := textWidth(l) * b.em(); w > room+0.01 {
				t.Errorf("line %q is %.1f pixels wide, the box has room for %.1f", l, w, room)
			}
		}
		if len(b.lines) > labelLines {
			t.Errorf("got %d lines, want at most %d", len(b.lines), labelLines)
		}
	})
}

// The crossings that are counted are those of a count of all pairs.
func TestCrossings(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := layering{layers: [][]*slot{nil, nil}}
		for k := range l.layers {
			for range rapid.IntRange(1, 8).Draw(t, "slots") {
				l.layers[k] = append(l.layers[k], &slot{layer: k})
			}
		}
		l.number()
		type pair struct{ a, b int }
		var all []pair
		for range rapid.IntRange(0, 20).Draw(t, "lines") {
			a := rapid.SampledFrom(l.layers[0]).Draw(t, "a")
			b := rapid.SampledFrom(l.layers[1]).Draw(t, "b")
			a.down, b.up = append(a.down, b), append(b.up, a)
			all = append(all, pair{a.pos, b.pos})
		}
		want := 0
		for i, p := range all {
			for _, q := range all[i+1:] {
				if (p.a < q.a && p.b > q.b) || (p.a > q.a && p.b < q.b) {
					want++
				}
			}
		}
		if got := l.crossings(); got != want {
			t.Errorf("got %d crossings, want %d", got, want)
		}
	})
}

// Majorisation recovers distances that points of a plane have.
func TestStressLayoutFindsATriangle(t *testing.T) {
	t.Parallel()
	at, err := stressLayout(t.Context(), [][]float64{{0, 30, 40}, {30, 0, 50}, {40, 50, 0}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		i, j int
		want float64
	}{{0, 1, 30}, {0, 2, 40}, {1, 2, 50}} {
		if got := at[tt.i].minus(at[tt.j]).length(); got < tt.want-1 || got > tt.want+1 {
			t.Errorf("distance of %d and %d: got %.1f, want %.0f", tt.i, tt.j, got, tt.want)
		}
	}
}

// A line between two boxes goes around a third that is between them.
func TestLineGoesAroundABox(t *testing.T) {
	t.Parallel()
	boxes := []*box{newBox(Node{Label: "Osprey"}), newBox(Node{Label: "Tern"}), newBox(Node{Label: "Plover"})}
	for i, b := range boxes {
		b.point = point{float64(i) * 220, 0}
	}
	ties := []*tie{{a: 0, b: 2}}
	route(boxes, ties)
	for _, q := range ties[0].track {
		if boxes[1].contains(q, 0) {
			t.Fatalf("the line passes through the box at %v", q)
		}
	}
	if got := ties[0].track[0]; !boxes[0].contains(got, 2) || boxes[0].contains(got, 0) {
		t.Errorf("the line begins at %v, want the edge of the box", got)
	}
}
