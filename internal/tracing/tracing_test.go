package tracing

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/domain"
)

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func read(t *testing.T, pairs ...string) Settings {
	t.Helper()
	var p domain.Problems
	s := Read(env(pairs...), &p)
	if err := p.Err("invalid"); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRead(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		env  []string
		want string
	}{
		{nil, ""},
		{[]string{"OTEL_TRACES_EXPORTER", "otlp"}, "http://localhost:4318/v1/traces"},
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector.example/otlp/"}, "https://collector.example/otlp/v1/traces"},
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://b:4318/x"}, "http://b:4318/x"},
		{[]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://b:4318"}, "http://b:4318/"},
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318", "OTEL_SDK_DISABLED", "TRUE"}, ""},
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318", "OTEL_TRACES_EXPORTER", "none"}, ""},
	} {
		if got := read(t, x.env...).Endpoint; got != x.want {
			t.Errorf("%v: got %q, want %q", x.env, got, x.want)
		}
	}
	s := read(t, "OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b, x=1", "OTEL_EXPORTER_OTLP_TIMEOUT", "2500", "OTEL_EXPORTER_OTLP_COMPRESSION", "gzip",
		"OTEL_BSP_MAX_QUEUE_SIZE", "10", "OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test,service.name=other", "OTEL_SERVICE_NAME", "press")
	if s.Headers["api-key"] != "a b" || s.Headers["x"] != "1" || s.Timeout != 2500*time.Millisecond || !s.Gzip || s.QueueSize != 10 || len(s.Resource) != 2 {
		t.Errorf("got %+v", s)
	}
	var p domain.Problems
	Read(env("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318", "OTEL_EXPORTER_OTLP_HEADERS", "secret", "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "OTEL_TRACES_SAMPLER", "jaeger",
		"OTEL_BSP_SCHEDULE_DELAY", "1s", "OTEL_TRACES_EXPORTER", "zipkin", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "0"), &p)
	if p.Len() != 7 || strings.Contains(p.Err("x").Error(), "secret") {
		t.Errorf("got %v", p.Err("invalid"))
	}
	p = domain.Problems{}
	Read(env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317", "OTEL_TRACES_SAMPLER", "traceidratio", "OTEL_TRACES_SAMPLER_ARG", "2"), &p)
	if p.Len() != 2 {
		t.Errorf("got %v", p.Err("invalid"))
	}
}

// The examples are those of W3C Trace Context.
func TestTraceparent(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01":      true,
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00":      true,
		"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what": true, // of a later version
		"": false,
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what": false,
		"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01":      false,
		"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what": false,
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01":      false,
		"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01":      false,
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01":      false,
		"00-4bf92f3577b34da6a3ce929d0e0e473x-00f067aa0ba902b7-01":      false,
		"00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01":      false,
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0":       false,
	} {
		r, ok := parseTraceparent(text)
		if ok != want {
			t.Errorf("%q: got %t", text, ok)
		}
		if ok && (r.trace.String() != "4bf92f3577b34da6a3ce929d0e0e4736" || r.span.String() != "00f067aa0ba902b7" || r.sampled != strings.Contains(text, "b7-01")) {
			t.Errorf("%q: got %+v", text, r)
		}
	}
}

func TestSampler(t *testing.T) {
	t.Parallel()
	of := func(pairs ...string) sampler { return read(t, pairs...).sampler }
	yes, no := reference{sampled: true}, reference{}
	for _, x := range []struct {
		sampler          sampler
		root, with, less bool // whether a root is recorded, a span below one that is recorded, and below one that is not
	}{
		{of(), true, true, false},
		{of("OTEL_TRACES_SAMPLER", "always_on"), true, true, true},
		{of("OTEL_TRACES_SAMPLER", "always_off"), false, false, false},
		{of("OTEL_TRACES_SAMPLER", "parentbased_always_off"), false, true, false},
		{of("OTEL_TRACES_SAMPLER", "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG", "0"), false, true, false},
	} {
		got := [3]bool{x.sampler.sample(newTraceID(), no, false), x.sampler.sample(newTraceID(), yes, true), x.sampler.sample(newTraceID(), no, true)}
		if want := [3]bool{x.root, x.with, x.less}; got != want {
			t.Errorf("%+v: got %v, want %v", x.sampler, got, want)
		}
	}
	quarter, n := of("OTEL_TRACES_SAMPLER", "traceidratio", "OTEL_TRACES_SAMPLER_ARG", "0.25"), 0
	for range 4000 {
		if quarter.sample(newTraceID(), no, false) {
			n++
		}
	}
	if n < 800 || n > 1200 {
		t.Errorf("a quarter of 4000 are %d", n)
	}
}

// collector is a collector that answers with a status.
func collector(t *testing.T, status *atomic.Int64) (*httptest.Server, func() []spanJSON) {
	t.Helper()
	received := make(chan []spanJSON, 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		var request requestJSON
		if err != nil || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Api-Key") != "secret" || json.Unmarshal(raw, &request) != nil {
			t.Errorf("got %s, %v, %v", raw, r.Header, err)
		}
		if status.Load() == http.StatusOK {
			received <- request.ResourceSpans[0].ScopeSpans[0].Spans
		}
		w.WriteHeader(int(status.Load()))
	}))
	t.Cleanup(s.Close)
	return s, func() []spanJSON {
		t.Helper()
		select {
		case spans := <-received:
			return spans
		case <-time.After(time.Minute):
			t.Fatal("nothing was sent")
			return nil
		}
	}
}

