package app_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// backup makes and restores backups of the desk as docs/operating.md says, and
// deletes live.
type backup interface {
	backUp(t *testing.T)
	restore(t *testing.T)
	loseLive(t *testing.T)
}

type sqliteBackups struct {
	dir  string
	copy []byte
}

func (b *sqliteBackups) backUp(t *testing.T) {
	t.Helper()
	var err error
	if b.copy, err = os.ReadFile(filepath.Join(b.dir, "desk.db")); err != nil {
		t.Fatal(err)
	}
}

func (b *sqliteBackups) remove(t *testing.T, name string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(filepath.Join(b.dir, name+suffix)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}

func (b *sqliteBackups) restore(t *testing.T) {
	t.Helper()
	b.remove(t, "desk.db")
	if err := os.WriteFile(filepath.Join(b.dir, "desk.db"), b.copy, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (b *sqliteBackups) loseLive(t *testing.T) {
	t.Helper()
	b.remove(t, "live.db")
}

type postgresBackups struct{ dsn, file string }

func (b postgresBackups) tool(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), storetest.Program(t, name), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
}

func (b postgresBackups) backUp(t *testing.T) {
	t.Helper()
	b.tool(t, "pg_dump", "--schema=desk", "--format=custom", "--file="+b.file, b.dsn)
}

func (b postgresBackups) restore(t *testing.T) {
	t.Helper()
	b.tool(t, "psql", "--quiet", "--command=DROP SCHEMA desk CASCADE", b.dsn)
	b.tool(t, "pg_restore", "--dbname="+b.dsn, b.file)
}

func (b postgresBackups) loseLive(t *testing.T) {
	t.Helper()
	b.tool(t, "psql", "--quiet", "--command=DROP SCHEMA live CASCADE", b.dsn)
}

// The desk is restored from a backup: live is served as it was until it is rebuilt,
// errors and the log say what to do, and nothing is sent before that.
func TestDeskRestoredFromBackup(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		settings, receiver := config(t, c), newWebhookReceiver(t)
		settings.WebhookAllowPrivate = true
		receiver.accept.Store(true)
		var backup backup = &sqliteBackups{dir: settings.Data}
		if c.DeskDSN != "" {
			backup = postgresBackups{dsn: c.DeskDSN, file: filepath.Join(t.TempDir(), "desk.dump")}
		}
		env := map[string]string{"REDTHREAD_DATA": settings.Data, "REDTHREAD_DESK_DSN": c.DeskDSN}
		command := func(args ...string) string {
			t.Helper()
			code, out, errs := run(t, env, args...)
			if code != 0 {
				t.Fatalf("%v: exit %d: %s", args, code, errs)
			}
			return out
		}
		release := func(a *app.App, key, slug string) string {
			t.Helper()
			return query(t, a, key, fmt.Sprintf(`mutation { createReport(input: {slug: %[1]q, title: %[1]q, kind: BRIEF, language: "en", summary: "S.", body: "B."}) { created }
				publish(input: {documents: ["report:%[1]s"]}) { state } }`, slug))
		}
		live := func(a *app.App) string {
			t.Helper()
			return query(t, a, "", `{ reports(orderBy: {field: SLUG, direction: ASC}) { nodes { slug title } } }`)
		}
		const head = `{ changes(first: 0) { head } }`

		a := start(t, settings, parts(io.Discard))
		key := regexp.MustCompile(`rt_\w+`).FindString(command("key", "create", "--name", "Ada", "--role", "ADMIN"))
		if got := query(t, a, key, fmt.Sprintf(`mutation { createWebhook(input: {url: %q, types: [REPORT]}) { secret } }`, receiver.URL)); !strings.Contains(got, "whsec_") {
			t.Fatalf("got %s", got)
		}
		release(a, key, "kept")
		receiver.await(t, `"report.published"`, `"kept"`)
		stop(t, a)
		backup.backUp(t)
		a = start(t, settings, parts(io.Discard))
		query(t, a, key, `mutation { updateReport(input: {id: "kept", title: "Of after the backup"}) { changed } publish(input: {documents: ["report:kept"]}) { state } }`)
		release(a, key, "lost")
		receiver.await(t, `"report.published"`, `"lost"`)
		cursor := regexp.MustCompile(`c[\w-]{20,}`).FindString(query(t, a, "", head))
		if cursor == "" {
			t.Fatal("there is no cursor")
		}
		stop(t, a)
		backup.restore(t)

		settings.Paused = true
		log := &record{}
		a = start(t, settings, parts(log))
		if code, body := get(t, a.URL()+"/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(body, "rebuild-live") {
			t.Errorf("got %d %s, want 503 and the way on", code, body)
		}
		if got := release(a, key, "new"); !strings.Contains(got, "PENDING") {
			t.Errorf("a publication over another live: got %s", got)
		}
		if got := live(a); !strings.Contains(got, `"kept"`) || !strings.Contains(got, `"lost"`) || strings.Contains(got, `"new"`) {
			t.Errorf("live is not as it was: %s", got)
		}
		if got := strings.Count(log.String(), "rebuild-live"); got == 0 || got > 4 {
			t.Errorf("the log says %d times how to go on", got)
		}
		// A client of the change feed that has the lost document gets its removal.
		follower := listen(t, a.URL()+"/changes?after="+cursor)
		command("rebuild-live")
		heard := follower.nextChanges(3)
		slices.Sort(heard)
		if got := strings.Join(heard, ", "); got != "PUBLISH REPORT, UNPUBLISH REPORT, UPDATE REPORT" {
			t.Errorf("a follower hears %s", got)
		}
		follower.hang()
		if code, body := get(t, a.URL()+"/readyz"); code != http.StatusOK || !strings.Contains(body, "paused") {
			t.Errorf("after the rebuild: got %d %s", code, body)
		}
		if got := live(a); !strings.Contains(got, `"kept"`) || strings.Contains(got, `"lost"`) || !strings.Contains(got, `"new"`) || strings.Contains(got, "Of after the backup") {
			t.Errorf("live is not what the desk says: %s", got)
		}
		command("resume")
		// So does a receiver, although the restored desk has no record of its delivery.
		receiver.await(t, `"report.unpublished"`)
		stop(t, a)

		// Live is deleted as well: the rebuilt live has a new feed.
		backup.loseLive(t)
		settings.Paused = false
		a = start(t, settings, parts(io.Discard))
		if got := live(a); !strings.Contains(got, `"kept"`) || !strings.Contains(got, `"new"`) {
			t.Errorf("live was not made anew: %s", got)
		}
		wantGone(t, a, cursor)
	})
}

