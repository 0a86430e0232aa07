package delivery

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/riverqueue/river"

	"github.com/redthread-api/redthread/ent/webhook"
	"github.com/redthread-api/redthread/internal/content"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

const (
	// look is how often Run looks for webhooks and changes of other processes.
	look = time.Second
	// afterError is how long Run rests where something went wrong.
	afterError = 5 * time.Second
	// jobTimeout bounds an attempt and its note. A job that has run for longer
	// than rescueAfter was of a process that was killed.
	jobTimeout  = AttemptTimeout + 10*time.Second
	rescueAfter = jobTimeout + 5*time.Second
)

// Run tells the webhooks of what changes in live, and sends what is due, until
// ctx is done. It returns nil; what goes wrong is logged and tried again.
// Several processes may run at once.
func (w *Webhooks) Run(ctx context.Context) error {
	r, ok := w.queue.(*riverQueue)
	if !ok {
		return errors.New("delivery: these webhooks have no jobs that could be run")
	}
	jobs, err := r.open()
	if err != nil {
		return err
	}
	defer jobs.Close()
	var working sync.WaitGroup
	var failed error
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	working.Go(func() {
		failed = jobs.Start(ctx)
		stop()
	})
	w.follow(onDesk(ctx, "tell webhooks"), jobs)
	stop()
	working.Wait()
	return failed
}

// follow dispatches whenever live has moved on, or webhooks were changed.
func (w *Webhooks) follow(ctx context.Context, jobs *store.Jobs) {
	f := follower{w: w, jobs: jobs, told: map[domain.ID]told{}}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		version := w.desk.Version()
		pause := look
		if err := f.step(ctx, version); err != nil && ctx.Err() == nil {
			w.log.ErrorContext(ctx, "webhooks could not be told of changes; it will be tried again", "error", err)
			pause = afterError
		}
		timer.Reset(pause)
		advanced := w.desk.Advanced(version)
		if pause == afterError {
			advanced = nil
		}
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-w.wake:
		case <-advanced:
		}
	}
}

// follower knows which webhooks have been told of everything.
type follower struct {
	w    *Webhooks
	jobs *store.Jobs
	told map[domain.ID]told
}

// told is when a webhook was told of all that there was at a version of live.
type told struct {
	version content.Version
	updated time.Time // of the webhook
	at      time.Time
}

// lookAgain is how long a webhook that was told of everything is left alone
// while live stays as it is. A replica that live is read from may lag behind.
const lookAgain = 5 * time.Second

// step tells every webhook of all that has changed until now.
func (f *follower) step(ctx context.Context, version content.Version) error {
	w := f.w
	hooks, err := w.stores.Client(ctx).Webhook.Query().Select(webhook.FieldID, webhook.FieldState, webhook.FieldUpdatedAt).All(ctx)
	if err != nil {
		return fmt.Errorf("read the webhooks: %w", err)
	}
	queues := make([]string, len(hooks))
	for i, hook := range hooks {
		queues[i] = hook.ID.String()
	}
	errs := []error{f.jobs.Work(ctx, queues, atOnce)}
	for _, hook := range hooks {
		last := f.told[hook.ID]
		if hook.State != domain.WebhookEnabled ||
			last.version.Same(version) && last.updated.Equal(hook.UpdatedAt) && time.Since(last.at) < lookAgain {
			continue
		}
		if err := w.dispatchTo(ctx, hook.ID); err != nil {
			errs = append(errs, err)
			continue
		}
		f.told[hook.ID] = told{version: version, updated: hook.UpdatedAt, at: time.Now()}
	}
	maps.DeleteFunc(f.told, func(id domain.ID, _ told) bool { return !slices.Contains(queues, id.String()) })
	return errors.Join(errs...)
}

// task is a Job as river keeps it.
type task struct {
	Webhook  domain.ID `json:"webhook"`
	Delivery domain.ID `json:"delivery"`
	Turn     int       `json:"turn"`
}

// Kind is the name of the job in river's tables.
func (task) Kind() string { return "webhook_attempt" }

// upkeep is the job that keeps the delivery log from growing without end.
type upkeep struct{}

// Kind is the name of the job in river's tables.
func (upkeep) Kind() string { return "webhook_upkeep" }

// riverQueue keeps the jobs with river.
type riverQueue struct {
	now  func() time.Time
	open func() (*store.Jobs, error)
}

func newRiver(stores *store.Stores, w *Webhooks) *riverQueue {
	return &riverQueue{now: w.now, open: sync.OnceValues(func() (*store.Jobs, error) {
		workers := river.NewWorkers()
		river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[task]) error {
			return w.attempt(ctx, Job{Webhook: job.Args.Webhook, Delivery: job.Args.Delivery, Turn: job.Args.Turn})
		}))
		river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[upkeep]) error {
			return w.prune(onDesk(ctx, "shorten the delivery log"))
		}))
		return stores.Jobs(store.JobsConfig{
			Workers: workers,
			Upkeep:  map[time.Duration]river.JobArgs{time.Hour: upkeep{}},
			Timeout: jobTimeout, RescueAfter: rescueAfter, Log: w.log,
		})
	})}
}

func (q *riverQueue) enqueue(ctx context.Context, tx *store.Tx, jobs ...Job) error {
	if len(jobs) == 0 {
		return nil
	}
	kept, err := q.open()
	if err != nil {
		return err
	}
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
	return kept.Enqueue(ctx, tx, params...)
}
