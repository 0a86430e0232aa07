package searchpage_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/server/searchpage"
)

// api answers with what it has, and remembers the variables.
type api struct {
	response  transport.Response
	variables map[string]any
}

func (a *api) Execute(_ context.Context, q transport.Request) transport.Response {
	a.variables = q.Variables
	return a.response
}

func get(t *testing.T, a *api, target string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	searchpage.Handler(a, slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil))
	return w
}

const response = `{"search":{"totalCount":2,"approximate":false,"truncated":false,"didYouMean":null,"pageInfo":{"hasNextPage":true,"endCursor":"c+2"},
	"edges":[{"snippets":[{"field":"BODY","html":"a <mark>port</mark> &amp; more"}],"node":{"__typename":"Report","slug":"r","displayName":"A <b>report","url":null,"publishedAt":"2024-03-01T00:00:00Z","reportKind":"CASE_STUDY","language":"en","marking":"GREEN"}},
		{"snippets":[],"node":{"__typename":"EditionItem","anchor":"item-1","headline":"It fell","occurredOn":null,"edition":{"slug":"weekly-7","displayName":"Weekly 7","url":"https://example.org/e"}}}],
	"facets":{"types":[{"value":"REPORT","label":"Report","count":1}],"tags":[{"value":"asia","label":"Asia","count":1}],"entities":[],"kinds":[],"years":[{"value":"2024","label":"2024","count":2}],"languages":[]}}}`

func TestPage(t *testing.T) {
	t.Parallel()
	a := &api{response: transport.Response{Data: []byte(response)}}
	w := get(t, a, "/search?q=port&tag=ports&year=2024&by=newest")
	want := map[string]any{"query": "port", "orderBy": "NEWEST", "filter": map[string]any{"tags": []any{"ports"}, "from": "2024", "to": "2024"}}
	if d := cmp.Diff(want, a.variables); d != "" {
		t.Errorf("variables (-want +got):\n%s", d)
	}
	for _, part := range []string{
		"2 results", `a <mark>port</mark> &amp; more`, `<a href="v1/reports/r">A &lt;b&gt;report</a>`, "report · case study · en · 2024-03-01 · TLP:GREEN",
		`<a href="https://example.org/e#item-1">It fell</a>`, `tag=ports&amp;tag=asia`, `aria-label="Remove tag: ports"`,
		`<input type="hidden" name="tag" value="ports">`, `rel="next" href="search?after=c%2B2`, `value="port"`, `aria-current="page"`,
	} {
		if !strings.Contains(w.Body.String(), part) {
			t.Errorf("the page has no %s", part)
		}
	}
	if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src") {
		t.Errorf("the policy is %q", policy)
	}
}

func TestPageWithoutAQuery(t *testing.T) {
	t.Parallel()
	a := &api{}
	w := get(t, a, "/search")
	if w.Code != http.StatusOK || a.variables != nil || !strings.Contains(w.Body.String(), "autofocus") {
		t.Errorf("got %d, variables %v: %s", w.Code, a.variables, w.Body)
	}
}

func TestPageOfAnError(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]int{
		"BAD_USER_INPUT": 400, "GRAPHQL_VALIDATION_FAILED": 400, "COST_LIMIT": 400, "SOMETHING_NEW": 400, "UNAUTHENTICATED": 401, "FORBIDDEN": 403,
		"RATE_LIMITED": 429, "UNAVAILABLE": 503, "INTERNAL": 500,
	} {
		a := &api{response: transport.Response{Errors: gqlerror.List{{Message: "no <such>", Extensions: map[string]any{"code": code}}}}}
		if w := get(t, a, "/search?q=%22%3E"); w.Code != want || !strings.Contains(w.Body.String(), "no &lt;such&gt;") || !strings.Contains(w.Body.String(), `value="&#34;&gt;"`) {
			t.Errorf("%s: got %d %s", code, w.Code, w.Body)
		}
	}
}
