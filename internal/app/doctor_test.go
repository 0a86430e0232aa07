package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// findings maps the checks of a run of the doctor to what it found, each with its state ahead.
type findings map[string]string

func (f findings) wants(t *testing.T, what, check, text string) {
	t.Helper()
	if !strings.Contains(f[check], text) {
		t.Errorf("%s: the check %q found\n%s\nwant %q in it", what, check, f[check], text)
	}
}

// examine runs the doctor on stores, and checks its exit code.
func examine(t *testing.T, env map[string]string, args ...string) findings {
	t.Helper()
	code, out, errs := run(t, env, append([]string{"doctor", "--json"}, args...)...)
	var report struct {
		State    string
		Findings []struct{ Check, State, Found, Do string }
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v: %s%s", err, out, errs)
	}
	found := findings{}
	for _, f := range report.Findings {
		found[f.Check] += f.State + ": " + f.Found + "; do: " + f.Do + "\n"
		if (f.State == "ok") != (f.Do == "") {
			t.Errorf("%s: %s: %s: what to do is %q", f.Check, f.State, f.Found, f.Do)
		}
		if strings.Contains(f.Found+f.Do, "secretword") {
			t.Errorf("%s has the password: %s", f.Check, f.Found)
		}
	}
	if (code == 0) != (report.State != "problem") {
		t.Errorf("exit %d for the state %s: %s", code, report.State, errs)
	}
	return found
}

func (f findings) wantNone(t *testing.T, what string) {
	t.Helper()
	for check, found := range f {
		if strings.Contains(found, "problem: ") || strings.Contains(found, "warning: ") && check != "open files" && check != "disk" {
			t.Errorf("%s: %s: %s", what, check, found)
		}
	}
}

