package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/app"
	democontent "github.com/redthread-api/redthread/internal/demo"
	pages "github.com/redthread-api/redthread/internal/server"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// environment returns the variables that name stores.
func environment(c store.Config) map[string]string {
	return map[string]string{"REDTHREAD_DATA": c.Dir, "REDTHREAD_DESK_DSN": c.DeskDSN}
}

// newStores returns where there are no stores yet, on the engine of a configuration.
func newStores(t *testing.T, like store.Config) store.Config {
	t.Helper()
	if like.DeskDSN == "" {
		return storetest.BareSQLiteConfig(t)
	}
	return storetest.BarePostgresConfig(t)
}

// emptyStores returns migrated stores of the engine of a configuration.
func emptyStores(t *testing.T, like store.Config) store.Config {
	t.Helper()
	if like.DeskDSN == "" {
		return storetest.SQLiteConfig(t)
	}
	return storetest.PostgresConfig(t)
}

// filled is a dump of stores with the demo, a webhook and a schedule, and a key of an ADMIN. It is made once, because loading it is quicker.
var filled struct {
	sync.Once
	dump []byte
	key  string
}

// fill puts what filled has into new stores, and returns the key.
func fill(t *testing.T, c store.Config) string {
	t.Helper()
	filled.Do(func() {
		from := emptyStores(t, c)
		filled.key = writeContent(t, from)
		code, out, errs := run(t, environment(from), "dump", "-")
		if code != 0 {
			t.Fatal(errs)
		}
		filled.dump = []byte(out)
	})
	file := filepath.Join(t.TempDir(), "content.ndjson")
	if err := os.WriteFile(file, filled.dump, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := run(t, environment(c), "load", file); code != 0 {
		t.Fatal(errs)
	}
	return filled.key
}

// writeContent loads the demo into new stores, makes a webhook, a draft and a schedule, and returns a key of an ADMIN.
func writeContent(t *testing.T, c store.Config) string {
	t.Helper()
	settings, p := config(t, c), parts(io.Discard)
	settings.Demo = true
	p.Demo = app.DemoContent{Load: democontent.LoadAt, UpdateURLs: democontent.UpdateURLs, Files: pages.Files{Path: democontent.Path, Handler: democontent.Files}}
	a := start(t, settings, p)
	key := a.DemoAdminKey()
	for _, document := range []string{
		`mutation { createWebhook(input: {url: "https://partner.example/hook", types: [REPORT]}) { secret } }`,
		`mutation { createReport(input: {slug: "later", title: "Ein \"später\" 国家安全 \\ Bericht", kind: BRIEF, language: "de", summary: "S.", body: "B.\n\tT."}) { created } }`,
		`mutation { schedulePublication(input: {documents: ["report:later"], at: "2100-01-01T00:00:00Z"}) { schedule { id } } }`,
		`{ reports(first: 1) { nodes { slug } } }`,
	} {
		if body := query(t, a, key, document); strings.Contains(body, `"errors"`) {
			t.Fatalf("%s: got %s", document, body)
		}
	}
	stop(t, a)
	return key
}

// dumped returns the lines of a dump without its header, its last line and the note that the stores were loaded or restored.
func dumped(t *testing.T, c store.Config) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "dump.ndjson")
	if code, _, errs := run(t, environment(c), "dump", file); code != 0 {
		t.Fatal(errs)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if !strings.HasPrefix(lines[0], `{"redthread":"dump"`) || !strings.HasPrefix(lines[len(lines)-1], `{"end"`) {
		t.Fatalf("the dump begins with %.100s and ends with %.100s", lines[0], lines[len(lines)-1])
	}
	return slices.DeleteFunc(lines[1:len(lines)-1], func(line string) bool { return strings.Contains(line, `"RESTORE_STORES"`) })
}

