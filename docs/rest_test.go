package docs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/demo"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/server/rest"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// TestREST sends the requests of rest.md to the demo, and checks that each response
// contains what is shown below the request.
func TestREST(t *testing.T) {
	t.Parallel()
	stores := storetest.SQLite(t)
	log := slog.New(slog.DiscardHandler)
	api := graph.Handler(graph.Config{Stores: stores, Desk: editorial.New(stores, projection.New(stores, log, time.Now).WithPatience(storetest.Patience), log, time.Now), Log: log})
	editor := domain.WithViewer(t.Context(), &domain.Viewer{Name: "Ann", Role: domain.Editor, Clearance: domain.Red, KeyID: 1})
	if err := demo.Load(editor, func(ctx context.Context, query string, variables map[string]any) ([]byte, error) {
		reply := api.Execute(ctx, transport.Request{Document: query, Variables: variables})
		return json.Marshal(map[string]any{"data": json.RawMessage(reply.Data), "errors": reply.Errors})
	}); err != nil {
		t.Fatal(err)
	}
	routes := rest.New(api, slog.New(slog.DiscardHandler))
	raw, err := os.ReadFile("rest.md")
	if err != nil {
		t.Fatal(err)
	}
	var last *httptest.ResponseRecorder
	requests, shown := 0, 0
	for _, m := range regexp.MustCompile("(?s)```(json)?\n(.*?)```").FindAllStringSubmatch(string(raw), -1) {
		if m[1] == "json" {
			var want, got any
			if err := json.Unmarshal([]byte(m[2]), &want); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(last.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, like(want, got)); d != "" {
				t.Errorf("rest.md says otherwise (-rest.md +answer):\n%s", d)
			}
			shown++
			continue
		}
		for line := range strings.Lines(m[2]) {
			target, ok := strings.CutPrefix(strings.TrimSpace(line), `curl "$URL`)
			if !ok {
				continue
			}
			last = httptest.NewRecorder()
			target = strings.TrimSuffix(target, `"`)
			routes.ServeHTTP(last, httptest.NewRequestWithContext(domain.WithViewer(t.Context(), domain.Anonymous()), http.MethodGet, target, nil))
			requests++
			if want := http.StatusOK; last.Code != want && !strings.Contains(target, "colour") {
				t.Errorf("%s: got %d %s", target, last.Code, last.Body)
			}
			if strings.HasPrefix(last.Body.String(), `{"data":[]`) {
				t.Errorf("%s: nothing is found", target)
			}
		}
	}
	if requests != 15 || shown != 2 {
		t.Errorf("found %d requests and %d answers", requests, shown)
	}
}

// like returns got in the form of want, the value on the page, so that they can be
// compared. A text on the page that ends in an ellipsis stands for any value that begins
// so, and a list of one ellipsis for any list that is not empty.
func like(want, got any) any {
	switch w := want.(type) {
	case string:
		if before, ok := strings.CutSuffix(w, "…"); ok && strings.HasPrefix(fmt.Sprint(got), before) {
			return w
		}
	case []any:
		g, ok := got.([]any)
		if ok && len(w) == 1 && w[0] == "…" && len(g) > 0 {
			return w
		}
		if ok && len(g) == len(w) {
			for i := range w {
				g[i] = like(w[i], g[i])
			}
		}
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			for name := range g {
				g[name] = like(w[name], g[name])
			}
		}
	}
	return got
}
