package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// chaosSite is a server to which something happens, and what it has answered.
type chaosSite struct {
	t         *testing.T
	url, key  string
	number    int
	saved     map[string]string // the last title that was answered, by slug
	published map[string]string
}

func newChaosSite(t *testing.T, url, key string) *chaosSite {
	return &chaosSite{t: t, url: url, key: key, saved: map[string]string{}, published: map[string]string{}}
}

// post sends a document with the key, or without one.
func (s *chaosSite) post(key, document string) (response, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/graphql", strings.NewReader(gql(document)))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return response{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return response{res.StatusCode, res.Header, string(body)}, err
}

// write saves a report, and publishes it. It returns the response that refused one of both, and whether one did.
func (s *chaosSite) write() (refused response, was bool) {
	s.t.Helper()
	s.number++
	slug, title := fmt.Sprintf("report-%d", s.number%50), fmt.Sprintf("Title %d", s.number)
	got := s.mustPost(s.key, fmt.Sprintf(`mutation { upsertReport(input: {slug: %q, title: %q, kind: BRIEF, language: "en", summary: "S.", body: %q}) { changed } }`,
		slug, title, strings.Repeat("A sentence of the body. ", 300)))
	if got.code() != "" {
		return got, true
	}
	s.saved[slug] = title
	got = s.mustPost(s.key, fmt.Sprintf(`mutation { publish(input: {documents: ["report:%s"]}) { state } }`, slug))
	if got.code() != "" {
		return got, true
	}
	s.published[slug] = title
	return response{}, false
}

