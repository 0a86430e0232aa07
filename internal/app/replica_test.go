package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// A standby whose replay is paused makes the server not ready, and its responses
// uncacheable, until it has caught up.
func TestReplicaLag(t *testing.T) {
	t.Parallel()
	primary, standby := storetest.StartStandby(t)
	desk := primary.DSN("postgres")
	stores, err := store.Open(t.Context(), store.Config{DeskDSN: desk})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stores.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := stores.Close(); err != nil {
		t.Fatal(err)
	}
	storetest.CatchUp(t, primary, standby)

	log := &record{}
	c := config(t, store.Config{DeskDSN: desk, LiveDSN: standby.DSN("postgres")})
	c.Demo, c.LiveMaxLag = true, time.Nanosecond
	a := start(t, c, parts(log))
	const lags, over = `"msg":"the replica of live lags"`, `"msg":"the replica of live has caught up"`
	look := func(step string, ready bool, control string) {
		t.Helper()
		for range 3 {
			status, body := get(t, a.URL()+"/readyz")
			if (status == http.StatusOK) != ready || ready == strings.Contains(body, "the replica of live is ") {
				t.Errorf("%s: got %d %s", step, status, body)
			}
		}
		for _, path := range []string{"/graphql?query={reports{nodes{slug}}}", "/v1/reports", "/feeds/reports.atom"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL()+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Close = true
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if got := res.Header.Get("Cache-Control"); got != control || res.StatusCode != http.StatusOK {
				t.Errorf("%s: %s: got %d, Cache-Control %q, want %q", step, path, res.StatusCode, got, control)
			}
		}
	}
	query(t, a, a.DemoKey(), write)
	storetest.CatchUp(t, primary, standby)
	look("nothing was published", true, "public, no-cache")
	env := map[string]string{"REDTHREAD_DESK_DSN": desk, "REDTHREAD_LIVE_DSN": standby.DSN("postgres"), "REDTHREAD_DATA": c.Data}
	examine(t, env, "--quick").wants(t, "with a replica", "replica", "ok: what is read from --live-dsn is 0s behind")
	env["REDTHREAD_LIVE_DSN"] = "postgres://127.0.0.1:1/none?connect_timeout=2"
	lost := examine(t, env, "--quick")
	lost.wants(t, "without its replica", "replica", "problem: live cannot be read from --live-dsn")
	lost.wants(t, "without its replica", "live", "ok: ")

	storetest.PauseReplay(t, standby)
	if got := query(t, a, a.DemoKey(), publish); !strings.Contains(got, `"sequence"`) {
		t.Fatalf("publish: got %s", got)
	}
	look("it follows no longer", false, "no-store")

	storetest.ResumeReplay(t, standby)
	storetest.CatchUp(t, primary, standby)
	look("it has caught up", true, "public, no-cache")
	if l := log.String(); strings.Count(l, lags) != 1 || strings.Count(l, over) != 1 ||
		strings.Count(l, `"msg":"not ready","check":"replica"`) != 1 || strings.Count(l, `"msg":"ready again","check":"replica"`) != 1 {
		t.Errorf("want each once in the log:\n%s", l)
	}
}
