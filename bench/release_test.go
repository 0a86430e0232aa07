package bench_test

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// BenchmarkLargeRelease publishes thousands of documents as one release, new
// ones first and then all of them again, while another editor saves. It reports
// the whole time, the longest save (which is how long the desk's lock was held),
// the longest transaction on live, the memory that came on top, and the
// statements for each thousand documents.
//
//	go test -run '^$' -bench LargeRelease -benchtime 1x ./bench
func BenchmarkLargeRelease(b *testing.B) {
	for _, n := range []int{3_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.Run("SQLite", func(b *testing.B) { benchmarkRelease(b, storetest.SQLiteConfig(b), n) })
			b.Run("PostgreSQL", func(b *testing.B) { benchmarkRelease(b, storetest.PostgresConfig(b), n) })
		})
	}
}

func benchmarkRelease(b *testing.B, config store.Config, n int) {
	w := &storeMonitor{}
	config.Fault = w.statement
	stores, err := store.Open(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = stores.Close() }()
	desk := editorial.New(stores, projection.New(stores, slog.New(slog.DiscardHandler), time.Now), slog.New(slog.DiscardHandler), time.Now)
	defer desk.Live().Close()
	ctx := domain.AsSystem(b.Context(), "bench")
	save := func(t domain.Type, m editorial.Mode, f map[string]any) {
		if _, err := desk.Save(ctx, editorial.SaveParams{Type: t, Mode: m, Fields: f}); err != nil {
			b.Fatal(err)
		}
	}
	for i := range 50 {
		save(domain.Tag, editorial.Create, map[string]any{"slug": fmt.Sprintf("tag-%d", i), "label": "Tag", "vocabulary": "TOPIC"})
	}
	var documents []string
	body := strings.Repeat("Some words of a long text about ports and their owners. ", 80)
	write := func(m editorial.Mode, key string, i, round int) {
		tags := []any{fmt.Sprintf("tag-%d", i%50), fmt.Sprintf("tag-%d", (i+7)%50)}
		save(domain.Entity, m, map[string]any{key: fmt.Sprintf("entity-%d", i), "name": fmt.Sprintf("Entity %d %d", i, round), "kind": "COMPANY", "tags": tags,
			"names": []any{map[string]any{"text": fmt.Sprintf("E%d %d", i, round), "kind": "ALIAS"}}, "description": body[:1000]})
		save(domain.Report, m, map[string]any{key: fmt.Sprintf("report-%d", i), "title": fmt.Sprintf("Report %d %d", i, round), "kind": "BRIEF", "language": "en",
			"summary": "S.", "body": fmt.Sprintf("By [[entity-%d]]. %s", i, body), "tags": tags, "entities": []any{fmt.Sprintf("entity-%d", i)}})
	}
	for i := range n / 2 {
		write(editorial.Create, "slug", i, 0)
		documents = append(documents, fmt.Sprintf("report:report-%d", i), fmt.Sprintf("entity:entity-%d", i))
	}
	for b.Loop() {
		for round, name := range []string{"new", "again"} {
			if round > 0 {
				for i := range n / 2 {
					write(editorial.Update, "id", i, round)
				}
			}
			m := w.during(func() {
				ctx := ctx
				other := startEditor(ctx, b, desk)
				released, err := desk.Publish(ctx, editorial.PublishParams{Documents: documents})
				if err != nil || len(released.Published) != n {
					b.Errorf("published %d of %d: %v", len(released.Published), n, err)
				}
				w.answered = time.Now()
				if err := desk.Live().Project(ctx); err != nil {
					b.Error(err)
				}
				w.held = other.stop()
			})
			b.ReportMetric(m.total.Seconds()*1000, name+"-ms")
			b.ReportMetric(m.held.Seconds()*1000, name+"-held-ms")
			b.ReportMetric(m.live.Seconds()*1000, name+"-live-ms")
			b.ReportMetric(m.memory/(1<<20), name+"-MiB")
			b.ReportMetric(float64(m.statements)/float64(n)*1000, name+"-stmts/1k")
		}
	}
}

// storeMonitor measures the statements and the transactions of the stores.
type storeMonitor struct {
	on         atomic.Bool
	statements atomic.Int64
	mu         sync.Mutex
	liveBegan  time.Time
	liveLong   time.Duration
	answered   time.Time
	held       time.Duration
}

func (w *storeMonitor) statement(pool, query string) error {
	if !w.on.Load() || query == "" {
		return nil
	}
	w.statements.Add(1)
	if pool != "live" {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch query {
	case "BEGIN":
		w.liveBegan = time.Now()
	case "COMMIT":
		w.liveLong = max(w.liveLong, time.Since(w.liveBegan))
	}
	return nil
}

type measured struct {
	total, held, live time.Duration
	memory            float64
	statements        int64
}

func (w *storeMonitor) during(fn func()) measured {
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	ctx, stop := context.WithCancel(context.Background())
	var most uint64
	var sampling sync.WaitGroup
	sampling.Go(func() {
		for tick := time.NewTicker(10 * time.Millisecond); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
				var now runtime.MemStats
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapAlloc)
			}
		}
	})
	w.statements.Store(0)
	w.liveLong = 0
	w.on.Store(true)
	began := time.Now()
	fn()
	total := time.Since(began)
	w.on.Store(false)
	stop()
	sampling.Wait()
	return measured{total: total, held: w.held, live: w.liveLong,
		memory: max(0, float64(most)-float64(before.HeapAlloc)), statements: w.statements.Load()}
}

// editor saves small documents in a loop.
type editor struct {
	cancel  context.CancelFunc
	ended   sync.WaitGroup
	longest time.Duration
}

func startEditor(ctx context.Context, b *testing.B, desk *editorial.Desk) *editor {
	ctx, cancel := context.WithCancel(ctx)
	s := &editor{cancel: cancel}
	s.ended.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			began := time.Now()
			_, err := desk.Save(ctx, editorial.SaveParams{Type: domain.Source, Mode: editorial.Upsert,
				Fields: map[string]any{"slug": "other-work", "title": fmt.Sprint("T ", i)}})
			if err != nil && ctx.Err() == nil {
				b.Error(err)
				return
			}
			s.longest = max(s.longest, time.Since(began))
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	return s
}

func (s *editor) stop() time.Duration {
	s.cancel()
	s.ended.Wait()
	return s.longest
}
