package server_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/server"
)

// searchExecutor finds a report, an edition and an entity with pages at a host, and suggests a name.
type searchExecutor struct{}

func (searchExecutor) Execute(_ context.Context, q transport.Request) transport.Response {
	if q.Operation == "Suggestions" {
		return transport.Response{Data: []byte(`{"suggest":[{"text":"Port Sable","node":{"__typename":"Entity"}}]}`)}
	}
	return transport.Response{Data: []byte(`{"search":{"totalCount":3,"edges":[
		{"node":{"__typename":"Report","slug":"r","displayName":"R","url":"https://own.example/reports/r"}},
		{"node":{"__typename":"Edition","slug":"e","displayName":"E","url":"https://own.example/editions/e"}},
		{"node":{"__typename":"Entity","slug":"n","displayName":"N","url":"https://site.example/entities/n"}}]}}`)}
}

func TestSearchPage(t *testing.T) {
	t.Parallel()
	s := start(t, hello, func(c *server.Config) { c.Search = searchExecutor{} })
	got := s.get(t, "/search?q=port")
	if policy := got.header.Values("Content-Security-Policy"); got.status != http.StatusOK || len(policy) != 1 || !strings.Contains(policy[0], "script-src 'sha256-") {
		t.Errorf("got %d with policy %q", got.status, policy)
	}
	if got := s.get(t, "/search/suggestions?prefix=port"); got.status != http.StatusOK || got.body != `{"suggestions":[{"text":"Port Sable","type":"entity"}]}`+"\n" || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %d %v %s", got.status, got.header, got.body)
	}
	for _, path := range []string{"/search", "/search/suggestions?prefix=port"} {
		wantError(t, s.get(t, path, "Authorization", "Bearer rt_bad"), http.StatusUnauthorized, "UNAUTHENTICATED")
		wantError(t, do(t, request(t, http.MethodPost, s.url+path, "")), http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
	}
}

// Where no site is configured, what is found leads to pages of this server if it has them, and to JSON if not.
func TestLinksOfTheSearchPage(t *testing.T) {
	t.Parallel()
	const report, edition, entity = `<a href="https://own.example/reports/r">`, `<a href="https://own.example/editions/e">`, `<a href="https://site.example/entities/n">`
	for name, tt := range map[string]struct {
		own      string
		editions bool
		want     []string
	}{
		"Site":                {"", false, []string{report, edition, entity}},
		"NoSite":              {"https://own.example", false, []string{`<a href="v1/reports/r">`, `<a href="v1/editions/e">`, entity}},
		"NoSiteButEditions":   {"https://own.example", true, []string{`<a href="v1/reports/r">`, edition, entity}},
		"HostThatBeginsAlike": {"https://own.ex", false, []string{report, edition, entity}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, hello, func(c *server.Config) {
				c.Search, c.OwnSite, c.Editions.Enabled = searchExecutor{}, tt.own, tt.editions
				c.Feeds.Content, c.ChangeFeed = fakeExecutor{}, unchanging{}
			})
			got := s.get(t, "/search?q=x")
			for _, link := range tt.want {
				if !strings.Contains(got.body, link) {
					t.Errorf("the page has no %s", link)
				}
			}
		})
	}
}
