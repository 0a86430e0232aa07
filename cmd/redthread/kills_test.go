//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"math/rand/v2"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

var (
	kills = flag.Int("kills", 0, "how often TestAThousandKills kills the program, over both engines")
	seed  = flag.Uint64("seed", 1, "what the random choices of TestAThousandKills begin with")
)

// The program is killed at random moments, a thousand times if the flag -kills says so: while it starts, while clients write,
// publish, schedule and merge, while webhooks and newsletters are sent, and in the middle of commands. After each
// kill it is started again, and what it has answered is there. docs/reliability.md has the figures.
//
//	go test ./cmd/redthread -run TestAThousandKills -kills 1000 -timeout 3h -v
func TestAThousandKills(t *testing.T) {
	if *kills == 0 {
		t.Skip("skipped: it takes ten minutes or more: go test ./cmd/redthread -run TestAThousandKills -kills 1000 -timeout 3h -v")
	}
	binary := filepath.Join(t.TempDir(), "redthread")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		s := newKillSite(t, c, binary)
		for n := range *kills / 2 {
			s.killOnce(t)
			if n%20 == 19 {
				s.examine(t)
				s.progress(n + 1)
			}
			if n%100 == 99 {
				s.stop(t)
				s.checkProjection(t)
			}
			if t.Failed() {
				t.Fatalf("after %d kills", n+1)
			}
		}
		s.end(t)
	})
}

// killSite is a site whose program is killed again and again.
type killSite struct {
	crashSite
	random   *rand.Rand // of the test's goroutine
	receiver *webhookReceiver
	mails    *mailbox
	backups  string // a folder

	cmd  *exec.Cmd // the running server; nil if there is none
	addr string

	writing    atomic.Bool
	busy       map[string]bool      // slugs that a client writes now
	touched    []string             // slugs that were written since the last check
	schedules  map[string]time.Time // that were answered, by the slug of the report
	merged     map[string]string    // the slug that is left, by the one that is not
	sendings   []string             // editions whose sending was answered
	unanswered int                  // requests that a kill has cut off
	answers    int                  // writes that were answered
	imported   int
	carriedOut int // schedules whose reports are live

	kills map[string]int
	ready []time.Duration // from the start after a kill until it serves
}