func TestSpansAreSent(t *testing.T) {
	t.Parallel()
	var status atomic.Int64
	status.Store(http.StatusOK)
	server, next := collector(t, &status)
	tracer := New(read(t, "OTEL_EXPORTER_OTLP_ENDPOINT", server.URL, "OTEL_EXPORTER_OTLP_HEADERS", "api-key=secret", "OTEL_BSP_SCHEDULE_DELAY", "10"), "1.2.3", slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = tracer.Run(ctx) }()

	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	inside, request := tracer.StartRequest(t.Context(), "GET", parent, "vendor=1")
	_, below := Start(inside, "below", Internal, Attribute{"n", int64(3)}, Attribute{"b", true})
	below.EndWith(context.DeadlineExceeded)
	request.End()
	request.End() // which does nothing
	cause := Traceparent(inside)
	_, job := tracer.StartJob(t.Context(), "job", cause)
	job.End()
	stop()
	<-ended

	var spans []spanJSON
	for len(spans) < 3 {
		spans = append(spans, next()...)
	}
	byName := map[string]spanJSON{}
	for _, s := range spans {
		byName[s.Name] = s
	}
	got := byName["below"]
	if got.ParentID != byName["GET"].SpanID || got.Status == nil || got.Status.Code != 2 || got.TraceState != "vendor=1" {
		t.Errorf("got %+v", got)
	}
	raw, err := json.Marshal(got.Attributes)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`[{"key":"n","value":{"intValue":"3"}},{"key":"b","value":{"boolValue":true}},{"key":"error.type","value":{"stringValue":"timeout"}}]`, string(raw)); diff != "" {
		t.Error(diff)
	}
	if s := byName["GET"]; s.TraceID != "4bf92f3577b34da6a3ce929d0e0e4736" || s.ParentID != "00f067aa0ba902b7" || s.Kind != Server || s.Start > s.End {
		t.Errorf("got %+v", s)
	}
	if s := byName["job"]; s.TraceID == byName["GET"].TraceID || len(s.Links) != 1 || s.Links[0].TraceID != byName["GET"].TraceID || s.Links[0].SpanID != byName["GET"].SpanID {
		t.Errorf("got %+v", s)
	}
	if got := tracer.Stats(); got != (Stats{Sent: 3}) {
		t.Errorf("got %+v", got)
	}
}

// A collector that is away costs spans, and nothing else.
func TestCollectorIsAway(t *testing.T) {
	t.Parallel()
	var status atomic.Int64
	status.Store(http.StatusBadRequest)
	server, next := collector(t, &status)
	tracer := New(read(t, "OTEL_EXPORTER_OTLP_ENDPOINT", server.URL, "OTEL_EXPORTER_OTLP_HEADERS", "api-key=secret", "OTEL_BSP_MAX_QUEUE_SIZE", "5", "OTEL_BSP_SCHEDULE_DELAY", "5"), "1", slog.New(slog.DiscardHandler))
	span := func() {
		_, s := tracer.StartRequest(t.Context(), "GET", "", "")
		s.End()
	}
	for range 8 {
		span() // nothing reads the queue yet
	}
	if got := tracer.Stats(); got != (Stats{Dropped: 3}) {
		t.Errorf("got %+v", got)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = tracer.Run(ctx) }()
	defer func() { stop(); <-ended }()
	for n := 0; tracer.Stats().Lost < 5; n++ {
		if n == 10_000 {
			t.Fatalf("got %+v", tracer.Stats())
		}
		time.Sleep(time.Millisecond)
	}
	status.Store(http.StatusOK)
	span()
	if got := len(next()); got != 1 {
		t.Errorf("got %d spans, want the one after the failure", got)
	}
}

// Without a tracer, and in a trace that is not recorded, nothing is allocated.
// It is not parallel, because allocations are counted.
func TestNothingIsRecorded(t *testing.T) {
	var none *Tracer
	ctx, s := none.StartRequest(t.Context(), "GET", "", "")
	s.Set("a", 1)
	s.SetName("b")
	s.Fail("c")
	s.End()
	if _, below := Start(ctx, "x", Internal); below != nil || Traceparent(ctx) != "" || none.Run(ctx) != nil || none.Stats() != (Stats{}) {
		t.Error("a span without a tracer")
	}
	off := New(read(t, "OTEL_TRACES_EXPORTER", "otlp", "OTEL_TRACES_SAMPLER", "always_off"), "1", slog.New(slog.DiscardHandler))
	ctx, _ = off.StartRequest(t.Context(), "GET", "", "")
	if n := testing.AllocsPerRun(100, func() {
		_, below := Start(ctx, "x", Internal)
		below.End()
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
	if got := Traceparent(ctx); !strings.HasSuffix(got, "-00") {
		t.Errorf("got %s", got)
	}
}
