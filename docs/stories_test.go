package docs_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/domain"
)

var updateStories = flag.Bool("update-stories", false, "rewrite the answers in stories.md")

// TestStories sends the query of each story to the demo, and compares the answer with that of the page. The examples that the page
// names exist.
func TestStories(t *testing.T) {
	t.Parallel()
	const file = "stories.md"
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	run := demoAPI(t)
	public := domain.WithViewer(t.Context(), domain.Anonymous())
	page := string(raw)
	stories := regexp.MustCompile("(?s)```graphql\n(.*?)```\n\n```json\n(.*?)```").FindAllStringSubmatch(page, -1)
	if len(stories) != 8 {
		t.Fatalf("found %d stories, want 8", len(stories))
	}
	for _, story := range stories {
		body := run(public, map[string]any{"query": story[1]})
		var got, want struct{ Data, Errors any }
		if err := json.Unmarshal(body, &got); err != nil || got.Errors != nil {
			t.Errorf("%s: got %s", story[1], body)
			continue
		}
		if *updateStories {
			var raw struct{ Data json.RawMessage }
			if err := json.Unmarshal(body, &raw); err != nil {
				t.Fatal(err)
			}
			page = strings.Replace(page, story[0], "```graphql\n"+story[1]+"```\n\n```json\n"+shown(t, raw.Data)+"```", 1)
			continue
		}
		if err := json.Unmarshal([]byte(story[2]), &want); err != nil {
			t.Errorf("%s: %v", story[2], err)
		} else if d := cmp.Diff(want.Data, got.Data); d != "" {
			t.Errorf("the page says otherwise than the demo (-page +demo):\n%s", d)
		}
	}
	for _, link := range regexp.MustCompile(`\]\(\.\./(examples/[^)]+)\)`).FindAllStringSubmatch(page, -1) {
		if _, err := os.Stat("../" + link[1]); err != nil {
			t.Errorf("an example that is not there: %v", err)
		}
	}
	if *updateStories {
		if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// shown writes data as JSON with a line for each part that fits in one.
func shown(t *testing.T, data []byte) string {
	t.Helper()
	const columns = 130
	var lines func(prefix, indent string, v []byte) string
	lines = func(prefix, indent string, v []byte) string {
		if one := strings.NewReplacer(`":`, `": `, `,"`, `, "`, `},{`, `}, {`).Replace(string(v)); len(indent+prefix+one) <= columns || v[0] != '{' && v[0] != '[' {
			return indent + prefix + one
		}
		var parts []string
		if v[0] == '[' {
			var list []json.RawMessage
			if err := json.Unmarshal(v, &list); err != nil {
				t.Fatal(err)
			}
			for _, e := range list {
				parts = append(parts, lines("", indent+"  ", e))
			}
			return indent + prefix + "[\n" + strings.Join(parts, ",\n") + "\n" + indent + "]"
		}
		in := json.NewDecoder(bytes.NewReader(v))
		if _, err := in.Token(); err != nil {
			t.Fatal(err)
		}
		for in.More() {
			name, err := in.Token()
			if err != nil {
				t.Fatal(err)
			}
			var value json.RawMessage
			if err := in.Decode(&value); err != nil {
				t.Fatal(err)
			}
			parts = append(parts, lines(`"`+name.(string)+`": `, indent+"  ", value))
		}
		return indent + prefix + "{\n" + strings.Join(parts, ",\n") + "\n" + indent + "}"
	}
	return lines("", "", []byte(`{"data":`+string(data)+`}`)) + "\n"
}
