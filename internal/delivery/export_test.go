package delivery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/redthread-api/redthread/ent/db/webhook"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Queue is a job queue whose jobs a test runs.
type Queue interface {
	Enqueue(tx *store.Tx, jobs ...Job)
	// Unfinished returns the jobs of a webhook, and whether they were discarded.
	Unfinished(hook domain.ID) map[Job]bool
}

type testQueue struct{ Queue }

func (q testQueue) enqueue(_ context.Context, tx *store.Tx, jobs ...Job) error {
	q.Enqueue(tx, jobs...)
	return nil
}

func (q testQueue) work(context.Context, []domain.ID) error { return nil }

func (q testQueue) unfinished(_ context.Context, _ store.Rows, hook domain.ID) (map[attemptKey]jobState, error) {
	found := map[attemptKey]jobState{}
	for job, givenUp := range q.Unfinished(hook) {
		found[attemptKey{job.Delivery, job.Generation}] = jobState{discarded: givenUp}
	}
	return found, nil
}

// NewWithQueue returns webhooks whose jobs the test runs, and whose back-off is
// always the longest.
func NewWithQueue(c Config, q Queue) *Webhooks {
	w := newWebhooks(c, testQueue{q})
	w.jitter = func(d time.Duration) time.Duration { return d }
	return w
}

// RunAttempt runs the job of an attempt as river does, after so many snoozes. It
// returns the duration of its snooze; -1: it is done.
func (w *Webhooks) RunAttempt(ctx context.Context, job Job, snoozes int) (time.Duration, error) {
	err := w.runAttempt(ctx, &river.Job[attemptArgs]{
		JobRow: &rivertype.JobRow{Metadata: fmt.Appendf(nil, `{"snoozes": %d}`, snoozes)},
		Args:   attemptArgs{Webhook: job.Webhook, Delivery: job.Delivery, Generation: job.Generation},
	})
	if snooze, ok := errors.AsType[*rivertype.JobSnoozeError](err); ok {
		return snooze.Duration, nil
	}
	return -1, err
}

// Sweep enqueues lost jobs.
func (w *Webhooks) Sweep(ctx context.Context) error { return w.sweep(asSystemOnDesk(ctx, "test")) }

// WithoutJob returns the deliveries of enabled webhooks that should have a job and
// have none: the first pending ones of their documents.
func (w *Webhooks) WithoutJob(ctx context.Context) ([]domain.ID, error) {
	ctx = asSystemOnDesk(ctx, "test")
	hooks, err := w.stores.Client(ctx).Webhook.Query().Where(webhook.State(domain.WebhookEnabled)).IDs(ctx)
	if err != nil {
		return nil, err
	}
	var lost []domain.ID
	for _, hook := range hooks {
		docs, err := w.withoutJob(ctx, hook)
		if err != nil {
			return nil, err
		}
		for _, doc := range docs {
			lost = append(lost, doc.first.ID)
		}
	}
	return lost, nil
}

// Dispatcher runs a dispatcher step by step.
type Dispatcher struct{ d *dispatcher }

// NewDispatcher returns a new dispatcher.
func NewDispatcher(w *Webhooks) Dispatcher { return Dispatcher{newDispatcher(w)} }

// Step writes the deliveries of all changes so far.
func (f Dispatcher) Step(ctx context.Context) {
	f.d.step(asSystemOnDesk(ctx, "test"), f.d.webhooks.live.Version())
}

// DispatchAll writes the deliveries of all changes so far for all enabled
// webhooks.
func (w *Webhooks) DispatchAll(ctx context.Context) error {
	ctx = asSystemOnDesk(ctx, "test")
	hooks, err := w.stores.Client(ctx).Webhook.Query().All(ctx)
	if err != nil {
		return err
	}
	for _, hook := range hooks {
		if err := w.dispatchTo(ctx, hook.ID); err != nil {
			return err
		}
	}
	return nil
}

// Attempt runs the job of an attempt.
func (w *Webhooks) Attempt(ctx context.Context, job Job) error { return w.attempt(ctx, job) }

// Prune deletes old deliveries.
func (w *Webhooks) Prune(ctx context.Context) error { return w.prune(asSystemOnDesk(ctx, "test")) }

// Sign sets the headers of Standard Webhooks.
func Sign(header http.Header, secrets []string, id string, at time.Time, body []byte) error {
	return sign(header, secrets, id, at, body)
}

// NextAttempt returns the time of the next attempt, with pauses of a share of the
// longest.
func NextAttempt(share float64, at, since time.Time, attempts int, retryAfter time.Duration) (time.Time, bool) {
	w := &Webhooks{jitter: func(d time.Duration) time.Duration { return time.Duration(share * float64(d)) }}
	return w.nextAttempt(at, since, attempts, retryAfter)
}

// ParseRetryAfter returns the Retry-After of a response.
var ParseRetryAfter = parseRetryAfter