// The doctor finds nothing wrong with stores that are well, beside a server and without one, and changes
// nothing. Then each kind of damage is found, with what to do.
func TestDoctor(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it loads the demo, and runs the doctor a dozen times")
	}
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		settings := config(t, c)
		settings.Demo = true
		env := map[string]string{"REDTHREAD_DATA": settings.Data, "REDTHREAD_DESK_DSN": c.DeskDSN}
		a := start(t, settings, app.Dependencies{Log: parts(io.Discard).Log, Now: time.Now, Demo: app.BundledDemo()})
		beside := examine(t, env, "--full")
		beside.wantNone(t, "beside a server")
		beside.wants(t, "beside a server", "indexes", "ok: all are there")
		beside.wants(t, "beside a server", "log", "without a gap")
		beside.wants(t, "beside a server", "search", "ok: ")
		stop(t, a)
		before := filesOf(t, settings.Data)
		alone := examine(t, env)
		alone.wantNone(t, "without a server")
		if c.DeskDSN == "" {
			if after := filesOf(t, settings.Data); after != before {
				t.Errorf("the doctor changed the files: %s, was %s", after, before)
			}
		}
		code, out, _ := run(t, env, "doctor", "--quick")
		if code != 0 || !strings.Contains(out, "0 problems, ") || !strings.Contains(out, "ok        log          the publication log has") {
			t.Errorf("as text: exit %d\n%s", code, out)
		}

		damage := func(store, statement string) {
			t.Helper()
			execute(t, c, settings.Data, store, statement)
		}
		for _, d := range []struct{ store, damage, check, want, undo string }{
			{"desk", "UPDATE publication_entries SET sequence = sequence + 100000 WHERE sequence = (SELECT max(sequence) FROM publication_entries)", "log", "problem: the publication log is not whole",
				"UPDATE publication_entries SET sequence = sequence - 100000 WHERE sequence > 100000"},
			{"desk", "UPDATE publication_entries SET release = 1 WHERE sequence = 3", "log", "1 entries are of a release that is not whole",
				"UPDATE publication_entries SET release = (SELECT release FROM publication_entries WHERE sequence = 2) WHERE sequence = 3"},
			{"live", "UPDATE reports SET title = title || '!' WHERE id = (SELECT min(id) FROM reports)", "live", "problem: live is not what the publication log says: 1 different",
				"UPDATE reports SET title = substr(title, 1, length(title) - 1) WHERE id = (SELECT min(id) FROM reports)"},
			{"live", "UPDATE projection SET log = log || 'x'", "live", "problem: live was made from another publication log", "UPDATE projection SET log = substr(log, 1, length(log) - 1)"},
			{"live", "UPDATE projection SET rebuild_sequence = 1", "live", "warning: a rebuild of live was begun", "UPDATE projection SET rebuild_sequence = 0"},
			{"live", "UPDATE projection SET rebuild_sequence = applied_sequence, applied_sequence = 0", "live", "problem: live was lost, and is not complete: readers are refused",
				"UPDATE projection SET applied_sequence = rebuild_sequence, rebuild_sequence = 0"},
			{"live", "DROP INDEX report_slug", "indexes", "problem: the index report_slug of the live store is missing", "CREATE INDEX report_slug ON reports (slug)"},
			{"desk", "UPDATE search_units SET owner_id = owner_id + 1 WHERE id = (SELECT min(id) FROM search_units)", "search", "problem: 1 documents of the desk are not in its search index",
				"UPDATE search_units SET owner_id = owner_id - 1 WHERE id = (SELECT min(id) FROM search_units)"},
			{"desk", "UPDATE sort_keys SET version = version || 'x'", "migrations", "warning: all ", "UPDATE sort_keys SET version = substr(version, 1, length(version) - 1)"},
		} {
			damage(d.store, d.damage)
			how := "--quick"
			if d.check == "live" || d.check == "search" {
				how = "--full"
			}
			examine(t, env, how).wants(t, d.damage, d.check, d.want)
			damage(d.store, d.undo)
		}
		damage("live", "DROP INDEX report_slug")
		damage("live", "UPDATE projection SET rebuild_sequence = 1")
		examine(t, env, "--quick").wants(t, "a rebuild that was interrupted", "indexes", "warning: live lacks 1 index")
		if code, _, errs := run(t, env, "rebuild-live"); code != 0 {
			t.Fatal(errs)
		}
		examine(t, env).wantNone(t, "rebuilt")
		if c.DeskDSN != "" {
			checkTrees(t, c, env)
		}
		for i, reason := range []string{"every attempt has failed since Monday; the last: 500", "disabled by ada", "the key of its owner is revoked", "a", "b", "c"} {
			damage("desk", fmt.Sprintf("INSERT INTO webhooks (id, url, ceiling, secret, state, reason, cursor, last_number, created_by, created_at, updated_at)"+
				" VALUES (%d, 'https://site.example/', 1, 'x', 'DISABLED', '%s', '', 0, 'ada', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00')", i+1, reason))
		}
		disabled := examine(t, env, "--quick")
		for _, want := range []string{"is disabled: \"every attempt has failed since Monday; the last: 500\"; do: when that is mended", `is disabled: "the key of its owner is revoked"`, `is disabled: "a"`, "warning: 2 more webhooks are disabled"} {
			disabled.wants(t, "disabled webhooks", "work", want)
		}
		if strings.Contains(disabled["work"], "ada") {
			t.Errorf("a webhook that a person disabled is a finding: %s", disabled["work"])
		}
		future := "'2099-01-01 00:00:00+00:00'"
		damage("desk", "UPDATE publication_entries SET at = "+future+" WHERE sequence = (SELECT max(sequence) FROM publication_entries)")
		found := examine(t, env, "--quick")
		found.wants(t, "a clock that is behind", "clock", "problem: the clock is ")
		damage("desk", "DELETE FROM publication_entries")
		examine(t, env, "--quick").wants(t, "an empty desk", "live", "if it is not, restore its backup")
		damage("desk", "UPDATE schema_migrations SET version = '2'||substr(version, 2) WHERE version = (SELECT max(version) FROM schema_migrations)")
		damage("desk", "INSERT INTO schema_migrations (version, checksum, applied_at) VALUES ('29990101000000', 'x', "+future+")")
		found = examine(t, env, "--quick")
		found.wants(t, "newer stores", "migrations", "the desk database is newer than this binary")
		if found["live"] != "" {
			t.Errorf("newer stores are read: %s", found["live"])
		}
	})
}

// checkTrees checks that the doctor uses amcheck where it is installed, and finds invalid indexes.
func checkTrees(t *testing.T, c store.Config, env map[string]string) {
	t.Helper()
	db, err := store.OpenPostgres(t.Context(), c.DeskDSN, "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE EXTENSION amcheck SCHEMA public"); err != nil {
		t.Logf("without amcheck: %v", err)
	} else {
		examine(t, env).wants(t, "amcheck", "integrity", "amcheck found ")
	}
	if _, err := db.ExecContext(t.Context(), "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'live.report_slug'::regclass"); err != nil {
		t.Fatal(err)
	}
	examine(t, env, "--quick").wants(t, "an invalid index", "indexes", "problem: the index report_slug of the live store is invalid")
}

// filesOf is the names, sizes and modes of the files in a folder.
func filesOf(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&all, e.Name(), info.Size(), info.Mode(), info.ModTime().UnixNano())
	}
	return all.String()
}

