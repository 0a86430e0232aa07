package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/server/respcache"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		hangups := func() <-chan os.Signal {
			received := make(chan os.Signal, 1)
			signal.Notify(received, syscall.SIGHUP)
			return received
		}
		code := app.Main(ctx, app.Process{Args: os.Args[1:], Getenv: os.Getenv, Stdout: os.Stdout, Stderr: os.Stderr, Hangups: hangups})
		stop()
		os.Exit(code)
	}
	http.DefaultClient.Timeout = patience
	storetest.Main(m)
}

// asProgram is the environment variable that makes the tests' program Redthread's.
const asProgram = "REDTHREAD_TEST_AS_PROGRAM"

// record is a log buffer that is safe for concurrent use.
type record struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.Write(b)
}

func (r *record) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.buf.Reset()
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.String()
}

func parts(log io.Writer) app.Dependencies {
	return app.Dependencies{Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), Now: time.Now}
}

// config returns the configuration of a server on a free port.
func config(t *testing.T, s store.Config) app.Config {
	c := app.Config{Addr: "127.0.0.1:0", Data: s.Dir, DeskDSN: s.DeskDSN, LiveDSN: s.LiveDSN,
		Cache: app.CacheConfig{Size: respcache.DefaultSize}}
	if c.Data == "" {
		c.Data = t.TempDir()
	}
	return c
}

func start(t *testing.T, c app.Config, p app.Dependencies) *app.App {
	t.Helper()
	a, err := app.Start(t.Context(), c, p)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	// The test may have closed it already; Close can be called twice.
	t.Cleanup(func() { stop(t, a) })
	return a
}

func stop(t *testing.T, a *app.App) {
	t.Helper()
	if err := a.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Errorf("close: %v", err)
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	return do(t, http.MethodGet, url, "", "")
}

func do(t *testing.T, method, url, body, key string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true // the server that is closed next should not wait for it
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(out)
}

func query(t *testing.T, a *app.App, key, document string) string {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": document})
	if err != nil {
		t.Fatal(err)
	}
	_, answer := do(t, http.MethodPost, a.URL()+"/graphql", string(body), key)
	return answer
}

const write = `mutation { createReport(input: {slug: "harbour-cranes", title: "Harbour cranes", kind: BRIEF, language: "en",
	summary: "Who runs them.", body: "A claim with draftsecret in it."}) { report { slug version } } }`

const publish = `mutation { publish(input: {documents: ["report:harbour-cranes"], references: INCLUDE}) { sequence } }`

func TestServe(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, s store.Config) {
		c, p := config(t, s), parts(io.Discard)
		a := start(t, c, p)
		for path, want := range map[string]string{
			"/healthz": `"alive"`, "/readyz": `"ready"`, "/": "explorer", "/nothing": "NOT_FOUND",
		} {
			if _, body := get(t, a.URL()+path); !strings.Contains(body, want) {
				t.Errorf("%s: got %.200s, want %s", path, body, want)
			}
		}
		if got := query(t, a, "", "{ reports { totalCount } viewer { role } }"); !strings.Contains(got, `"totalCount":0`) || !strings.Contains(got, `"PUBLIC"`) {
			t.Errorf("got %s", got)
		}
		if got := query(t, a, "", write); !strings.Contains(got, "UNAUTHENTICATED") {
			t.Errorf("anonymous writes: got %s", got)
		}
		if status, got := do(t, http.MethodPost, a.URL()+"/graphql", "{}", "rt_bad"); status != http.StatusUnauthorized {
			t.Errorf("a bad key: got %d %s", status, got)
		}
		stop(t, a)
		if conn, err := net.Dial("tcp", strings.TrimPrefix(a.URL(), "http://")); err == nil {
			conn.Close()
			t.Error("it still listens")
		}
		again := start(t, c, p)
		if status, body := get(t, again.URL()+"/readyz"); status != http.StatusOK {
			t.Errorf("after a restart: got %d %s", status, body)
		}
	})
}