func newKillSite(t *testing.T, c store.Config, binary string) *killSite {
	t.Helper()
	s := &killSite{
		crashSite: crashSite{config: c, dir: t.TempDir(), binary: binary, reindexed: true, answered: map[string]acknowledged{}},
		random:    rand.New(rand.NewPCG(*seed, uint64(len(c.DeskDSN)))), receiver: newWebhookReceiver(t), mails: startMailbox(t), backups: t.TempDir(),
		busy: map[string]bool{}, schedules: map[string]time.Time{}, merged: map[string]string{}, kills: map[string]int{},
	}
	s.flags = []string{"--webhook-allow-private", "--metrics-addr", "off", "--rate-limit-staff", "1000000000", "--smtp", s.mails.address, "--smtp-tls", "none",
		"--mail-from", "report@news.example.org", "--public-url", "https://news.example.org"}
	s.key = s.makeKey(t, "ADMIN")
	s.start(t)
	s.must(t, `mutation($url: URL!) { createWebhook(input: {url: $url, types: [REPORT]}) { secret } }`, map[string]any{"url": s.receiver.URL})
	s.must(t, `mutation { createSeries(input: {slug: "red", title: "Red", cadence: WEEKLY, language: "en"}) { created } }`, nil)
	// A series is live with its first edition.
	s.must(t, `mutation { createEdition(input: {slug: "red-0", series: "red", number: 900000, title: "Zero", language: "en", items: [{headline: "A list", summary: "It is out."}]}) { created }
		publish(input: {documents: ["edition:red-0"]}) { state } }`, nil)
	list := filepath.Join(s.dir, "readers.csv")
	rows := "email,language,series,consent_at,consent_source,consent_text\n"
	for i := range 60 {
		rows += fmt.Sprintf("reader-%d@example.net,en,red,2026-01-02T03:04:05Z,form,Yes\n", i)
	}
	if err := os.WriteFile(list, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := s.command(t.Context(), "subscribers", "import", list).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return s
}

func (s *killSite) must(t *testing.T, document string, variables map[string]any) map[string]json.RawMessage {
	t.Helper()
	data, ok := s.post(t, s.addr, document, variables)
	if !ok {
		t.Fatalf("no answer to %s", document)
	}
	return data
}

// start starts the server, if it does not run.
func (s *killSite) start(t *testing.T) {
	t.Helper()
	if s.cmd != nil {
		return
	}
	began := time.Now()
	s.cmd, s.addr, _ = startCommand(t, s.serve(t.Context()))
	s.ready = append(s.ready, time.Since(began))
}

// kill kills a command.
func (s *killSite) kill(t *testing.T, cmd *exec.Cmd, what string) {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed, or has just ended
	s.kills[what]++
}

func (s *killSite) stop(t *testing.T) {
	t.Helper()
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// killOnce kills the program in the middle of something, starts it again, and looks for what was answered.
func (s *killSite) killOnce(t *testing.T) {
	t.Helper()
	switch n := s.random.IntN(100); {
	case n < 70:
		s.killWriting(t)
	case n < 82:
		s.stop(t)
		s.killCommand(t, "a start", s.serve(t.Context()), 600*time.Millisecond)
	case n < 87:
		s.maybeStop(t)
		s.killCommand(t, "rebuild-live", s.command(t.Context(), "rebuild-live"), 500*time.Millisecond)
	case n < 91:
		s.maybeStop(t)
		s.killCommand(t, "backup", s.command(t.Context(), "backup", s.backups+"/"), 700*time.Millisecond)
	case n < 95:
		s.maybeStop(t)
		s.killCommand(t, "import", s.importCommand(t), 700*time.Millisecond)
	case n < 97:
		s.maybeStop(t)
		s.killCommand(t, "reindex", s.command(t.Context(), "reindex"), 500*time.Millisecond)
	default:
		s.killMigration(t)
	}
	s.start(t)
	s.checkSome(t)
}

// maybeStop stops the server every other time: commands work beside one, and without.
func (s *killSite) maybeStop(t *testing.T) {
	if s.random.IntN(2) == 0 {
		s.stop(t)
	}
}

func (s *killSite) pause(most time.Duration) { time.Sleep(time.Duration(s.random.Int64N(int64(most)))) }

func (s *killSite) killCommand(t *testing.T, what string, cmd *exec.Cmd, most time.Duration) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.pause(most)
	s.kill(t, cmd, what)
}

// importCommand imports a list of companies that is new every third time.
func (s *killSite) importCommand(t *testing.T) *exec.Cmd {
	t.Helper()
	s.imported++
	var rows strings.Builder
	rows.WriteString("Entity;Since\n")
	for i := range 100 {
		_, _ = fmt.Fprintf(&rows, "Company %d of %d;01/02/2021\n", i, s.imported/3) // a builder takes every write
	}
	file := filepath.Join(s.dir, "companies.csv")
	if err := os.WriteFile(file, []byte(rows.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return s.command(t.Context(), "import", "companies", file, "--publish", "--map", "name=Entity", "--map", "start=Since", "--date-format", "DD/MM/YYYY")
}

// killMigration kills the first start on new stores, and starts again.
func (s *killSite) killMigration(t *testing.T) {
	t.Helper()
	fresh := crashSite{binary: s.binary, config: store.Config{Dir: t.TempDir()}, dir: t.TempDir(), answered: map[string]acknowledged{}}
	if s.config.DeskDSN != "" {
		fresh.config = storetest.BarePostgresConfig(t)
	}
	s.killCommand(t, "migrations", fresh.command(t.Context(), "migrate", "up"), 800*time.Millisecond)
	for _, args := range [][]string{{"migrate", "up"}, {"doctor"}} {
		if out, err := fresh.command(t.Context(), args...).CombinedOutput(); err != nil {
			t.Errorf("%v after a kill in the middle of the migrations: %v: %s", args, err, out)
		}
	}
}

// killWriting kills the server while clients write.
func (s *killSite) killWriting(t *testing.T) {
	t.Helper()
	s.start(t)
	s.writing.Store(true)
	var clients sync.WaitGroup
	for range 3 {
		random := rand.New(rand.NewPCG(s.random.Uint64(), 0))
		clients.Go(func() {
			for s.writing.Load() && s.act(t, random) {
			}
		})
	}
	if s.random.IntN(15) == 0 {
		number := len(s.sendings) + s.kills["writes"] + 1
		clients.Go(func() { s.send(t, fmt.Sprintf("red-%d", number), number) })
	}
	s.pause(900 * time.Millisecond)
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	s.writing.Store(false)
	clients.Wait()
	_ = s.cmd.Wait() // it was killed
	s.cmd = nil
	s.kills["writes"]++
}

// try sends a mutation. It returns false where there was no answer.
func (s *killSite) try(t *testing.T, document string, variables map[string]any) bool {
	_, ok := s.post(t, s.addr, document, variables)
	s.mu.Lock()
	defer s.mu.Unlock()
	if ok {
		s.answers++
	} else {
		s.unanswered++
	}
	return ok
}

// act does one thing that staff do. It returns false where there was no answer.
func (s *killSite) act(t *testing.T, random *rand.Rand) bool {
	switch n := random.IntN(20); {
	case n < 15:
		return s.saveAndPublish(t, random)
	case n < 18:
		return s.schedule(t)
	}
	return s.merge(t)
}

// fresh returns a number that was not there before.
func (s *killSite) fresh() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	return s.next
}

// saveAndPublish saves two reports, of which one may be there already, and publishes them in one release.
func (s *killSite) saveAndPublish(t *testing.T, random *rand.Rand) bool {
	// Clients write to the same report one after the other, so that the highest number that was answered is what is there.
	s.mu.Lock()
	s.next++
	number := s.next
	slugs := []string{fmt.Sprintf("r%d", number)}
	if shared := fmt.Sprintf("shared-%d", random.IntN(40)); !s.busy[shared] {
		slugs = append(slugs, shared)
	}
	for _, slug := range slugs {
		s.busy[slug] = true
		s.touched = append(s.touched, slug)
	}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, slug := range slugs {
			delete(s.busy, slug)
		}
	}()
	var documents []string
	for _, slug := range slugs {
		text := fmt.Sprintf("%s at %d", slug, number)
		if !s.try(t, `mutation($input: UpsertReportInput!) { upsertReport(input: $input) { changed } }`, map[string]any{
			"input": map[string]any{"slug": slug, "title": text, "summary": text, "body": text, "kind": "BRIEF", "language": "en", "message": fmt.Sprint(number)},
		}) {
			return false
		}
		s.note(slug, func(a *acknowledged) { a.saved = number })
		documents = append(documents, "report:"+slug)
	}
	if !s.try(t, `mutation($documents: [String!]!) { publish(input: {documents: $documents}) { sequence } }`, map[string]any{"documents": documents}) {
		return false
	}
	for _, slug := range slugs {
		s.note(slug, func(a *acknowledged) { a.published = number })
	}
	return true
}

// schedule saves a report and schedules its publication in a second.
func (s *killSite) schedule(t *testing.T) bool {
	number := s.fresh()
	slug := fmt.Sprintf("s%d", number)
	text := fmt.Sprintf("%s at %d", slug, number)
	if !s.try(t, `mutation($input: CreateReportInput!) { createReport(input: $input) { created } }`, map[string]any{
		"input": map[string]any{"slug": slug, "title": text, "summary": text, "body": text, "kind": "BRIEF", "language": "en"},
	}) {
		return false
	}
	at := time.Now().Add(time.Second)
	if !s.try(t, `mutation($documents: [String!]!, $at: DateTime!) { schedulePublication(input: {documents: $documents, at: $at}) { schedule { id } } }`,
		map[string]any{"documents": []string{"report:" + slug}, "at": at.UTC().Format(time.RFC3339Nano)}) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.schedules[slug] = at
	return true
}

// merge saves two entities and merges them.
func (s *killSite) merge(t *testing.T) bool {
	number := s.fresh()
	slugs := []string{fmt.Sprintf("company-%d-a", number), fmt.Sprintf("company-%d-b", number)}
	for _, slug := range slugs {
		if !s.try(t, `mutation($slug: String!) { createEntity(input: {slug: $slug, name: $slug, kind: COMPANY}) { created } }`, map[string]any{"slug": slug}) {
			return false
		}
	}
	if !s.try(t, `mutation($from: [ID!]!, $into: ID!) { mergeEntities(input: {from: $from, into: $into}) { entity { slug } } }`,
		map[string]any{"from": slugs[:1], "into": slugs[1]}) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.merged[slugs[0]] = slugs[1]
	return true
}

// send publishes an edition and sends it to its readers.
func (s *killSite) send(t *testing.T, slug string, number int) {
	if s.try(t, fmt.Sprintf(`mutation { createEdition(input: {slug: %q, series: "red", number: %d, title: %q, language: "en", items: [{headline: "A list", summary: "It is out."}]}) { created } }`, slug, number, slug), nil) &&
		s.try(t, fmt.Sprintf(`mutation { publish(input: {documents: ["edition:%s"]}) { state } }`, slug), nil) &&
		s.try(t, fmt.Sprintf(`mutation { sendEdition(input: {edition: %q}) { sending { id } } }`, slug), nil) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sendings = append(s.sendings, slug)
	}
}

