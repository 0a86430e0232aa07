package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge"
	"github.com/redthread-api/redthread/internal/knowledge/ownership"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// ties are the relationships of the benchmark of the graph: an entity has about ten, a few hubs have a part
// of all, and ownership goes from level to level, one to three owners each.
type ties struct {
	entities []domain.ID
	hubs     int
	rows     [][6]any // id, from, to, kind, share, confidence
}

func newTies(entities, relationships int) *ties {
	r := rand.New(rand.NewPCG(16, 200))
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	t := &ties{hubs: max(relationships/200_000, 2)}
	for range entities {
		t.entities = append(t.entities, domain.NewID(domain.Entity, at))
	}
	others := []string{"DIRECTOR_OF", "OFFICER_OF", "PARTNER_OF", "SUPPLIES", "FUNDS", "LOCATED_IN", "CONTROLS", "RELATED_TO"}
	add := func(from, to int, kind string, share any) {
		t.rows = append(t.rows, [6]any{int64(domain.NewID(domain.Relationship, at)), int64(t.entities[from]), int64(t.entities[to]), kind, share,
			domain.Confidences[min(r.IntN(6), 2)]})
	}
	const levels = 6
	width := entities / levels
	for e := width; e < entities; e++ {
		left := 100
		for range r.IntN(3) {
			share := 1 + r.IntN(max(left/2, 1))
			left -= share
			add((e/width-1)*width+r.IntN(width), e, "OWNS", int64(share)*1_000_000)
		}
	}
	hub := min(10_000, relationships/20)
	for h := range t.hubs {
		for range hub {
			add(r.IntN(entities), h, "LOCATED_IN", nil)
		}
	}
	for len(t.rows) < relationships {
		add(r.IntN(entities), r.IntN(entities), others[r.IntN(len(others))], nil)
	}
	return t
}

func (t *ties) write(b *testing.B, s *store.Stores) {
	row := "(?, ?, 0, 0, 1, ?, ?, ?, ?, ?, ?, ?)"
	now := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for chunk := range slices.Chunk(t.rows, 20_000) {
		err := s.Live(b.Context(), func(ctx context.Context, tx *store.Tx) error {
			for batch := range slices.Chunk(chunk, 100) {
				var args []any
				for _, v := range batch {
					args = append(args, v[0], fmt.Sprint("r", v[0]), now, now, v[3], v[4], v[5], v[1], v[2])
				}
				query := "INSERT INTO relationships (id, slug, marking, effective_marking, version, created_at, updated_at, kind, share, confidence, from_id, to_id) VALUES " +
					strings.Repeat(row+", ", len(batch)-1) + row
				if err := store.Exec(ctx, tx, query, args...); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGraph measures what the graph is asked. REDTHREAD_BENCH_ENTITIES and REDTHREAD_BENCH_RELATIONSHIPS say how
// large it is: 20,000 and 200,000 without them.
func BenchmarkGraph(b *testing.B) {
	t := newTies(envNumber("REDTHREAD_BENCH_ENTITIES", 20_000), envNumber("REDTHREAD_BENCH_RELATIONSHIPS", 200_000))
	b.Run("SQLite", func(b *testing.B) { benchmarkGraph(b, storetest.SQLite(b), t) })
	b.Run("PostgreSQL", func(b *testing.B) { benchmarkGraph(b, storetest.Postgres(b), t) })
}

func benchmarkGraph(b *testing.B, s *store.Stores, t *ties) {
	t.write(b, s)
	if s.Dialect() == dialect.Postgres { // as its autovacuum would; SQLite has no statistics, as in production
		err := s.Live(b.Context(), func(ctx context.Context, tx *store.Tx) error { return store.Exec(ctx, tx, "ANALYZE") })
		if err != nil {
			b.Fatal(err)
		}
	}
	g := knowledge.New(s)
	ctx := domain.WithViewer(b.Context(), domain.Anonymous())
	r := rand.New(rand.NewPCG(16, 201))
	entity := func() domain.ID { return t.entities[t.hubs+r.IntN(len(t.entities)-t.hubs)] }
	percentiles(b, "Network2", func(int) error {
		_, err := g.Network(ctx, knowledge.NetworkParams{Around: []domain.ID{entity()}, Depth: 2, Limit: 60})
		return err
	})
	percentiles(b, "NetworkOfHub", func(i int) error {
		_, err := g.Network(ctx, knowledge.NetworkParams{Around: []domain.ID{t.entities[i%t.hubs]}, Depth: 2, Limit: 60})
		return err
	})
	percentiles(b, "Path6", func(int) error {
		_, err := g.Paths(ctx, knowledge.PathsParams{From: entity(), To: entity(), MaxLength: 6, First: 1})
		return err
	})
	percentiles(b, "Exposure", func(int) error {
		target := t.entities[len(t.entities)-1-r.IntN(len(t.entities)/6)] // of the lowest level
		stakes, err := g.Above(ctx, "2026-01-01", target)
		if err != nil {
			return err
		}
		rule, _ := ownership.FindRule("OFAC", "")
		_, err = stakes.Graph.Decide(ownership.Query{Target: target, Rule: rule, Listed: stakes.Entities[len(stakes.Entities)-1:]})
		return err
	})
}