// A publication can be read at once and after a restart; the last use of a key is
// written by the stop at the latest.
func TestPublicationsSurviveARestart(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, s store.Config) {
		c, p := config(t, s), parts(io.Discard)
		c.Demo = true
		a := start(t, c, p)
		key := a.DemoKey()
		if got := query(t, a, key, write); !strings.Contains(got, `"version":1`) {
			t.Fatalf("write: got %s", got)
		}
		const read = `{ report(slug: "harbour-cranes") { title } }`
		if got := query(t, a, "", read); !strings.Contains(got, `"report":null`) {
			t.Errorf("a draft is seen: %s", got)
		}
		if got := query(t, a, key, publish); !strings.Contains(got, `"sequence":1`) {
			t.Fatalf("publish: got %s", got)
		}
		if got := query(t, a, "", read); !strings.Contains(got, "Harbour cranes") {
			t.Errorf("got %s", got)
		}
		stop(t, a)

		a = start(t, c, p)
		if a.DemoKey() != key {
			t.Errorf("the demo key was %s and is %s", key, a.DemoKey())
		}
		if got := query(t, a, "", read); !strings.Contains(got, "Harbour cranes") {
			t.Errorf("after a restart: got %s", got)
		}
		stop(t, a)

		stores, err := store.Open(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		all, err := access.NewKeys(stores, audit.NewBuffer(stores, p.Log, time.Now), p.Log, time.Now).List(domain.AsSystem(t.Context(), "test"))
		if err := errors.Join(err, stores.Close()); err != nil || len(all) != 2 || all[0].LastUsedAt == nil {
			t.Errorf("got %+v, %v, want two keys, of which the first was used", all, err)
		}
	})
}

// content returns demo content that writes and publishes a document, and counts
// its loads.
func content(t *testing.T, calls *int) app.DemoContent {
	return app.DemoContent{Load: func(ctx context.Context, _ string, exec app.Exec) error {
		*calls++
		for _, document := range []string{write, publish, `query ($slug: String!) { report(slug: $slug) { title } }`} {
			answer, err := exec(ctx, document, map[string]any{"slug": "harbour-cranes"})
			if err != nil {
				return err
			}
			var body struct{ Errors []any }
			if err := json.Unmarshal(answer, &body); err != nil || len(body.Errors) > 0 {
				t.Errorf("%s: got %s, %v", document, answer, err)
			}
		}
		return nil
	}}
}