// checkSome looks for what was written last, and for some of what was written before.
func (s *killSite) checkSome(t *testing.T) {
	t.Helper()
	all := slices.Sorted(maps.Keys(s.answered))
	slugs := s.touched
	s.touched = nil
	for range min(20, len(all)) {
		slugs = append(slugs, all[s.random.IntN(len(all))])
	}
	s.checkReports(t, slugs)
	merged := slices.Sorted(maps.Keys(s.merged))
	for range min(3, len(merged)) {
		from := merged[s.random.IntN(len(merged))]
		data := s.must(t, `query($slug: String!) @inContext(stage: DESK) { entity(slug: $slug) { slug } }`, map[string]any{"slug": from})
		if !strings.Contains(string(data["entity"]), `"`+s.merged[from]+`"`) {
			t.Errorf("%s was merged into %s, and is %s", from, s.merged[from], data["entity"])
		}
	}
}

func (s *killSite) checkReports(t *testing.T, slugs []string) {
	t.Helper()
	slices.Sort(slugs)
	for batch := range slices.Chunk(slices.Compact(slugs), 20) {
		for _, stage := range []string{"@inContext(stage: DESK)", ""} {
			var q strings.Builder
			_, _ = fmt.Fprintf(&q, "query %s {", stage) // a builder takes every write
			for i, slug := range batch {
				_, _ = fmt.Fprintf(&q, " r%d: report(slug: %q) { title summary body }", i, slug)
			}
			data := s.must(t, q.String()+" }", nil)
			for i, slug := range batch {
				want := s.answered[slug].saved
				if stage == "" {
					want = s.answered[slug].published
				}
				s.checkReport(t, slug, stage, want, data[fmt.Sprintf("r%d", i)])
			}
		}
	}
}

