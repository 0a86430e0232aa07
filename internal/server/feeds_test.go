package server_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange/site"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/server"
)

// fakeExecutor returns, for each query, a tag without reports that has the name of the viewer. It
// panics where the context has no deadline.
type fakeExecutor struct{}

func (fakeExecutor) Execute(ctx context.Context, _ transport.Request) transport.Response {
	viewer, err := domain.ViewerFrom(ctx)
	if err != nil {
		panic(err)
	}
	if _, limited := ctx.Deadline(); !limited {
		panic("the context has no deadline")
	}
	const data = `{"of": {"id": "tag_1", "slug": "a", "name": %q, "updatedAt": "2024-06-01T00:00:00Z", "description": %q, "list": {"nodes": []}}}`
	return transport.Response{
		Data:   fmt.Appendf(nil, data, viewer.Role, strings.Repeat("long ", 1000)),
		Header: http.Header{"Tlp": {"TLP:GREEN"}}, Status: http.StatusOK,
	}
}

// unchanging is a change feed in which nothing has happened yet.
type unchanging struct{ server.ChangeFeed }

func (unchanging) LastChange(context.Context) (projection.Position, error) {
	return projection.Position{}, nil
}

func TestFeeds(t *testing.T) {
	t.Parallel()
	s := start(t, hello, func(c *server.Config) {
		c.Feeds = server.FeedsConfig{Content: fakeExecutor{}, Site: site.Site{URL: "https://site.example"}, PublicURL: "https://api.example"}
		c.Timeout = 5 * time.Second
		c.ChangeFeed = unchanging{}
	})
	const path = "/feeds/tags/a.atom"
	got := s.get(t, path, "Accept-Encoding", "identity")
	if got.status != http.StatusOK || !strings.Contains(got.body, "Redthread: PUBLIC") || got.header.Get("Content-Type") != "application/atom+xml; charset=utf-8" || got.header.Get("TLP") != "TLP:GREEN" {
		t.Errorf("got %d %v %s", got.status, got.header, got.body)
	}
	if got := s.get(t, path, "Authorization", "Bearer "+goodKey); !strings.Contains(got.body, "Redthread: EDITOR") {
		t.Errorf("with a key: got %d %s", got.status, got.body)
	}
	wantError(t, s.get(t, path, "Authorization", "Bearer rt_bad"), http.StatusUnauthorized, "UNAUTHENTICATED")
	if got := do(t, request(t, http.MethodHead, s.url+path, "")); got.status != http.StatusOK || got.body != "" || got.header.Get("Last-Modified") != "" {
		t.Errorf("HEAD: got %d %q with %v", got.status, got.body, got.header)
	}
	if got := s.get(t, path, "Accept-Encoding", "gzip"); got.header.Get("Content-Encoding") != "gzip" {
		t.Errorf("it is not compressed: %v", got.header)
	}
	wantError(t, s.get(t, "/feeds/tags/a.atom?first=x"), http.StatusBadRequest, "BAD_USER_INPUT")
	wantError(t, s.get(t, "/feeds/nothing"), http.StatusNotFound, "NOT_FOUND")
	for _, path := range []string{"/feeds", path, "/sitemap.xml", "/sitemaps/tags.xml"} {
		for _, method := range []string{http.MethodPost, http.MethodDelete} {
			got := do(t, request(t, method, s.url+path, "x"))
			wantError(t, got, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
			if got.header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s: Allow is %q", path, got.header.Get("Allow"))
			}
		}
	}
}

func TestWithoutFeeds(t *testing.T) {
	t.Parallel()
	wantError(t, start(t, hello, nil).get(t, "/feeds"), http.StatusNotFound, "NOT_FOUND")
}
