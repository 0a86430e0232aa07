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

// Queue keeps the jobs of tests.
type Queue interface {
	Enqueue(tx *store.Tx, jobs ...Job)
	// Kept are the jobs of a webhook, and whether they were given up.
	Kept(hook domain.ID) map[Job]bool
}

type testQueue struct{ Queue }

func (q testQueue) enqueue(_ context.Context, tx *store.Tx, jobs ...Job) error {
	q.Enqueue(tx, jobs...)
	return nil
}

func (q testQueue) work(context.Context, []domain.ID) error { return nil }

func (q testQueue) kept(_ context.Context, _ store.Rows, hook domain.ID) (map[turn]keptJob, error) {
	found := map[turn]keptJob{}
	for job, givenUp := range q.Kept(hook) {
		found[turn{job.Delivery, job.Turn}] = keptJob{givenUp: givenUp}
	}
	return found, nil
}

// NewWithQueue returns webhooks whose jobs the test runs, and whose pauses are
// as long as they may be.
func NewWithQueue(c Config, q Queue) *Webhooks {
	w := newWebhooks(c, testQueue{q})
	w.upTo = func(d time.Duration) time.Duration { return d }
	return w
}

// RunAttempt runs the job of an attempt as river does, put off so many times
// before. It returns for how long it is put off now; -1: it is done.
func (w *Webhooks) RunAttempt(ctx context.Context, job Job, snoozes int) (time.Duration, error) {
	err := w.runAttempt(ctx, &river.Job[task]{
		JobRow: &rivertype.JobRow{Metadata: fmt.Appendf(nil, `{"snoozes": %d}`, snoozes)},
		Args:   task{Webhook: job.Webhook, Delivery: job.Delivery, Turn: job.Turn},
	})
	if snooze, ok := errors.AsType[*rivertype.JobSnoozeError](err); ok {
		return snooze.Duration, nil
	}
	return -1, err
}

// Sweep gives jobs to deliveries that have lost theirs.
func (w *Webhooks) Sweep(ctx context.Context) error { return w.sweep(onDesk(ctx, "test")) }

// WithoutJob are the deliveries of webhooks that are enabled that are the first of
// their documents and should have a job, and have none.
func (w *Webhooks) WithoutJob(ctx context.Context) ([]domain.ID, error) {
	ctx = onDesk(ctx, "test")
	hooks, err := w.stores.Client(ctx).Webhook.Query().Where(webhook.State(domain.WebhookEnabled)).IDs(ctx)
	if err != nil {
		return nil, err
	}
	var lost []domain.ID
	for _, hook := range hooks {
		lines, err := w.withoutJob(ctx, hook)
		if err != nil {
			return nil, err
		}
		for _, line := range lines {
			lost = append(lost, line.first.ID)
		}
	}
	return lost, nil
}

// Follower makes deliveries of what has changed, a step at a time.
type Follower struct{ f *follower }

// NewFollower returns a follower that has told nobody of anything.
func NewFollower(w *Webhooks) Follower { return Follower{newFollower(w)} }

// Step tells every webhook of all that has changed until now.
func (f Follower) Step(ctx context.Context) {
	f.f.step(onDesk(ctx, "test"), f.f.w.live.Version())
}

// DispatchAll tells all webhooks that are enabled of what has changed.
func (w *Webhooks) DispatchAll(ctx context.Context) error {
	ctx = onDesk(ctx, "test")
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

// Attempt carries out a job.
func (w *Webhooks) Attempt(ctx context.Context, job Job) error { return w.attempt(ctx, job) }

// Prune takes out of the delivery log what is old.
func (w *Webhooks) Prune(ctx context.Context) error { return w.prune(onDesk(ctx, "test")) }

// Sign puts the headers of Standard Webhooks on a request.
func Sign(header http.Header, secrets []string, id string, at time.Time, body []byte) error {
	return sign(header, secrets, id, at, body)
}

// NextAttempt is when to attempt again, with pauses of a share of the longest.
func NextAttempt(share float64, at, since time.Time, tries int, wish time.Duration) (time.Time, bool) {
	w := &Webhooks{upTo: func(d time.Duration) time.Duration { return time.Duration(share * float64(d)) }}
	return w.nextAttempt(at, since, tries, wish)
}

// WishOf reads for how long an answer asks to be left alone.
var WishOf = wishOf
