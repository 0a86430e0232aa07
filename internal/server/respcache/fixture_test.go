package respcache_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/dependency"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/server/respcache"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var schema = gqlparser.MustLoadSchema(&ast.Source{Name: "fixture", Input: `
	type Query { hello: String amber: String desk: String fails: String partial: String large(size: Int!): String lags: String waits: String
		until: String while: String mine: String a: String constant: String many: String }
	type Mutation { hello: String }
	type Subscription { hello: String }
`})

// backend is a transport over a schema whose fields do what their names say. Each
// response has the number of operations that were executed so far.
type backend struct {
	*transport.Handler
	executed atomic.Int64
	waiting  chan struct{} // receives from each operation that waits
	resume   chan error    // resumes one of them
	clock    *storetest.Clock
	holds    atomic.Bool
}

func (d *backend) Schema() *ast.Schema { return schema }

func (d *backend) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

func newBackend(c *storetest.Clock) *backend {
	d := &backend{waiting: make(chan struct{}, 100), resume: make(chan error), clock: c}
	d.holds.Store(true)
	d.Handler = transport.New(executor.New(d), transport.Config{})
	return d
}

func (d *backend) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	return graphql.OneShot(d.execute(ctx, op, op.Operation.SelectionSet[0].(*ast.Field)))
}

func (d *backend) execute(ctx context.Context, op *graphql.OperationContext, field *ast.Field) *graphql.Response {
	decision := transport.CacheDecisionFrom(ctx)
	n := d.executed.Add(1)
	transport.Header(ctx).Set("RateLimit", fmt.Sprintf("inner;r=%d", n))
	transport.Header(ctx).Set("TLP", "TLP:CLEAR")
	text := fmt.Sprintf("%s %d", field.Name, n)
	if op.Operation.Operation != ast.Query {
		decision.Deny()
		_ = d.wait(ctx, field)
		return data(text)
	}
	switch field.Name {
	case "desk":
		decision.Deny()
		_ = d.wait(ctx, field)
		return data(text)
	case "fails":
		decision.Allow(domain.Clear, []dependency.Key{dependency.Everything})
		return &graphql.Response{Errors: gqlerror.List{{Message: text}}}
	case "partial":
		decision.Allow(domain.Clear, []dependency.Key{dependency.Everything})
		return &graphql.Response{Data: []byte(`{"partial":null}`), Errors: gqlerror.List{{Message: text}}}
	case "amber":
		decision.Allow(domain.Amber, []dependency.Key{dependency.Everything})
		transport.Header(ctx).Set("TLP", "TLP:AMBER")
		return data(text)
	case "large":
		size, _ := field.ArgumentMap(op.Variables)["size"].(int64)
		text += strings.Repeat(" words", int(size)/6)
	case "a":
		err := d.wait(ctx, field)
		decision.Allow(domain.Clear, []dependency.Key{dependency.Name(domain.Tag, "a")})
		if err != nil {
			return &graphql.Response{Errors: gqlerror.List{gqlerror.Wrap(err)}}
		}
		return data(text)
	case "constant":
		decision.Allow(domain.Clear, nil)
		return data(text)
	case "many":
		keys := []dependency.Key{dependency.Name(domain.Tag, "a")}
		for i := range 60 {
			keys = append(keys, dependency.Name(domain.Report, fmt.Sprint(i)))
		}
		decision.Allow(domain.Clear, keys)
		return data(text)
	case "lags":
		decision.ReadAt(6)
	case "until":
		decision.ValidWhile(d.clock.Now().Add(3*time.Second), func() bool { return true })
	case "while":
		decision.ValidWhile(d.clock.Now().Add(time.Hour), d.holds.Load)
	case "mine":
		v, _ := domain.ViewerFrom(ctx)
		decision.RestrictTo(v.CredentialID())
	case "waits":
		if err := d.wait(ctx, field); err != nil {
			return &graphql.Response{Errors: gqlerror.List{gqlerror.Wrap(err)}}
		}
	}
	decision.Allow(domain.Clear, []dependency.Key{dependency.Everything})
	return data(text)
}

// wait waits until the test resumes it, where the field has the alias "slow" or waits.
func (d *backend) wait(ctx context.Context, field *ast.Field) error {
	if field.Name != "waits" && field.Alias != "slow" {
		return nil
	}
	d.waiting <- struct{}{}
	select {
	case err := <-d.resume:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func data(text string) *graphql.Response {
	return &graphql.Response{Data: fmt.Appendf(nil, `{"it":%q}`, text)}
}

func newClock() *storetest.Clock {
	return storetest.NewClock(time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC))
}

// fakeLive is a live whose version the test sets.
type fakeLive struct {
	mu       sync.Mutex
	version  projection.Version
	steps    []fakeStep
	advanced chan struct{}
}

func (l *fakeLive) Version() projection.Version {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.version
}

func (l *fakeLive) Advanced(from projection.Version) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.version.Same(from) {
		c := make(chan struct{})
		close(c)
		return c
	}
	return l.advanced
}

