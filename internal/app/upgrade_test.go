package app_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
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

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/redthread-api/redthread/internal/app"
	democontent "github.com/redthread-api/redthread/internal/demo"
	pages "github.com/redthread-api/redthread/internal/server"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// freeze is the environment variable that names a version to be released: the tests then write what the present
// version is and promises to testdata, and later versions are compared with it.
const freeze = "REDTHREAD_FREEZE"

const upgrades = "testdata/upgrade"

// engines are the engines of fixtures, with where stores of each are put.
var engines = []struct {
	name string
	bare func(*testing.T) store.Config
}{
	{"sqlite", func(t *testing.T) store.Config { return store.Config{Dir: filepath.Join(t.TempDir(), "stores")} }},
	{"postgresql", func(t *testing.T) store.Config { return storetest.BarePostgresConfig(t) }},
}

// recorded is what a released version answered from its own stores.
type recorded struct {
	Key      string // of an ADMIN of these stores
	Requests []recordedRequest
}

type recordedRequest struct {
	Name      string
	Staff     bool   `json:",omitempty"` // sent with the key
	Path      string `json:",omitempty"` // of a GET, in place of a document
	Query     string `json:",omitempty"`
	Variables json.RawMessage
	Response  json.RawMessage
}

// send sends a request and returns the response without what is measured.
func (r recordedRequest) send(t *testing.T, a *app.App, key string) json.RawMessage {
	t.Helper()
	if !r.Staff {
		key = ""
	}
	method, url, body := http.MethodPost, a.URL()+"/graphql", ""
	if r.Path != "" {
		method, url = http.MethodGet, a.URL()+r.Path
	} else {
		raw, err := json.Marshal(map[string]any{"query": r.Query, "variables": r.Variables})
		if err != nil {
			t.Fatal(err)
		}
		body = string(raw)
	}
	_, text := do(t, method, url, body, key)
	var response map[string]any
	if err := json.Unmarshal([]byte(text), &response); err != nil {
		t.Fatalf("%s: got %.300s", r.Name, text)
	}
	delete(response, "extensions")
	if _, failed := response["errors"]; failed {
		t.Errorf("%s: got %.500s", r.Name, text)
	}
	out, err := json.Marshal(response)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// upgradeSettings are those of the servers that write and read fixtures. They are paused: there is no network.
func upgradeSettings(t *testing.T, c store.Config) app.Config {
	settings := config(t, c)
	settings.Site.PublicURL, settings.Paused, settings.WebhookAllowPrivate, settings.MetricsAddr = "https://api.example", true, true, "127.0.0.1:0"
	return settings
}

// Stores of each released version are migrated by a start, answer as they did, and can be written.
func TestUpgrade(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: it is no test of concurrency")
	}
	if version := os.Getenv(freeze); version == "" {
		t.Parallel()
	} else {
		for _, engine := range engines {
			writeFixture(t, filepath.Join(upgrades, version, engine.name), engine.bare(t))
		}
	}
	for _, version := range listVersions(t, upgrades) {
		for _, engine := range engines {
			t.Run(version+"/"+engine.name, func(t *testing.T) {
				t.Parallel()
				fixture := filepath.Join(upgrades, version, engine.name)
				upgrade(t, fixture, engine.bare(t))
				c := engine.bare(t)
				if code, _, errs := run(t, environment(c), "restore", fixture+".tar.zst"); code != 0 {
					t.Errorf("the backup cannot be restored: exit %d: %s", code, errs)
				}
			})
		}
	}
}

// upgrade starts the present version on the stores of a fixture.
func upgrade(t *testing.T, fixture string, c store.Config) {
	t.Helper()
	before := readRecorded(t, fixture+".ndjson")
	putFixture(t, fixture+".tar.zst", c)
	settings, log := upgradeSettings(t, c), &record{}
	a := start(t, settings, parts(log))
	if code, body := get(t, a.URL()+"/readyz"); code != http.StatusOK {
		t.Errorf("not ready: %d %s", code, body)
	}
	for _, r := range before.Requests {
		var want, got any
		if err := errors.Join(json.Unmarshal(r.Response, &want), json.Unmarshal(r.send(t, a, before.Key), &got)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: the response is another one (-before +now):\n%.3000s", r.Name, diff)
		}
	}
	for _, row := range [][2]string{
		{`mutation { updateReport(input: {id: "later", title: "Edited after the upgrade"}) { changed report { version } } }`, `"version":2`},
		{`mutation { publish(input: {documents: ["report:later"]}) { state } }`, `"APPLIED"`},
		{`{ report(slug: "later") { title } }`, "Edited after the upgrade"},
		{`mutation { restoreRevision(input: {document: "report:later", revision: 1}) { document { slug } } }`, `"later"`},
		{`{ search(query: "edited after the upgrade") { totalCount nodes { __typename } } }`, `"Report"`},
	} {
		if got := query(t, a, before.Key, row[0]); !strings.Contains(got, row[1]) {
			t.Errorf("%s: got %s, want %s", row[0], got, row[1])
		}
	}
	stop(t, a)
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, `"level":"ERROR"`) {
			t.Errorf("logged %s", line)
		}
	}
}

