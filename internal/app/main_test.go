package app_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// process returns the arguments, environment and streams of a run of the program.
func process(out, errs io.Writer, env map[string]string, args ...string) app.Process {
	return app.Process{Args: args, Getenv: func(name string) string { return env[name] }, Stdout: out, Stderr: errs}
}

func run(t *testing.T, env map[string]string, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = app.Main(t.Context(), process(&o, &e, env, args...))
	return code, o.String(), e.String()
}

// The scripts of cmd/redthread test the commands on SQLite; this test has what
// differs on PostgreSQL.
func TestCommandsOnPostgreSQL(t *testing.T) {
	t.Parallel()
	dsn := storetest.PostgresConfig(t).DeskDSN
	env := map[string]string{"REDTHREAD_DESK_DSN": dsn, "REDTHREAD_DATA": t.TempDir()}
	for _, row := range []struct {
		args []string
		want []string
	}{
		{[]string{"migrate", "up"}, []string{"Both stores are up to date."}},
		{[]string{"migrate", "status"}, []string{"desk", "live"}},
		{[]string{"key", "create", "--name", "a", "--role", "AUTHOR"}, []string{"rt_", "AUTHOR, clearance RED"}},
		{[]string{"key", "list"}, []string{"ACTIVE"}},
		{[]string{"key", "revoke", "a"}, []string{"(a) is revoked"}},
		{[]string{"rebuild-live"}, []string{"Live was rebuilt: 0 documents"}},
	} {
		code, out, errs := run(t, env, row.args...)
		// Standard output has only the key, and standard error its description.
		if code != 0 || errs != "" && !slices.Contains(row.args, "create") {
			t.Errorf("%v: exit %d, %s", row.args, code, errs)
		}
		for _, want := range row.want {
			if !strings.Contains(out+errs, want) {
				t.Errorf("%v: got\n%s\n%s\nwant %q", row.args, out, errs, want)
			}
		}
	}
}

func TestErrorsAreOneLineWithoutThePassword(t *testing.T) {
	t.Parallel()
	code, out, errs := run(t, nil, "serve", "--addr", "127.0.0.1:0", "--metrics-addr", "off",
		"--desk-dsn", "postgres://user:dsnsecret@127.0.0.1:1,127.0.0.2:1/none?connect_timeout=2")
	if code != 1 || out != "" || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "redthread: open the stores: ") || strings.Contains(errs, "dsnsecret") {
		t.Errorf("exit %d, output %q, error %q", code, out, errs)
	}
}

func TestServeStopsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// The welcome text is printed once the server handles requests.
	out := &onWrite{do: cancel}
	errs := &record{}
	code := app.Main(ctx, process(out, errs, nil, "serve", "--addr", "127.0.0.1:0", "--data", storetest.BareSQLiteConfig(t).Dir))
	if code != 0 || !strings.Contains(errs.String(), "msg=stopped") {
		t.Errorf("exit %d\n%s", code, errs)
	}
	for _, want := range []string{"Redthread is ready.", "/graphql", "Explorer  http://127.0.0.1:", "curl -s http://127.0.0.1:"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got\n%s\nwant %q", out, want)
		}
	}
	if strings.Contains(out.String(), "rt_") {
		t.Errorf("a key is printed without --demo:\n%s", out)
	}
}

type onWrite struct {
	record
	do func()
}

func (w *onWrite) Write(b []byte) (int, error) {
	defer w.do()
	return w.record.Write(b)
}