func (l *fakeLive) Steps(since projection.Version) ([]projection.Step, projection.Version, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, step := range l.steps {
		if step.from.Same(since) {
			var steps []projection.Step
			for _, step := range l.steps[i:] {
				steps = append(steps, step.Step)
			}
			return steps, l.version, true
		}
	}
	return nil, l.version, l.version.Same(since)
}

// fakeStep is what one version changed.
type fakeStep struct {
	from projection.Version
	projection.Step
}

// release advances the version by a step that changes keys for viewers of clearances.
func (l *fakeLive) release(at time.Time, keys ...projection.ChangedKey) {
	l.mu.Lock()
	l.steps = append(l.steps, fakeStep{l.version, projection.Step{Keys: keys}})
	l.mu.Unlock()
	l.publish(at)
}

// publish advances the version, without saying what changed.
func (l *fakeLive) publish(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.version = projection.Version{Sequence: l.version.Sequence + 1, AppliedAt: at, ConfirmedAt: at}
	close(l.advanced)
	l.advanced = make(chan struct{})
}

// fakeQuota is a quota that the test sets.
type fakeQuota struct{ left, charged atomic.Int64 }

func (p *fakeQuota) Charge(_ context.Context, cost int, header http.Header) bool {
	if p.left.Add(int64(-cost)) < 0 {
		return false
	}
	p.charged.Add(int64(cost))
	header.Set("RateLimit", fmt.Sprintf("cache;r=%d", p.left.Load()))
	return true
}

// testCache is a cache in front of a backend.
type testCache struct {
	t       testing.TB
	cache   *respcache.Cache
	backend *backend
	live    *fakeLive
	clock   *storetest.Clock
	quota   *fakeQuota
	handler http.Handler
}

func newTestCache(t testing.TB, change func(*respcache.Config)) *testCache {
	t.Helper()
	w := &testCache{t: t, clock: newClock(), quota: &fakeQuota{}}
	w.backend = newBackend(w.clock)
	w.live = &fakeLive{version: projection.Version{Sequence: 7, ConfirmedAt: w.clock.Now()}, advanced: make(chan struct{})}
	w.quota.left.Store(1 << 40)
	config := respcache.Config{Size: 1 << 20, Live: w.live, Quotas: w.quota, Log: slog.New(slog.DiscardHandler), Now: w.clock.Now}
	if change != nil {
		change(&config)
	}
	w.cache = respcache.New(config)
	w.handler = w.cache.Wrap(w.backend)
	return w
}

// The viewers of the tests.
var (
	anonymous = domain.Anonymous()
	keyed     = &domain.Viewer{Role: domain.Public, Clearance: domain.Clear, KeyID: 5}
	partner   = &domain.Viewer{Role: domain.Partner, Clearance: domain.Amber, KeyID: 6}
)

// post is a request for a field by POST, and get by GET.
func post(t testing.TB, query string, header ...string) *http.Request {
	return request(t, http.MethodPost, "/graphql", fmt.Sprintf(`{"query":%q}`, query), append([]string{"Content-Type", "application/json"}, header...)...)
}

// byQuery is a request for a field by QUERY.
func byQuery(t testing.TB, query string, header ...string) *http.Request {
	r := post(t, query, header...)
	r.Method = transport.MethodQuery
	return r
}

func get(t testing.TB, query string, header ...string) *http.Request {
	return request(t, http.MethodGet, "/graphql?query="+strings.ReplaceAll(query, " ", "%20"), "", header...)
}

func request(t testing.TB, method, target, body string, header ...string) *http.Request {
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if body == "" {
		r = httptest.NewRequestWithContext(t.Context(), method, target, http.NoBody)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

// response is a response as the client gets it.
type response struct {
	status int
	header http.Header
	body   string
}

// do serves a request of a viewer.
func (w *testCache) do(v *domain.Viewer, r *http.Request) response {
	w.t.Helper()
	return serve(w.t, w.handler, v, r)
}

func serve(t testing.TB, h http.Handler, v *domain.Viewer, r *http.Request) response {
	t.Helper()
	out := httptest.NewRecorder()
	out.Header().Set("Cache-Control", "no-store") // as the server does
	h.ServeHTTP(out, r.WithContext(domain.WithViewer(r.Context(), v)))
	body, err := io.ReadAll(out.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{out.Code, out.Result().Header, string(body)}
}

// wantExecuted checks how many operations were executed.
func (w *testCache) wantExecuted(want int64) {
	w.t.Helper()
	if got := w.backend.executed.Load(); got != want {
		w.t.Errorf("%d operations were executed, want %d", got, want)
	}
}

// queryOf is the request for a field.
func queryOf(field string) transport.Request {
	return transport.Request{Document: "{" + field + "}"}
}