func (s *chaosSite) mustPost(key, document string) response {
	s.t.Helper()
	got, err := s.post(key, document)
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

// mustWrite writes so often, without a refusal.
func (s *chaosSite) mustWrite(n int) {
	s.t.Helper()
	for range n {
		if got, refused := s.write(); refused {
			s.t.Fatalf("a write was refused: %d %s", got.status, got.body)
		}
	}
}

// wantShed checks that a response is 503, says so, and nothing of the database.
func (s *chaosSite) wantShed(got response) {
	s.t.Helper()
	if got.status != http.StatusServiceUnavailable || got.code() != "UNAVAILABLE" || got.header.Get("Retry-After") == "" {
		s.t.Errorf("got %d, Retry-After %q, %s, want 503 UNAVAILABLE", got.status, got.header.Get("Retry-After"), got.body)
	}
	if found := leaks.FindString(requestIDs.ReplaceAllString(got.body, "")); found != "" {
		s.t.Errorf("a response has %q: %s", found, got.body)
	}
}

// wantReads checks that live is read, without the response cache.
func (s *chaosSite) wantReads() {
	s.t.Helper()
	s.number++
	got := s.mustPost("", fmt.Sprintf(`{ a%d: reports(first: 3) { nodes { slug title body } } }`, s.number))
	if got.status != http.StatusOK || got.code() != "" || !strings.Contains(got.body, "report-") {
		s.t.Errorf("live cannot be read: %d %.300s", got.status, got.body)
	}
}

// untilWritten writes until a write is answered.
func (s *chaosSite) untilWritten() {
	s.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		got, refused := s.write()
		if !refused {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the server has not recovered: %d %s", got.status, got.body)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// untilReady waits until the server is ready.
func (s *chaosSite) untilReady() {
	s.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		status, body := get(s.t, s.url+"/readyz")
		if status == http.StatusOK {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("it is not ready: %s", body)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// wantAll checks that all that was answered is there: saved on the desk, and published in live.
func (s *chaosSite) wantAll() {
	s.t.Helper()
	s.untilReady()
	for stage, want := range map[string]map[string]string{`@inContext(stage: DESK)`: s.saved, "": s.published} {
		got := s.mustPost(s.key, fmt.Sprintf(`query %s { reports(first: 100) { nodes { slug title } } }`, stage))
		var answer struct {
			Data struct {
				Reports struct {
					Nodes []struct{ Slug, Title string }
				}
			}
		}
		if err := json.Unmarshal([]byte(got.body), &answer); err != nil {
			s.t.Fatalf("%v: %s", err, got.body)
		}
		titles := map[string]string{}
		for _, n := range answer.Data.Reports.Nodes {
			titles[n.Slug] = n.Title
		}
		for slug, title := range want {
			var had, wanted int
			_, _ = fmt.Sscanf(titles[slug], "Title %d", &had) // 0 if there is none
			_, _ = fmt.Sscanf(title, "Title %d", &wanted)
			if had < wanted {
				s.t.Errorf("%s %s: %q was answered, and %q is there", stage, slug, title, titles[slug])
			}
		}
	}
}

// wantSound runs the doctor, which must find the stores whole.
func wantSound(t *testing.T, env map[string]string) {
	t.Helper()
	_, out, errs := run(t, env, "doctor", "--json", "--full")
	var report struct {
		Findings []struct{ Check, State, Found string }
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v: %s %s", err, out, errs)
	}
	checked := 0
	for _, f := range report.Findings {
		if slices.Contains([]string{"integrity", "log", "live", "indexes", "search", "work"}, f.Check) {
			if checked++; f.State != "ok" {
				t.Errorf("the doctor: %s: %s: %s", f.Check, f.State, f.Found)
			}
		}
	}
	if checked < 6 {
		t.Errorf("the doctor checked too little: %s", out)
	}
}

// slowDisk is a fault that is none: it delays statements.
type slowDisk struct {
	delay atomic.Int64 // of a commit on the desk
	stop  chan struct{}
}

func (d *slowDisk) fault(in, query string) error {
	if delay := time.Duration(d.delay.Load()); delay > 0 && in == "desk" && query == "COMMIT" {
		select {
		case <-time.After(delay):
		case <-d.stop:
		}
	}
	return nil
}

// While the disk of the desk takes seconds for each commit, live is read as ever, and writers who
// wait for too long get 503. What is answered is there, and nothing piles up.
func TestChaosSlowDisk(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		disk := &slowDisk{stop: make(chan struct{})}
		settings, log := config(t, c), &record{}
		settings.Demo = true
		p := parts(log)
		p.Demo, p.Fault, p.MaxTime = app.DemoContent{}, disk.fault, 3*time.Second
		a := start(t, settings, p)
		s := newChaosSite(t, a.URL(), a.DemoKey())
		s.mustWrite(2)

		disk.delay.Store(int64(time.Minute))
		const writers = 40
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var shed, other atomic.Int64
		var clients sync.WaitGroup
		for i := range writers {
			clients.Go(func() {
				r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL()+"/graphql", strings.NewReader(gql(fmt.Sprintf(
					`mutation { upsertReport(input: {slug: "slow-%d", title: "T", kind: BRIEF, language: "en", summary: "S.", body: "B."}) { changed } }`, i))))
				if err != nil {
					t.Error(err)
					return
				}
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Authorization", "Bearer "+s.key)
				res, err := http.DefaultClient.Do(r)
				if err != nil {
					return // it was cancelled
				}
				defer res.Body.Close()
				if res.StatusCode == http.StatusServiceUnavailable && res.Header.Get("Retry-After") != "" {
					shed.Add(1)
				} else {
					other.Add(1)
				}
			})
		}
		for range 30 {
			s.wantReads()
		}
		// The first writer holds the desk; the others get their answer when their time is over.
		deadline := time.After(50 * time.Second)
		for shed.Load() < writers-1 && other.Load() == 0 {
			select {
			case <-deadline:
				t.Fatalf("%d of %d writers were refused after 50 s", shed.Load(), writers)
			case <-time.After(50 * time.Millisecond):
			}
		}
		if other.Load() > 0 {
			t.Errorf("%d writers got another answer than 503 with Retry-After", other.Load())
		}
		s.wantReads()
		disk.delay.Store(0)
		close(disk.stop)
		cancel()
		clients.Wait()
		s.untilWritten()
		s.mustWrite(2)
		s.wantAll()
		for line := range strings.Lines(log.String()) {
			if strings.Contains(line, `"level":"ERROR"`) {
				t.Errorf("logged %s", line)
			}
		}
	})
}

// The clock of the machine jumps by hours, forwards and back: expired keys are refused, the publication log
// stays in order, and a schedule is carried out when its time has come.
func TestChaosClock(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		b := newTestServer(t, c, nil)
		key := b.secret["editor"]
		s := newChaosSite(t, b.URL(), key)
		s.mustWrite(2)
		const me = `{ viewer { role } }`
		for _, jump := range []time.Duration{7 * time.Hour, -9 * time.Hour, 2 * time.Hour} {
			b.clock.Advance(jump)
			s.mustWrite(3)
			s.wantReads()
			s.wantAll()
			got := s.mustPost(b.secret["expired"], me) // after the first hour
			if want := jump > 6*time.Hour; (got.code() == "UNAUTHENTICATED") != want {
				t.Errorf("after a jump by %s a key with an hour to live: got %s", jump, got.body)
			}
			// After the first jump the log has times that have not come yet.
			if status, body := get(t, b.URL()+"/readyz"); status != http.StatusOK || strings.Contains(body, "clock is behind") != (jump != 7*time.Hour) {
				t.Errorf("after a jump by %s /readyz is %d %s", jump, status, body)
			}
		}
		// A schedule that is due by the clock of the jobs, and not yet by the server's, waits.
		b.clock.Advance(-3 * time.Second)
		at := b.clock.Now().Add(time.Second).UTC().Format(time.RFC3339Nano)
		s.mustPost(key, `mutation { createReport(input: {slug: "scheduled", title: "S", kind: BRIEF, language: "en", summary: "S.", body: "B."}) { report { id } } }`)
		if got := s.mustPost(key, fmt.Sprintf(`mutation { schedulePublication(input: {documents: ["report:scheduled"], at: %q}) { schedule { id } } }`, at)); got.code() != "" {
			t.Fatal(got.body)
		}
		deadline := time.Now().Add(time.Minute)
		for !strings.Contains(s.mustPost("", `{ report(slug: "scheduled") { slug } }`).body, `"scheduled"`) {
			if time.Now().After(deadline) {
				t.Fatal("the schedule was not carried out")
			}
			time.Sleep(50 * time.Millisecond)
		}
		stop(t, b.App)
		n := count(t, store.Config{Dir: b.dir, DeskDSN: c.DeskDSN}, `SELECT count(*) FROM publication_entries e JOIN publication_entries b ON b.sequence = e.sequence - 1 WHERE e.at < b.at`)
		if n > 0 {
			t.Errorf("%d entries of the log have an earlier time than the one before", n)
		}
		wantSound(t, map[string]string{"REDTHREAD_DATA": b.dir, "REDTHREAD_DESK_DSN": c.DeskDSN})
	})
}

