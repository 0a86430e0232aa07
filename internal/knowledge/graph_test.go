package knowledge_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge"
	"github.com/redthread-api/redthread/internal/knowledge/ownership"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// eachWay runs a test against what is stored: as the database answers, and from memory.
func eachWay(t *testing.T, s *store.Stores, test func(t *testing.T, g *knowledge.Graph)) {
	t.Helper()
	t.Run("Database", func(t *testing.T) { test(t, knowledge.New(s)) })
	t.Run("Memory", func(t *testing.T) {
		g := knowledge.New(s)
		if _, err := g.Refresh(t.Context(), 1<<20); err != nil {
			t.Fatal(err)
		}
		test(t, g)
		if memory, database := knowledge.Answered(g); memory == 0 || database > 0 {
			t.Errorf("%d reads were answered from memory, and %d from the database", memory, database)
		}
	})
}

// edge is a relationship of a test, with the marking that counts.
type edge struct {
	knowledge.Edge
	marking domain.Marking
}

// content is a random graph.
type content struct {
	entities []domain.ID
	edges    []edge
}

func randomContent(r *rand.Rand, entities, edges int) *content {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := &content{}
	for range entities {
		c.entities = append(c.entities, domain.NewID(domain.Entity, at))
	}
	slices.Sort(c.entities)
	dates := []domain.Date{"", "2015", "2019", "2019-06", "2020", "2020-03", "2020-03-15", "2020-03-16", "2019-12", "2024"}
	for range edges {
		e := edge{marking: domain.Marking(r.IntN(3))}
		e.ID = domain.NewID(domain.Relationship, at)
		e.From, e.To = c.entities[r.IntN(entities)], c.entities[r.IntN(entities)]
		e.Kind = domain.RelationshipKinds[r.IntN(4)]
		e.Confidence = domain.Confidences[r.IntN(len(domain.Confidences))]
		e.Since, e.Until = dates[r.IntN(len(dates))], dates[r.IntN(len(dates))]
		e.Share = ownership.Unknown()
		switch low := domain.Share(r.IntN(100)) * 1_000_000; r.IntN(5) {
		case 0, 1:
			e.Share = ownership.Exactly(low)
		case 2:
			e.Share = ownership.Range{Min: low, Max: low + 1_000_000}
		case 3:
			e.Share.Min = low
		}
		c.edges = append(c.edges, e)
	}
	slices.SortFunc(c.edges, func(a, b edge) int { return cmp.Compare(a.ID, b.ID) })
	return c
}

