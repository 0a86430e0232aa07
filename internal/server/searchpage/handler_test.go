package searchpage_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
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
	searchpage.Handler(searchpage.Config{Executor: a, Log: slog.New(slog.DiscardHandler)}).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil))
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
}

// The policy allows what is in the page, by its hash, and requests to the server.
func TestPolicy(t *testing.T) {
	t.Parallel()
	w := get(t, &api{}, "/search")
	policy := w.Header().Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'; ") || !strings.HasSuffix(policy, "; connect-src 'self'") || strings.Contains(policy, "unsafe") {
		t.Errorf("got %q", policy)
	}
	for _, element := range []string{"style", "script"} {
		found := regexp.MustCompile(`(?s)<`+element+`>(.*?)</`+element+`>`).FindAllSubmatch(w.Body.Bytes(), -1)
		if len(found) != 1 {
			t.Fatalf("the page has %d elements %s, want one", len(found), element)
		}
		sum := sha256.Sum256(found[0][1])
		if want := element + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "';"; !strings.Contains(policy, want) {
			t.Errorf("got %q, want it with %s", policy, want)
		}
	}
}

func TestResultsWithoutAPage(t *testing.T) {
	t.Parallel()
	const found = `{"search":{"totalCount":3,"edges":[
		{"node":{"__typename":"Report","slug":"r","displayName":"R","url":"https://here.example/reports/r"}},
		{"node":{"__typename":"Entity","slug":"e","displayName":"E","url":"https://site.example/entities/e"}},
		{"node":{"__typename":"EditionItem","anchor":"item-1","headline":"I","edition":{"slug":"weekly-7","displayName":"Weekly 7","url":"https://here.example/editions/weekly-7"}}}]}}`
	var tried []string
	h := searchpage.Handler(searchpage.Config{
		Executor: &api{response: transport.Response{Data: []byte(found)}}, Log: slog.New(slog.DiscardHandler),
		HasPage: func(url string) bool {
			tried = append(tried, url)
			return strings.HasPrefix(url, "https://site.example/")
		},
	})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/search?q=x", nil))
	for _, link := range []string{`<a href="v1/reports/r">R</a>`, `<a href="https://site.example/entities/e">E</a>`, `<a href="v1/editions/weekly-7">I</a>`} {
		if !strings.Contains(w.Body.String(), link) {
			t.Errorf("the page has no %s", link)
		}
	}
	if len(tried) != 3 {
		t.Errorf("tried %q", tried)
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
