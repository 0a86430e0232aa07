package graph_test

import (
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/knowledge"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// TestRelationshipsInMemoryThroughAHistory: after each of many random acts, networks, paths and degrees are the same from
// memory as from the database, for viewers of each clearance: where what is held was brought up to live, and where it
// was not yet.
func TestRelationshipsInMemoryThroughAHistory(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		acts := 150
		if testing.Short() || s.Dialect() == dialect.Postgres {
			acts = 50
		}
		const seed = 3
		log := slog.New(slog.DiscardHandler)
		h := &cacheHistory{t: t, seed: seed, desk: editorial.New(s, projection.New(s, log, time.Now).WithPatience(storetest.Patience), log, time.Now)}
		publish(t, h.desk, rapid.Custom(randomContent).Example(seed))
		w := &walks{random: rand.New(rand.NewPCG(seed, 1)), stores: s, held: knowledge.New(s), stored: knowledge.New(s)}
		w.refresh(t)
		followed := 0
		for h.acts = range acts {
			what := rapid.Custom(h.randomAct).Example(seed<<20 + h.acts)
			_ = what.do(domain.WithViewer(t.Context(), editor), h.desk) // what cannot be done leaves things as they are
			if w.random.IntN(2) == 0 {
				w.compare(t, "before a refresh, "+what.name)
			}
			if !w.refresh(t).Read {
				followed++
			}
			w.compare(t, what.name)
		}
		if followed < acts/2 {
			t.Errorf("%d of %d acts were followed without reading all relationships", followed, acts)
		}
	})
}

// walks compares a graph that holds relationships in memory with one that does not.
type walks struct {
	random       *rand.Rand
	stores       *store.Stores
	held, stored *knowledge.Graph
}

func (w *walks) refresh(t *testing.T) knowledge.Held {
	t.Helper()
	is, err := w.held.Refresh(t.Context(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return is
}

func (w *walks) compare(t *testing.T, after string) {
	t.Helper()
	entities, err := store.QueryIDs(t.Context(), w.stores.LiveRows(), "SELECT id FROM entities ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	if len(entities) < 2 {
		return
	}
	one := func() domain.ID { return entities[w.random.IntN(len(entities))] }
	for m := domain.Clear; m <= domain.Red; m++ {
		ctx := domain.WithViewer(t.Context(), &domain.Viewer{Name: m.String(), Role: domain.Partner, Clearance: m, KeyID: 1})
		f := knowledge.Filter{}
		if w.random.IntN(3) == 0 {
			f.MinConfidence = domain.Confidences[w.random.IntN(len(domain.Confidences))]
		}
		if w.random.IntN(3) == 0 {
			f.Kinds = domain.RelationshipKinds[w.random.IntN(4) : 4+w.random.IntN(len(domain.RelationshipKinds)-4)]
		}
		from, to := one(), one()
		for name, ask := range map[string]func(g *knowledge.Graph) (any, error){
			"network": func(g *knowledge.Graph) (any, error) {
				return g.Network(ctx, knowledge.NetworkParams{Around: []domain.ID{from}, Depth: 2, Limit: 6, Filter: f})
			},
			"paths": func(g *knowledge.Graph) (any, error) {
				if from == to {
					return nil, nil
				}
				return g.Paths(ctx, knowledge.PathsParams{From: from, To: to, MaxLength: 4, First: 3, Filter: f})
			},
			"degrees": func(g *knowledge.Graph) (any, error) { return g.Degrees(ctx, entities, knowledge.Both, f) },
		} {
			got, err := ask(w.held)
			if err != nil {
				t.Fatal(err)
			}
			want, err := ask(w.stored)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("after %s: the %s of %s and %s for a viewer of %v, %+v (-database +memory)\n%s", after, name, from, to, m, f, diff)
			}
		}
	}
}
