package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

const (
	// jobTimeout bounds an attempt and the record of its result.
	jobTimeout = AttemptTimeout + 10*time.Second
	// maxJobAttempts bounds how often the job of one attempt is started. Only the
	// kill of its process uses one up.
	maxJobAttempts = 100

	upkeepTimeout     = 5 * time.Minute
	maxUpkeepAttempts = 10 // the next one is enqueued within an hour
)

// snoozeBackoff is the back-off of an attempt that could not be made or recorded.
var snoozeBackoff = store.ExponentialBackoff(time.Second, 5*time.Minute)

// attemptArgs is the arguments of the job of an attempt, as river stores them.
type attemptArgs struct {
	Webhook    domain.ID `json:"webhook"`
	Delivery   domain.ID `json:"delivery"`
	Generation int       `json:"turn"`
}

// Kind is the name of the job in river's tables.
func (attemptArgs) Kind() string { return "webhook_attempt" }

// upkeepArgs is the arguments of the periodic job that enqueues lost jobs and
// prunes the delivery log.
type upkeepArgs struct{}

// Kind is the name of the job in river's tables.
func (upkeepArgs) Kind() string { return "webhook_upkeep" }

// register registers the kinds of jobs of the webhooks.
func (w *Webhooks) register(jobs *store.Jobs) *riverQueue {
	store.AddKind(jobs, store.Kind[attemptArgs]{Timeout: jobTimeout, MaxAttempts: maxJobAttempts, Run: w.runAttempt})
	store.AddKind(jobs, store.Kind[upkeepArgs]{Timeout: upkeepTimeout, MaxAttempts: maxUpkeepAttempts, Backoff: store.ExponentialBackoff(time.Second, 5*time.Minute),
		Run: func(ctx context.Context, _ *river.Job[upkeepArgs]) error {
			ctx = asSystemOnDesk(ctx, "webhook upkeep")
			err := errors.Join(w.sweep(ctx), w.prune(ctx))
			if err != nil && ctx.Err() == nil {
				w.log.ErrorContext(ctx, "the upkeep of webhook deliveries failed; retrying", "error", err)
			}
			return err
		}})
	jobs.Every(time.Hour, upkeepArgs{})
	return &riverQueue{jobs: jobs, now: w.now}
}

// runAttempt runs the job of an attempt. If the attempt cannot be made or recorded,
// the job is snoozed, which uses up no attempt of the job: a delivery without a
// job would block all later ones of its document.
func (w *Webhooks) runAttempt(ctx context.Context, job *river.Job[attemptArgs]) error {
	err := w.attempt(ctx, Job{Webhook: job.Args.Webhook, Delivery: job.Args.Delivery, Generation: job.Args.Generation})
	if err == nil || errors.Is(err, context.Canceled) {
		return err // the process stops; another one runs the job again
	}
	times := store.Snoozes(job.JobRow) + 1
	pause := snoozeBackoff(times)
	w.log.ErrorContext(ctx, "a webhook delivery could not be attempted or recorded; retrying",
		"webhook", job.Args.Webhook, "delivery", job.Args.Delivery, "error", err, "times", times, "in", pause.String())
	return river.JobSnooze(pause)
}

// riverQueue is the queue in the job queue of the store.
type riverQueue struct {
	jobs *store.Jobs
	now  func() time.Time
}

func (q *riverQueue) enqueue(ctx context.Context, tx *store.Tx, jobs ...Job) error {
	now := q.now()
	params := make([]river.InsertManyParams, len(jobs))
	for i, job := range jobs {
		params[i] = river.InsertManyParams{
			Args:       attemptArgs{Webhook: job.Webhook, Delivery: job.Delivery, Generation: job.Generation},
			InsertOpts: &river.InsertOpts{Queue: job.Webhook.String()},
		}
		// A job with ScheduledAt waits for river's scheduler, which polls every five
		// seconds.
		if job.At.After(now) {
			params[i].InsertOpts.ScheduledAt = job.At
		}
	}
	return q.jobs.Enqueue(ctx, tx, params...)
}

func (q *riverQueue) work(ctx context.Context, hooks []domain.ID) error {
	names := make([]string, len(hooks))
	for i, id := range hooks {
		names[i] = id.String()
	}
	return q.jobs.Work(ctx, names, maxConcurrent)
}

func (q *riverQueue) unfinished(ctx context.Context, db store.Rows, hook domain.ID) (map[attemptKey]jobState, error) {
	found := map[attemptKey]jobState{}
	err := q.jobs.Unfinished(ctx, db, attemptArgs{}.Kind(), hook.String(), func(k store.UnfinishedJob) error {
		var args attemptArgs
		if err := json.Unmarshal(k.Args, &args); err != nil {
			return nil // not written by this package
		}
		key := attemptKey{args.Delivery, args.Generation}
		if before, ok := found[key]; !ok || before.discarded {
			found[key] = jobState{discarded: k.Discarded}
		}
		return nil
	})
	return found, err
}
