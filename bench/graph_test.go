package bench

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"runtime"
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

// ties are the relationships of the benchmark of the graph: an entity is an end of twenty in the mean, a few hubs are
// one of ten thousand each, and ownership goes from level to level, up to two owners each.
type ties struct {
	entities []domain.ID
	hubs     int
	rows     []tieRow
}

type tieRow struct {
	id, from, to int64
	kind         string
	share, since any
	confidence   string
}

func newTies(entities, relationships int) *ties {
	r := rand.New(rand.NewPCG(16, 200))
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	t := &ties{hubs: max(relationships/200_000, 2), rows: make([]tieRow, 0, relationships)}
	for range entities {
		t.entities = append(t.entities, domain.NewID(domain.Entity, at))
	}
	others := []string{"DIRECTOR_OF", "OFFICER_OF", "PARTNER_OF", "SUPPLIES", "FUNDS", "LOCATED_IN", "CONTROLS", "RELATED_TO"}
	add := func(from, to int, kind string, share any) {
		var since any
		if r.IntN(3) == 0 {
			since = fmt.Sprintf("%d-%02d", 2000+r.IntN(24), 1+r.IntN(12))
		}
		t.rows = append(t.rows, tieRow{int64(domain.NewID(domain.Relationship, at)), int64(t.entities[from]), int64(t.entities[to]), kind, share, since,
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

// narrativesOf returns the rows of narratives with twenty targets and twenty observations each.
func (t *ties) narrativesOf(n int, now time.Time) (narratives, targets, observations [][]any) {
	r := rand.New(rand.NewPCG(16, 202))
	row := int64(0)
	for i := range n {
		id := int64(domain.NewID(domain.Narrative, now))
		narratives = append(narratives, []any{id, fmt.Sprint("n", i), 0, 0, now, now, now, "A narrative", "A claim", "ACTIVE"})
		for position := range 20 {
			row++
			targets = append(targets, []any{row, position, id, int64(t.entities[r.IntN(2000)])})
			observations = append(observations, []any{row, position, id, fmt.Sprintf("2023-%02d-%02d", 1+r.IntN(12), 1+r.IntN(28)), "What was seen"})
		}
	}
	return narratives, targets, observations
}

// write writes the rows that the projector writes for as many releases, without their search index and history. The indexes
// are made after the rows, which is several times as fast.
func (t *ties) write(b *testing.B, s *store.Stores) {
	b.Helper()
	began := time.Now()
	now := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	indexes := dropIndexes(b, s, "relationships", "entities")
	var rows [][]any
	for i, id := range t.entities {
		kind := "COMPANY"
		if i < t.hubs {
			kind = "COUNTRY"
		}
		rows = append(rows, []any{int64(id), fmt.Sprint("e", i), 0, 0, now, now, now, kind, fmt.Sprintf("Entity %06d", i), fmt.Appendf(nil, "entity %06d", i)})
	}
	insert(b, s, "entities", "id, slug, marking, effective_marking, created_at, updated_at, published_at, kind, name, name_key", slices.Values(rows))
	insert(b, s, "relationships", "id, slug, marking, effective_marking, created_at, updated_at, published_at, kind, share, since, confidence, from_id, to_id",
		func(yield func([]any) bool) {
			for _, v := range t.rows {
				if !yield([]any{v.id, fmt.Sprint("r", v.id), 0, 0, now, now, now, v.kind, v.share, v.since, v.confidence, v.from, v.to}) {
					return
				}
			}
		})
	narratives, targets, observations := t.narrativesOf(500, now)
	insert(b, s, "narratives", "id, slug, marking, effective_marking, created_at, updated_at, published_at, title, claim, status", slices.Values(narratives))
	insert(b, s, "narrative_targets", "id, position, narrative_id, entity_id", slices.Values(targets))
	insert(b, s, "observations", "id, position, narrative_id, observed_on, description", slices.Values(observations))
	inLive(b, s, indexes...)
	if s.Dialect() == dialect.Postgres { // as its autovacuum would; SQLite has no statistics, as in production
		inLive(b, s, "ANALYZE")
	}
	b.Logf("written in %s", time.Since(began).Round(time.Second))
}

// inLive runs statements on live, each in its own transaction.
func inLive(b *testing.B, s *store.Stores, statements ...string) {
	b.Helper()
	for _, statement := range statements {
		if err := s.Live(b.Context(), func(ctx context.Context, tx *store.Tx) error { return store.Exec(ctx, tx, statement) }); err != nil {
			b.Fatal(err)
		}
	}
}

// dropIndexes drops the indexes of tables of live, and returns the statements that make them.
func dropIndexes(b *testing.B, s *store.Stores, tables ...string) []string {
	b.Helper()
	query := "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('" + strings.Join(tables, "', '") + "')"
	if s.Dialect() == dialect.Postgres {
		query = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'live' AND indexname NOT LIKE '%_pkey' AND tablename IN ('" + strings.Join(tables, "', '") + "')"
	}
	var made, dropped []string
	err := store.QueryRows(b.Context(), s.LiveRows(), query, nil, func(rows *sql.Rows) error {
		var name, statement string
		err := rows.Scan(&name, &statement)
		made, dropped = append(made, statement), append(dropped, `DROP INDEX "`+name+`"`)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	inLive(b, s, dropped...)
	return made
}

// insert inserts rows into a table of live.
func insert(b *testing.B, s *store.Stores, table, columns string, rows func(func([]any) bool)) {
	b.Helper()
	width := strings.Count(columns, ",") + 1
	row := "(" + strings.Repeat("?, ", width-1) + "?)"
	var args []any
	flush := func(ctx context.Context, tx *store.Tx) error {
		n := len(args) / width
		if n == 0 {
			return nil
		}
		query := "INSERT INTO " + table + " (" + columns + ") VALUES " + strings.Repeat(row+", ", n-1) + row
		err := store.Exec(ctx, tx, query, args...)
		args = args[:0]
		return err
	}
	err := s.Live(b.Context(), func(ctx context.Context, tx *store.Tx) error {
		for values := range rows {
			if args = append(args, values...); len(args) >= 200*width {
				if err := flush(ctx, tx); err != nil {
					return err
				}
			}
		}
		return flush(ctx, tx)
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkGraph measures what the graph is asked, from the database and from memory. REDTHREAD_BENCH_ENTITIES and
// REDTHREAD_BENCH_RELATIONSHIPS say how large it is: 20,000 and 200,000 without them.
func BenchmarkGraph(b *testing.B) {
	t := newTies(envNumber("REDTHREAD_BENCH_ENTITIES", 20_000), envNumber("REDTHREAD_BENCH_RELATIONSHIPS", 200_000))
	b.Run("SQLite", func(b *testing.B) { benchmarkGraph(b, storetest.SQLite(b), t) })
	b.Run("PostgreSQL", func(b *testing.B) { benchmarkGraph(b, storetest.Postgres(b), t) })
}

func benchmarkGraph(b *testing.B, s *store.Stores, t *ties) {
	t.write(b, s)
	stored := knowledge.New(s)
	b.Run("Database", func(b *testing.B) { t.ask(b, s, stored) })
	b.Run("Memory", func(b *testing.B) {
		held := knowledge.New(s)
		heap := heapInUse()
		began := time.Now()
		is, err := held.Refresh(b.Context(), 1<<30)
		if err != nil {
			b.Fatal(err)
		}
		took := time.Since(began)
		b.Logf("%+v, read in %s; %.1f bytes of the heap for a relationship", is, took.Round(time.Millisecond), float64(heapInUse()-heap)/float64(is.Relationships))
		t.ask(b, s, held)
	})
	ctx := domain.WithViewer(b.Context(), domain.Anonymous())
	percentiles(b, "TimelineOfHub", func(i int) error {
		_, err := stored.Timeline(ctx, knowledge.TimelineParams{Entities: t.entities[i%t.hubs : i%t.hubs+1], Limit: 50})
		return err
	})
	percentiles(b, "Actors", func(int) error {
		_, err := stored.Actors(ctx, knowledge.ActorsParams{Role: "TARGET", First: 20})
		return err
	})
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// ask measures what can be answered from the database and from memory, each time in a snapshot of its own, as requests have
// them.
func (t *ties) ask(b *testing.B, s *store.Stores, g *knowledge.Graph) {
	r := rand.New(rand.NewPCG(16, 201))
	entity := func() domain.ID { return t.entities[t.hubs+r.IntN(len(t.entities)-t.hubs)] }
	measure := func(name string, run func(ctx context.Context, i int) error) {
		percentiles(b, name, func(i int) error {
			ctx, end := s.Snapshot(domain.WithViewer(b.Context(), domain.Anonymous()))
			defer end()
			return run(ctx, i)
		})
	}
	measure("Network2", func(ctx context.Context, _ int) error {
		_, err := g.Network(ctx, knowledge.NetworkParams{Around: []domain.ID{entity()}, Depth: 2, Limit: 60})
		return err
	})
	measure("NetworkOfHub", func(ctx context.Context, i int) error {
		_, err := g.Network(ctx, knowledge.NetworkParams{Around: []domain.ID{t.entities[i%t.hubs]}, Depth: 2, Limit: 60})
		return err
	})
	measure("Path6", func(ctx context.Context, _ int) error {
		_, err := g.Paths(ctx, knowledge.PathsParams{From: entity(), To: entity(), MaxLength: 6, First: 1})
		return err
	})
	measure("Degree", func(ctx context.Context, _ int) error {
		_, err := g.Degrees(ctx, []domain.ID{entity()}, knowledge.Both, knowledge.Filter{})
		return err
	})
	measure("DegreeOfHub", func(ctx context.Context, i int) error {
		_, err := g.Degrees(ctx, []domain.ID{t.entities[i%t.hubs]}, knowledge.Both, knowledge.Filter{})
		return err
	})
	measure("Exposure", func(ctx context.Context, _ int) error {
		target := t.entities[len(t.entities)-1-r.IntN(len(t.entities)/6)] // of the lowest level
		stakes, err := g.Above(ctx, "2026-01-01", target)
		if err != nil {
			return err
		}
		rule, _ := ownership.FindRule("OFAC", "", "2026-01-01")
		_, err = stakes.Graph.Decide(ownership.Query{Target: target, Rule: rule, Listed: stakes.Entities[len(stakes.Entities)-1:]})
		return err
	})
}

// BenchmarkGraphKept measures how long a release that changes one relationship takes to reach what is held in memory, of
// which a part is beside the tables already.
func BenchmarkGraphKept(b *testing.B) {
	t := newTies(envNumber("REDTHREAD_BENCH_ENTITIES", 20_000), envNumber("REDTHREAD_BENCH_RELATIONSHIPS", 200_000))
	s := storetest.SQLite(b)
	t.write(b, s)
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	insert(b, s, "projection", "id, applied_sequence, applied_at, history", slices.Values([][]any{{1, 0, at, 1}}))
	g := knowledge.New(s)
	if _, err := g.Refresh(b.Context(), 1<<30); err != nil {
		b.Fatal(err)
	}
	sequence := int64(0)
	var took []time.Duration
	for b.Loop() {
		id, before := t.rows[int(sequence)*7%len(t.rows)].id, at
		sequence, at = sequence+1, at.Add(time.Second)
		err := s.Live(b.Context(), func(ctx context.Context, tx *store.Tx) error {
			for _, statement := range []struct {
				text string
				args []any
			}{
				{"UPDATE relationships SET confidence = 'POSSIBLE' WHERE id = ?", []any{id}},
				{"INSERT INTO changes (id, at, document_id, type, clear) VALUES (?, ?, ?, ?, 2)", []any{sequence, at.UnixMicro(), id, int64(domain.Relationship)}},
				{"INSERT INTO live_steps (id, at, previous, previous_at, keys) VALUES (?, ?, ?, ?, ?)", []any{sequence, at.UnixMicro(), sequence - 1, before.UnixMicro(), []byte{1}}},
				{"UPDATE projection SET applied_sequence = ?, applied_at = ?", []any{sequence, at}},
			} {
				if err := store.Exec(ctx, tx, statement.text, statement.args...); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		if is, err := g.Refresh(b.Context(), 1<<30); err != nil || is.Read {
			b.Fatalf("got %+v, error %v", is, err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