// All that the stores hold moves between engines and back, to the last row.
func TestDumpMovesBetweenEngines(t *testing.T) {
	t.Parallel()
	sqlite := storetest.SQLiteConfig(t)
	key := writeContent(t, sqlite)
	want := dumped(t, sqlite)
	wantTables(t, want)

	file := filepath.Join(t.TempDir(), "everything.ndjson")
	if code, _, errs := run(t, environment(sqlite), "dump", file); code != 0 {
		t.Fatal(errs)
	}
	postgres := storetest.BarePostgresConfig(t)
	if code, out, errs := run(t, environment(postgres), "load", file); code != 0 || !strings.Contains(out, fmt.Sprintf("Loaded %d rows", len(want))) {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	if diff := cmp.Diff(want, dumped(t, postgres)); diff != "" {
		t.Fatalf("PostgreSQL has something else than SQLite (-SQLite +PostgreSQL):\n%.3000s", diff)
	}

	// What is loaded works: it serves, searches, takes writes whose keys do not collide, and is paused.
	settings := config(t, postgres)
	a := start(t, settings, parts(io.Discard))
	if !a.Paused() {
		t.Error("a server on stores that were loaded is not paused")
	}
	if code, body := get(t, a.URL()+"/readyz"); code != http.StatusOK || !strings.Contains(body, "paused") {
		t.Errorf("got %d %s", code, body)
	}
	if body := query(t, a, "", `{ search(query: "harborlight") { totalCount } }`); strings.Contains(body, `"totalCount":0`) || strings.Contains(body, "errors") {
		t.Errorf("got %s", body)
	}
	if body := query(t, a, key, `mutation { publish(input: {documents: ["report:later"]}) { state } }`); !strings.Contains(body, "APPLIED") {
		t.Errorf("got %s", body)
	}
	stop(t, a)

	back := filepath.Join(t.TempDir(), "back.ndjson")
	if code, _, errs := run(t, environment(postgres), "dump", back); code != 0 {
		t.Fatal(errs)
	}
	again := storetest.BareSQLiteConfig(t)
	if code, _, errs := run(t, environment(again), "load", back); code != 0 {
		t.Fatal(errs)
	}
	if diff := cmp.Diff(dumped(t, postgres), dumped(t, again)); diff != "" {
		t.Errorf("SQLite has something else than PostgreSQL (-PostgreSQL +SQLite):\n%.3000s", diff)
	}
}

// wantTables checks that a dump has rows of the types that matter, so that a comparison of dumps says something.
func wantTables(t *testing.T, lines []string) {
	t.Helper()
	have := map[string]bool{}
	for _, line := range lines {
		var row struct{ Store, Type string }
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		have[row.Store+"."+row.Type] = true
	}
	for _, name := range []string{"desk.reports", "desk.revisions", "desk.publication_entries", "desk.publication_log", "desk.api_keys", "desk.webhooks",
		"desk.schedules", "desk.audit_entries", "desk.tags", "desk.relationships", "desk.citations", "live.reports", "live.projection", "live.changes"} {
		if !have[name] {
			t.Errorf("the dump has no %s, only %v", name, slices.Sorted(maps.Keys(have)))
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	from := storetest.SQLiteConfig(t)
	fill(t, from)
	whole := filepath.Join(t.TempDir(), "whole.ndjson")
	if code, _, errs := run(t, environment(from), "dump", whole); code != 0 {
		t.Fatal(errs)
	}
	text, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	storetest.EachConfig(t, func(t *testing.T, like store.Config) {
		to := newStores(t, like)
		for name, row := range map[string]struct{ dump, want string }{
			"what is no dump":    {"{}\n", "no dump"},
			"nothing":            {"", "no dump"},
			"one cut off":        {string(text[:len(text)/2]), ""},
			"one without an end": {string(text[:strings.LastIndex(string(text), `{"end"`)]), "cut off"},
			"one changed":        {strings.Replace(string(text), "Harborlight", "Harborlife", 1), "damaged"},
			"another schema":     {strings.Replace(string(text), `"schema":{"desk":"`, `"schema":{"desk":"other-`, 1), "damaged"},
			"one that goes on":   {string(text) + "{}\n", "lines after its last one"},
			"another format":     {strings.Replace(string(text), `"format":1`, `"format":99`, 1), "format 99"},
		} {
			file := filepath.Join(t.TempDir(), "dump")
			if err := os.WriteFile(file, []byte(row.dump), 0o600); err != nil {
				t.Fatal(err)
			}
			if code, out, errs := run(t, environment(to), "load", file); code == 0 || !strings.Contains(errs, row.want) || strings.Count(errs, "\n") != 1 {
				t.Errorf("%s: exit %d: %s%s", name, code, out, errs)
			}
		}
		if to.DeskDSN == "" {
			if _, err := os.Stat(to.Dir); !os.IsNotExist(err) {
				t.Errorf("a dump that was refused left stores: %v", err)
			}
		}
		// Nothing of it was written, so the whole one can be loaded, and then no second one.
		if code, _, errs := run(t, environment(to), "load", whole); code != 0 {
			t.Fatal(errs)
		}
		before := dumped(t, to)
		if code, _, errs := run(t, environment(to), "load", whole); code == 0 || !strings.Contains(errs, "not empty") {
			t.Errorf("exit %d: %s", code, errs)
		}
		if diff := cmp.Diff(before, dumped(t, to)); diff != "" {
			t.Errorf("a load that was refused has changed the stores:\n%.1000s", diff)
		}
	})
	if code, _, errs := run(t, environment(from), "dump", whole); code == 0 || !strings.Contains(errs, "exists") {
		t.Errorf("a dump replaces a file: exit %d, %s", code, errs)
	}
}

// A backup of a server that is being written to comes up as one moment of it, paused.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		if c.Dir == "" {
			c.Dir = t.TempDir()
		}
		key := fill(t, c)
		a := start(t, config(t, c), parts(io.Discard))
		done, written := make(chan struct{}), 0
		var writing sync.WaitGroup
		writing.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				query(t, a, key, fmt.Sprintf(`mutation { createReport(input: {slug: "w%[1]d", title: "W", kind: BRIEF, language: "en", summary: "S.", body: "B."}) { created }
					publish(input: {documents: ["report:w%[1]d"]}) { state } }`, written))
				written++
			}
		})
		folder := t.TempDir()
		code, out, errs := run(t, environment(c), "backup", folder)
		close(done)
		writing.Wait()
		if code != 0 || !strings.HasPrefix(out, "Backed up to redthread-") {
			t.Fatalf("exit %d: %s%s", code, out, errs)
		}
		if written == 0 {
			t.Error("nothing was written meanwhile")
		}
		stop(t, a)
		file := filepath.Join(folder, strings.Fields(out)[3])
		file = strings.TrimSuffix(file, ":")
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("got %v, %v", info.Mode(), err)
		}

		to := newStores(t, c)
		if code, out, errs := run(t, environment(to), "restore", file); code != 0 || !strings.Contains(out, "paused") {
			t.Fatalf("exit %d: %s%s", code, out, errs)
		}
		b := start(t, config(t, to), parts(io.Discard))
		if code, body := get(t, b.URL()+"/readyz"); code != http.StatusOK || !b.Paused() {
			t.Errorf("got %d %s", code, body)
		}
		// Each report that it has on the desk as published is live.
		desk := query(t, b, key, `query @inContext(stage: DESK) { reports(filter: {published: {is: true}}) { totalCount } }`)
		live := query(t, b, key, `{ reports { totalCount } }`)
		if !strings.Contains(live, "totalCount") || strings.Contains(live, `"totalCount":0`) {
			t.Errorf("live has %s, the desk %s", live, desk)
		}
		if code, _, errs := run(t, environment(to), "resume"); code != 0 {
			t.Error(errs)
		}
		stop(t, b)
		again := start(t, config(t, to), parts(io.Discard))
		if again.Paused() {
			t.Error("it is still paused after resume")
		}
		stop(t, again)

		before := dumped(t, to)
		if code, _, errs := run(t, environment(to), "restore", file); code == 0 || !strings.Contains(errs, "not empty") {
			t.Errorf("a restore replaces a desk: exit %d, %s", code, errs)
		}
		if diff := cmp.Diff(before, dumped(t, to)); diff != "" {
			t.Errorf("a restore that was refused has changed the stores:\n%.1000s", diff)
		}
	})
}