func (c *content) write(t testing.TB, s *store.Stores) {
	t.Helper()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	text := func(d domain.Date) any {
		if d == "" {
			return nil
		}
		return string(d)
	}
	err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		for _, e := range c.edges {
			var share, low, high any
			if e.Share.Min == e.Share.Max {
				share = int64(e.Share.Min)
			} else if e.Share.Max < domain.FullShare {
				low, high = int64(e.Share.Min), int64(e.Share.Max)
			} else if e.Share.Min > 0 {
				low = int64(e.Share.Min)
			}
			err := store.Exec(ctx, tx, "INSERT INTO relationships (id, slug, marking, effective_marking, version, created_at, updated_at, kind, share, share_min, share_max, since, until, confidence, from_id, to_id)"+
				" VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
				int64(e.ID), e.ID.String(), int(e.marking), int(e.marking), now, now, e.Kind, share, low, high, text(e.Since), text(e.Until), e.Confidence, int64(e.From), int64(e.To))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// holds reports whether a relationship held at a day, or may have: whether there are days for its dates between which it
// lies.
func holds(e *knowledge.Edge, day string) bool {
	earliest, latest := string(e.Since), string(e.Until)
	for _, rest := range []string{"", "-01", "-01-01"} {
		if e.Since != "" && len(e.Since)+len(rest) == len("2006-01-02") {
			earliest += rest
		}
	}
	if e.Until != "" && len(e.Until) < len("2006-01-02") {
		first, err := time.Parse("2006-01-02", (string(e.Until) + "-01-01")[:len("2006-01-02")])
		if err != nil {
			panic(err)
		}
		next := first.AddDate(1, 0, 0)
		if len(e.Until) == len("2006-01") {
			next = first.AddDate(0, 1, 0)
		}
		latest = next.AddDate(0, 0, -1).Format(time.DateOnly)
	}
	return earliest <= day && (latest == "" || day < latest)
}

// seen returns what passes a filter and is seen at a clearance.
func (c *content) seen(clearance domain.Marking, f knowledge.Filter) []knowledge.Edge {
	var all []knowledge.Edge
	for i := range c.edges {
		e := &c.edges[i]
		least := slices.Index(domain.Confidences, f.MinConfidence)
		if e.marking > clearance || f.Kinds != nil && !slices.Contains(f.Kinds, e.Kind) || f.At != "" && !holds(&e.Edge, string(f.At)) ||
			least >= 0 && slices.Index(domain.Confidences, e.Confidence) > least {
			continue
		}
		all = append(all, e.Edge)
	}
	return all
}

// distances returns how far entities are from some.
func distances(edges []knowledge.Edge, from []domain.ID) map[domain.ID]int {
	distance := map[domain.ID]int{}
	for _, id := range from {
		distance[id] = 0
	}
	for d := 0; ; d++ {
		grown := false
		for _, e := range edges {
			for _, ends := range [][2]domain.ID{{e.From, e.To}, {e.To, e.From}} {
				at, ok := distance[ends[0]]
				if _, known := distance[ends[1]]; ok && at == d && !known {
					distance[ends[1]], grown = d+1, true
				}
			}
		}
		if !grown {
			return distance
		}
	}
}

func viewer(t testing.TB, clearance domain.Marking) context.Context {
	return domain.WithViewer(t.Context(), &domain.Viewer{Name: "test", Role: domain.Partner, Clearance: clearance, KeyID: 1})
}

var filters = []knowledge.Filter{
	{}, {Kinds: []string{}}, {Kinds: []string{"OWNS", "CONTROLS"}}, {At: "2020-03-15"}, {At: "2019-12-31"}, {At: "2020-03-31"}, {At: "2019-06-29", MinConfidence: "PROBABLE"}, {MinConfidence: "CONFIRMED"},
}

func TestNetworkEqualsModel(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		r := rand.New(rand.NewPCG(16, 1))
		c := randomContent(r, 60, 150)
		c.write(t, s)
		eachWay(t, s, func(t *testing.T, g *knowledge.Graph) {
			for clearance := range domain.Marking(3) {
				for i, f := range filters {
					for depth := 1; depth <= knowledge.MaxDepth; depth++ {
						around := []domain.ID{c.entities[r.IntN(60)], c.entities[r.IntN(60)]}
						got, err := g.Network(viewer(t, clearance), knowledge.NetworkParams{Around: around, Depth: depth, Limit: knowledge.MaxNodes, Filter: f})
						if err != nil {
							t.Fatal(err)
						}
						name := fmt.Sprintf("clearance %v, filter %d, depth %d", clearance, i, depth)
						c.wantNetwork(t, name, got, c.seen(clearance, f), around, depth)
					}
				}
			}
		})
	})
}

func (c *content) wantNetwork(t *testing.T, name string, got *knowledge.Network, seen []knowledge.Edge, around []domain.ID, depth int) {
	t.Helper()
	want := distances(seen, around)
	nodes := map[domain.ID]int{}
	for _, n := range got.Nodes {
		nodes[n.ID] = n.Distance
	}
	for id, d := range want {
		if d > depth {
			delete(want, id)
		}
	}
	if diff := gocmp.Diff(want, nodes); diff != "" {
		t.Fatalf("%s: nodes (-want +got)\n%s", name, diff)
	}
	var edges []knowledge.Edge
	degree, hidden := map[domain.ID]int{}, map[domain.ID]int{}
	for _, e := range seen {
		_, from := want[e.From]
		_, to := want[e.To]
		if from && to {
			edges = append(edges, e)
		}
		for _, id := range slices.Compact([]domain.ID{e.From, e.To}) {
			degree[id]++
			if !from || !to {
				hidden[id]++
			}
		}
	}
	if diff := gocmp.Diff(edges, got.Edges); diff != "" {
		t.Fatalf("%s: edges (-want +got)\n%s", name, diff)
	}
	for _, n := range got.Nodes {
		cut := knowledge.Whole
		if hidden[n.ID] > 0 {
			cut = knowledge.CutByDepth
		}
		if n.Degree != degree[n.ID] || n.Hidden != hidden[n.ID] || n.Cut != cut {
			t.Fatalf("%s: got %+v, want degree %d, %d hidden, cut %d", name, n, degree[n.ID], hidden[n.ID], cut)
		}
	}
}