// readRecorded reads a file of JSON: the key, and a line for each request.
func readRecorded(t *testing.T, file string) (r recorded) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // it is only read
	lines := json.NewDecoder(f)
	if err := lines.Decode(&r.Key); err != nil {
		t.Fatal(err)
	}
	for lines.More() {
		var request recordedRequest
		if err := lines.Decode(&request); err != nil {
			t.Fatal(err)
		}
		r.Requests = append(r.Requests, request)
	}
	return r
}

// putFixture puts the stores of a backup where there are none, as they were: not with "redthread restore", which
// migrates them.
func putFixture(t *testing.T, archive string, c store.Config) {
	t.Helper()
	dir := c.Dir
	if dir == "" {
		dir = t.TempDir()
	}
	if err := errors.Join(os.MkdirAll(dir, 0o700), unpackBackup(archive, dir)); err != nil {
		t.Fatal(err)
	}
	if c.DeskDSN == "" {
		return
	}
	out, err := exec.CommandContext(t.Context(), storetest.Program(t, "pg_restore"), "--exit-on-error", "--no-owner", "--no-privileges",
		"--dbname="+c.DeskDSN, filepath.Join(dir, "stores.pg_dump")).CombinedOutput()
	if err != nil {
		t.Fatalf("pg_restore: %v: %s", err, out)
	}
	stores, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	stores.GrantLive(t.Context())
	if err := stores.Close(); err != nil {
		t.Fatal(err)
	}
}

// unpackBackup writes the files of a backup to a folder.
func unpackBackup(archive, dir string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it is only read
	plain, err := zstd.NewReader(f)
	if err != nil {
		return err
	}
	defer plain.Close()
	for in := tar.NewReader(plain); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		out, err := os.OpenFile(filepath.Join(dir, filepath.Base(h.Name)), os.O_WRONLY|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, in)
		if err = errors.Join(err, out.Close()); err != nil {
			return err
		}
	}
}

