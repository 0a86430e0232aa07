package server_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/server"
	"github.com/redthread-api/redthread/internal/server/rest"
)

// emptyExecutor answers each question with an empty list, and panics where it is asked
// for editions.
type emptyExecutor struct{}

func (emptyExecutor) Execute(ctx context.Context, q transport.Request) transport.Response {
	if q.Operation == "listEditions" {
		panic("a bug")
	}
	viewer, err := domain.ViewerFrom(ctx)
	if err != nil {
		panic(err)
	}
	return transport.Response{
		Header: http.Header{"Tlp": {"TLP:CLEAR"}, "X-Viewer": {viewer.Role.String()}},
		Data:   []byte(`{"tags":{"nodes":[],"pageInfo":{"hasNextPage":false,"hasPreviousPage":false}}}`),
	}
}

func withREST(c *server.Config) { c.REST = rest.New(emptyExecutor{}, slog.New(slog.DiscardHandler)) }

// wantProblem wants an answer of RFC 9457, of the request that was sent.
func wantProblem(t *testing.T, got response, status int, code string) {
	t.Helper()
	var p rest.Problem
	if err := json.Unmarshal([]byte(got.body), &p); err != nil {
		t.Fatalf("%v in %d %q", err, got.status, got.body)
	}
	if got.status != status || p.Status != status || p.Code != code || p.Instance != "urn:request:"+got.header.Get("X-Request-Id") {
		t.Errorf("got %d %s, want %d %s of request %s", got.status, got.body, status, code, got.header.Get("X-Request-Id"))
	}
	if got.header.Get("Content-Type") != "application/problem+json" || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got header %v", got.header)
	}
}

func TestJSONRoutes(t *testing.T) {
	t.Parallel()
	s := start(t, hello, withREST)
	got := s.get(t, "/v1/tags", "Authorization", "Bearer "+goodKey, "Origin", "https://site.example")
	if got.status != http.StatusOK || got.body != `{"data":[],"page":{"next":null,"previous":null}}`+"\n" {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if got.header.Get("X-Viewer") != "EDITOR" || got.header.Get("TLP") != "TLP:CLEAR" {
		t.Errorf("got header %v", got.header)
	}
	if exposed := got.header.Get("Access-Control-Expose-Headers"); !strings.Contains(exposed, "Link") {
		t.Errorf("a page of another origin sees %q", exposed)
	}
	for _, path := range []string{"/v1/nothing", "/v1/tags/", "/v1/openapi.json/x"} {
		wantProblem(t, s.get(t, path), http.StatusNotFound, "NOT_FOUND")
	}
	wantProblem(t, s.get(t, "/v1/tags", "Authorization", "Bearer rt_bad"), http.StatusUnauthorized, "UNAUTHENTICATED")
	wantProblem(t, s.get(t, "/v1/tags", "Authorization", "Bearer rt_bug"), http.StatusInternalServerError, "INTERNAL")
	away := s.get(t, "/v1/tags", "Authorization", "Bearer rt_away")
	wantProblem(t, away, http.StatusServiceUnavailable, "UNAVAILABLE")
	if away.header.Get("Retry-After") == "" {
		t.Error("it does not say when to come again")
	}
	wantProblem(t, s.get(t, "/v1/editions"), http.StatusInternalServerError, "INTERNAL")
	for _, path := range []string{"/v1", "/v1/", "/v1/tags", "/v1/openapi.json"} {
		got := do(t, request(t, http.MethodPost, s.url+path, "{}"))
		wantProblem(t, got, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
		if got.header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: Allow is %q", path, got.header.Get("Allow"))
		}
	}
	if got := do(t, request(t, http.MethodHead, s.url+"/v1/tags", "")); got.status != http.StatusOK || got.body != "" || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("HEAD: got %d %q %v", got.status, got.body, got.header)
	}
}

func TestDescriptionOfTheJSONRoutes(t *testing.T) {
	t.Parallel()
	s := start(t, hello, withREST)
	if got := s.get(t, "/v1/openapi.json"); got.status != http.StatusOK || !strings.Contains(got.body, `"openapi": "3.1.0"`) {
		t.Errorf("got %d %.200s", got.status, got.body)
	}
	page := s.get(t, "/docs")
	if page.status != http.StatusOK || !strings.Contains(page.body, "<h1") || !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") {
		t.Errorf("got %d %.200s", page.status, page.body)
	}
	if policy := page.header.Values("Content-Security-Policy"); len(policy) != 1 || !strings.Contains(policy[0], "style-src 'sha256-") {
		t.Errorf("the page's policy is %q", policy)
	}
	wantError(t, do(t, request(t, http.MethodPost, s.url+"/docs", "")), http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
}
