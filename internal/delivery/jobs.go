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
	// jobTimeout bounds an attempt and its note.
	jobTimeout = AttemptTimeout + 10*time.Second
	// maxRuns bounds how often the job of one attempt is begun. Only a process
	// that is killed meanwhile uses one up.
	maxRuns = 100

	upkeepTimeout = 5 * time.Minute
	upkeepRuns    = 10 // the next hour brings another one
)

// putOff is how long an attempt waits that cannot be made, or not be noted.
var putOff = store.Doubling(time.Second, 5*time.Minute)

// task is a Job as river keeps it.
type task struct {
	Webhook  domain.ID `json:"webhook"`
	Delivery domain.ID `json:"delivery"`
	Turn     int       `json:"turn"`
}

// Kind is the name of the job in river's tables.
func (task) Kind() string { return "webhook_attempt" }

// upkeep is the job that gives a job to deliveries that have lost theirs, and
// keeps the delivery log from growing without end.
type upkeep struct{}

// Kind is the name of the job in river's tables.
func (upkeep) Kind() string { return "webhook_upkeep" }

// register adds the jobs of the webhooks to those of the process.
func (w *Webhooks) register(jobs *store.Jobs) *riverQueue {
	store.AddKind(jobs, store.Kind[task]{Timeout: jobTimeout, MaxAttempts: maxRuns, Run: w.runAttempt})
	store.AddKind(jobs, store.Kind[upkeep]{Timeout: upkeepTimeout, MaxAttempts: upkeepRuns, Backoff: store.Doubling(time.Second, 5*time.Minute),
		Run: func(ctx context.Context, _ *river.Job[upkeep]) error {
			ctx = onDesk(ctx, "look after deliveries")
			err := errors.Join(w.sweep(ctx), w.prune(ctx))
			if err != nil && ctx.Err() == nil {
				w.log.ErrorContext(ctx, "deliveries could not all be looked after; it will be tried again", "error", err)
			}
			return err
		}})
	jobs.Every(time.Hour, upkeep{})
	return &riverQueue{jobs: jobs, now: w.now}
}

// runAttempt runs the job of an attempt. What cannot be attempted now, or noted
// after it was, is put off and does not use up the job: the delivery would have
// none, and keep all later ones of its document from being sent.
func (w *Webhooks) runAttempt(ctx context.Context, job *river.Job[task]) error {
	err := w.attempt(ctx, Job{Webhook: job.Args.Webhook, Delivery: job.Args.Delivery, Turn: job.Args.Turn})
	if err == nil || errors.Is(err, context.Canceled) {
		return err // the process ends, and the job is taken up by the next one
	}
	times := store.Snoozes(job.JobRow) + 1
	pause := putOff(times)
	w.log.ErrorContext(ctx, "a delivery could not be attempted or noted; it will be tried again",
		"webhook", job.Args.Webhook, "delivery", job.Args.Delivery, "error", err, "times", times, "in", pause.String())
	return river.JobSnooze(pause)
}

// riverQueue keeps the jobs with river.
type riverQueue struct {
	jobs *store.Jobs
	now  func() time.Time
}

func (q *riverQueue) enqueue(ctx context.Context, tx *store.Tx, jobs ...Job) error {
	now := q.now()
	params := make([]river.InsertManyParams, len(jobs))
	for i, job := range jobs {
		params[i] = river.InsertManyParams{
			Args:       task{Webhook: job.Webhook, Delivery: job.Delivery, Turn: job.Turn},
			InsertOpts: &river.InsertOpts{Queue: job.Webhook.String()},
		}
		// A job that has a time at all waits for river's scheduler, which looks
		// every five seconds.
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
	return q.jobs.Work(ctx, names, atOnce)
}

func (q *riverQueue) kept(ctx context.Context, db store.Rows, hook domain.ID) (map[turn]keptJob, error) {
	found := map[turn]keptJob{}
	err := q.jobs.Kept(ctx, db, task{}.Kind(), hook.String(), func(k store.KeptJob) error {
		var args task
		if err := json.Unmarshal(k.Args, &args); err != nil {
			return nil // it is not one of ours, and cannot be run
		}
		key := turn{args.Delivery, args.Turn}
		if before, ok := found[key]; !ok || before.givenUp {
			found[key] = keptJob{givenUp: k.GivenUp}
		}
		return nil
	})
	return found, err
}
