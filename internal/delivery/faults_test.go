package delivery_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/delivery"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// exec runs a statement on the desk.
func (s *testDesk) exec(statement string) {
	s.t.Helper()
	if err := s.stores.Desk(s.t.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, statement)
		return err
	}); err != nil {
		s.t.Fatal(err)
	}
}

// takeJob removes the job of a delivery from the queue and returns it.
func (s *testDesk) takeJob(d domain.ID) delivery.Job {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.jobs, func(job delivery.Job) bool { return job.Delivery == d })
	if i < 0 {
		s.t.Fatalf("the delivery %v has no job among %v", d, s.jobs)
	}
	job := s.jobs[i]
	s.jobs = slices.Delete(s.jobs, i, i+1)
	return job
}

func (s *testDesk) dispatch() {
	s.t.Helper()
	if err := s.DispatchAll(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// An attempt that cannot be made or recorded is snoozed with a back-off, any number
// of times, and uses up no attempt. Deliveries of other documents continue. It
// succeeds after the fault.
func TestAttemptFaults(t *testing.T) {
	breaks := map[string]func(t *testing.T, s *testDesk, d domain.ID) (restore func()){
		"ReadsOfLiveFail": func(t *testing.T, s *testDesk, _ domain.ID) func() {
			return storetest.HideTable(t, s.stores.Live, "reports")
		},
		"ReadsOfTheDeskFail": func(t *testing.T, s *testDesk, _ domain.ID) func() {
			return storetest.HideTable(t, s.stores.Desk, "webhook_deliveries")
		},
		"OutcomeCannotBeNoted": func(t *testing.T, s *testDesk, d domain.ID) func() {
			return storetest.BreakWrites(t, s.stores, "UPDATE", "webhook_deliveries", fmt.Sprintf("NEW.id = %d", int64(d)))
		},
	}
	for name, breakIt := range breaks {
		for _, row := range []struct {
			name  string
			times int
		}{{"Once", 1}, {"TenTimes", 10}, {"ForLong", 40}} {
			t.Run(name+row.name, func(t *testing.T) {
				each(t, func(t *testing.T, s *testDesk) {
					r := newReceiver(t)
					hook, _ := s.hook(delivery.CreateParams{URL: r.URL})
					s.report("cranes")
					s.publish("cranes")
					s.dispatch()
					s.save(domain.Entity, editorial.Create, fields{"slug": "acme", "name": "Acme", "kind": "COMPANY"})
					if _, err := s.desk.Publish(s.admin(), editorial.PublishParams{Documents: []string{"entity:acme"}}); err != nil {
						t.Fatal(err)
					}
					s.dispatch()
					log := s.deliveries(hook)
					bad, good := s.takeJob(log[0].ID), s.takeJob(log[1].ID)
					restore := breakIt(t, s, log[0].ID)
					var pauses []time.Duration
					for n := range row.times {
						pause, err := s.RunAttempt(t.Context(), bad, n)
						if err != nil || pause <= 0 {
							t.Fatalf("got %v, %v, want a snooze", pause, err)
						}
						pauses = append(pauses, pause)
					}
					want := time.Second
					for i, pause := range pauses {
						if pause != want {
							t.Fatalf("the pauses are %v", pauses[:i+1])
						}
						want = min(2*want, 5*time.Minute)
					}
					if !strings.HasPrefix(name, "ReadsOfTheDesk") { // without it there is nothing to read
						if pause, err := s.RunAttempt(t.Context(), good, 0); err != nil || pause != -1 {
							t.Errorf("the other document: got %v, %v", pause, err)
						}
					}
					restore()
					if pause, err := s.RunAttempt(t.Context(), bad, row.times); err != nil || pause != -1 {
						t.Fatalf("after the fault: got %v, %v", pause, err)
					}
					if d := s.deliveries(hook)[0]; d.State != domain.DeliveryDelivered || len(d.Attempts) != 1 {
						t.Errorf("got %s after %d attempts", d.State, len(d.Attempts))
					}
					lines := r.takeSummary()
					if n := strings.Count(lines, "cranes"); n == 0 || n > 1 && name != "OutcomeCannotBeNoted" {
						t.Errorf("the receiver got %s", lines)
					}
				})
			})
		}
	}
}

// A webhook whose dispatch fails has a growing back-off; others are dispatched as
// usual. After the fault its changes are dispatched without another trigger.
func TestDispatchFaults(t *testing.T) {
	for _, row := range []struct {
		name  string
		times int
	}{{"Once", 1}, {"TenTimes", 10}, {"ForLong", 40}} {
		t.Run(row.name, func(t *testing.T) {
			each(t, func(t *testing.T, s *testDesk) {
				bad, _ := s.hook(delivery.CreateParams{URL: "https://bad.example"})
				good, _ := s.hook(delivery.CreateParams{URL: "https://good.example"})
				cursor := s.row(bad).Cursor
				s.exec(fmt.Sprintf("UPDATE webhooks SET cursor = 'broken' WHERE id = %d", int64(bad)))
				f := delivery.NewDispatcher(s.Webhooks)
				failures := func() int { return strings.Count(s.log.String(), "changes could not be dispatched") }
				backoff := time.Second
				for n := range row.times {
					s.report(fmt.Sprint("r", n))
					s.publish(fmt.Sprint("r", n))
					f.Step(t.Context())
					if got := len(s.deliveries(good)); got != n+1 {
						t.Fatalf("the other webhook has %d deliveries, want %d", got, n+1)
					}
					if failures() != n+1 {
						t.Fatalf("the dispatch has failed %d times, want %d", failures(), n+1)
					}
					// No event ends the back-off early.
					s.clock.AdvanceTo(s.clock.Now().Add(backoff - 100*time.Millisecond))
					f.Step(t.Context())
					f.Step(t.Context())
					if failures() != n+1 {
						t.Fatalf("it was retried before %s were over", backoff)
					}
					s.clock.AdvanceTo(s.clock.Now().Add(200 * time.Millisecond))
					backoff = min(2*backoff, time.Minute)
				}
				s.exec(fmt.Sprintf("UPDATE webhooks SET cursor = '%s' WHERE id = %d", cursor, int64(bad)))
				f.Step(t.Context())
				if got := len(s.deliveries(bad)); got != row.times {
					t.Errorf("it has %d deliveries, want %d", got, row.times)
				}
			})
		})
	}
}

// While the webhooks cannot be read, the dispatcher retries with a back-off.
func TestDispatcherWithoutWebhooks(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		hook, _ := s.hook(delivery.CreateParams{URL: "https://good.example"})
		s.report("cranes")
		s.publish("cranes")
		f := delivery.NewDispatcher(s.Webhooks)
		restore := storetest.HideTable(t, s.stores.Desk, "webhooks")
		for range 50 {
			f.Step(t.Context())
		}
		if n := strings.Count(s.log.String(), "the webhooks could not be read"); n != 1 {
			t.Errorf("they were read %d times within a second, want 1", n)
		}
		for range 10 {
			s.clock.AdvanceTo(s.clock.Now().Add(time.Minute))
			f.Step(t.Context())
		}
		if n := strings.Count(s.log.String(), "the webhooks could not be read"); n != 11 {
			t.Errorf("they were read %d times, want 11", n)
		}
		restore()
		s.clock.AdvanceTo(s.clock.Now().Add(time.Minute))
		f.Step(t.Context())
		if got := len(s.deliveries(hook)); got != 1 {
			t.Errorf("there are %d deliveries, want 1", got)
		}
	})
}