func TestDemoIsLoadedOnce(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, s store.Config) {
		c, p := config(t, s), parts(io.Discard)
		c.Demo = true
		calls := 0
		p.Demo = content(t, &calls)
		for i := range 2 {
			a := start(t, c, p)
			if got := query(t, a, "", `{ reports { totalCount nodes { title } } }`); !strings.Contains(got, `"totalCount":1`) {
				t.Errorf("got %s", got)
			}
			got := query(t, a, a.DemoKey(), `query @inContext(stage: DESK) { report(slug: "harbour-cranes") { revisions(first: 1) { nodes { author } } } }`)
			if !strings.Contains(got, `"Demo editor"`) {
				t.Errorf("got %s, want the demo's editor as author", got)
			}
			stop(t, a)
			if i == 0 { // as a copy of the folder may have it
				if err := os.Chmod(filepath.Join(c.Data, "demo-key"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
		if calls != 1 {
			t.Errorf("loaded %d times", calls)
		}
		info, err := os.Stat(filepath.Join(c.Data, "demo-key"))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the key's file: %v, %v", info, err)
		}
	})
}

func TestInterruptedDemoLoadIsReported(t *testing.T) {
	t.Parallel()
	c, p := config(t, storetest.SQLiteConfig(t)), parts(io.Discard)
	c.Demo = true
	p.Demo.Load = func(context.Context, string, app.Exec) error {
		return errors.New("cut off")
	}
	for range 2 { // when it happens, and at the next start
		if _, err := app.Start(t.Context(), c, p); err == nil || !strings.Contains(err.Error(), "was loaded only in part") {
			t.Errorf("got %v, want an error that says so", err)
		}
	}
}

func TestRevokedDemoKeyIsReplaced(t *testing.T) {
	t.Parallel()
	c, p := config(t, storetest.SQLiteConfig(t)), parts(io.Discard)
	c.Demo = true
	a := start(t, c, p)
	key := a.DemoKey()
	stop(t, a)
	var out, errs bytes.Buffer
	if code := app.Main(t.Context(), process(&out, &errs, nil, "key", "revoke", "Demo editor", "--data", c.Data)); code != 0 {
		t.Fatalf("exit %d: %s", code, &errs)
	}
	a = start(t, c, p)
	if a.DemoKey() == key {
		t.Error("the revoked key is printed again")
	}
	if got := query(t, a, a.DemoKey(), "{ viewer { role } }"); !strings.Contains(got, "EDITOR") {
		t.Errorf("got %s", got)
	}
}

func TestFailedStartLeavesNothingOpen(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	c := app.Config{Addr: addr, Data: storetest.BareSQLiteConfig(t).Dir, Demo: true}
	p := parts(io.Discard)
	p.Demo.Load = func(context.Context, string, app.Exec) error {
		return errors.New("no content today")
	}
	if _, err := app.Start(t.Context(), c, p); err == nil || !strings.Contains(err.Error(), addr) {
		t.Errorf("on a port that is taken: got %v, want an error that names it", err)
	}
	if _, err := os.Stat(c.Data); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the data folder was made: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Start(t.Context(), c, p); err == nil || !strings.Contains(err.Error(), "no content today") {
		t.Errorf("got %v, want the demo's error", err)
	}
	if l, err = net.Listen("tcp", addr); err != nil {
		t.Errorf("the port is still taken: %v", err)
	} else if err := l.Close(); err != nil {
		t.Error(err)
	}
	c.Addr, c.DeskDSN = "127.0.0.1:0", "postgres://user:dsnsecret@127.0.0.1:1/none?connect_timeout=2"
	if _, err := app.Start(t.Context(), c, p); err == nil || strings.Contains(err.Error(), "dsnsecret") {
		t.Errorf("got %v, want an error without the password", err)
	}
}

func TestSecretsAreNotLogged(t *testing.T) {
	t.Parallel()
	log := &record{}
	c, p := config(t, storetest.SQLiteConfig(t)), parts(log)
	c.Demo = true
	a := start(t, c, p)
	key := a.DemoKey()
	query(t, a, key, write)
	query(t, a, key, `mutation { createReport(input: {slug: "Not A Slug", title: "draftsecret", kind: BRIEF, language: "xx-none"}) { report { id } } }`)
	query(t, a, key, `{ nonsense(draftsecret: 1) }`)
	do(t, http.MethodPost, a.URL()+"/graphql", `{"query": "draftsecret`, key)
	do(t, http.MethodPost, a.URL()+"/graphql", "{}", "rt_wrongsecret")
	get(t, a.URL()+"/graphql?query="+"%7Bviewer%7Bname%7D%7D&variables=%7B%22x%22:%22draftsecret%22%7D")
	stop(t, a)
	for _, secret := range []string{key, key[3:], "draftsecret", "wrongsecret"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log has %q:\n%s", secret, log)
		}
	}
	if n := strings.Count(log.String(), `"msg":"request"`); n != 6 {
		t.Errorf("%d requests are logged, want 6:\n%s", n, log)
	}
}

func TestLagCheck(t *testing.T) {
	t.Parallel()
	clock, entries, failure := storetest.NewClock(time.Unix(0, 0)), int64(2), error(nil)
	check := app.LagCheck(func(context.Context) (int64, error) { return entries, failure }, clock.Now)
	ok := func(step string, want bool) {
		t.Helper()
		if err := check(t.Context()); (err == nil) != want {
			t.Errorf("%s: got %v", step, err)
		}
	}
	ok("before it has caught up", false)
	entries = 0
	ok("caught up", true)
	entries = 1
	ok("a moment behind", true)
	clock.Advance(14 * time.Second)
	ok("still a moment", true)
	clock.Advance(time.Second)
	ok("too long", false)
	entries = 0
	ok("caught up again", true)
	entries = 5
	ok("a new lag has its own time", true)
	failure = context.DeadlineExceeded
	ok("busy for a moment", true)
	clock.Advance(15 * time.Second)
	ok("busy for long", false)
	failure = errors.New("away")
	ok("cannot be asked", false)
}
