package docs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/demo"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/exchange/feeds/feedstest"
	"github.com/redthread-api/redthread/internal/exchange/schemaorg"
	"github.com/redthread-api/redthread/internal/exchange/site"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/server/feeds"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// TestFeedsGuide sends the requests of feeds.md to the demo, and checks that each
// response is what the page says.
func TestFeedsGuide(t *testing.T) {
	t.Parallel()
	stores := storetest.SQLite(t)
	log := slog.New(slog.DiscardHandler)
	desk := editorial.New(stores, projection.New(stores, log, time.Now).WithPatience(storetest.Patience), log, time.Now)
	api := graph.Handler(graph.Config{Stores: stores, Desk: desk, Log: log})
	editor := domain.WithViewer(t.Context(), &domain.Viewer{Name: "Ann", Role: domain.Editor, Clearance: domain.Red, KeyID: 1})
	ask := func(ctx context.Context, query string, variables map[string]any) ([]byte, error) {
		body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
		if err != nil {
			return nil, err
		}
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		return w.Body.Bytes(), nil
	}
	if err := demo.Load(editor, ask); err != nil {
		t.Fatal(err)
	}
	handler := feeds.Handler(feeds.Config{
		Content: api, Changes: desk.Live(), PublicURL: "https://api.site.example", Site: site.Site{URL: "https://site.example"}, Log: log,
		Refuse: func(w http.ResponseWriter, _ *http.Request, status int, _, message string) {
			http.Error(w, message, status)
		},
	})

	raw, err := os.ReadFile("feeds.md")
	if err != nil {
		t.Fatal(err)
	}
	public := domain.WithViewer(t.Context(), domain.Anonymous())
	requests := regexp.MustCompile(`(?m)^curl "\$URL(.*)"$`).FindAllSubmatch(raw, -1)
	if len(requests) < 8 {
		t.Fatalf("found %d requests", len(requests))
	}
	for _, m := range requests {
		address := string(m[1])
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(public, http.MethodGet, address, nil))
		if w.Code != http.StatusOK {
			t.Errorf("%s: got %d %s", address, w.Code, w.Body)
			continue
		}
		switch ext := strings.TrimPrefix(path.Ext(strings.Split(address, "?")[0]), "."); ext {
		case "":
		case "xml":
			feedstest.Sitemap(t, w.Body.Bytes())
		default:
			if f := feedstest.Feed(t, ext, w.Body.Bytes()); len(f.Items) == 0 {
				t.Errorf("%s is empty", address)
			}
		}
	}

	query := regexp.MustCompile("(?s)```graphql\n(.*?)```").FindSubmatch(raw)
	if query == nil {
		t.Fatal("found no query")
	}
	answer, err := ask(public, string(query[1]), nil)
	if err != nil || !bytes.Contains(answer, []byte(`"@type":"ClaimReview"`)) || bytes.Contains(answer, []byte(`"errors"`)) {
		t.Errorf("got %s, %v", answer, err)
	}

	_, table, _ := strings.Cut(string(raw), "| the assessment begins with |")
	verdicts := regexp.MustCompile("`([A-Z][a-z ]+):`").FindAllStringSubmatch(table, -1)
	if len(verdicts) != 15 {
		t.Errorf("found %d verdicts", len(verdicts))
	}
	for _, m := range verdicts {
		if got := schemaorg.Verdict(m[1] + ": …"); got != m[1] {
			t.Errorf("%s is no verdict", m[1])
		}
	}
}