// The sweep enqueues lost jobs. A delivery whose job was discarded has failed, and
// the next one of its document is enqueued. An error with one webhook does not
// stop the others.
func TestSweep(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		r := newReceiver(t)
		bad, _ := s.hook(delivery.CreateParams{URL: r.URL})
		good, _ := s.hook(delivery.CreateParams{URL: r.URL})
		off, _ := s.hook(delivery.CreateParams{URL: r.URL})
		for _, slug := range []string{"cranes", "docks"} {
			s.report(slug)
			s.publish(slug)
			s.report(slug, fields{"title": slug + ", again"})
			s.publish(slug)
		}
		s.dispatch()
		disabled := false
		if err := s.Update(s.admin(), delivery.UpdateParams{ID: off, Enabled: &disabled}); err != nil {
			t.Fatal(err)
		}
		s.wantJobs()
		first := s.takeJob(s.deliveries(good)[0].ID)
		s.mu.Lock()
		s.jobs, s.discarded = nil, []delivery.Job{first}
		s.mu.Unlock()
		if lost, err := s.WithoutJob(t.Context()); err != nil || len(lost) != 4 {
			t.Fatalf("got %v, %v, want the first of 2 documents of 2 webhooks", lost, err)
		}
		restore := storetest.BreakWrites(t, s.stores, "UPDATE", "webhook_deliveries", fmt.Sprintf("NEW.webhook_id = %d", int64(bad)))
		for range 10 {
			if err := s.Sweep(t.Context()); err == nil {
				t.Fatal("there is no error")
			}
			if lost, err := s.WithoutJob(t.Context()); err != nil || len(lost) != 2 {
				t.Fatalf("got %v, %v, want those of the webhook that fails", lost, err)
			}
		}
		restore()
		for range 2 {
			if err := s.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.wantJobs()
		}
		if d := s.deliveries(good)[0]; d.State != domain.DeliveryFailed || !strings.Contains(*d.Error, "during each of 100 attempts") {
			t.Errorf("got %s", d.State)
		}
		if n := len(s.jobs); n != 4 {
			t.Errorf("there are %d jobs, want 4", n)
		}
		s.advance(time.Minute)
		if got := len(r.take()); got != 7 { // 2 webhooks, 2 documents, 2 events, but one
			t.Errorf("got %d requests, want 7", got)
		}
	})
}