func TestFlagsOverrideVariables(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"REDTHREAD_ADDR": ":9000", "REDTHREAD_DATA": "/from/variable", "REDTHREAD_DEMO": "true",
		"REDTHREAD_CORS_ORIGINS": "https://a.example,https://*.b.example", "REDTHREAD_LOG_FORMAT": "",
		"REDTHREAD_DESK_DSN": "postgres://u@h/d", "REDTHREAD_LIVE_DSN": "host=replica user=u",
		"REDTHREAD_ENTITY_URL": "https://site.example/who/{slug}", "REDTHREAD_LOG_LEVEL": "debug",
		"REDTHREAD_SITE_URL": "https://site.example", "REDTHREAD_SITE_NAME": "The Publisher", "REDTHREAD_TAG_URL": "none",
		"REDTHREAD_CACHE_SIZE": "1GiB", "REDTHREAD_CACHE_MAX_AGE": "1m30s", "REDTHREAD_GRAPH_MEMORY": "2MiB",
		"REDTHREAD_LIVE_MAX_LAG": "2m", "REDTHREAD_PARTIAL_STATUS": "200", "REDTHREAD_WITHOUT_PLANS": "true",
	}
	got, err := app.Resolve([]string{"--data", "/from/flag", "--log-level", "error", "--cache-size", "100 KiB"}, env)
	if err != nil {
		t.Fatal(err)
	}
	want := app.Config{
		Data: "/from/flag", DeskDSN: "postgres://u@h/d", LiveDSN: "host=replica user=u",
		LogFormat: "text", LogLevel: "error", Addr: ":9000", MetricsAddr: "127.0.0.1:9464", MetricsOptional: true, Demo: true, LiveMaxLag: 2 * time.Minute,
		CORSOrigins: []string{"https://a.example", "https://*.b.example"}, PartialStatus: 200, WithoutPlans: true,
		Site: app.SiteConfig{
			URL: "https://site.example", Name: "The Publisher", TagURL: "none", SeriesURL: "none", EntityURL: "https://site.example/who/{slug}",
			ReportURL: "/reports/{slug}", NarrativeURL: "/narratives/{slug}", EditionURL: "/editions/{slug}",
		},
		Protection: app.ProtectionConfig{Introspection: "all", RatePublic: 2_000_000, RatePartner: 10_000_000, RateStaff: 20_000_000},
		Cache:      app.CacheConfig{Size: 100 << 10, MaxAge: 90 * time.Second},
		TLS:        app.TLSConfig{Directory: "https://acme-v02.api.letsencrypt.org/directory"},
		Mail:       app.MailConfig{SMTPTLS: "starttls", SMTPConnections: 4}, GraphMemory: 2 << 20,
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(app.Config{}), cmpopts.IgnoreFields(app.Config{}, "Tracing")); diff != "" {
		t.Error(diff)
	}
}

func TestAllConfigurationProblemsAreReported(t *testing.T) {
	t.Parallel()
	_, err := app.Resolve([]string{
		"--data", "", "--desk-dsn", "", "--live-dsn", "mysql://u:dsnsecret@h/d", "--addr", "nowhere",
		"--cors-origin", "https://a.example/path,null", "--cors-origin", "ftp://b.example", "--entity-url", "javascript:{slug}",
		"--log-format", "xml", "--log-level", "loud",
	}, map[string]string{"REDTHREAD_DEMO": "perhaps", "REDTHREAD_CACHE_SIZE": "much", "REDTHREAD_CACHE_MAX_AGE": "30"})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"--data:", "--live-dsn: want postgres://", "--live-dsn: has no effect without --desk-dsn", "--addr:",
		`"https://a.example/path"`, `"null"`, `"ftp://b.example"`, "--entity-url:", "--log-format:", "--log-level:",
		"REDTHREAD_DEMO: want true or false", "REDTHREAD_CACHE_SIZE: want a number of bytes", "REDTHREAD_CACHE_MAX_AGE: want a time",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "dsnsecret") {
		t.Errorf("the password is shown: %v", err)
	}
	for _, args := range [][]string{
		{"--entity-url", "//evil.example/{slug}"}, {"--entity-url", "/entities/"}, {"--entity-url", "entities/{slug}"},
		{"--entity-url", "https:{slug}"}, {"--entity-url", "/{slug}/{slug}"}, {"--addr", "127.0.0.1:70000"}, {"--addr", "127.0.0.1:http"},
		{"--entity-url", "none"}, {"--report-url", "reports/{slug}"}, {"--public-url", "api.example"},
		{"--site-url", "https://u:p@site.example"}, {"--site-url", "https://site.example/?a=b"}, {"--site-url", "javascript:x"},
		{"--partial-status", "204"}, {"--cors-origin", "https://*.*.example"}, {"--cors-origin", "https://u:p@a.example"},
		{"--cache-size", "-1"}, {"--cache-size", "1MB"}, {"--cache-size", "9999999999GiB"}, {"--graph-memory", "-1"}, {"--cache-max-age", "-1s"}, {"--cache-max-age", "48h"}, {"--cache-max-age", "1500ms"},
		{"--live-max-lag", "0"}, {"--live-max-lag", "-30s"}, {"--live-max-lag", "500ms"},
	} {
		if _, err := app.Resolve(args, nil); err == nil {
			t.Errorf("%v is accepted", args)
		}
	}
}

