package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Jobs are the jobs of the desk: kept in its database and worked off by river,
// in whichever process is free. They are written in the transaction of what they
// are about ([Jobs.Enqueue]), so a job is there exactly if its cause is.
//
// There is one Jobs in a process. Packages register the kinds and queues that
// they own ([AddKind], [Jobs.AddQueue], [Jobs.Every]) before [Jobs.Start], which
// works jobs off. Where Start is never called, jobs can be enqueued all the same,
// and another process runs them.
//
// A job whose process was killed is given to another one. So a job may be run
// twice, and must look whether it is still wanted.
//
// River's tables are of its own making: they are beside those of ent's schema,
// and [Stores.Migrate] brings them up to date as well.
type Jobs struct {
	stores   *Stores
	log      *slog.Logger
	workers  *river.Workers
	wakeups  *wakeups
	inserter func() (jobsClient, error)
	rest     func(ctx context.Context, d time.Duration) // waits between tries to start

	// What was added; it does not change once jobs are run.
	mu          sync.Mutex
	maxAttempts map[string]int // by kind
	fixed       []Queue
	periodic    []periodicJob

	// The queues of [Jobs.Work]. A transaction must not wait for this: who has it
	// may be waiting for the database.
	joining sync.Mutex
	dynamic map[string]int // how many jobs at once, by name
	running jobsClient     // nil while no jobs are run
	joined  map[string]bool
}

// jobsClient is a client of river's on either engine.
type jobsClient interface {
	Start(ctx context.Context) error
	Stopped() <-chan struct{}
	Queues() *river.QueueBundle
	insert(ctx context.Context, tx *Tx, jobs []river.InsertManyParams) error
}

// Queue is a queue that is worked on as long as jobs are run.
type Queue struct {
	Name   string
	AtOnce int // how many of its jobs a process runs at once
	// Prompt makes jobs begin within about promptly of their time. Those of other
	// queues can be as late as river's scheduler, which looks every five seconds.
	Prompt bool
}

type periodicJob struct {
	every time.Duration
	args  river.JobArgs
}

// How jobs are looked for that nothing told of (see wakeups): in this rhythm, by
// a statement on the writing connection that changes nothing where there is
// nothing to do.
const (
	jobsPoll     = 5 * time.Second
	jobsCooldown = 5 * time.Millisecond
	// upkeepQueue is always there; it is for periodic jobs.
	upkeepQueue  = "upkeep"
	upkeepPoll   = 30 * time.Second
	upkeepAtOnce = 2
)

const (
	// softStop is how long jobs that run may go on when the process ends.
	softStop = 5 * time.Second
	// defaultTimeout is how long a job of a kind without a timeout may run.
	defaultTimeout = 30 * time.Second
	// rescueAfter is when a job that still runs is taken to be of a process that
	// was killed, unless the timeout of its kind is longer: then it is that.
	rescueAfter = 30 * time.Second
	// defaultAttempts bounds how often a job of a kind without a bound is begun: it
	// ends one that kills every process that takes it up.
	defaultAttempts = 100
)

// How long Start waits before it tries again, after so many failures.
const (
	firstRestart   = time.Second
	longestRestart = 30 * time.Second
)

// Jobs returns the jobs of the desk.
func (s *Stores) Jobs(log *slog.Logger) *Jobs {
	j := &Jobs{
		stores: s, log: log, workers: river.NewWorkers(), wakeups: newWakeups(), rest: sleep,
		maxAttempts: map[string]int{}, dynamic: map[string]int{}, joined: map[string]bool{},
	}
	j.inserter = sync.OnceValues(func() (jobsClient, error) {
		client, _, err := j.open(&river.Config{Logger: slog.New(warnings{log.Handler()}), MaxAttempts: defaultAttempts}, false)
		return client, err
	})
	return j
}

