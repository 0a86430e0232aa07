package transport_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
)

var testSchema = gqlparser.MustLoadSchema(&ast.Source{Name: "fixture", Input: `
	type Query {
		hello(name: String): String
		viewer: String
		waits: String
		panics: String
		null: String!
		partial: String
		broken: String
		header: String
		large: String
		extensions: String
		written(fails: Boolean): String
		fails(code: String!): String
	}
	type Mutation { hello: String }
	type Subscription { ticks: Int! silent: Int! late: Int! stuck: Int! big: String! panics: Int! fails: Int! }
`})

// fixture is a schema whose fields do what their names say. The test
// sends the values of ticks.
type fixture struct {
	immediate bool // nothing waits or fails
	ticks     chan int
	waiting   chan struct{} // receives from each operation that waits
	ended     chan struct{} // receives from each that was cancelled
	active    atomic.Int64
	lateBegun atomic.Bool // late takes a moment to begin
	params    atomic.Pointer[graphql.RawParams]
}

func newFixture() *fixture {
	return &fixture{ticks: make(chan int), waiting: make(chan struct{}, 1000), ended: make(chan struct{}, 1000)}
}

func (f *fixture) Schema() *ast.Schema { return testSchema }

func (f *fixture) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

// The fixture stores the parameters, for tests to check.
func (f *fixture) ExtensionName() string                   { return "Fixture" }
func (f *fixture) Validate(graphql.ExecutableSchema) error { return nil }
func (f *fixture) MutateOperationParameters(ctx context.Context, p *graphql.RawParams) *gqlerror.Error {
	transport.Header(ctx).Set("X-Parameters", "seen")
	if p.Query == "" {
		p.Query = "{ hello }" // a persisted document
	}
	f.params.Store(p)
	return nil
}

func (f *fixture) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	field, isField := op.Operation.SelectionSet[0].(*ast.Field)
	if f.immediate {
		return graphql.OneShot(data("hello", "world"))
	}
	if !isField {
		panic("want a field")
	}
	if op.Operation.Operation == ast.Subscription {
		return f.subscribe(ctx, field.Name)
	}
	return func(ctx context.Context) *graphql.Response {
		switch field.Name {
		case "viewer":
			v, err := domain.ViewerFrom(ctx)
			if err != nil {
				return data("viewer", "nobody")
			}
			return data("viewer", v.Name)
		case "waits":
			f.wait(ctx)
			return nil
		case "panics":
			panic("a secret of the program")
		case "null":
			return &graphql.Response{Data: []byte("null"), Errors: gqlerror.List{{Message: "no value"}}}
		case "partial":
			return &graphql.Response{Data: []byte(`{"partial":null}`), Errors: gqlerror.List{{Message: "no value"}}}
		case "broken":
			return &graphql.Response{Data: []byte(`{"broken":`)}
		case "large":
			return data("large", strings.Repeat("x", largeResponse))
		case "header":
			transport.Header(ctx).Set("Retry-After", "7")
			transport.Header(ctx).Set("Vary", "X-Key")
			return data("header", "set")
		case "extensions":
			graphql.RegisterExtension(ctx, "cost", 1)
			return &graphql.Response{Data: []byte(`{"extensions":"<b>"}`)}
		case "written":
			graphql.RegisterExtension(ctx, "cost", 1)
			response := &graphql.Response{Data: transport.Data(ctx, append(transport.NewBody(0), `{"written":"<b>"}`...))}
			if failed, _ := field.ArgumentMap(op.Variables)["fails"].(bool); failed {
				response.Errors = gqlerror.List{{Message: "no value"}}
			}
			return response
		case "fails":
			code, _ := field.ArgumentMap(op.Variables)["code"].(string)
			return &graphql.Response{Errors: gqlerror.List{{Message: "fails", Extensions: map[string]any{"code": code}}}}
		}
		return data(field.Name, "world")
	}
}