func (s *killSite) checkReport(t *testing.T, slug, stage string, want int, raw json.RawMessage) {
	t.Helper()
	var r *struct{ Title, Summary, Body string }
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	if r == nil {
		if want > 0 {
			t.Errorf("%s %s was answered at %d and is lost", slug, stage, want)
		}
		return
	}
	var number int
	if _, err := fmt.Sscanf(r.Title, slug+" at %d", &number); err != nil || number < want {
		t.Errorf("%s %s: answered %d, found %q", slug, stage, want, r.Title)
	}
	if r.Summary != r.Title || r.Body != r.Title {
		t.Errorf("%s %s is half written: %+v", slug, stage, r)
	}
}

// examine runs the doctor beside the server: the stores and the log are whole, and live is what the log says. A search index whose
// building was interrupted may be being built; it reports whether one is.
func (s *killSite) examine(t *testing.T) (building bool) {
	t.Helper()
	out, err := s.command(t.Context(), "doctor", "--json", "--full").Output()
	var report struct {
		Findings []struct{ Check, State, Found string }
	}
	if failure := json.Unmarshal(out, &report); failure != nil {
		t.Fatalf("the doctor: %v: %s", err, out)
	}
	for _, f := range report.Findings {
		building = building || f.Check == "search" && f.State == "warning"
		if f.State == "problem" || f.State == "warning" && slices.Contains([]string{"log", "indexes", "work"}, f.Check) {
			t.Errorf("the doctor: %s: %s: %s", f.Check, f.State, f.Found)
		}
	}
	return building
}