// open makes a client of river's. One that does not run jobs has no connection.
func (j *Jobs) open(config *river.Config, run bool) (client jobsClient, close func(), err error) {
	if j.stores.postgres() {
		client, close, err = j.stores.postgresJobs(config, j.wakeups, run)
	} else {
		client, err = j.stores.sqliteJobs(config, j.wakeups, run)
		close = func() {}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("open the jobs: %w", err)
	}
	return client, close, nil
}

// AddQueue adds a queue. Call it before Start.
func (j *Jobs) AddQueue(q Queue) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.fixed = append(j.fixed, q)
}

// Every adds a job that is run when a process starts, and then every so often in
// one of all processes. Its kind is added with [AddKind]. Call it before Start.
func (j *Jobs) Every(d time.Duration, args river.JobArgs) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.periodic = append(j.periodic, periodicJob{d, args})
}

// Enqueue writes jobs in the transaction of what they are about. Each has
// options that name its queue.
func (j *Jobs) Enqueue(ctx context.Context, tx *Tx, jobs ...river.InsertManyParams) error {
	if len(jobs) == 0 {
		return nil
	}
	client, err := j.inserter()
	if err != nil {
		return err
	}
	queues := map[string]bool{}
	j.mu.Lock()
	for i, job := range jobs {
		queues[job.InsertOpts.Queue] = true
		if n := j.maxAttempts[job.Args.Kind()]; n > 0 && job.InsertOpts.MaxAttempts == 0 {
			options := *job.InsertOpts
			options.MaxAttempts = n
			jobs[i].InsertOpts = &options
		}
	}
	j.mu.Unlock()
	if err := client.insert(ctx, tx, jobs); err != nil {
		return fmt.Errorf("enqueue jobs: %w", translate(err))
	}
	tx.AfterCommit(func() {
		for queue := range queues {
			j.wakeups.wake(queue)
		}
	})
	return nil
}

// Start works jobs off until ctx is done. What runs then may go on for a short
// while, and is cancelled after that; Start returns when it has ended. It returns
// nil: while jobs cannot be begun with, because the database is away, that is
// logged and tried again.
func (j *Jobs) Start(ctx context.Context) error {
	for pause := firstRestart; ctx.Err() == nil; pause = min(2*pause, longestRestart) {
		err := j.start(ctx)
		if err == nil || ctx.Err() != nil {
			break
		}
		j.log.ErrorContext(ctx, "jobs cannot be run; it will be tried again", "error", err, "in", pause.String())
		j.rest(ctx, pause)
	}
	return nil
}

// start works jobs off until ctx is done. An error says that it has not begun to.
func (j *Jobs) start(ctx context.Context) error {
	if err := j.enqueueUpkeep(ctx); err != nil {
		return err
	}
	client, closeClient, err := j.open(j.config(), true)
	if err != nil {
		return err
	}
	defer closeClient()
	if err := client.Start(ctx); err != nil {
		return fmt.Errorf("start the jobs: %w", translate(err))
	}
	j.joining.Lock()
	j.running = client
	err = j.join(ctx)
	j.joining.Unlock()
	if err != nil {
		j.log.ErrorContext(ctx, "some queues are not worked on; it will be tried again", "error", err)
	}
	var looking sync.WaitGroup
	looking.Go(func() { j.beginPromptly(ctx) })
	<-client.Stopped()
	looking.Wait()
	j.joining.Lock()
	j.running, j.joined = nil, map[string]bool{}
	j.joining.Unlock()
	return nil
}