func TestBackupIsCheckedAndEncrypted(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		fill(t, c)
		want := dumped(t, c)
		identity, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		keyFile, other := filepath.Join(t.TempDir(), "key.txt"), filepath.Join(t.TempDir(), "other.txt")
		stranger, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		for file, of := range map[string]*age.X25519Identity{keyFile: identity, other: stranger} {
			if err := os.WriteFile(file, []byte(of.String()+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		file := filepath.Join(t.TempDir(), "backup.age")
		if code, _, errs := run(t, environment(c), "backup", "--recipient", identity.Recipient().String(), file); code != 0 {
			t.Fatal(errs)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "Harborlight") || !strings.HasPrefix(string(text), "age-encryption.org/v1\n") {
			t.Error("it is not encrypted")
		}
		if code, _, errs := run(t, environment(c), "backup", file); code == 0 || !strings.Contains(errs, "exists") {
			t.Errorf("a backup replaces a file: exit %d, %s", code, errs)
		}

		plain, longer := filepath.Join(t.TempDir(), "plain"), filepath.Join(t.TempDir(), "longer")
		if code, _, errs := run(t, environment(c), "backup", plain); code != 0 {
			t.Fatal(errs)
		}
		once, err := os.ReadFile(plain)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(longer, append(once, once...), 0o600); err != nil {
			t.Fatal(err)
		}
		to := newStores(t, c)
		damaged, cut := filepath.Join(t.TempDir(), "damaged"), filepath.Join(t.TempDir(), "cut")
		changed := slices.Clone(text)
		changed[len(changed)/2] ^= 1
		for name, content := range map[string][]byte{damaged: changed, cut: text[:len(text)/2]} {
			if err := os.WriteFile(name, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for name, row := range map[string]struct {
			args []string
			want string
		}{
			"no identity":        {[]string{file}, "--identity"},
			"another identity":   {[]string{"--identity", other, file}, "other recipients"},
			"no such identity":   {[]string{"--identity", "none.txt", file}, "none.txt"},
			"a damaged backup":   {[]string{"--identity", keyFile, damaged}, "damaged"},
			"one that is cut":    {[]string{"--identity", keyFile, cut}, ""},
			"what is no backup":  {[]string{keyFile}, "no backup"},
			"one that goes on":   {[]string{longer}, "damaged"},
			"a file that is not": {[]string{filepath.Join(t.TempDir(), "none")}, "no such file"},
		} {
			if code, out, errs := run(t, environment(to), append([]string{"restore"}, row.args...)...); code == 0 || !strings.Contains(errs, row.want) {
				t.Errorf("%s: exit %d: %s%s", name, code, out, errs)
			}
		}
		if code, _, errs := run(t, environment(to), "restore", "--identity", keyFile, file); code != 0 {
			t.Fatal(errs)
		}
		if diff := cmp.Diff(want, dumped(t, to)); diff != "" {
			t.Errorf("what was restored differs (-before +restored):\n%.3000s", diff)
		}
	})
}

// A live of the same log stays where the desk is put back, and one of another log is refused.
func TestRestoreBesideLive(t *testing.T) {
	t.Parallel()
	c, other, dir := storetest.BareSQLiteConfig(t), storetest.SQLiteConfig(t), t.TempDir()
	key := fill(t, c)
	writeContent(t, other) // which has a publication log of its own
	file := filepath.Join(dir, "backup")
	if code, _, errs := run(t, environment(c), "backup", file); code != 0 {
		t.Fatal(errs)
	}
	a := start(t, config(t, c), parts(io.Discard))
	if body := query(t, a, key, `mutation { publish(input: {documents: ["report:later"]}) { state } }`); !strings.Contains(body, "APPLIED") {
		t.Fatalf("got %s", body)
	}
	stop(t, a)
	for _, of := range []store.Config{c, other} {
		if err := os.Rename(filepath.Join(of.Dir, "desk.db"), filepath.Join(of.Dir, "old.db")); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, errs := run(t, environment(other), "restore", file); code == 0 || !strings.Contains(errs, "another publication log") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if code, out, errs := run(t, environment(c), "restore", file); code != 0 || !strings.Contains(out, "Live was left") {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	b := start(t, config(t, c), parts(io.Discard))
	if code, body := get(t, b.URL()+"/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(body, "rebuild-live") {
		t.Errorf("got %d %s", code, body)
	}
	if body := query(t, b, "", `{ report(slug: "later") { slug } }`); !strings.Contains(body, `"later"`) {
		t.Errorf("readers are not served from the live that was left: %s", body)
	}
	stop(t, b)
	if code, _, errs := run(t, environment(c), "rebuild-live"); code != 0 {
		t.Fatal(errs)
	}
	b = start(t, config(t, c), parts(io.Discard))
	if code, body := get(t, b.URL()+"/readyz"); code != http.StatusOK {
		t.Errorf("got %d %s", code, body)
	}
}

// Old backups go when a new one was made; the last one, and what is no backup, stays.
func TestBackupsAreKept(t *testing.T) {
	t.Parallel()
	c := storetest.BareSQLiteConfig(t)
	fill(t, c)
	folder := t.TempDir()
	old, young := "redthread-20200101T000000Z.tar.zst.age", "redthread-"+time.Now().UTC().Add(-time.Hour).Format("20060102T150405Z")+".tar.zst"
	for _, name := range []string{old, young, "redthread-notes.tar.zst", "other"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, out, errs := run(t, environment(c), "backup", "--keep", "14d", folder)
	if code != 0 || !strings.Contains(out, "Removed "+old+", which was older than 14d.") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if len(names) != 4 || slices.Contains(names, old) || !slices.Contains(names, young) {
		t.Errorf("got %v", names)
	}
	for _, args := range [][]string{
		{"--keep", "0d", folder}, {"--keep", "soon", folder}, {"--every", "1s", folder}, {"--every", "6h", filepath.Join(folder, "file")},
		{"--recipient", "age1wrong", folder}, {"--recipient", "none.txt", folder}, {"s3://bucket/x/"}, {},
	} {
		if code, out, errs := run(t, environment(c), append([]string{"backup"}, args...)...); code != 2 || out != "" || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: exit %d: %s%s", args, code, out, errs)
		}
	}
}

// What a restore that was killed has left on PostgreSQL is paused until it is resumed.
func TestInterruptedRestoreIsPaused(t *testing.T) {
	t.Parallel()
	c := storetest.PostgresConfig(t)
	stores, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stores.Close() }() // it is only read at the end
	if err := stores.MarkRestoring(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := start(t, config(t, c), parts(io.Discard))
	if !a.Paused() {
		t.Error("it is not paused")
	}
	stop(t, a)
	if code, _, errs := run(t, environment(c), "resume"); code != 0 {
		t.Fatal(errs)
	}
	if marked, err := stores.Restoring(t.Context()); marked || err != nil {
		t.Errorf("got %t, %v", marked, err)
	}
	a = start(t, config(t, c), parts(io.Discard))
	if a.Paused() {
		t.Error("it is still paused after resume")
	}
}