// await waits for a body that contains all of the texts.
func (r *webhookReceiver) await(t *testing.T, texts ...string) {
	t.Helper()
	for {
		select {
		case body := <-r.got:
			if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(body, text) }) {
				return
			}
		case <-time.After(time.Minute):
			t.Fatalf("the receiver was not sent %v", texts)
		}
	}
}

// wantGone checks that each endpoint of the change feed refuses a cursor with an
// error that says how to continue.
func wantGone(t *testing.T, a *app.App, cursor string) {
	t.Helper()
	const way = "read from the beginning, without a cursor"
	for _, path := range []string{"/v1/changes?after=" + cursor, "/changes?after=" + cursor} {
		if code, body := get(t, a.URL()+path); code != http.StatusGone || !strings.Contains(body, "CURSOR_EXPIRED") || !strings.Contains(body, way) {
			t.Errorf("%s: got %d %s, want 410 and the way on", path, code, body)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL()+"/changes", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true
	r.Header.Set("Last-Event-ID", cursor)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if _ = res.Body.Close(); res.StatusCode != http.StatusGone {
		t.Errorf("Last-Event-ID: got %s", res.Status)
	}
	if got := query(t, a, "", fmt.Sprintf(`{ changes(after: %q) { head } }`, cursor)); !strings.Contains(got, "CURSOR_EXPIRED") || !strings.Contains(got, way) {
		t.Errorf("changes: got %s", got)
	}
	body := fmt.Sprintf(`{"query": "subscription { contentChanged(after: \"%s\") { kind } }"}`, cursor)
	r, err = http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL()+"/graphql", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	res, err = http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || !strings.Contains(string(body), "CURSOR_EXPIRED") {
		t.Errorf("contentChanged: got %s, %v", body, err)
	}
}

// Commands that need existing stores refuse empty ones, and leave them empty.
func TestEmptyStoresAreRefused(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"resume", "rebuild-live"} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			code, out, errs := run(t, map[string]string{"REDTHREAD_DATA": dir}, command)
			if code == 0 || !strings.Contains(errs, "no stores") {
				t.Errorf("exit %d: %s%s", code, out, errs)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("it left %v, %v", left, err)
			}
			dsn := storetest.BarePostgresConfig(t).DeskDSN
			code, out, errs = run(t, map[string]string{"REDTHREAD_DESK_DSN": dsn}, command)
			if code == 0 || !strings.Contains(errs, "no stores") {
				t.Errorf("PostgreSQL: exit %d: %s%s", code, out, errs)
			}
		})
	}
}
