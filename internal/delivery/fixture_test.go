package delivery_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/webhookdelivery"
	"github.com/redthread-api/redthread/internal/delivery"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func newClock() *storetest.Clock {
	return storetest.NewSteppingClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), time.Microsecond)
}

// testDesk is a desk with webhooks. The test runs their jobs when it advances the
// clock.
type testDesk struct {
	*delivery.Webhooks
	t      testing.TB
	stores *store.Stores
	desk   *editorial.Desk
	clock  *storetest.Clock
	log    *bytes.Buffer // read it when nothing runs
	owners *owners

	mu        sync.Mutex
	jobs      []delivery.Job
	discarded []delivery.Job // not run any more
}

func newTestDesk(t testing.TB, s *store.Stores) *testDesk {
	t.Helper()
	site := &testDesk{t: t, stores: s, clock: newClock(), log: &bytes.Buffer{},
		owners: &owners{clearance: map[domain.ID]domain.Marking{}, problem: map[domain.ID]string{}}}
	log := slog.New(slog.NewTextHandler(site.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	site.desk = editorial.New(s, projection.New(s, log, site.clock.Now).WithPatience(storetest.Patience), log, site.clock.Now)
	if err := errors.Join(site.desk.Prepare(t.Context()), site.desk.Live().Project(t.Context())); err != nil {
		t.Fatal(err)
	}
	site.Webhooks = delivery.NewWithQueue(delivery.Config{Stores: s, Live: site.desk.Live(), Log: log, Now: site.clock.Now, AllowPrivate: true, Owners: site.owners}, site)
	return site
}

// Enqueue implements delivery.Queue.
func (s *testDesk) Enqueue(tx *store.Tx, jobs ...delivery.Job) {
	tx.AfterCommit(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.jobs = append(s.jobs, jobs...)
	})
}

// Unfinished implements delivery.Queue.
func (s *testDesk) Unfinished(hook domain.ID) map[delivery.Job]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	unfinished := map[delivery.Job]bool{}
	for _, job := range slices.Concat(s.jobs, s.discarded) {
		if job.Webhook == hook {
			unfinished[job] = slices.Contains(s.discarded, job)
		}
	}
	return unfinished
}

func each(t *testing.T, fn func(t *testing.T, s *testDesk)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) { fn(t, newTestDesk(t, s)) })
}

// next removes and returns the first job that is due by a time.
func (s *testDesk) next(by time.Time) (delivery.Job, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	best := -1
	for i, job := range s.jobs {
		if !job.At.After(by) && (best < 0 || job.At.Before(s.jobs[best].At)) {
			best = i
		}
	}
	if best < 0 {
		return delivery.Job{}, false
	}
	job := s.jobs[best]
	s.jobs = slices.Delete(s.jobs, best, best+1)
	return job, true
}