func (f *fixture) wait(ctx context.Context) {
	f.active.Add(1)
	f.waiting <- struct{}{}
	<-ctx.Done()
	f.active.Add(-1)
	f.ended <- struct{}{}
}

func (f *fixture) subscribe(ctx context.Context, name string) graphql.ResponseHandler {
	switch name {
	case "fails":
		graphql.AddErrorf(ctx, "cannot subscribe")
	case "late":
		time.Sleep(50 * time.Millisecond)
		f.lateBegun.Store(true)
	case "stuck":
		<-ctx.Done()
	case "big", "ticks": // whose operation may end before it is asked for another event
		context.AfterFunc(ctx, func() { f.ended <- struct{}{} })
	}
	return func(ctx context.Context) *graphql.Response {
		switch name {
		case "ticks":
			select {
			case n, ok := <-f.ticks:
				if !ok {
					return nil
				}
				return data("ticks", n)
			case <-ctx.Done():
				return nil
			}
		case "big":
			return data("big", strings.Repeat("x", 1<<20))
		case "panics":
			panic("a secret of the program")
		}
		f.wait(ctx)
		return nil
	}
}

// largeResponse is more than the system's buffers of a connection take.
const largeResponse = 12 << 20

func data(name string, value any) *graphql.Response {
	v, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return &graphql.Response{Data: fmt.Appendf(nil, `{%q:%s}`, name, v)}
}

// handler returns the fixture behind the transport.
func (f *fixture) handler(c transport.Config) *transport.Handler {
	exec := executor.New(f)
	exec.Use(extension.Introspection{})
	exec.Use(f)
	exec.SetRecoverFunc(func(_ context.Context, _ any) error {
		return &gqlerror.Error{Message: "internal error", Extensions: map[string]any{"code": "INTERNAL"}}
	})
	exec.SetErrorPresenter(func(ctx context.Context, err error) *gqlerror.Error {
		if known, ok := errors.AsType[*domain.Error](err); ok {
			code := map[domain.Kind]string{domain.KindUnauthenticated: "UNAUTHENTICATED", domain.KindUnavailable: "UNAVAILABLE"}[known.Kind]
			return &gqlerror.Error{Message: known.Message, Extensions: map[string]any{"code": code}}
		}
		return graphql.DefaultErrorPresenter(ctx, err)
	})
	return transport.New(exec, c)
}

// serve serves the fixture on a port of its own, with request ids and a limit
// of the body as the middleware has them.
func serve(t *testing.T, f *fixture, c transport.Config) *httptest.Server {
	t.Helper()
	h := f.handler(c)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 100_000)
		h.ServeHTTP(w, r.WithContext(domain.WithRequestID(r.Context(), "req-1")))
	}))
	t.Cleanup(s.Close)
	return s
}

type response struct {
	status int
	header http.Header
	body   string
}

func (r response) code(t testing.TB) string {
	t.Helper()
	var body struct {
		Errors []struct {
			Extensions struct{ Code, RequestID string }
		}
	}
	if err := json.Unmarshal([]byte(r.body), &body); err != nil {
		t.Fatalf("%v in %d %q", err, r.status, r.body)
	}
	if len(body.Errors) == 0 {
		return ""
	}
	return body.Errors[0].Extensions.Code
}

// send sends a request without adding headers of its own. Accept is what the
// header says, and where it says nothing there is none.
func send(t testing.TB, method, url, body string, header ...string) response {
	t.Helper()
	res := open(t, method, url, body, header...)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{res.StatusCode, res.Header, string(raw)}
}

func open(t testing.TB, method, url, body string, header ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

var jsonBody = []string{"Content-Type", "application/json"}

func post(t testing.TB, url, body string, header ...string) response {
	t.Helper()
	return send(t, http.MethodPost, url, body, append(header, jsonBody...)...)
}

const (
	newer       = "application/graphql-response+json"
	older       = "application/json"
	eventStream = "text/event-stream"
)
