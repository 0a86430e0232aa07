package docs_test

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/domain"
)

// TestSearchPage sends the queries of docs/search.md to the demo: the first has the response that the page shows, and the
// others find something.
func TestSearchPage(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("search.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string][]string{}
	for _, m := range regexp.MustCompile("(?s)```(graphql|json)\n(.*?)```").FindAllSubmatch(raw, -1) {
		blocks[string(m[1])] = append(blocks[string(m[1])], string(m[2]))
	}
	if len(blocks["graphql"]) < 5 || len(blocks["json"]) != 1 {
		t.Fatalf("found %d blocks of GraphQL and %d of JSON", len(blocks["graphql"]), len(blocks["json"]))
	}
	var want map[string]any
	if err := json.Unmarshal([]byte(blocks["json"][0]), &want); err != nil {
		t.Fatal(err)
	}
	run := demoAPI(t)
	for i, query := range blocks["graphql"] {
		var got map[string]any
		body := run(domain.WithViewer(t.Context(), domain.Anonymous()), map[string]any{"query": query})
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		delete(got, "extensions")
		if i == 0 {
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("docs/search.md says otherwise (-docs/search.md +response):\n%s", d)
			}
		}
		if got["errors"] != nil || !regexp.MustCompile(`"(slug|title)":"`).Match(body) {
			t.Errorf("%s: got %s, want something found", query, body)
		}
	}
}
