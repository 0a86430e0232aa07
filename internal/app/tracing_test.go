package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
	"github.com/redthread-api/redthread/internal/tracing"
)

// tracedSpan is what a test reads of a span.
type tracedSpan struct {
	TraceID, SpanID, ParentSpanID, Name string
	Kind                                int
	Attributes                          []struct {
		Key   string
		Value struct{ StringValue, IntValue string }
	}
	Links []struct{ TraceID, SpanID string }
}

func (s tracedSpan) attribute(key string) string {
	for _, a := range s.Attributes {
		if a.Key == key {
			return a.Value.StringValue + a.Value.IntValue
		}
	}
	return ""
}

// traceCollector takes spans of servers.
type traceCollector struct {
	*httptest.Server
	mu    sync.Mutex
	spans []tracedSpan
	raw   strings.Builder
}

func newTraceCollector(t *testing.T) *traceCollector {
	t.Helper()
	c := &traceCollector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var request struct {
			ResourceSpans []struct {
				ScopeSpans []struct{ Spans []tracedSpan }
			}
		}
		if err != nil || json.Unmarshal(body, &request) != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("got %s %s, %v", r.URL.Path, body, err)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.raw.Write(body)
		for _, resource := range request.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				c.spans = append(c.spans, scope.Spans...)
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// find returns the spans for which a condition holds.
func (c *traceCollector) find(is func(tracedSpan) bool) []tracedSpan {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.spans), func(s tracedSpan) bool { return !is(s) })
}

func TestTraces(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, stores store.Config) {
		collector := newTraceCollector(t)
		c := config(t, stores)
		var problems domain.Problems
		c.Tracing = tracing.Read(func(name string) string {
			return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL, "OTEL_BSP_SCHEDULE_DELAY": "20"}[name]
		}, &problems)
		a := start(t, c, parts(io.Discard))
		_, out, _ := run(t, map[string]string{"REDTHREAD_DATA": c.Data, "REDTHREAD_DESK_DSN": c.DeskDSN}, "key", "create", "--name", "editor", "--role", "EDITOR")
		key := regexp.MustCompile(`rt_\S+`).FindString(out)
		if body := query(t, a, key, `mutation { createReport(input: {slug: "privattext", title: "Privattext", kind: BRIEF, language: "en", summary: "Privattext.", body: "Privattext."}) { created } publish(input: {documents: ["report:privattext"]}) { state } }`); !strings.Contains(body, "APPLIED") {
			t.Fatalf("got %s", body)
		}

		for _, probe := range []string{"/healthz", "/readyz"} {
			if res, err := http.Get(a.URL() + probe); err != nil {
				t.Fatal(err)
			} else {
				_ = res.Body.Close()
			}
		}

		const trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL()+"/graphql",
			strings.NewReader(`{"query":"query Named($s: String!) { report(slug: $s) { title tags { label } } }","variables":{"s":"privattext"}}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Traceparent", "00-"+trace+"-"+parent+"-01")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		ofTrace := func(s tracedSpan) bool { return s.TraceID == trace }
		eventually(t, func() bool {
			return len(collector.find(func(s tracedSpan) bool { return ofTrace(s) && s.ParentSpanID == parent })) == 1
		})
		below := func(s tracedSpan, name string) tracedSpan {
			t.Helper()
			found := collector.find(func(x tracedSpan) bool {
				return ofTrace(x) && x.ParentSpanID == s.SpanID && strings.HasPrefix(x.Name, name) &&
					!strings.Contains(x.attribute("db.query.text"), "FROM projection") // by which the first reader sees that live is complete
			})
			if len(found) == 0 {
				t.Fatalf("there is no %q below %q among %v", name, s.Name, collector.find(ofTrace))
			}
			return found[0]
		}
		request := collector.find(func(s tracedSpan) bool { return ofTrace(s) && s.ParentSpanID == parent })[0]
		if request.Name != "POST /graphql" || request.Kind != 2 || request.attribute("http.response.status_code") != "200" || request.attribute("http.route") != "/graphql" {
			t.Errorf("got %+v", request)
		}
		operation := below(request, "query Named")
		batch := below(operation, "read reports")
		statement := below(batch, "SELECT live")
		if text := statement.attribute("db.query.text"); batch.attribute("redthread.rows") != "1" || !strings.Contains(text, "reports") || statement.Kind != 3 {
			t.Errorf("got %+v and %+v", batch, statement)
		}

		// What runs later has a trace of its own, with a link to the request.
		query(t, a, key, `mutation { schedulePublication(input: {documents: ["report:privattext"], action: UNPUBLISH, at: "`+time.Now().Add(1500*time.Millisecond).UTC().Format(time.RFC3339Nano)+`"}) { schedule { id } } }`)
		job := func(s tracedSpan) bool { return strings.HasPrefix(s.Name, "job ") && len(s.Links) == 1 }
		eventually(t, func() bool { return len(collector.find(job)) > 0 })
		if got := collector.find(func(s tracedSpan) bool { return strings.HasSuffix(s.Name, "z") }); len(got) > 0 {
			t.Errorf("probes have spans: %v", got)
		}
		cause := collector.find(job)[0].Links[0]
		if found := collector.find(func(s tracedSpan) bool { return s.TraceID == cause.TraceID && s.Name == "POST /graphql" }); len(found) != 1 {
			t.Errorf("the job is linked to %v", found)
		}
		collector.mu.Lock()
		defer collector.mu.Unlock()
		if text := strings.ToLower(collector.raw.String()); strings.Contains(text, "privattext") || strings.Contains(text, key) {
			t.Error("spans have what clients wrote")
		}
	})
}