// advance dispatches all changes, runs all jobs that become due within d, and
// advances the clock by d.
func (s *testDesk) advance(d time.Duration) {
	s.t.Helper()
	if err := s.DispatchAll(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	until := s.clock.Now().Add(d)
	for {
		job, ok := s.next(until)
		if !ok {
			break
		}
		s.clock.AdvanceTo(job.At)
		if err := s.Attempt(s.t.Context(), job); err != nil {
			s.t.Fatal(err)
		}
	}
	s.clock.AdvanceTo(until)
}

func as(ctx context.Context, role domain.Role, clearance domain.Marking) context.Context {
	return domain.WithViewer(ctx, &domain.Viewer{Name: "Ann", Role: role, Clearance: clearance, KeyID: 1})
}

func (s *testDesk) admin() context.Context { return as(s.t.Context(), domain.Admin, domain.Red) }

// hook registers a webhook.
func (s *testDesk) hook(p delivery.CreateParams) (domain.ID, string) {
	s.t.Helper()
	id, secret, err := s.Create(s.admin(), p)
	if err != nil {
		s.t.Fatal(err)
	}
	return id, secret
}

func (s *testDesk) row(id domain.ID) *db.Webhook {
	s.t.Helper()
	ctx := domain.WithStage(s.admin(), domain.Desk)
	row, err := s.stores.Client(ctx).Webhook.Get(ctx, id)
	if err != nil {
		s.t.Fatal(err)
	}
	return row
}

// deliveries reads the delivery log of a webhook, the oldest first.
func (s *testDesk) deliveries(hook domain.ID) []*db.WebhookDelivery {
	s.t.Helper()
	ctx := domain.WithStage(s.admin(), domain.Desk)
	rows, err := s.stores.Client(ctx).WebhookDelivery.Query().Where(webhookdelivery.WebhookID(hook)).Order(webhookdelivery.ByNumber()).All(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	return rows
}

type fields = map[string]any

func (s *testDesk) save(t domain.Type, mode editorial.Mode, f fields) domain.ID {
	s.t.Helper()
	saved, err := s.desk.Save(s.admin(), editorial.SaveParams{Type: t, Mode: mode, Fields: f})
	if err != nil {
		s.t.Fatal(err)
	}
	return saved.ID
}

// report saves a report, a new one or with changed fields.
func (s *testDesk) report(slug string, more ...fields) domain.ID {
	s.t.Helper()
	f := fields{"slug": slug, "title": "About " + slug, "kind": "BRIEF", "language": "en", "summary": "S.", "body": "B."}
	for _, m := range more {
		for k, v := range m {
			f[k] = v
		}
	}
	return s.save(domain.Report, editorial.Upsert, f)
}

func (s *testDesk) publish(slugs ...string) {
	s.t.Helper()
	var refs []string
	for _, slug := range slugs {
		refs = append(refs, "report:"+slug)
	}
	if _, err := s.desk.Publish(s.admin(), editorial.PublishParams{Documents: refs}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *testDesk) unpublish(slug string) {
	s.t.Helper()
	if _, err := s.desk.Unpublish(s.admin(), editorial.UnpublishParams{Documents: []string{"report:" + slug}}); err != nil {
		s.t.Fatal(err)
	}
}

// received is a request to a receiver.
type received struct {
	Type   string
	Data   map[string]any
	header http.Header
	body   string
}

// summary returns the request in short: "report.published cranes".
func (r received) summary() string {
	slug, _ := r.Data["slug"].(string)
	return strings.TrimSpace(r.Type + " " + slug)
}

// receiver is an HTTP server that receives webhooks.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	got      []received
	response func(r received) (status int, header map[string]string)
}

func newReceiver(t testing.TB) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(r.receive))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) receive(w http.ResponseWriter, q *http.Request) {
	raw, _ := io.ReadAll(q.Body)
	got := received{header: q.Header, body: string(raw)}
	_ = json.Unmarshal(raw, &got) // invalid JSON has no type, which no test expects
	r.mu.Lock()
	r.got = append(r.got, got)
	answer := r.response
	r.mu.Unlock()
	status := http.StatusNoContent
	if answer != nil {
		var header map[string]string
		status, header = answer(got)
		for k, v := range header {
			w.Header().Set(k, v)
		}
	}
	w.WriteHeader(status)
	if status != http.StatusNoContent {
		_, _ = io.WriteString(w, "status\x00\x1b[31m text")
	}
}

// respond sets the response of the receiver from now on.
func (r *receiver) respond(answer func(received) (int, map[string]string)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.response = answer
}

func always(status int) func(received) (int, map[string]string) {
	return func(received) (int, map[string]string) { return status, nil }
}

// take returns the requests since the last call.
func (r *receiver) take() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

// takeSummary returns the requests since the last call in short, in the order in which
// they came.
func (r *receiver) takeSummary() string { return strings.Join(r.summaries(), ", ") }

// takeSorted is takeSummary with the requests in the order of their texts: those for
// different documents come in no order.
func (r *receiver) takeSorted() string {
	return strings.Join(slices.Sorted(slices.Values(r.summaries())), ", ")
}

func (r *receiver) summaries() []string {
	var lines []string
	for _, got := range r.take() {
		lines = append(lines, got.summary())
	}
	return lines
}

// signed reports whether a request has a signature by a secret; it verifies it as a
// receiver would.
func signed(r received, secret string) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(r.header.Get("webhook-id") + "." + r.header.Get("webhook-timestamp") + "." + r.body))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return slices.Contains(strings.Fields(r.header.Get("webhook-signature")), want)
}
