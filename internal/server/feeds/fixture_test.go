package feeds_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/exchange/site"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/server/content"
	"github.com/redthread-api/redthread/internal/server/feeds"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var (
	public = domain.Anonymous()
	editor = &domain.Viewer{Name: "edo", Role: domain.Editor, Clearance: domain.Red, KeyID: 3}
)

// cleared is a partner with a clearance.
func cleared(m domain.Marking) *domain.Viewer {
	return &domain.Viewer{Name: m.String(), Role: domain.Partner, Clearance: m, KeyID: 1}
}

const (
	publicURL = "https://api.example"
	siteURL   = "https://site.example"
)

// testServer is an API over stores, and the feeds of it.
type testServer struct {
	t     testing.TB
	api   *transport.Handler
	feeds http.Handler
	desk  *editorial.Desk
	log   bytes.Buffer // what the feeds have logged
}

// newTestServer returns a server whose clock begins in June 2024 and advances by a minute
// with each reading.
func newTestServer(t testing.TB, s *store.Stores, sitemapSize int) *testServer {
	t.Helper()
	now := storetest.NewSteppingClock(time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC), time.Minute).Now
	log := slog.New(slog.DiscardHandler)
	// The tests exceed the quota of one viewer.
	unlimited := func(r domain.Role) limits.Limit {
		limit := limits.Standard(r)
		limit.PerMinute = 1 << 40
		return limit
	}
	desk := editorial.New(s, projection.New(s, log, now).WithPatience(storetest.Patience), log, now)
	p := &testServer{t: t, desk: desk, api: graph.Handler(graph.Config{
		Stores: s, Desk: desk, Log: log, Limits: unlimited, Meter: limits.NewMeter(time.Now),
	})}
	p.feeds = p.handler(p.api, sitemapSize)
	return p
}

// LastChange is that of the desk; the zero Position where there is none.
func (p *testServer) LastChange(ctx context.Context) (projection.Position, error) {
	if p.desk == nil {
		return projection.Position{}, nil
	}
	return p.desk.Live().LastChange(ctx)
}

func (p *testServer) handler(executor content.Executor, sitemapSize int) http.Handler {
	return feeds.Handler(feeds.Config{
		Content: executor, Changes: p, PublicURL: publicURL, SitemapSize: sitemapSize, Log: slog.New(slog.NewTextHandler(&p.log, nil)),
		Site: site.Site{Name: "Harbour Press", URL: siteURL, Pages: map[domain.Type]string{domain.Edition: "/e/{slug}"}},
		Refuse: func(w http.ResponseWriter, _ *http.Request, status int, code, message string) {
			w.WriteHeader(status)
			fmt.Fprintf(w, "%s: %s\n", code, message)
		},
	})
}

// mutate runs mutations as an editor.
func (p *testServer) mutate(format string, args ...any) {
	p.t.Helper()
	body, err := json.Marshal(map[string]string{"query": "mutation {" + fmt.Sprintf(format, args...) + "}"})
	if err != nil {
		p.t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(domain.WithViewer(p.t.Context(), editor), http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	p.api.ServeHTTP(w, r)
	if strings.Contains(w.Body.String(), `"errors"`) {
		p.t.Fatalf("%s: %s", body, w.Body)
	}
}

// response is an HTTP response.
type response struct {
	status int
	header http.Header
	body   string
}

func (p *testServer) get(v *domain.Viewer, path string, header ...string) response {
	p.t.Helper()
	return get(p.t, p.feeds, v, path, header...)
}

func get(t testing.TB, h http.Handler, v *domain.Viewer, path string, header ...string) response {
	t.Helper()
	r := httptest.NewRequestWithContext(domain.WithViewer(t.Context(), v), http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return response{w.Code, w.Header(), w.Body.String()}
}

// getOK gets a document that must exist.
func (p *testServer) getOK(v *domain.Viewer, path string) response {
	p.t.Helper()
	g := p.get(v, path)
	if g.status != http.StatusOK {
		p.t.Fatalf("%s: got %d %s", path, g.status, g.body)
	}
	return g
}
