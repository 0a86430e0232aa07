package bench_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"database/sql"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// GOGC is that of the program, for both sides.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	storetest.Main(m)
}

// How much content there is.
const (
	reports    = 400
	tags       = 60
	entities   = 300
	narratives = 40
)

// site is a seeded pair of stores with the API over them.
type site struct {
	stores  *store.Stores
	ctx     context.Context // of an editor
	desk    *editorial.Desk
	handler http.Handler
	live    *sql.DB // a plain connection to the same live file, for the baseline
	dir     string
}

// newSite seeds stores with published reports that have tags, entities and
// narratives.
func newSite(tb testing.TB) *site {
	tb.Helper()
	return newSiteOf(tb, reports, entities)
}

// newSiteOf is newSite with the given numbers of reports and entities.
func newSiteOf(tb testing.TB, reports, entities int) *site {
	tb.Helper()
	config := storetest.SQLiteConfig(tb)
	stores, err := store.Open(tb.Context(), config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = stores.Close() })
	log := slog.New(slog.DiscardHandler)
	s := &site{
		stores: stores,
		ctx:    domain.AsSystem(tb.Context(), "bench"),
		desk:   editorial.New(stores, projection.New(stores, log, time.Now), log, time.Now),
		dir:    config.Dir,
	}
	api := graph.Handler(graph.Config{Stores: stores, Desk: s.desk, Log: log, Limits: noRateLimit})
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		api.ServeHTTP(w, r.WithContext(domain.WithViewer(r.Context(), domain.Anonymous())))
	})
	s.seed(tb, reports, entities)
	s.live = openPlain(tb, filepath.Join(config.Dir, "live.db"), "&_pragma=query_only(1)")
	return s
}

// noRateLimit returns the limits of a role without the rate limit, so that no
// request of a benchmark is refused.
func noRateLimit(role domain.Role) limits.Limit {
	limit := limits.Standard(role)
	limit.PerMinute = 1 << 50
	return limit
}

// closeStores closes the stores and returns their folder for another process.
func (s *site) closeStores(tb testing.TB) string {
	tb.Helper()
	if err := s.stores.Close(); err != nil {
		tb.Fatal(err)
	}
	return s.dir
}

func openPlain(tb testing.TB, file, params string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)&_time_format=sqlite&_timezone=UTC"+params)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

func (s *site) save(tb testing.TB, t domain.Type, fields map[string]any) {
	tb.Helper()
	if _, err := s.desk.Save(s.ctx, editorial.SaveParams{Type: t, Mode: editorial.Upsert, Fields: fields}); err != nil {
		tb.Fatal(err)
	}
}

func (s *site) seed(tb testing.TB, reports, entities int) {
	tb.Helper()
	for i := range tags {
		s.save(tb, domain.Tag, map[string]any{"slug": fmt.Sprintf("tag-%d", i), "label": fmt.Sprintf("Tag %d", i), "vocabulary": "TOPIC"})
	}
	for i := range entities {
		s.save(tb, domain.Entity, map[string]any{"slug": fmt.Sprintf("entity-%d", i), "name": fmt.Sprintf("Entity %d", i), "kind": "COMPANY"})
	}
	for i := range narratives {
		s.save(tb, domain.Narrative, map[string]any{"slug": fmt.Sprintf("narrative-%d", i), "title": fmt.Sprintf("Narrative %d", i),
			"claim": "A claim.", "status": "ACTIVE"})
	}
	var names []string
	for i := range reports {
		s.save(tb, domain.Report, reportFields(i, ""))
		names = append(names, fmt.Sprintf("report:report-%d", i))
	}
	for part := range slices.Chunk(names, 500) {
		if _, err := s.desk.Publish(s.ctx, editorial.PublishParams{Documents: part, References: editorial.Include}); err != nil {
			tb.Fatal(err)
		}
	}
	// A publication returns after two seconds, whether live shows it or not.
	if err := s.desk.Live().Project(s.ctx); err != nil {
		tb.Fatal(err)
	}
}

var body = strings.Repeat("A sentence of the body of a report that says as much as most of them do. ", 60)

func reportFields(i int, suffix string) map[string]any {
	pick := func(name string, step, n, of int) []any {
		var out []any
		for k := range n {
			out = append(out, fmt.Sprintf("%s-%d", name, (i*step+k*7)%of))
		}
		return out
	}
	return map[string]any{
		"slug": fmt.Sprintf("report-%d", i), "title": fmt.Sprintf("Report %d%s", i, suffix), "kind": "BRIEF", "language": "en",
		"summary": "A summary of the report in a sentence or two.", "body": body,
		"tags": pick("tag", 3, 4, tags), "entities": pick("entity", 5, 8, entities), "narratives": pick("narrative", 1, 2, narratives),
	}
}

// post sends a request to a handler and returns the body of the response.
func post(tb testing.TB, h http.Handler, body string) []byte {
	tb.Helper()
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK || bytes.Contains(w.Body.Bytes(), []byte(`"errors"`)) {
		tb.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.Bytes()
}

// versus runs two operations in turn and reports their quotient. Neither may
// change the cost of the other.
func versus(b *testing.B, ours, baseline func(i int)) {
	b.Helper()
	for i := range 20 { // caches, prepared statements
		ours(i)
		baseline(i)
	}
	var us, them time.Duration
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		t0 := time.Now()
		ours(i)
		t1 := time.Now()
		baseline(i)
		us += t1.Sub(t0)
		them += time.Since(t1)
	}
	b.ReportMetric(float64(us.Nanoseconds())/float64(b.N), "ns/op")
	b.ReportMetric(float64(them.Nanoseconds())/float64(b.N), "baseline-ns/op")
	b.ReportMetric(float64(us)/float64(them), "x-baseline")
}
