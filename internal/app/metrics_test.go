package app_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// sample is a line of Prometheus's text format: a name, labels, and a number.
var sample = regexp.MustCompile(`^([a-z_:][a-zA-Z0-9_:]*)(\{([a-zA-Z_]+="([^"\\\n]|\\["\\n])*")(, ?[a-zA-Z_]+="([^"\\\n]|\\["\\n])*")*\})? (\S+)$`)

var histogramSuffix = regexp.MustCompile(`_(bucket|sum|count)$`)

// scrape returns the metrics of a server by name and labels, and checks the form of each line.
func scrape(t *testing.T, a *app.App) (map[string]float64, string) {
	t.Helper()
	code, text := get(t, a.MetricsURL())
	if code != http.StatusOK {
		t.Fatalf("got %d %s", code, text)
	}
	values := map[string]float64{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		m := sample.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("%q is no line of the format", line)
			continue
		}
		if name := m[1]; !strings.HasPrefix(name, "redthread_") && !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") {
			t.Errorf("the metric %s has another prefix", name)
		}
		v, err := strconv.ParseFloat(m[len(m)-1], 64)
		if err != nil {
			t.Errorf("%q: %v", line, err)
		}
		values[m[1]+m[2]] = v
	}
	return values, text
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		receiver, settings := newWebhookReceiver(t), config(t, c)
		key := prepareBackup(t, c, settings, receiver)
		settings.MetricsAddr, settings.Paused = "127.0.0.1:0", true
		a := start(t, settings, parts(io.Discard))
		for range 3 {
			query(t, a, "", `{ reports { totalCount } }`)
		}
		query(t, a, key+"x", `{ reports { totalCount } }`)
		get(t, a.URL()+"/v1/reports/before?draftsecret=1")
		get(t, a.URL()+"/wp-login.php")
		got, text := scrape(t, a)
		for name, want := range map[string]float64{
			`redthread_http_requests_total{route="/graphql",method="POST",status="200"}`: 3,
			`redthread_http_requests_total{route="/graphql",method="POST",status="401"}`: 1,
			`redthread_http_requests_total{route="/v1/",method="GET",status="400"}`:      1,
			`redthread_http_requests_total{route="/",method="GET",status="404"}`:         1,
			`redthread_http_request_duration_seconds_count{route="/graphql"}`:            4,
			`redthread_http_request_duration_seconds_bucket{route="/graphql",le="+Inf"}`: 4,
			`redthread_cache_responses_total{result="hit"}`:                              2,
			`redthread_cache_responses_total{result="miss"}`:                             1,
			`redthread_cache_entries`:                            1,
			`redthread_webhook_deliveries{state="PENDING"}`:      1,
			`redthread_webhooks{state="ENABLED"}`:                1,
			`redthread_schedules{state="PENDING"}`:               1,
			`redthread_log_entries`:                              1,
			`redthread_live_lag_entries`:                         0,
			`redthread_live_read_lag_seconds`:                    0,
			`redthread_paused`:                                   1,
			`redthread_rate_limited_total`:                       0,
			`redthread_db_connections_in_use{pool="desk_write"}`: 0,
		} {
			if v, ok := got[name]; !ok || v != want {
				t.Errorf("%s: got %v (there: %t), want %v", name, v, ok, want)
			}
		}
		for _, positive := range []string{"redthread_cache_bytes", `redthread_http_response_bytes_total{route="/graphql"}`, "redthread_webhook_oldest_pending_seconds",
			"redthread_schedule_overdue_seconds", "redthread_cost_charged_total", `redthread_db_statements_total{store="live"}`, `redthread_db_statement_seconds_total{store="desk"}`, `redthread_db_connections_max{pool="live_read"}`, "go_goroutines", "process_start_time_seconds"} {
			if got[positive] <= 0 {
				t.Errorf("%s: got %v, want more than 0", positive, got[positive])
			}
		}
		documented, err := os.ReadFile("../../docs/operating.md")
		if err != nil {
			t.Fatal(err)
		}
		for series := range got {
			name, _, _ := strings.Cut(series, "{")
			if name = histogramSuffix.ReplaceAllString(name, ""); strings.HasPrefix(name, "redthread_") && !bytes.Contains(documented, []byte(name)) {
				t.Errorf("docs/operating.md lacks %s", name)
			}
		}
		for _, secret := range []string{"wp-login", "draftsecret", "before", key, receiver.URL} {
			if strings.Contains(text, secret) {
				t.Errorf("the metrics have %q", secret)
			}
		}
		if v, ok := got["redthread_metrics_errors_total"]; v != 0 || !ok {
			t.Error("a metric could not be read")
		}
		if code, _ := get(t, a.URL()+"/metrics"); code != http.StatusNotFound {
			t.Errorf("the metrics are served to readers: %d", code)
		}
	})
}

func TestAddressOfMetrics(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	settings := config(t, storetest.SQLiteConfig(t))
	settings.MetricsAddr = taken.Addr().String()
	if a, err := app.Start(t.Context(), settings, parts(io.Discard)); err == nil {
		stop(t, a)
		t.Error("an address that was asked for and is taken is no error")
	}
	log := &record{}
	settings.MetricsOptional = true
	a := start(t, settings, parts(log))
	if a.MetricsURL() != "" || !strings.Contains(log.String(), "there are no metrics") {
		t.Errorf("got %q, %s", a.MetricsURL(), log)
	}
	for _, args := range [][]string{{"--metrics-addr", "here"}, {"--metrics-addr", "127.0.0.1:99999"}} {
		if code, _, errs := run(t, nil, append([]string{"serve"}, args...)...); code != 2 || !strings.Contains(errs, "--metrics-addr") {
			t.Errorf("%v: exit %d: %s", args, code, errs)
		}
	}
}