// A network of a limited size has the nearest nodes, and says at each how much is left out.
func TestNetworkIsCutHonestly(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		c := &content{}
		add := func(from, to domain.ID, confidence string) {
			c.edges = append(c.edges, edge{Edge: knowledge.Edge{ID: domain.NewID(domain.Relationship, at), From: from, To: to, Kind: "OWNS", Confidence: confidence}})
		}
		id := func() domain.ID { return domain.NewID(domain.Entity, at) }
		start, hub := id(), id()
		add(start, hub, "CONFIRMED")
		var sure []domain.ID
		for i := range 200 {
			add(hub, id(), "CONFIRMED")
			if i < 10 {
				e := id()
				sure = append(sure, e)
				add(e, start, "PROBABLE")
				add(start, id(), "POSSIBLE")
			}
		}
		c.write(t, s)
		eachWay(t, s, func(t *testing.T, g *knowledge.Graph) {
			network := func(around domain.ID, depth, limit int) (*knowledge.Network, map[domain.ID]knowledge.Node) {
				got, err := g.Network(viewer(t, domain.Clear), knowledge.NetworkParams{Around: []domain.ID{around}, Depth: depth, Limit: limit})
				if err != nil {
					t.Fatal(err)
				}
				nodes := map[domain.ID]knowledge.Node{}
				for _, n := range got.Nodes {
					nodes[n.ID] = n
				}
				return got, nodes
			}
			got, nodes := network(start, 2, 12)
			if len(got.Nodes) != 12 || len(got.Edges) != 11 {
				t.Fatalf("got %d nodes and %d edges, want 12 and 11", len(got.Nodes), len(got.Edges))
			}
			for _, e := range append(sure, hub) {
				if _, ok := nodes[e]; !ok {
					t.Errorf("%s is left out, and is more certain than what is there", e)
				}
			}
			if n := nodes[start]; n.Degree != 21 || n.Hidden != 10 || n.Cut != knowledge.CutByLimit {
				t.Errorf("the start: got %+v, want 10 of 21 left out by the limit", n)
			}
			if n := nodes[hub]; n.Degree != 201 || n.Hidden != 200 || n.Cut != knowledge.CutAtHub {
				t.Errorf("the hub: got %+v, want 200 of 201 left out", n)
			}
			if got, nodes := network(hub, 1, 50); len(got.Nodes) != 50 || nodes[hub].Hidden != 152 || nodes[hub].Cut != knowledge.CutAtHub {
				t.Errorf("around the hub: got %d nodes, %+v; want 50 nodes, 152 left out", len(got.Nodes), nodes[hub])
			}
		})
	})
}

// allPaths returns all simple paths, in the order that Paths promises.
func allPaths(edges []knowledge.Edge, from, to domain.ID, maxLength int) []knowledge.Path {
	type pair = [2]domain.ID
	ties := map[pair][]knowledge.Edge{}
	next := map[domain.ID][]domain.ID{}
	for _, e := range edges {
		if e.From == e.To {
			continue
		}
		for _, p := range []pair{{e.From, e.To}, {e.To, e.From}} {
			if ties[p] == nil {
				next[p[0]] = append(next[p[0]], p[1])
			}
			ties[p] = append(ties[p], e)
		}
	}
	rank := func(confidence string) int { return slices.Index(domain.Confidences, confidence) }
	for p := range ties {
		slices.SortStableFunc(ties[p], func(a, b knowledge.Edge) int { return cmp.Compare(rank(a.Confidence), rank(b.Confidence)) })
	}
	var all []knowledge.Path
	var visit func(at domain.ID, steps []knowledge.Step)
	visit = func(at domain.ID, steps []knowledge.Step) {
		if at == to {
			p := knowledge.Path{Steps: slices.Clone(steps), Weakest: steps[0].Confidence}
			for _, s := range steps {
				if rank(s.Confidence) > rank(p.Weakest) {
					p.Weakest = s.Confidence
				}
			}
			all = append(all, p)
			return
		}
		if len(steps) == maxLength {
			return
		}
		for _, other := range next[at] {
			if other == from || slices.ContainsFunc(steps, func(s knowledge.Step) bool { return s.End == other }) {
				continue
			}
			t := ties[pair{at, other}]
			visit(other, append(steps, knowledge.Step{Edge: t[0], Start: at, End: other, Others: t[1:]}))
		}
	}
	visit(from, nil)
	slices.SortFunc(all, func(a, b knowledge.Path) int {
		return cmp.Or(cmp.Compare(len(a.Steps), len(b.Steps)), cmp.Compare(rank(a.Weakest), rank(b.Weakest)),
			slices.CompareFunc(a.Steps, b.Steps, func(a, b knowledge.Step) int { return cmp.Compare(a.ID, b.ID) }))
	})
	return all
}