// writeFixture writes stores of the present version, and what it answers from them.
func writeFixture(t *testing.T, fixture string, c store.Config) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(fixture), 0o755); err != nil {
		t.Fatal(err)
	}
	settings, p, receiver := upgradeSettings(t, c), parts(io.Discard), newWebhookReceiver(t)
	settings.Paused, settings.Demo = false, true
	p.Demo = app.DemoContent{Load: democontent.LoadAt, UpdateURLs: democontent.UpdateURLs, Files: pages.Files{Path: democontent.Path, Handler: democontent.Files}}
	a := start(t, settings, p)
	r := recorded{Key: a.DemoAdminKey()}
	for _, document := range []string{
		fmt.Sprintf(`mutation { createWebhook(input: {url: %q, types: [REPORT]}) { secret } }`, receiver.URL),
		`mutation { createReport(input: {slug: "sent", title: "Sent", kind: BRIEF, language: "en", summary: "S.", body: "B."}) { created } }`,
		`mutation { publish(input: {documents: ["report:sent"]}) { state } }`,
		`mutation { createReport(input: {slug: "later", title: "Später", kind: BRIEF, language: "de", summary: "S.", body: "B."}) { created } }`,
		`mutation { schedulePublication(input: {documents: ["report:later"], at: "2100-01-01T00:00:00Z"}) { schedule { id } } }`,
		`mutation { createReport(input: {slug: "gone", title: "Gone", kind: BRIEF, language: "en", summary: "S.", body: "B."}) { created } deleteReport(input: {id: "gone"}) { deletedId } }`,
	} {
		if body := query(t, a, r.Key, document); strings.Contains(body, `"errors"`) {
			t.Fatalf("%s: got %s", document, body)
		}
	}
	receive(t, receiver.got)
	stop(t, a)
	settings.Paused, settings.Demo = true, false
	a = start(t, settings, parts(io.Discard))
	for _, request := range fixtureRequests(t, a, r.Key) {
		request.Response = request.send(t, a, r.Key)
		r.Requests = append(r.Requests, request)
	}
	stop(t, a)
	t.Setenv("PATH", filepath.Dir(storetest.Program(t, "pg_dump"))+string(filepath.ListSeparator)+os.Getenv("PATH"))
	_ = os.Remove(fixture + ".tar.zst") // of an earlier try
	if code, _, errs := run(t, environment(c), "backup", fixture+".tar.zst"); code != 0 || strings.Contains(errs, "the rows are backed up") {
		t.Fatalf("exit %d: %s", code, errs)
	}
	var text bytes.Buffer
	out := json.NewEncoder(&text)
	out.SetEscapeHTML(false)
	if err := out.Encode(r.Key); err != nil {
		t.Fatal(err)
	}
	for _, request := range r.Requests {
		if err := out.Encode(request); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(fixture+".ndjson", text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// fixtureRequests are requests about the demo whose responses depend on the stores alone, and not on the day.
func fixtureRequests(t *testing.T, a *app.App, key string) []recordedRequest {
	t.Helper()
	var all []recordedRequest
	for _, name := range []string{"one", "entity", "edition", "narrative-tree", "exposure", "ownership-chain", "vocabulary", "big-tech-ties"} {
		document, err := os.ReadFile("../../examples/" + name + ".graphql")
		if err != nil {
			t.Fatal(err)
		}
		variables, err := os.ReadFile("../../examples/" + name + ".json")
		if errors.Is(err, os.ErrNotExist) {
			variables, err = []byte("{}"), nil
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, recordedRequest{Name: name, Query: string(document), Variables: variables})
	}
	ask := func(name string, staff bool, document string) {
		all = append(all, recordedRequest{Name: name, Staff: staff, Query: document, Variables: json.RawMessage("{}")})
	}
	ask("names in order", false, `{ entities(first: 100, orderBy: {field: NAME}) { totalCount nodes { id name } } }`)
	ask("series", false, `{ allSeries { nodes { slug title cadence latest { slug } } } }`)
	ask("changes", false, `{ changes(first: 2) { nodes { kind document { id } } pageInfo { hasNextPage } } }`)
	ask("search", false, `{ search(query: "harborlight") { totalCount } }`)
	ask("history", true, `query @inContext(stage: DESK) { reports(first: 50, orderBy: {field: SLUG}) { nodes { id slug version publishedAt revisions(first: 5) { totalCount nodes { number author createdAt } } } } }`)
	ask("log", true, `query @inContext(stage: DESK) { publicationLog(first: 5) { totalCount nodes { sequence action at document { slug } } } }`)
	ask("trash", true, `query @inContext(stage: DESK) { trash(first: 5) { nodes { type slug name version } } }`)
	ask("schedules", true, `query @inContext(stage: DESK) { schedules(statuses: [PENDING]) { nodes { at status documents } } }`)
	ask("webhooks", true, `query @inContext(stage: DESK) { webhooks { nodes { id url state } } webhookDeliveries(first: 5) { nodes { id state event } } }`)
	ask("viewer", true, `{ viewer { role clearance name } }`)
	for _, path := range []string{"/v1/reports?first=2", "/v1/entities/harborlight-mining", "/v1/changes?first=2", "/v1/tags?first=5"} {
		all = append(all, recordedRequest{Name: path, Path: path, Variables: json.RawMessage("null")})
	}
	// Cursors stay valid.
	if cursor := regexp.MustCompile(`"endCursor":"([^"]+)"`).FindStringSubmatch(query(t, a, "", `{ changes(first: 3) { pageInfo { endCursor } } }`)); cursor != nil {
		ask("changes after a cursor", false, fmt.Sprintf(`{ changes(first: 2, after: %q) { nodes { kind document { id } } } }`, cursor[1]))
	}
	if cursor := regexp.MustCompile(`"endCursor":"([^"]+)"`).FindStringSubmatch(query(t, a, "", `{ entities(first: 3, orderBy: {field: NAME}) { pageInfo { endCursor } } }`)); cursor != nil {
		ask("names after a cursor", false, fmt.Sprintf(`{ entities(first: 3, after: %q, orderBy: {field: NAME}) { nodes { id name } } }`, cursor[1]))
	}
	if !slices.ContainsFunc(all, func(r recordedRequest) bool { return r.Name == "names after a cursor" }) {
		t.Fatal("there is no cursor")
	}
	return all
}
