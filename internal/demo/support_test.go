package demo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/demo"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func anonymous(ctx context.Context) context.Context {
	return domain.WithViewer(ctx, domain.Anonymous())
}

func partner(ctx context.Context, clearance domain.Marking) context.Context {
	return domain.WithViewer(ctx, &domain.Viewer{Name: "a partner", Role: domain.Partner, Clearance: clearance, KeyID: 1})
}

func editor(ctx context.Context) context.Context {
	return domain.WithViewer(ctx, &domain.Viewer{Name: "Ann", Role: domain.Editor, Clearance: domain.Red, KeyID: 1})
}

// keyHolder creates a key that was granted what a key can be granted, and returns a context of its
// holder.
func keyHolder(tb testing.TB, s *store.Stores) context.Context {
	tb.Helper()
	log := slog.New(slog.DiscardHandler)
	keys := access.NewKeys(s, audit.NewBuffer(s, log, time.Now), log, time.Now)
	_, secret, err := keys.Create(domain.AsSystem(tb.Context(), "test"), access.CreateParams{Name: "a partner", Role: domain.Partner, Grants: []domain.Right{domain.OwnWebhooks}})
	if err != nil {
		tb.Fatal(err)
	}
	viewer, err := keys.Authenticate(tb.Context(), access.Credential{Token: secret})
	if err != nil {
		tb.Fatal(err)
	}
	return domain.WithViewer(tb.Context(), viewer)
}

// newExec returns a function that executes GraphQL on the stores, through the handler
// that the server uses, with its limits.
func newExec(tb testing.TB, s *store.Stores) demo.Exec { return newExecAt(tb, s, time.Now) }

// newExecAt is newExec with a clock.
func newExecAt(tb testing.TB, s *store.Stores, now func() time.Time) demo.Exec {
	tb.Helper()
	log := slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	desk := editorial.New(s, projection.New(s, log, now).WithPatience(storetest.Patience), log, now)
	handler := graph.Handler(graph.Config{Stores: s, Desk: desk, Log: log})
	return func(ctx context.Context, query string, variables map[string]any) ([]byte, error) {
		body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
		if err != nil {
			return nil, err
		}
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Body.Bytes(), nil
	}
}

// loadDemo loads the demo content into the stores, and returns a function that executes
// GraphQL on them.
func loadDemo(tb testing.TB, s *store.Stores) demo.Exec {
	tb.Helper()
	exec := newExec(tb, s)
	start := time.Now()
	if err := demo.Load(editor(tb.Context()), exec); err != nil {
		tb.Fatalf("load the demo: %v", err)
	}
	tb.Logf("the demo was loaded in %v", time.Since(start).Round(time.Millisecond))
	return exec
}

// ask executes a query that must not fail, and decodes its data.
func ask(ctx context.Context, tb testing.TB, exec demo.Exec, query string, data any) {
	tb.Helper()
	body, err := exec(ctx, query, nil)
	if err != nil {
		tb.Fatal(err)
	}
	var response struct{ Data, Errors json.RawMessage }
	if err := json.Unmarshal(body, &response); err != nil {
		tb.Fatalf("%v: %s", err, body)
	}
	if response.Errors != nil {
		tb.Fatalf("%s\n%s", query, response.Errors)
	}
	if err := json.Unmarshal(response.Data, data); err != nil {
		tb.Fatal(err)
	}
}