func TestParseExpiry(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 30, 10, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"90d":                       time.Date(2026, 4, 30, 10, 0, 0, 0, time.UTC),
		"12h":                       time.Date(2026, 1, 30, 22, 0, 0, 0, time.UTC),
		"2027-01-31T00:00:00+01:00": time.Date(2027, 1, 30, 23, 0, 0, 0, time.UTC),
	} {
		if got, err := app.ParseExpiry(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "-1d", "90 d", "tomorrow", "2027-01-31", "999999d"} {
		if got, err := app.ParseExpiry(text, now); err == nil {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

func TestLogLinesCarryTheRequest(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(app.RequestHandler(slog.NewTextHandler(&out, nil))).With("a", 1)
	ctx := domain.WithRequestID(t.Context(), "r1")
	log.InfoContext(ctx, "first")
	log.InfoContext(ctx, "second", "request_id", "given")
	log.InfoContext(domain.AsSystem(t.Context(), "sweep"), "third")
	got := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, want := range []string{"msg=first a=1 request_id=r1", "msg=second a=1 request_id=given", `msg=third a=1 viewer="system: sweep"`} {
		if !strings.HasSuffix(got[i], want) {
			t.Errorf("got %q, want %q at the end", got[i], want)
		}
	}
}

func TestAvailableMemory(t *testing.T) {
	t.Parallel()
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	for name, row := range map[string]struct {
		files fstest.MapFS
		want  int64
	}{
		"NotLinux": {fstest.MapFS{}, 0},
		"Machine":  {fstest.MapFS{"proc/meminfo": file("MemTotal:       1000 kB\nMemFree: 1 kB\n")}, 1000 << 10},
		"Container": {fstest.MapFS{"proc/meminfo": file("MemTotal: 1000 kB\n"), "proc/self/cgroup": file("0::/\n"),
			"sys/fs/cgroup/memory.max": file("4096\n")}, 4096},
		"NoLimit": {fstest.MapFS{"proc/meminfo": file("MemTotal: 1000 kB\n"), "proc/self/cgroup": file("0::/\n"),
			"sys/fs/cgroup/memory.max": file("max\n")}, 1000 << 10},
		"UnitOfASlice": {fstest.MapFS{"proc/meminfo": file("MemTotal: 1000 kB\n"), "proc/self/cgroup": file("0::/a.slice/b.service\n"),
			"sys/fs/cgroup/a.slice/memory.max": file("8192\n"), "sys/fs/cgroup/a.slice/b.service/memory.max": file("max\n")}, 8192},
		"Version1": {fstest.MapFS{"proc/meminfo": file("MemTotal: 1000 kB\n"),
			"sys/fs/cgroup/memory/memory.limit_in_bytes": file("2048\n")}, 2048},
	} {
		if got := app.AvailableMemory(row.files); got != row.want {
			t.Errorf("%s: got %d, want %d", name, got, row.want)
		}
	}
}
