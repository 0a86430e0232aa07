package app

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/metrics"
	"github.com/redthread-api/redthread/internal/newsletter"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/server"
	"github.com/redthread-api/redthread/internal/server/respcache"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/tracing"
)

// defaultMetricsAddr is where /metrics is served. It is of this machine only, because the metrics are for its operators.
const defaultMetricsAddr = "127.0.0.1:9464"

// noMetrics is the address that stands for none.
const noMetrics = "off"

// metricsServer serves /metrics at an address of its own.
type metricsServer struct {
	*metrics.Metrics
	listener net.Listener
	http     *http.Server
}

// listenForMetrics returns nil if there is to be no such server, or the default address is taken.
func listenForMetrics(ctx context.Context, c Config, log *slog.Logger) (*metricsServer, error) {
	if c.MetricsAddr == "" || c.MetricsAddr == noMetrics {
		return nil, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.MetricsAddr)
	if err != nil && c.MetricsOptional {
		log.WarnContext(ctx, "there are no metrics: their address is taken; set another one with --metrics-addr", "error", err)
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listen for metrics: %w", err)
	}
	m := metrics.New(log)
	return &metricsServer{Metrics: m, listener: listener, http: &http.Server{
		Handler: m.Handler(), ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}}, nil
}

func (m *metricsServer) url() string {
	if m == nil {
		return ""
	}
	return "http://" + m.listener.Addr().String() + "/metrics"
}

// observer returns what counts requests; nil without metrics.
func (m *metricsServer) observer() func(server.Answered) {
	if m == nil {
		return nil
	}
	return func(r server.Answered) { m.Observe(metrics.Request(r)) }
}

// measured are the parts of a server that are measured and that App has not.
type measured struct {
	cache  *respcache.Cache
	meter  *limits.Meter
	tracer *tracing.Tracer // nil: there is none
	errors *errorCounts
}

// errorCounts counts errors of operations that are the server's own.
type errorCounts struct{ internal, unavailable atomic.Int64 }

func (e *errorCounts) add(code string) {
	switch code {
	case "INTERNAL":
		e.internal.Add(1)
	case "UNAVAILABLE":
		e.unavailable.Add(1)
	}
}

func (e *errorCounts) count(code string) int64 {
	if code == "INTERNAL" {
		return e.internal.Load()
	}
	return e.unavailable.Load()
}

// serve begins to serve the metrics of a server.
func (m *metricsServer) serve(a *App, parts measured) {
	if m == nil {
		return
	}
	m.addProcess(a, parts)
	m.addStores(a)
	m.addWork(a.backend.stores)
	a.working.Go(func() {
		if err := m.http.Serve(m.listener); !errors.Is(err, http.ErrServerClosed) {
			a.failed <- fmt.Errorf("serve the metrics: %w", err)
		}
	})
}

func (m *metricsServer) close() error {
	return errors.Join(m.http.Close(), ignoreClosed(m.listener.Close()))
}

// ignoreClosed returns no error for a listener that its server has closed.
func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func constant(read func() float64) func(context.Context) ([]metrics.Value, error) {
	return func(context.Context) ([]metrics.Value, error) { return metrics.One(read()), nil }
}

