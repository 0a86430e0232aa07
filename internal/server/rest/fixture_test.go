package rest_test

import (
	"context"
	"encoding/json"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/demo"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/server/rest"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { storetest.Main(m) }

// The viewers of the tests.
var (
	public = domain.Anonymous()
	editor = &domain.Viewer{Name: "edo", Role: domain.Editor, Clearance: domain.Red, KeyID: 3}
)

// cleared is a partner with a clearance.
func cleared(m domain.Marking) *domain.Viewer {
	return &domain.Viewer{Name: m.String(), Role: domain.Partner, Clearance: m, KeyID: 1}
}

// api is the routes, and the executor beneath them.
type api struct {
	t     testing.TB
	graph *transport.Handler
	rest  *rest.API
}

// newAPI returns an API over empty stores. Its clock begins in September 2026 and
// advances by a second with each reading.
func newAPI(t testing.TB, s *store.Stores, adjust ...func(*graph.Config)) *api {
	t.Helper()
	now := storetest.NewSteppingClock(time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC), time.Second).Now
	log := slog.New(slog.DiscardHandler)
	c := graph.Config{Stores: s, Desk: editorial.New(s, projection.New(s, log, now).WithPatience(storetest.Patience), log, now), Log: log, RequestID: domain.RequestID}
	for _, f := range adjust {
		f(&c)
	}
	g := graph.Handler(c)
	return &api{t: t, graph: g, rest: rest.New(g, slog.New(slog.DiscardHandler))}
}

// exec runs a document of staff, which must not fail.
func (a *api) exec(document string) json.RawMessage {
	a.t.Helper()
	reply := a.graph.Execute(domain.WithViewer(a.t.Context(), editor), transport.Request{Document: document})
	if len(reply.Errors) > 0 {
		a.t.Fatalf("%s: %v %v", document, reply.Errors, reply.Errors[0].Extensions)
	}
	return reply.Data
}

// load fills the stores with the demo.
func (a *api) load() {
	a.t.Helper()
	err := demo.Load(domain.WithViewer(a.t.Context(), editor), func(ctx context.Context, query string, variables map[string]any) ([]byte, error) {
		reply := a.graph.Execute(ctx, transport.Request{Document: query, Variables: variables})
		return json.Marshal(map[string]any{"data": json.RawMessage(reply.Data), "errors": reply.Errors})
	})
	if err != nil {
		a.t.Fatalf("load the demo: %v", err)
	}
}

// response is an HTTP response.
type response struct {
	t      testing.TB
	status int
	header http.Header
	body   string
}

const requestID = "req-1"

// get sends a request of a viewer.
func (a *api) get(v *domain.Viewer, target string) response {
	a.t.Helper()
	return a.do(v, http.MethodGet, target)
}

func (a *api) do(v *domain.Viewer, method, target string) response {
	a.t.Helper()
	ctx := domain.WithRequestID(domain.WithViewer(a.t.Context(), v), requestID)
	w := httptest.NewRecorder()
	a.rest.ServeHTTP(w, httptest.NewRequestWithContext(ctx, method, target, nil))
	return response{a.t, w.Code, w.Header(), w.Body.String()}
}

// ok checks that the response is no error.
func (r response) ok() response {
	r.t.Helper()
	if r.status != http.StatusOK || r.header.Get("Content-Type") != "application/json" {
		r.t.Fatalf("got %d %s: %s", r.status, r.header.Get("Content-Type"), r.body)
	}
	return r
}

// problem checks that the response is a problem.
func (r response) problem(status int, code string) rest.Problem {
	r.t.Helper()
	var p rest.Problem
	if err := json.Unmarshal([]byte(r.body), &p); err != nil {
		r.t.Fatalf("%v in %d %q", err, r.status, r.body)
	}
	if r.status != status || p.Status != status || p.Code != code {
		r.t.Fatalf("got %d %s, want %d %s", r.status, r.body, status, code)
	}
	if got := r.header.Get("Content-Type"); got != "application/problem+json" {
		r.t.Errorf("a problem has the type %q", got)
	}
	if got := r.header.Get("Cache-Control"); got != "no-store" {
		r.t.Errorf("a problem has Cache-Control %q", got)
	}
	if p.Type == "" || p.Title == "" || p.Detail == "" || p.Instance != "urn:request:"+requestID {
		r.t.Errorf("a problem lacks something: %s", r.body)
	}
	return p
}

// into decodes the body.
func (r response) into(v any) {
	r.t.Helper()
	if err := json.Unmarshal([]byte(r.body), v); err != nil {
		r.t.Fatalf("%v in %s", err, r.body)
	}
}

// list is the body of a list.
type list struct {
	Data []map[string]any
	Page struct{ Next, Previous *string }
	// TotalCount is nil where it was not requested.
	TotalCount *int
}

func (r response) list() list {
	r.t.Helper()
	var l list
	r.ok().into(&l)
	return l
}

// link is the address of a relation, against that of the request; empty where
// there is none.
func (r response) link(target, relation string) string {
	r.t.Helper()
	for _, value := range r.header.Values("Link") {
		if address, ok := cutLink(value, relation); ok {
			base, err := url.Parse(target)
			if err != nil {
				r.t.Fatal(err)
			}
			to, err := base.Parse(address)
			if err != nil {
				r.t.Fatal(err)
			}
			return to.String()
		}
	}
	return ""
}

func cutLink(value, relation string) (address string, ok bool) {
	address, ok = strings.CutSuffix(value, `>; rel="`+relation+`"`)
	return strings.TrimPrefix(address, "<"), ok
}

// static gets a response that is the same for all viewers.
func static(t testing.TB, h http.Handler, target string, header ...string) response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return response{t, w.Code, w.Header(), w.Body.String()}
}
