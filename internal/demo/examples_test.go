package demo_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/examples"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

var update = flag.Bool("update", false, "rewrite the golden responses")

// changing are the examples that change something, or depend on a change, in an order
// in which each works. All others only read.
var changing = []string{
	"create-report", "publish", "upsert-source", "dry-run", "atomic", "schedule-publication", "update-report", "release",
	"merge-entities", "restore-revision", "delete-report", "trash", "undelete", "own-webhook", "rotate-own-key",
}

// golden are the examples whose responses are in testdata. They order nothing by id,
// since ids made within a millisecond are in no order.
var golden = []string{"newest", "edition", "legal-timeline"}

func TestExamples(t *testing.T) {
	t.Parallel()
	all, err := examples.All()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]examples.Example{}
	var order []string
	for _, e := range all {
		byName[e.Name] = e
		if !slices.Contains(changing, e.Name) {
			order = append(order, e.Name)
		}
	}
	order = append(order, changing...)

	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		exec := loadDemo(t, s)
		for _, name := range order {
			e, ok := byName[name]
			if !ok {
				t.Fatalf("there is no example %s", name)
			}
			ctx := anonymous(t.Context())
			if strings.Contains(e.Query, "\nmutation ") || strings.Contains(e.Query, "@inContext(stage: DESK)") {
				ctx = editor(t.Context())
			}
			if strings.Contains(name, "own-") {
				ctx = keyHolder(t, s)
			}
			var variables map[string]any
			if e.Variables != "" {
				if err := json.Unmarshal([]byte(e.Variables), &variables); err != nil {
					t.Errorf("%s.json: %v", name, err)
					continue
				}
			}
			body, err := exec(ctx, e.Query, variables)
			if err != nil {
				t.Fatal(err)
			}
			checkResponse(t, name, body)
			if slices.Contains(golden, name) {
				checkGolden(t, name, body)
			}
		}
	})
}

// checkResponse checks that a response has no errors, that no root field is null, and
// that no list of nodes directly below one is empty.
func checkResponse(t *testing.T, name string, body []byte) {
	t.Helper()
	var response struct {
		Data   map[string]any
		Errors json.RawMessage
	}
	if err := json.Unmarshal(body, &response); err != nil {
		t.Errorf("%s: %v: %s", name, err, body)
		return
	}
	if response.Errors != nil {
		t.Errorf("%s: got errors: %s", name, response.Errors)
	}
	for field, v := range response.Data {
		connection, _ := v.(map[string]any)
		nodes, listed := connection["nodes"].([]any)
		if v == nil || listed && len(nodes) == 0 {
			t.Errorf("%s: %s is empty: %s", name, field, body)
		}
	}
	if len(response.Data) == 0 {
		t.Errorf("%s: no data", name)
	}
}

// checkGolden compares a response with the one in testdata, except ids, which differ
// from one load to the next, and cursors, which are made of them.
func checkGolden(t *testing.T, name string, body []byte) {
	t.Helper()
	// The cost of a response is not compared.
	var parts struct{ Data json.RawMessage }
	if err := json.Unmarshal(body, &parts); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	data := slices.Concat([]byte(`{"data":`), idWithin.ReplaceAll(parts.Data, []byte("${1}_…")), []byte("}"))
	if err := json.Indent(&got, data, "", "  "); err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`("endCursor": )"[^"]*"`).ReplaceAllString(got.String(), `$1"…"`) + "\n"
	file := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s: the response is not the one in %s (-want +got); -update rewrites it:\n%s", name, file, diff)
	}
}

func TestOpeningExamples(t *testing.T) {
	t.Parallel()
	few, err := examples.Opening()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range few {
		if e.Title == "" || e.Query == "" {
			t.Errorf("%s: no title or no query", e.Name)
		}
	}
}