func number(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func label(name, value string) string { return name + "=" + strconv.Quote(value) }

// addProcess adds what the process knows without asking a database.
func (m *metricsServer) addProcess(a *App, parts measured) {
	m.Gauge("redthread_build_info", func(context.Context) ([]metrics.Value, error) {
		return []metrics.Value{{Labels: label("version", versionNumber()), Value: 1}}, nil
	})
	m.Gauge("redthread_paused", constant(func() float64 { return number(a.Paused()) }))
	if a.tls != nil {
		m.Gauge("redthread_tls_certificate_expires_timestamp_seconds", func(context.Context) ([]metrics.Value, error) {
			if at := a.tls.expires(); !at.IsZero() {
				return metrics.One(float64(at.Unix())), nil
			}
			return nil, nil // none was obtained yet
		})
	}
	m.Counter("redthread_graphql_errors_total", func(context.Context) ([]metrics.Value, error) {
		var values []metrics.Value
		for _, code := range []string{"INTERNAL", "UNAVAILABLE"} {
			values = append(values, metrics.Value{Labels: label("code", code), Value: float64(parts.errors.count(code))})
		}
		return values, nil
	})
	m.Counter("redthread_cost_charged_total", constant(func() float64 { return float64(parts.meter.Totals().Charged) }))
	m.Counter("redthread_rate_limited_total", constant(func() float64 { return float64(parts.meter.Totals().Refused) }))
	m.Counter("redthread_cache_responses_total", func(context.Context) ([]metrics.Value, error) {
		s := parts.cache.Stats()
		return []metrics.Value{{Labels: `result="hit"`, Value: float64(s.Hits)}, {Labels: `result="miss"`, Value: float64(s.Misses)}, {Labels: `result="shared"`, Value: float64(s.Shared)}}, nil
	})
	m.Counter("redthread_cache_not_modified_total", constant(func() float64 { return float64(parts.cache.Stats().Unchanged) }))
	m.Counter("redthread_cache_dropped_total", constant(func() float64 { return float64(parts.cache.Stats().Dropped) }))
	m.Gauge("redthread_cache_entries", constant(func() float64 { return float64(parts.cache.Stats().Entries) }))
	m.Gauge("redthread_cache_bytes", constant(func() float64 { return float64(parts.cache.Stats().Bytes) }))
	m.Counter("redthread_trace_spans_total", func(context.Context) ([]metrics.Value, error) {
		s := parts.tracer.Stats()
		return []metrics.Value{{Labels: `result="sent"`, Value: float64(s.Sent)}, {Labels: `result="dropped"`, Value: float64(s.Dropped)}, {Labels: `result="lost"`, Value: float64(s.Lost)}}, nil
	})
	m.Counter("redthread_refusals_total", func(context.Context) ([]metrics.Value, error) {
		counts := a.backend.refusals.Counts()
		var values []metrics.Value
		for _, action := range slices.Sorted(maps.Keys(counts)) {
			values = append(values, metrics.Value{Labels: label("action", string(action)), Value: float64(counts[action])})
		}
		return values, nil
	})
}

// addStores adds the pools of connections, and how far live is behind the log.
func (m *metricsServer) addStores(a *App) {
	pools := func(value func(sql.DBStats) float64) func(context.Context) ([]metrics.Value, error) {
		return func(context.Context) ([]metrics.Value, error) {
			stats := a.backend.stores.PoolStats()
			var values []metrics.Value
			for _, pool := range slices.Sorted(maps.Keys(stats)) {
				values = append(values, metrics.Value{Labels: label("pool", pool), Value: value(stats[pool])})
			}
			return values, nil
		}
	}
	m.Gauge("redthread_db_connections_max", pools(func(s sql.DBStats) float64 { return float64(s.MaxOpenConnections) }))
	m.Gauge("redthread_db_connections_open", pools(func(s sql.DBStats) float64 { return float64(s.OpenConnections) }))
	m.Gauge("redthread_db_connections_in_use", pools(func(s sql.DBStats) float64 { return float64(s.InUse) }))
	m.Counter("redthread_db_waits_total", pools(func(s sql.DBStats) float64 { return float64(s.WaitCount) }))
	m.Counter("redthread_db_wait_seconds_total", pools(func(s sql.DBStats) float64 { return s.WaitDuration.Seconds() }))
	statements := func(value func(store.Statements) float64) func(context.Context) ([]metrics.Value, error) {
		return func(context.Context) ([]metrics.Value, error) {
			stats := a.backend.stores.StatementStats()
			var values []metrics.Value
			for _, name := range slices.Sorted(maps.Keys(stats)) {
				values = append(values, metrics.Value{Labels: label("store", name), Value: value(stats[name])})
			}
			return values, nil
		}
	}
	m.Counter("redthread_db_statements_total", statements(func(s store.Statements) float64 { return float64(s.Count) }))
	m.Counter("redthread_db_statements_failed_total", statements(func(s store.Statements) float64 { return float64(s.Failed) }))
	m.Counter("redthread_db_statement_seconds_total", statements(func(s store.Statements) float64 { return s.Seconds }))
	m.Gauge("redthread_log_entries", func(ctx context.Context) ([]metrics.Value, error) {
		state, err := projection.ReadLog(ctx, a.backend.stores.DeskRows())
		return metrics.One(float64(state.Last)), err
	})
	m.Gauge("redthread_live_lag_entries", func(ctx context.Context) ([]metrics.Value, error) {
		lag, err := a.backend.live.Lag(ctx)
		return metrics.One(float64(lag)), err
	})
	replicas := func(value func(store.ReplicaLag) float64) func(context.Context) ([]metrics.Value, error) {
		return func(context.Context) ([]metrics.Value, error) {
			var values []metrics.Value
			for _, r := range a.backend.stores.Replicas() {
				values = append(values, metrics.Value{Labels: label("server", r.Name), Value: value(r)})
			}
			return values, nil
		}
	}
	if len(a.backend.stores.Replicas()) > 0 {
		m.Gauge("redthread_replica_up", replicas(func(r store.ReplicaLag) float64 { return number(r.Healthy) }))
		m.Gauge("redthread_replica_lag_entries", replicas(func(r store.ReplicaLag) float64 { return float64(r.Behind) }))
	}
	m.Gauge("redthread_live_read_lag_seconds", func(ctx context.Context) ([]metrics.Value, error) {
		lag, err := a.backend.live.ReadLag(ctx)
		return metrics.One(lag.Seconds()), err
	})
}

// addWork adds what runs later: deliveries, mails and schedules by their states, and how long the oldest has been due.
func (m *metricsServer) addWork(stores *store.Stores) {
	for _, work := range []struct {
		metric, table, state string
		states               []string
	}{
		{"redthread_webhook_deliveries", "webhook_deliveries", "state", domain.DeliveryStates},
		{"redthread_mail_recipients", "sending_recipients", "state", newsletter.RecipientStates},
		{"redthread_schedules", "schedules", "status", domain.ScheduleStatuses},
		{"redthread_webhooks", "webhooks", "state", domain.WebhookStates},
	} {
		// Each state has a value, so that the first one that fails is a change.
		m.Gauge(work.metric, func(ctx context.Context) (values []metrics.Value, err error) {
			counts := map[string]float64{}
			query := fmt.Sprintf("SELECT %[1]s, count(*) FROM %[2]s GROUP BY %[1]s ORDER BY %[1]s", work.state, work.table)
			err = store.QueryRows(ctx, stores.DeskRows(), query, nil, func(rows *sql.Rows) error {
				var state string
				var n float64
				err := rows.Scan(&state, &n)
				counts[state] = n
				return err
			})
			for _, state := range work.states {
				values = append(values, metrics.Value{Labels: label("state", state), Value: counts[state]})
			}
			return values, err
		})
	}
	for _, due := range []struct{ metric, query string }{
		{"redthread_webhook_oldest_pending_seconds", "SELECT min(created_at) FROM webhook_deliveries WHERE state = 'PENDING'"},
		{"redthread_mail_oldest_due_seconds", "SELECT min(at) FROM sendings WHERE state IN ('SCHEDULED', 'RUNNING')"},
		{"redthread_schedule_overdue_seconds", "SELECT min(at) FROM schedules WHERE status = 'PENDING'"},
	} {
		m.Gauge(due.metric, func(ctx context.Context) ([]metrics.Value, error) {
			var oldest any
			err := store.QueryRows(ctx, stores.DeskRows(), due.query, nil, func(rows *sql.Rows) error { return rows.Scan(&oldest) })
			if err != nil {
				return nil, err
			}
			since, err := ageOf(oldest, time.Now())
			return metrics.One(since.Seconds()), err
		})
	}
}

// ageOf returns how long ago a time of a database was; 0 for none, and for one that is to come. SQLite returns an
// aggregate of times as text.
func ageOf(v any, now time.Time) (time.Duration, error) {
	switch v := v.(type) {
	case nil:
		return 0, nil
	case time.Time:
		return max(now.Sub(v), 0), nil
	case string:
		at, err := time.Parse("2006-01-02 15:04:05.999999999-07:00", v)
		return max(now.Sub(at), 0), err
	}
	return 0, fmt.Errorf("a time is of type %T", v)
}
