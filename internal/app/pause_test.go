package app_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// A paused server serves and projects, but sends no webhooks and carries out no
// schedules until it is resumed.
func TestPaused(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		receiver, settings := newWebhookReceiver(t), config(t, c)
		key := prepareBackup(t, c, settings, receiver)
		settings.Paused, settings.WebhookAllowPrivate = true, true
		log := &record{}
		a := start(t, settings, parts(log))
		if code, body := get(t, a.URL()+"/readyz"); code != http.StatusOK || !strings.Contains(body, `"name":"jobs","ok":true,"message":"paused`) {
			t.Errorf("got %d %s", code, body)
		}
		if !strings.Contains(log.String(), "paused: no webhook is sent") || !a.Paused() {
			t.Error("the log does not say that it is paused")
		}
		// It serves, and applies new publications to live.
		if body := query(t, a, key, `mutation { createReport(input: {slug: "now", title: "Now", kind: BRIEF, language: "en", summary: "S.", body: "B."}) { created } publish(input: {documents: ["report:now"]}) { state } }`); !strings.Contains(body, "APPLIED") {
			t.Errorf("got %s", body)
		}
		// A new schedule waits too.
		soon := time.Now().Add(100 * time.Millisecond).UTC().Format(time.RFC3339Nano)
		query(t, a, key, fmt.Sprintf(`mutation { schedulePublication(input: {documents: ["report:later"], at: %q}) { schedule { id } } }`, soon))
		if states := query(t, a, key, `{ schedules { nodes { status } } }`); strings.Count(states, "PENDING") != 2 {
			t.Errorf("got %s", states)
		}
		if n := count(t, c, "SELECT count(*) FROM river_leader"); n != 0 {
			t.Errorf("jobs are run: %d processes lead them", n)
		}
		if n := count(t, c, "SELECT count(*) FROM webhook_deliveries"); n != 1 {
			t.Errorf("there are %d deliveries, want that of before", n)
		}
		if n := count(t, c, "SELECT count(*) FROM river_job WHERE state IN ('available', 'scheduled') AND attempt = 0"); n != 3 {
			t.Errorf("%d jobs wait, want 3", n)
		}
		select {
		case body := <-receiver.got:
			t.Errorf("the receiver got %s", body)
		default:
		}

		code, out, errs := run(t, map[string]string{"REDTHREAD_DATA": settings.Data, "REDTHREAD_DESK_DSN": c.DeskDSN}, "resume")
		if code != 0 || !strings.Contains(out, "resume within") {
			t.Fatalf("exit %d: %s%s", code, out, errs)
		}
		want := map[string]bool{"before": true, "now": true, "due": true, "later": true}
		for len(want) > 0 {
			select {
			case body := <-receiver.got:
				for slug := range want {
					if strings.Contains(body, fmt.Sprintf("%q:%q", "slug", slug)) {
						delete(want, slug)
					}
				}
			case <-time.After(time.Minute):
				t.Fatalf("the receiver got no event of %v\n%s", want, log)
			}
		}
		if _, body := get(t, a.URL()+"/readyz"); strings.Contains(body, "paused") || a.Paused() {
			t.Errorf("got %s", body)
		}
		if n := count(t, c, "SELECT count(*) FROM audit_entries WHERE action = 'RESUME_JOBS'"); n != 1 {
			t.Errorf("the audit log has %d entries of it, want 1", n)
		}
	})
}

// A server stays paused while the audit log cannot be read, and resumes afterwards.
func TestPausedWithoutTheAuditLog(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		settings := config(t, c)
		settings.Paused = true
		log := &onMessage{message: "the audit log could not be read for resume", came: make(chan struct{}, 1)}
		a := start(t, settings, parts(log))
		s, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		restore := storetest.HideTable(t, s.Desk, "audit_entries")
		receive(t, log.came)
		if !a.Paused() {
			t.Error("it resumed")
		}
		restore()
		log.await("resumed")
		if code, out, errs := run(t, map[string]string{"REDTHREAD_DATA": settings.Data, "REDTHREAD_DESK_DSN": c.DeskDSN}, "resume"); code != 0 {
			t.Fatalf("exit %d: %s%s", code, out, errs)
		}
		receive(t, log.came)
		if a.Paused() {
			t.Error("it did not resume")
		}
	})
}

// onMessage is a log that signals when a message is written.
type onMessage struct {
	record
	mu      sync.Mutex
	message string
	came    chan struct{}
}

func (l *onMessage) await(message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.message = message
	select {
	case <-l.came: // of the message before
	default:
	}
}

func (l *onMessage) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if strings.Contains(string(b), l.message) {
		select {
		case l.came <- struct{}{}:
		default: // it is known
		}
	}
	return l.record.Write(b)
}

// prepareBackup writes what a backup may contain: a delivery to be retried, and a
// schedule that is due. It returns a key.
func prepareBackup(t *testing.T, c store.Config, settings app.Config, receiver *webhookReceiver) string {
	t.Helper()
	settings.WebhookAllowPrivate = true
	a := start(t, settings, parts(io.Discard))
	env := map[string]string{"REDTHREAD_DATA": settings.Data, "REDTHREAD_DESK_DSN": c.DeskDSN}
	code, out, errs := run(t, env, "key", "create", "--name", "Ada", "--role", "ADMIN")
	if code != 0 {
		t.Fatal(errs)
	}
	key := regexp.MustCompile(`rt_\w+`).FindString(out)
	if body := query(t, a, key, fmt.Sprintf(`mutation { createWebhook(input: {url: %q, types: [REPORT]}) { secret } }`, receiver.URL)); !strings.Contains(body, "whsec_") {
		t.Fatalf("got %s", body)
	}
	for _, slug := range []string{"before", "due", "later"} {
		query(t, a, key, fmt.Sprintf(`mutation { createReport(input: {slug: %[1]q, title: %[1]q, kind: BRIEF, language: "en", summary: "S.", body: "B."}) { created } }`, slug))
	}
	query(t, a, key, `mutation { publish(input: {documents: ["report:before"]}) { state } }`)
	receive(t, receiver.got)
	stop(t, a) // the attempt has been noted then
	receiver.accept.Store(true)

	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	longAgo := storetest.NewClock(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	ago := editorial.New(s, projection.New(s, slog.New(slog.DiscardHandler), longAgo.Now), slog.New(slog.DiscardHandler), longAgo.Now)
	if _, err := ago.Schedule(domain.AsSystem(t.Context(), "test"),
		editorial.ScheduleParams{Action: "PUBLISH", Documents: []string{"report:due"}, At: longAgo.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	return key
}

// webhookReceiver is a receiver that refuses all requests until accept is set.
type webhookReceiver struct {
	*httptest.Server
	accept atomic.Bool
	got    chan string // the bodies
}

func newWebhookReceiver(t *testing.T) *webhookReceiver {
	r := &webhookReceiver{got: make(chan string, 100)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		if !r.accept.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
		r.got <- string(body)
	}))
	t.Cleanup(r.Close)
	return r
}

// count reads a number from the desk.
func count(t *testing.T, c store.Config, query string) (n int) {
	t.Helper()
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	rows, err := s.DeskRows().Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
	return n
}
