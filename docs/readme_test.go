package docs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/demo"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// demoAPI returns a function that sends requests to the API of the demo.
func demoAPI(t *testing.T) func(ctx context.Context, request map[string]any) []byte {
	t.Helper()
	stores := storetest.SQLite(t)
	log := slog.New(slog.DiscardHandler)
	api := graph.Handler(graph.Config{Stores: stores, Desk: editorial.New(stores, projection.New(stores, log, time.Now).WithPatience(storetest.Patience), log, time.Now), Log: log})
	run := func(ctx context.Context, request map[string]any) []byte {
		body, err := json.Marshal(request)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		return w.Body.Bytes()
	}
	editor := domain.WithViewer(t.Context(), &domain.Viewer{Name: "Ann", Role: domain.Editor, Clearance: domain.Red, KeyID: 1})
	if err := demo.Load(editor, func(ctx context.Context, query string, variables map[string]any) ([]byte, error) {
		return run(ctx, map[string]any{"query": query, "variables": variables}), nil
	}); err != nil {
		t.Fatal(err)
	}
	return run
}

// TestReadme sends the queries of the README to the demo, and checks the responses.
func TestReadme(t *testing.T) {
	t.Parallel()
	run := demoAPI(t)
	public := domain.WithViewer(t.Context(), domain.Anonymous())
	editor := domain.WithViewer(t.Context(), &domain.Viewer{Name: "Ann", Role: domain.Editor, Clearance: domain.Red, KeyID: 1})

	raw, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string][]string{}
	for _, m := range regexp.MustCompile("(?s)```(graphql|json)\n(.*?)```").FindAllSubmatch(raw, -1) {
		blocks[string(m[1])] = append(blocks[string(m[1])], string(m[2]))
	}
	if len(blocks["graphql"]) != 2 || len(blocks["json"]) != 1 {
		t.Fatalf("found %d blocks of GraphQL and %d of JSON", len(blocks["graphql"]), len(blocks["json"]))
	}
	same := func(got []byte, want string) {
		t.Helper()
		var a, b map[string]any
		if err := json.Unmarshal(got, &a); err != nil {
			t.Fatalf("%v: %s", err, got)
		}
		if err := json.Unmarshal([]byte(want), &b); err != nil {
			t.Fatal(err)
		}
		delete(a, "extensions") // what it costs is not what the README is about
		if d := cmp.Diff(b, a); d != "" {
			t.Errorf("the README says otherwise (-README +answer):\n%s", d)
		}
	}
	same(run(public, map[string]any{"query": blocks["graphql"][0]}), blocks["json"][0])

	const hidden = `{ report(slug: "harbour-cranes") { title } }`
	create := run(editor, map[string]any{"query": blocks["graphql"][1], "operationName": "Create"})
	var created struct {
		Data struct {
			CreateReport struct{ Report struct{ Version int } }
		}
	}
	if err := json.Unmarshal(create, &created); err != nil || created.Data.CreateReport.Report.Version != 1 {
		t.Errorf("Create: %s", create)
	}
	same(run(public, map[string]any{"query": hidden}), `{"data": {"report": null}}`)
	if publish := run(editor, map[string]any{"query": blocks["graphql"][1], "operationName": "Publish"}); bytes.Contains(publish, []byte("errors")) {
		t.Errorf("Publish: %s", publish)
	}
	same(run(public, map[string]any{"query": hidden}), `{"data": {"report": {"title": "Harbour cranes"}}}`)
}