func TestPathsEqualModel(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		r := rand.New(rand.NewPCG(16, 2))
		c := randomContent(r, 40, 100)
		c.write(t, s)
		eachWay(t, s, func(t *testing.T, g *knowledge.Graph) {
			ways := 0
			for clearance := range domain.Marking(3) {
				for i, f := range filters {
					seen := c.seen(clearance, f)
					for range 20 {
						from, to := c.entities[r.IntN(40)], c.entities[r.IntN(40)]
						if from == to {
							continue
						}
						p := knowledge.PathsParams{From: from, To: to, MaxLength: 1 + r.IntN(6), First: 1 + r.IntN(8), Filter: f}
						got, err := g.Paths(viewer(t, clearance), p)
						if err != nil {
							t.Fatal(err)
						}
						all := allPaths(seen, from, to, p.MaxLength)
						want := &knowledge.Paths{Complete: len(all) <= p.First, Paths: all[:min(len(all), p.First)]}
						ways += len(want.Paths)
						if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
							t.Fatalf("clearance %v, filter %d, %+v (-want +got)\n%s", clearance, i, p, diff)
						}
					}
				}
			}
			if ways < 100 {
				t.Errorf("only %d paths: too few to tell much", ways)
			}
		})
	})
}

// A search in a graph in which everything is tied to everything gives up, and says so.
func TestPathsGiveUp(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		c := &content{}
		for range 60 {
			c.entities = append(c.entities, domain.NewID(domain.Entity, at))
		}
		for i, from := range c.entities {
			for _, to := range c.entities[:i] {
				c.edges = append(c.edges, edge{Edge: knowledge.Edge{ID: domain.NewID(domain.Relationship, at), From: from, To: to, Kind: "PARTNER_OF", Confidence: "CONFIRMED"}})
			}
		}
		c.write(t, s)
		eachWay(t, s, func(t *testing.T, g *knowledge.Graph) {
			for _, test := range []struct {
				name   string
				graph  *knowledge.Graph
				gaveUp bool
				paths  int
			}{
				{"within its bounds", g, false, knowledge.MaxPaths},
				{"after too many relationships", knowledge.WithBounds(g, 100, 200_000), true, 1},
				{"after too many steps", knowledge.WithBounds(g, 60_000, 100), true, 1},
			} {
				got, err := test.graph.Paths(viewer(t, domain.Clear), knowledge.PathsParams{From: c.entities[0], To: c.entities[1], MaxLength: 5, First: knowledge.MaxPaths})
				if err != nil {
					t.Fatal(err)
				}
				if got.Complete || got.GaveUp != test.gaveUp || len(got.Paths) < test.paths {
					t.Errorf("%s: got %d paths, complete %v, gave up %v; want at least %d, gave up %v", test.name, len(got.Paths), got.Complete, got.GaveUp, test.paths, test.gaveUp)
				}
			}
		})
	})
}

func TestDegrees(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		c := randomContent(rand.New(rand.NewPCG(16, 3)), 20, 80)
		c.write(t, s)
		eachWay(t, s, func(t *testing.T, g *knowledge.Graph) {
			for clearance := range domain.Marking(3) {
				for i, f := range filters {
					for _, d := range []knowledge.Direction{knowledge.Outgoing, knowledge.Incoming, knowledge.Both} {
						got, err := g.Degrees(viewer(t, clearance), c.entities, d, f)
						if err != nil {
							t.Fatal(err)
						}
						want := map[domain.ID]int{}
						for _, id := range c.entities {
							want[id] = 0
						}
						for _, e := range c.seen(clearance, f) {
							if d&knowledge.Outgoing != 0 {
								want[e.From]++
							}
							if d&knowledge.Incoming != 0 && (e.From != e.To || d == knowledge.Incoming) {
								want[e.To]++
							}
						}
						if diff := gocmp.Diff(want, got); diff != "" {
							t.Fatalf("clearance %v, filter %d, direction %d (-want +got)\n%s", clearance, i, d, diff)
						}
					}
				}
			}
		})
	})
}
