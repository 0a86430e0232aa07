// Package metrics counts what a server does, for Prometheus and what else reads its text format.
//
// Names follow Prometheus's conventions: the prefix redthread_, base units (seconds, bytes), and _total for what only
// grows. Labels have few values: routes and not paths. Nothing of a text, a document or a person is in them.
package metrics

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	vm "github.com/VictoriaMetrics/metrics"
)

// Metrics are those of one server.
type Metrics struct {
	set      *vm.Set
	log      *slog.Logger
	failures *vm.Counter // of reading metrics

	requests sync.Map // of requestKey to *requestMetrics

	mu         sync.Mutex
	collectors []collector
}

// New returns metrics that are all zero.
func New(log *slog.Logger) *Metrics {
	m := &Metrics{set: vm.NewSet(), log: log}
	m.failures = m.set.NewCounter("redthread_metrics_errors_total") // 0 until the first, so that it is a change
	return m
}

// durations are the bounds of the buckets of durations, in seconds: from a response of the cache to the longest
// time that an operation may run.
var durations = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}

// Request is a request that was answered.
type Request struct {
	Route    string // the pattern of the route, such as /v1/
	Method   string
	Status   int
	Duration time.Duration
	Bytes    int64 // of the body that was sent
}

type requestKey struct {
	route, method string
	status        int
}

type requestMetrics struct {
	count, bytes *vm.Counter
	duration     *vm.PrometheusHistogram
}

// methods are those that have a label of their own: a client can send any.
var methods = map[string]bool{http.MethodGet: true, http.MethodHead: true, http.MethodPost: true, http.MethodOptions: true, "QUERY": true}

// Observe counts a request.
func (m *Metrics) Observe(r Request) {
	key := requestKey{r.Route, r.Method, r.Status}
	if !methods[key.method] {
		key.method = "other"
	}
	found, ok := m.requests.Load(key)
	if !ok {
		labels := `{route=` + strconv.Quote(key.route) + `,method="` + key.method + `",status="` + strconv.Itoa(key.status) + `"}`
		found, _ = m.requests.LoadOrStore(key, &requestMetrics{
			count:    m.set.GetOrCreateCounter("redthread_http_requests_total" + labels),
			duration: m.set.GetOrCreatePrometheusHistogramExt("redthread_http_request_duration_seconds{route="+strconv.Quote(key.route)+"}", durations),
			bytes:    m.set.GetOrCreateCounter("redthread_http_response_bytes_total{route=" + strconv.Quote(key.route) + "}"),
		})
	}
	of := found.(*requestMetrics)
	of.count.Inc()
	of.duration.Update(r.Duration.Seconds())
	of.bytes.AddInt64(r.Bytes)
}

// Value is a value of a metric with labels, which are written as they are in the text format: state="PENDING".
type Value struct {
	Labels string
	Value  float64
}

// collector is a metric whose values are read when they are asked for.
type collector struct {
	name, kind string
	read       func(context.Context) ([]Value, error)
}

// Gauge adds a metric that can rise and fall; its values are read when they are asked for. Where read returns an error, the
// metric is left out and redthread_metrics_errors_total counts it.
func (m *Metrics) Gauge(name string, read func(context.Context) ([]Value, error)) {
	m.add(collector{name, "gauge", read})
}

// Counter adds a metric that only grows, as Gauge does.
func (m *Metrics) Counter(name string, read func(context.Context) ([]Value, error)) {
	m.add(collector{name, "counter", read})
}

func (m *Metrics) add(c collector) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.collectors = append(m.collectors, c)
}

// One returns the value of a metric without labels.
func One(v float64) []Value { return []Value{{Value: v}} }

// readTimeout bounds the reading of all metrics that are read when they are asked for.
const readTimeout = 4 * time.Second

// Write writes all metrics in Prometheus's text format.
func (m *Metrics) Write(ctx context.Context, w io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	var out bytes.Buffer
	m.mu.Lock()
	collectors := m.collectors
	m.mu.Unlock()
	for _, c := range collectors {
		values, err := c.read(ctx)
		if err != nil {
			m.failures.Inc()
			m.log.WarnContext(ctx, "a metric could not be read", "metric", c.name, "error", err)
			continue
		}
		out.WriteString("# TYPE " + c.name + " " + c.kind + "\n")
		for _, v := range values {
			out.WriteString(c.name)
			if v.Labels != "" {
				out.WriteString("{" + v.Labels + "}")
			}
			out.WriteString(" " + strconv.FormatFloat(v.Value, 'g', -1, 64) + "\n")
		}
	}
	m.set.WritePrometheus(&out)
	vm.WriteProcessMetrics(&out)
	_, err := w.Write(out.Bytes())
	return err
}

// Handler returns the handler of /metrics.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_ = m.Write(r.Context(), w) // the client is gone
	})
	return mux
}