// end looks for all that was answered, waits until all that runs later has ended, and compares live with a rebuilt one.
func (s *killSite) end(t *testing.T) {
	t.Helper()
	s.start(t)
	s.checkReports(t, slices.Collect(maps.Keys(s.answered)))
	deadline := time.Now().Add(10 * time.Minute)
	await := func(what string, left func() string) {
		t.Helper()
		for left() != "" {
			if time.Now().After(deadline) {
				t.Fatalf("%s: %.2000s", what, left())
			}
			time.Sleep(200 * time.Millisecond)
		}
	}
	await("schedules that were not carried out", func() string {
		return s.pending(t, `query @inContext(stage: DESK) { schedules(statuses: [PENDING, FAILED], first: 1) { nodes { id status error } } }`, "schedules")
	})
	await("schedules whose reports are not live", func() string { return s.checkSchedules(t) })
	await("publications without an event", func() string { return s.receiver.missing(s.answered) })
	s.receiver.checkOrder(t)
	unknown := 0
	for _, slug := range s.sendings {
		var sending struct {
			State                                                      string
			Total, Submitted, Unknown, Failed, Skipped, Left, Deferred int
		}
		await("sendings that have not ended", func() string {
			data := s.must(t, `query($edition: ID!) @inContext(stage: DESK) { sending(edition: $edition) { state total submitted unknown failed skipped left deferred } }`, map[string]any{"edition": slug})
			if err := json.Unmarshal(data["sending"], &sending); err != nil {
				t.Fatal(err)
			}
			if sending.State == "DONE" {
				return ""
			}
			return string(data["sending"])
		})
		unknown += sending.Unknown
		if sending.Submitted+sending.Unknown != sending.Total {
			t.Errorf("the sending of %s: %+v", slug, sending)
		}
	}
	if twice := s.mails.twice(); twice != "" {
		t.Errorf("mails were sent twice: %s", twice)
	}
	await("search indexes that are not complete", func() string {
		if s.examine(t) {
			return "being built"
		}
		return ""
	})
	s.stop(t)
	s.checkProjection(t)
	s.checkBackups(t)
	s.report(t, unknown)
}

// checkSchedules returns the schedule of a report that is not live; empty if all are.
func (s *killSite) checkSchedules(t *testing.T) string {
	t.Helper()
	for _, slug := range slices.Sorted(maps.Keys(s.schedules)) {
		data := s.must(t, `query($slug: String!) { report(slug: $slug) { slug } }`, map[string]any{"slug": slug})
		if !strings.Contains(string(data["report"]), slug) {
			return slug + ": " + s.scheduleOf(t, slug)
		}
		delete(s.schedules, slug)
		s.carriedOut++
	}
	return ""
}

// scheduleOf returns what there is of the schedule of a report.
func (s *killSite) scheduleOf(t *testing.T, slug string) string {
	t.Helper()
	data := s.must(t, `query($slug: String!) @inContext(stage: DESK) { report(slug: $slug) { id version publishedAt } schedules(last: 100, statuses: [PENDING, FAILED, CANCELLED]) { nodes { id at status error sequence doneAt documents } } }`, map[string]any{"slug": slug})
	return string(data["report"]) + " " + string(data["schedules"])
}