// PostgreSQL is stopped at once and started again, three times, while clients write and read: they get answers or 503, and the
// server goes on by itself.
func TestChaosPostgresRestarts(t *testing.T) {
	t.Parallel()
	cluster, _ := storetest.StartStandbys(t, 0)
	env := map[string]string{"REDTHREAD_DESK_DSN": cluster.DSN("postgres"), "REDTHREAD_DATA": t.TempDir()}
	if code, _, errs := run(t, env, "migrate", "up"); code != 0 {
		t.Fatal(errs)
	}
	receiver := newWebhookReceiver(t)
	receiver.accept.Store(true)
	settings, log := config(t, store.Config{DeskDSN: cluster.DSN("postgres")}), &record{}
	settings.WebhookAllowPrivate, settings.Demo = true, true
	p := parts(log)
	p.Demo = app.DemoContent{}
	a := start(t, settings, p)
	s := newChaosSite(t, a.URL(), a.DemoKey())
	if got := s.mustPost(a.DemoAdminKey(), fmt.Sprintf(`mutation { createWebhook(input: {url: %q, types: [REPORT]}) { secret } }`, receiver.URL)); got.code() != "" {
		t.Fatal(got.body)
	}
	s.mustWrite(3)
	for range 3 {
		if err := cluster.Stop(); err != nil {
			t.Fatal(err)
		}
		refused, was := s.write()
		if !was {
			t.Fatal("a write was answered without a database")
		}
		s.wantShed(refused)
		s.wantShed(s.mustPost("", fmt.Sprintf("{ a%d: reports { totalCount } }", s.number)))
		if status, body := get(t, a.URL()+"/readyz"); status != http.StatusServiceUnavailable || leaks.MatchString(body) {
			t.Errorf("/readyz is %d %s", status, body)
		}
		if err := cluster.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.untilWritten()
		s.mustWrite(2)
		s.wantReads()
	}
	s.wantAll()
	receiver.untilEach(t, s.published)
	if !strings.Contains(log.String(), "connect") {
		t.Errorf("the log does not say why:\n%.2000s", log)
	}
	stop(t, a)
	wantSound(t, env)
}

// untilEach waits until the receiver was sent events of documents, whose slugs are the keys.
func (r *webhookReceiver) untilEach(t *testing.T, slugs map[string]string) {
	t.Helper()
	late := time.After(2 * time.Minute)
	for left := maps.Clone(slugs); len(left) > 0; {
		select {
		case body := <-r.got:
			maps.DeleteFunc(left, func(slug, _ string) bool { return strings.Contains(body, `"`+slug+`"`) })
		case <-late:
			t.Fatalf("the receiver was not sent %v", left)
		}
	}
}