// config is river's configuration for running jobs.
func (j *Jobs) config() *river.Config {
	j.mu.Lock()
	defer j.mu.Unlock()
	config := &river.Config{
		Workers: j.workers,
		Queues:  map[string]river.QueueConfig{upkeepQueue: {MaxWorkers: upkeepAtOnce, FetchPollInterval: upkeepPoll}},
		Logger:  slog.New(warnings{j.log.Handler()}),

		// A newer process may have others.
		FetchOnlyKnownKinds: true,

		FetchPollInterval:    jobsPoll,
		FetchCooldown:        jobsCooldown,
		MaxAttempts:          defaultAttempts,
		RetryPolicy:          retrySoon{},
		JobTimeout:           defaultTimeout,
		RescueStuckJobsAfter: rescueAfter,
		SoftStopTimeout:      softStop,
		// What happened is kept elsewhere, for as long as it is of interest.
		CompletedJobRetentionPeriod: time.Hour,
		// River's own tables are small, and an index is not rebuilt each night.
		ReindexerIndexNames: []string{},
	}
	for _, q := range j.fixed {
		config.Queues[q.Name] = river.QueueConfig{MaxWorkers: q.AtOnce}
	}
	for _, p := range j.periodic {
		options := j.upkeepOptions(p.args)
		config.PeriodicJobs = append(config.PeriodicJobs, river.NewPeriodicJob(river.PeriodicInterval(p.every),
			func() (river.JobArgs, *river.InsertOpts) { return p.args, options }, nil))
	}
	return config
}

// enqueueUpkeep makes the periodic jobs due now: what the processes before this
// one left behind should not wait for an hour.
func (j *Jobs) enqueueUpkeep(ctx context.Context) error {
	j.mu.Lock()
	jobs := make([]river.InsertManyParams, len(j.periodic))
	for i, p := range j.periodic {
		jobs[i] = river.InsertManyParams{Args: p.args, InsertOpts: j.upkeepOptions(p.args)}
	}
	j.mu.Unlock()
	if len(jobs) == 0 {
		return nil
	}
	return j.stores.Desk(ctx, func(ctx context.Context, tx *Tx) error { return j.Enqueue(ctx, tx, jobs...) })
}

func (j *Jobs) upkeepOptions(args river.JobArgs) *river.InsertOpts {
	return &river.InsertOpts{Queue: upkeepQueue, MaxAttempts: j.maxAttempts[args.Kind()]}
}

// Work makes this process work on these queues, beside those that were added,
// with so many jobs of each at once, and on no others. A queue that was left must
// not come again: what still runs of it ends, and then it is gone. While no jobs
// are run, it is noted for when they are.
func (j *Jobs) Work(ctx context.Context, queues []string, atOnce int) error {
	j.joining.Lock()
	defer j.joining.Unlock()
	j.dynamic = map[string]int{}
	for _, name := range queues {
		j.dynamic[name] = atOnce
	}
	return j.join(ctx)
}

// join makes the running client work on the queues of Work. Every queue is
// tried, whatever becomes of others.
func (j *Jobs) join(ctx context.Context) error {
	if j.running == nil {
		return nil
	}
	var errs []error
	bundle := j.running.Queues()
	for _, name := range slices.Sorted(maps.Keys(j.dynamic)) {
		if j.joined[name] {
			continue
		}
		if err := bundle.Add(name, river.QueueConfig{MaxWorkers: j.dynamic[name]}); err != nil {
			// Otherwise river knows of a queue that it does not work on, and does not
			// take it again.
			_ = bundle.Remove(ctx, name)
			errs = append(errs, fmt.Errorf("work on the queue %s: %w", name, translate(err)))
			continue
		}
		j.joined[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(j.joined)) {
		if j.dynamic[name] > 0 {
			continue
		}
		patience, cancel := context.WithTimeout(ctx, leaveTimeout)
		err := bundle.Remove(patience, name)
		cancel()
		switch {
		case err == nil:
			delete(j.joined, name)
		case !errors.Is(err, context.DeadlineExceeded): // else the next call goes on
			errs = append(errs, fmt.Errorf("leave the queue %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// leaveTimeout is how long Work waits for what runs of a queue that is left.
const leaveTimeout = time.Second

// retrySoon is for jobs whose process was killed, and whose kind has no back-off.
type retrySoon struct{}

func (retrySoon) NextRetry(*rivertype.JobRow) time.Time { return time.Now().Add(time.Second) }

// warnings drops what river says of its daily work.
type warnings struct{ slog.Handler }

func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs)}
}
func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }

// sleep waits for a time, or until ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
