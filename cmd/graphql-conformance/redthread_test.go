package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/conformance"
	"github.com/redthread-api/redthread/internal/server/respcache"
)

// leastApplicable is how many cases must apply to Redthread: the suite must not shrink
// to what passes.
const leastApplicable = 1000

// redthread starts a server without content and returns how to run the suite against it, as
// an editor.
func redthread(t *testing.T) conformance.Config {
	t.Helper()
	a, err := app.Start(t.Context(), app.Config{
		Addr: "127.0.0.1:0", Data: t.TempDir(), Demo: true,
		Cache:      app.CacheConfig{Size: respcache.DefaultSize},
		Protection: app.ProtectionConfig{Introspection: graph.IntrospectionAll},
	}, app.Dependencies{Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return conformance.Config{
		URL:    a.URL() + "/graphql",
		Header: http.Header{"Authorization": {"Bearer " + a.DemoKey()}},
		Client: &http.Client{Transport: transport},
	}
}

// TestRedthread runs the suite against Redthread. There is no list of known failures.
func TestRedthread(t *testing.T) {
	t.Parallel()
	results, err := conformance.Run(t.Context(), redthread(t), conformance.Cases())
	if err != nil {
		t.Fatal(err)
	}
	_, total := conformance.Counts(results)
	if n := len(results) - total.NotApplicable; n < leastApplicable {
		t.Errorf("got %d cases that apply, want at least %d", n, leastApplicable)
	}
	showFailed(t, results)
	var table strings.Builder
	if err := conformance.WriteText(&table, results, false); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + table.String())
}

// TestValuesOfStrings runs cases of strings with a position that returns what it was given:
// the text of a report. It takes no control characters, which the section String Value has.
func TestValuesOfStrings(t *testing.T) {
	t.Parallel()
	c := redthread(t)
	c.Run = regexp.MustCompile(`^Language/(Block Strings|Escaped Unicode)/`)
	c.Parallel = 1 // they write to one report
	c.Echo = map[string]conformance.Echo{"String": {
		Mutation: true,
		Before:   `upsertReport(input: {slug: "conformance", title: "Conformance", kind: BRIEF, language: "en", body: `,
		After:    `}) { report { body(format: MARKDOWN) } }`,
		Path:     []any{"upsertReport", "report", "body"},
	}}
	results, err := conformance.Run(t.Context(), c, conformance.Cases())
	if err != nil {
		t.Fatal(err)
	}
	showFailed(t, results)
}

func showFailed(t *testing.T, results []conformance.Result) {
	t.Helper()
	for _, r := range results {
		if r.Failed() {
			t.Errorf("%s\n%s\n%v", r.Case.Name(), r.Sent, r.Err)
		}
	}
}