// execute runs a statement on a store behind the program's back.
func execute(t *testing.T, c store.Config, dir, name, statement string) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{Dir: dir, DeskDSN: c.DeskDSN})
	if err != nil {
		t.Fatal(err)
	}
	write := s.Desk
	if name == "live" {
		write = s.Live
	}
	err = write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, statement)
		return err
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// Stores that are damaged, missing or out of reach are findings. Nothing is made in their place.
func TestDoctorWithoutStores(t *testing.T) {
	t.Parallel()
	none := storetest.BareSQLiteConfig(t)
	dir, env := none.Dir, environment(none)
	examine(t, env).wants(t, "no folder", "stores", "problem: there is no data folder")
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder was made: %v", err)
	}
	found := examine(t, map[string]string{"REDTHREAD_DESK_DSN": "postgres://user:secretword@127.0.0.1:1/none?connect_timeout=2"})
	found.wants(t, "no server", "stores", "problem: PostgreSQL at 127.0.0.1:1/none: ")
	if found["disk"] != "" && strings.Contains(found["disk"], "data folder") {
		t.Errorf("the data folder is examined, which is not used: %s", found["disk"])
	}

	if code, _, errs := run(t, env, "migrate", "up"); code != 0 {
		t.Fatal(errs)
	}
	desk, live := filepath.Join(dir, "desk.db"), filepath.Join(dir, "live.db")
	if err := os.Rename(live, live+".away"); err != nil {
		t.Fatal(err)
	}
	found = examine(t, env)
	found.wants(t, "no live", "files", "problem: live.db is missing")
	if found["integrity"]+found["migrations"]+found["live"] != "" {
		t.Errorf("no live: there is other advice: %v", found)
	}
	if _, err := os.Stat(live); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("live.db was made: %v", err)
	}
	if err := os.Rename(live+".away", live); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		if err := errors.Join(os.Chmod(desk, 0o644), os.Chmod(dir, 0o777)); err != nil {
			t.Fatal(err)
		}
		found = examine(t, env)
		found.wants(t, "modes", "files", "warning: other users may read desk.db: its mode is 0644")
		found.wants(t, "modes", "files", "warning: other users may write in the data folder: its mode is 0777")
		if err := errors.Join(os.Chmod(desk, 0o600), os.Chmod(dir, 0o700)); err != nil {
			t.Fatal(err)
		}
	}
	backups := t.TempDir()
	examine(t, env, "--backups", filepath.Join(backups, "none")).wants(t, "no folder", "backups", "; do: correct --backups")
	examine(t, env, "--backups", backups).wants(t, "no backup", "backups", "problem: there is no backup in")
	if code, _, errs := run(t, env, "backup", backups); code != 0 {
		t.Fatal(errs)
	}
	examine(t, env, "--backups", backups).wants(t, "a backup", "backups", "ok: the newest is 0s old: redthread-")
	old := filepath.Join(t.TempDir(), "redthread-20260101T120000Z.tar.zst")
	if err := os.WriteFile(old, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	examine(t, env, "--backups", filepath.Dir(old)).wants(t, "an old backup", "backups", "warning: the newest is ")

	raw, err := os.ReadFile(desk)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(raw) / 2; i < len(raw)/2+200_000; i++ {
		raw[i] ^= 0x5a
	}
	if err := os.WriteFile(desk, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	examine(t, env).wants(t, "a damaged file", "integrity", "problem: ")
	if err := os.WriteFile(desk, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	examine(t, env).wants(t, "no database", "stores", "problem: ")
	for _, args := range [][]string{{"doctor", "x"}, {"doctor", "--quick", "--full"}, {"doctor", "--smtp", "nowhere", "--mail-from", "a@example.org"}} {
		if code, _, errs := run(t, env, args...); code != 2 {
			t.Errorf("%v: exit %d: %s", args, code, errs)
		}
	}
}

// emptyDNS has no records.
type emptyDNS struct{}

func (emptyDNS) LookupTXT(_ context.Context, name string) ([]string, error) {
	return nil, &net.DNSError{Name: name, IsNotFound: true}
}

func (emptyDNS) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	return nil, &net.DNSError{Name: name, IsTimeout: true, Err: "i/o timeout"}
}

func TestDoctorOfMail(t *testing.T) {
	t.Parallel()
	file, _ := dkimKey(t)
	got := app.MailFindings(t.Context(), &app.MailConfig{From: "a@news.example.org", SMTP: "smtp.example.org:587", DKIM: []string{"s1=" + file}}, emptyDNS{})
	for _, want := range []string{"problem: news.example.org has no", "problem: s1._domainkey.news.example.org has no", "warning: the MX record of news.example.org cannot be looked up"} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwant %q", got, want)
		}
	}
}