// pending returns the nodes of a connection; empty if there are none.
func (s *killSite) pending(t *testing.T, document, field string) string {
	t.Helper()
	var connection struct{ Nodes []json.RawMessage }
	if err := json.Unmarshal(s.must(t, document, nil)[field], &connection); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, n := range connection.Nodes {
		all = append(all, string(n))
	}
	return strings.Join(all, ", ")
}

// checkBackups puts the newest backup back, if there is one: what has the name of a backup is whole.
func (s *killSite) checkBackups(t *testing.T) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(s.backups, "redthread-*"))
	if err != nil || len(names) == 0 {
		t.Logf("no backup was complete before its kill: %v", err)
		return
	}
	slices.Sort(names)
	fresh := crashSite{binary: s.binary, config: store.Config{Dir: t.TempDir()}, dir: t.TempDir()}
	if s.config.DeskDSN != "" {
		fresh.config = storetest.BarePostgresConfig(t)
	}
	if out, err := fresh.command(t.Context(), "restore", names[len(names)-1]).CombinedOutput(); err != nil {
		t.Errorf("restore: %v: %s", err, out)
	}
	t.Logf("%d backups were complete before their kill", len(names))
}

func (s *killSite) progress(n int) {
	engine := "SQLite"
	if s.config.DeskDSN != "" {
		engine = "PostgreSQL"
	}
	_, _ = fmt.Fprintf(os.Stderr, "%s %s: %d kills, %d writes answered, %d cut off, %d events, %d mails\n",
		time.Now().Format(time.TimeOnly), engine, n, s.answers, s.unanswered, s.receiver.count(), s.mails.count())
}

func (s *killSite) report(t *testing.T, unknown int) {
	t.Helper()
	total := 0
	for _, n := range s.kills {
		total += n
	}
	ready := slices.Sorted(slices.Values(s.ready))
	at := func(part float64) time.Duration {
		return ready[min(int(part*float64(len(ready))), len(ready)-1)].Round(time.Millisecond)
	}
	t.Logf("%d kills %v; %d writes answered, %d requests cut off; %d reports, %d schedules, %d merges; %d events at the receiver, %d of them twice; %d mails of %d sendings, %d of them unknown",
		total, s.kills, s.answers, s.unanswered, len(s.answered), s.carriedOut, len(s.merged), len(s.receiver.seen), s.receiver.again, s.mails.count(), len(s.sendings), unknown)
	t.Logf("from the start until it serves: p50 %s, p99 %s, at most %s, of %d starts", at(0.5), at(0.99), at(1), len(ready))
}

func (s *webhookReceiver) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

// mailbox is an SMTP server that accepts everything, a mail in 20 ms.
type mailbox struct {
	address string

	mu    sync.Mutex
	mails map[string]int // by subject and recipient
	total int
}

func startMailbox(t *testing.T) *mailbox {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mailbox{address: listener.Addr().String(), mails: map[string]int{}}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &mailboxSession{box: m}, nil }))
	server.Domain, server.ErrorLog = "mx.example.org", log.New(io.Discard, "", 0)
	go func() { _ = server.Serve(listener) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	return m
}

func (m *mailbox) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.total
}

func (m *mailbox) twice() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []string
	for mail, n := range m.mails {
		if n > 1 {
			found = append(found, fmt.Sprintf("%s (%d)", mail, n))
		}
	}
	return strings.Join(found, ", ")
}

type mailboxSession struct {
	box *mailbox
	to  string
}

func (s *mailboxSession) Mail(string, *smtp.MailOptions) error { return nil }

func (s *mailboxSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return nil
}

func (s *mailboxSession) Data(r io.Reader) error {
	message, err := mail.ReadMessage(bufio.NewReader(r))
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, message.Body); err != nil {
		return err
	}
	time.Sleep(20 * time.Millisecond) // so that kills meet it
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.mails[message.Header.Get("Subject")+" to "+s.to]++
	s.box.total++
	return nil
}

func (s *mailboxSession) Reset()        {}
func (s *mailboxSession) Logout() error { return nil }