// wantJobs checks that every first pending delivery of an enabled webhook has a
// job.
func (s *testDesk) wantJobs() {
	s.t.Helper()
	lost, err := s.WithoutJob(s.t.Context())
	if err != nil || len(lost) > 0 {
		s.t.Errorf("without a job are %v (%v)", lost, err)
	}
}

// After any sequence of events, every first pending delivery has a job; if jobs are
// lost, it has one after the sweep.
func TestEveryFirstDeliveryHasAJob(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		const steps = 100
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 1))
		r := newReceiver(t)
		r.respond(func(received) (int, map[string]string) {
			return []int{http.StatusOK, http.StatusInternalServerError, http.StatusServiceUnavailable}[random.IntN(3)], nil
		})
		var hooks []domain.ID
		for range 2 {
			hook, _ := s.hook(delivery.CreateParams{URL: r.URL})
			hooks = append(hooks, hook)
		}
		live := map[string]bool{}
		for range steps {
			hook, slug := hooks[random.IntN(len(hooks))], fmt.Sprint("r", random.IntN(3))
			lossy := false
			switch random.IntN(9) {
			case 0, 1:
				s.report(slug, fields{"title": fmt.Sprint("Title ", random.IntN(1000))})
				s.publish(slug)
				live[slug] = true
			case 2:
				if live[slug] {
					s.unpublish(slug)
					live[slug] = false
				}
			case 3, 4:
				s.dispatch()
			case 5:
				s.advance(time.Duration(random.IntN(3600)) * time.Second)
			case 6:
				s.advance(time.Duration(random.IntN(30)) * time.Hour)
			case 7:
				enabled := random.IntN(3) > 0
				if err := s.Update(s.admin(), delivery.UpdateParams{ID: hook, Enabled: &enabled}); err != nil {
					t.Fatal(err)
				}
				if _, err := s.Retry(s.admin(), delivery.RetryParams{Webhook: &hook}); err != nil {
					t.Fatal(err)
				}
			case 8:
				s.mu.Lock()
				if n := len(s.jobs); n > 0 {
					i := random.IntN(n)
					if random.IntN(2) == 0 {
						s.discarded = append(s.discarded, s.jobs[i])
					}
					s.jobs = slices.Delete(s.jobs, i, i+1)
				}
				s.mu.Unlock()
				lossy = true
			}
			if lossy || random.IntN(10) == 0 {
				if err := s.Sweep(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			s.wantJobs()
			if t.Failed() {
				return
			}
		}
	})
}

// signalHandler is a log handler that signals when a message is written.
type signalHandler struct {
	slog.Handler
	message string
	came    chan struct{}
}

func (h signalHandler) Handle(ctx context.Context, r slog.Record) error {
	if strings.Contains(r.Message, h.message) {
		select {
		case h.came <- struct{}{}:
		default: // it is known
		}
	}
	return h.Handler.Handle(ctx, r)
}

// With river: a delivery waits while live cannot be read, and is sent afterwards
// without another trigger.
func TestLiveUnavailable(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		r := newReceiver(t)
		came := make(chan struct{}, 1)
		log := slog.New(signalHandler{slog.NewTextHandler(&bytes.Buffer{}, nil), "could not be attempted", came})
		jobs := s.stores.Jobs(log)
		w := delivery.New(delivery.Config{Stores: s.stores, Live: s.desk.Live(), Jobs: jobs, Log: log, AllowPrivate: true})
		if _, _, err := w.Create(s.admin(), delivery.CreateParams{URL: r.URL}); err != nil {
			t.Fatal(err)
		}
		s.report("cranes")
		s.publish("cranes")
		if err := w.DispatchAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		restore := storetest.HideTable(t, s.stores.Live, "reports")
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 2)
		go func() { ended <- jobs.Start(ctx) }()
		go func() { ended <- w.Run(ctx) }()
		<-came
		restore()
		if got := r.waitFor(t, 1); got[0] != "report.published cranes" {
			t.Errorf("got %v", got)
		}
		cancel()
		if err := errors.Join(<-ended, <-ended); err != nil {
			t.Error(err)
		}
	})
}
