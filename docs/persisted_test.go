package docs_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// TestPersistedDocuments sends the mutation of persisted-documents.md, and then its
// requests with curl, with the id of the response instead of the one on the page.
func TestPersistedDocuments(t *testing.T) {
	t.Parallel()
	stores := storetest.SQLite(t)
	log := slog.New(slog.DiscardHandler)
	api := graph.Handler(graph.Config{Stores: stores, Desk: editorial.New(stores, projection.New(stores, log, time.Now).WithPatience(storetest.Patience), log, time.Now), Log: log})
	serve := func(v *domain.Viewer, method, target, body string) map[string]any {
		t.Helper()
		r := httptest.NewRequestWithContext(domain.WithViewer(t.Context(), v), method, target, strings.NewReader(body))
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/json")
		}
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		var answer map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatalf("%v in %s", err, w.Body)
		}
		return answer
	}

	raw, err := os.ReadFile("persisted-documents.md")
	if err != nil {
		t.Fatal(err)
	}
	block := func(language string, n int) string {
		t.Helper()
		all := regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllSubmatch(raw, -1)
		if len(all) <= n {
			t.Fatalf("%d blocks of %s", len(all), language)
		}
		return string(all[n][1])
	}
	body, err := json.Marshal(map[string]any{"query": block("graphql", 0), "variables": json.RawMessage(block("json", 0))})
	if err != nil {
		t.Fatal(err)
	}
	builder := &domain.Viewer{Name: "site build", Role: domain.Editor, Scopes: []domain.Right{domain.RegisterQueries}, KeyID: 1}
	registered := serve(builder, http.MethodPost, "/graphql", string(body))
	found := regexp.MustCompile(`[0-9a-f]{64}`).FindString(jsonOf(t, registered))
	if found == "" {
		t.Fatalf("no id in %v", registered)
	}
	var want any
	if err := json.Unmarshal([]byte(strings.ReplaceAll(block("json", 1), "c0ffee", found)), &want); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, registered["data"]); d != "" {
		t.Errorf("the answer is not the one in the guide (-want +got):\n%s", d)
	}

	posted := regexp.MustCompile(`(?s)curl "\$URL/graphql" -H 'Content-Type: application/json' \\\n  -d '([^']*)'`).FindAllSubmatch(raw, -1)
	got := regexp.MustCompile(`(?s)curl -G "\$URL/graphql"(?: \\\n )? --data-urlencode '([a-zA-Z]+)=([^']*)'`).FindAllSubmatch(raw, -1)
	if len(posted) != 1 || len(got) != 2 || bytes.Count(raw, []byte("\ncurl ")) != 3 {
		t.Fatalf("found %d requests by POST and %d by GET", len(posted), len(got))
	}
	answers := []map[string]any{serve(domain.Anonymous(), http.MethodPost, "/graphql", strings.ReplaceAll(string(posted[0][1]), "c0ffee", found))}
	for _, m := range got {
		values := url.Values{string(m[1]): {strings.ReplaceAll(string(m[2]), "c0ffee", found)}}
		answers = append(answers, serve(domain.Anonymous(), http.MethodGet, "/graphql?"+values.Encode(), ""))
	}
	for i, answer := range answers {
		if answer["errors"] != nil || answer["data"] == nil {
			t.Errorf("request %d: got %v", i, answer)
		}
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
