package graph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// The viewers of the tests.
var (
	public  = domain.Anonymous()
	partner = &domain.Viewer{Name: "partner", Role: domain.Partner, Clearance: domain.Green, KeyID: 1}
	author  = &domain.Viewer{Name: "ana", Role: domain.Author, Clearance: domain.Red, KeyID: 2}
	editor  = &domain.Viewer{Name: "edo", Role: domain.Editor, Clearance: domain.Red, KeyID: 3}
)

// api is a GraphQL API over stores of its own.
type api struct {
	t       testing.TB
	stores  *store.Stores
	handler http.Handler
	log     *bytes.Buffer
}

// newAPI returns an API over empty stores. Its clock begins in June 2024 and
// advances by a second with each call.
func newAPI(t testing.TB, s *store.Stores) *api {
	t.Helper()
	now := storetest.NewSteppingClock(time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC), time.Second).Now
	log := &bytes.Buffer{}
	logger := slog.New(slog.NewTextHandler(log, nil))
	return &api{t: t, stores: s, log: log, handler: graph.Handler(graph.Config{
		Stores: s, Desk: editorial.New(s, projection.New(s, logger, now).WithPatience(storetest.Patience), logger, now), Log: logger, Limits: unhurried,
	})}
}

// unhurried are the standard limits with more time, since machines of tests are busy.
func unhurried(role domain.Role) limits.Limit {
	limit := limits.Standard(role)
	limit.Time = 2 * storetest.Patience
	return limit
}

// in returns the API for a subtest.
func (a *api) in(t testing.TB) *api {
	c := *a
	c.t = t
	return &c
}

// each runs fn on each engine, over testContent.
func each(t *testing.T, fn func(t *testing.T, a *api)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		a := newAPI(t, s)
		a.createContent()
		fn(t, a)
	})
}

// response is an answer, parsed and as it came.
type response struct {
	t      testing.TB
	Data   any
	Errors []struct {
		Message    string
		Path       []any
		Extensions struct {
			Code      string
			RequestID string
			Fields    []domain.FieldError
		}
	}
	body       string
	statements int64
}

type vars = map[string]any

// as runs a document for a viewer.
func (a *api) as(v *domain.Viewer, document string, variables vars) *response {
	a.t.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		a.t.Fatal(err)
	}
	ctx, statements := store.CountStatements(domain.WithViewer(a.t.Context(), v))
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	out := &response{t: a.t, body: w.Body.String(), statements: *statements}
	if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
		a.t.Fatalf("%v in %s", err, w.Body)
	}
	return out
}

// data is the answer's data as it came.
func (r *response) data() string {
	r.t.Helper()
	var parts struct{ Data json.RawMessage }
	if err := json.Unmarshal([]byte(r.body), &parts); err != nil {
		r.t.Fatalf("%v in %s", err, r.body)
	}
	return string(parts.Data)
}

// query runs a document for a viewer and wants no error.
func (a *api) query(v *domain.Viewer, document string) *response {
	a.t.Helper()
	return a.as(v, document, nil).ok()
}

func (r *response) ok() *response {
	r.t.Helper()
	if len(r.Errors) > 0 {
		r.t.Fatalf("got errors: %s", r.body)
	}
	return r
}

// at returns what is at a path of the data: "reports.nodes.0.slug".
func (r *response) at(path string) any {
	r.t.Helper()
	v := r.Data
	for step := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(x) {
				r.t.Fatalf("no %s in %s", path, r.body)
			}
			v = x[i]
		default:
			r.t.Fatalf("no %s in %s", path, r.body)
		}
	}
	return v
}

// list returns the values of a field of the elements of a list, joined.
func (r *response) list(path, field string) string {
	r.t.Helper()
	elements, ok := r.at(path).([]any)
	if !ok {
		r.t.Fatalf("no list at %s in %s", path, r.body)
	}
	var out []string
	for _, e := range elements {
		out = append(out, fmt.Sprint(e.(map[string]any)[field]))
	}
	return strings.Join(out, " ")
}

// refused wants the code and, in the message or in one of the fields, the
// text.
func (r *response) refused(code, text string) {
	r.t.Helper()
	if len(r.Errors) == 0 {
		r.t.Fatalf("got no error, want %s: %s", code, r.body)
	}
	e := r.Errors[0]
	all := e.Message
	for _, f := range e.Extensions.Fields {
		all += "\n" + f.Path + ": " + f.Message
	}
	if e.Extensions.Code != code || !strings.Contains(all, text) {
		r.t.Fatalf("got %s %q, want %s with %q", e.Extensions.Code, all, code, text)
	}
}
