package demo_test

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// block matches a request of docs/editing.md, with its response if there is one.
var block = regexp.MustCompile("```graphql\n([^`]*)```\n(?:```json\n([^`]*)```\n)?")

// TestEditingGuide sends the requests of docs/editing.md one after the other, and
// compares the responses with those on the page, except ids.
func TestEditingGuide(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/editing.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := block.FindAllSubmatch(text, -1)
	if len(blocks) < 15 {
		t.Fatalf("got %d requests in the guide, want at least 15", len(blocks))
	}
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		exec := loadDemo(t, s)
		for _, b := range blocks {
			query := string(b[1])
			body, err := exec(editor(t.Context()), query, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := withoutIDs(t, body)
			if b[2] == nil {
				if got["errors"] != nil {
					t.Errorf("%s\ngot %s, want no errors", query, body)
				}
				continue
			}
			if diff := cmp.Diff(withoutIDs(t, b[2]), got); diff != "" {
				t.Errorf("%s\nthe response is not the one in the guide (-want +got):\n%s", query, diff)
			}
		}
	})
}

var idWithin = regexp.MustCompile(`\b([a-z]{3})_[0-9a-z]{13}\b`)

// withoutIDs decodes a response without its ids, and without its cost.
func withoutIDs(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(idWithin.ReplaceAll(text, []byte("${1}_…")), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	delete(v, "extensions")
	return v
}
