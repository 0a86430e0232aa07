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

	"github.com/redthread-api/redthread/internal/tracing"
)

// Jobs is the job queue of the desk. Jobs are stored in the desk's database and
// run by river, in any process. They are enqueued in the transaction of their
// cause ([Jobs.Enqueue]), so a job exists exactly if its cause does (the
// transactional outbox pattern).
//
// There is one Jobs in a process. Packages register their kinds and queues
// ([AddKind], [Jobs.AddQueue], [Jobs.Every]) before [Jobs.Start], which runs jobs.
// If Start is not called, jobs can still be enqueued, and another process runs
// them.
//
// A job whose process was killed is run again by another process. So a job may
// run twice, and must check whether it is still needed.
//
// River creates its own tables. They are not in the ent schema, but
// [Stores.Migrate] migrates them too.
type Jobs struct {
	stores   *Stores
	log      *slog.Logger
	tracer   *tracing.Tracer // nil: jobs are not traced
	workers  *river.Workers
	notifier *jobNotifier
	inserter func() (jobsClient, error)
	wait     func(ctx context.Context, d time.Duration) // waits between attempts to start

	// What was registered; it does not change once Start was called.
	mu          sync.Mutex
	maxAttempts map[string]int // by kind
	static      []Queue
	periodic    []periodicJob

	// The queues of [Jobs.Work]. No transaction may wait for queuesMu: its holder
	// may be waiting for the database.
	queuesMu sync.Mutex
	dynamic  map[string]int // the number of concurrent jobs, by queue
	running  jobsClient     // nil while Start does not run
	active   map[string]bool
}

// jobsClient is river's client, on either engine.
type jobsClient interface {
	Start(ctx context.Context) error
	Stopped() <-chan struct{}
	Queues() *river.QueueBundle
	insert(ctx context.Context, tx *Tx, jobs []river.InsertManyParams) error
}

// Queue is a queue that each process works on from [Jobs.Start] on.
type Queue struct {
	Name   string
	AtOnce int // how many of its jobs a process runs concurrently
	// Prompt makes scheduled jobs begin within about duePollInterval of their time.
	// Jobs of other queues can be late by river's scheduler interval of five seconds.
	Prompt bool
}

type periodicJob struct {
	every time.Duration
	args  river.JobArgs
}

// How queues are polled for jobs without a notification (see jobNotifier). A poll
// is a statement on the writing connection, which changes nothing if there is no
// job.
const (
	pollInterval  = 5 * time.Second
	fetchCooldown = 5 * time.Millisecond
	// upkeepQueue is the queue of periodic jobs.
	upkeepQueue        = "upkeep"
	upkeepPollInterval = 30 * time.Second
	upkeepAtOnce       = 2
)

const (
	// softStop is how long running jobs may continue when the process stops.
	softStop = 5 * time.Second
	// defaultTimeout is how long a job of a kind without a timeout may run.
	defaultTimeout = 30 * time.Second
	// rescueAfter is when a job that still runs is taken for one of a killed process
	// and is run again. If the timeout of its kind is longer, it is that timeout.
	rescueAfter = 30 * time.Second
	// defaultAttempts bounds the attempts of a job of a kind without a bound. It
	// stops a job that kills every process that runs it.
	defaultAttempts = 100
)

// The bounds of the exponential back-off of Start.
const (
	minRestartDelay = time.Second
	maxRestartDelay = 30 * time.Second
)

// Jobs returns the job queue of the desk.
func (s *Stores) Jobs(log *slog.Logger) *Jobs {
	j := &Jobs{
		stores: s, log: log, workers: river.NewWorkers(), notifier: newJobNotifier(), wait: sleep,
		maxAttempts: map[string]int{}, dynamic: map[string]int{}, active: map[string]bool{},
	}
	j.inserter = sync.OnceValues(func() (jobsClient, error) {
		client, _, err := j.open(&river.Config{Logger: slog.New(warnHandler{log.Handler()}), MaxAttempts: defaultAttempts}, false)
		return client, err
	})
	return j
}

// open makes a client of river. If run is false, it can only insert jobs, and has
// no connections.
func (j *Jobs) open(config *river.Config, run bool) (client jobsClient, close func(), err error) {
	if j.stores.postgres() {
		client, close, err = j.stores.postgresJobs(config, j.notifier, run)
	} else {
		client, err = j.stores.sqliteJobs(config, j.notifier, run)
		close = func() {}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("open the jobs: %w", err)
	}
	return client, close, nil
}

// Trace makes each job a trace, linked to what enqueued it. It must be called before Start.
func (j *Jobs) Trace(t *tracing.Tracer) { j.tracer = t }

// AddQueue registers a queue. It must be called before Start.
func (j *Jobs) AddQueue(q Queue) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.static = append(j.static, q)
}

// Every registers a periodic job: it runs when a process starts, and then every d
// in one of all processes. Its kind is registered with [AddKind]. Every must be
// called before Start.
func (j *Jobs) Every(d time.Duration, args river.JobArgs) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.periodic = append(j.periodic, periodicJob{d, args})
}

// Enqueue writes jobs in the transaction of their cause. The options of each job
// must name its queue.
func (j *Jobs) Enqueue(ctx context.Context, tx *Tx, jobs ...river.InsertManyParams) error {
	if len(jobs) == 0 {
		return nil
	}
	client, err := j.inserter()
	if err != nil {
		return err
	}
	withCause(ctx, jobs)
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
			j.notifier.notify(queue)
		}
	})
	return nil
}

// Start runs jobs until ctx is done. Jobs that run then may continue for
// softStop, and are cancelled after that; Start returns when they have ended. It
// always returns nil: if it cannot start, because the database is unavailable, it
// logs that and tries again.
func (j *Jobs) Start(ctx context.Context) error {
	for pause := minRestartDelay; ctx.Err() == nil; pause = min(2*pause, maxRestartDelay) {
		err := j.start(ctx)
		if err == nil || ctx.Err() != nil {
			break
		}
		j.log.ErrorContext(ctx, "jobs could not be started; retrying", "error", err, "in", pause.String())
		j.wait(ctx, pause)
	}
	return nil
}

// start runs jobs until ctx is done. An error means that it could not start.
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
	j.queuesMu.Lock()
	j.running = client
	err = j.syncQueues(ctx)
	j.queuesMu.Unlock()
	if err != nil {
		j.log.ErrorContext(ctx, "some queues could not be started; retrying", "error", err)
	}
	var polling sync.WaitGroup
	polling.Go(func() { j.pollDueJobs(ctx) })
	<-client.Stopped()
	polling.Wait()
	j.queuesMu.Lock()
	j.running, j.active = nil, map[string]bool{}
	j.queuesMu.Unlock()
	return nil
}

// config returns river's configuration for running jobs.
func (j *Jobs) config() *river.Config {
	j.mu.Lock()
	defer j.mu.Unlock()
	config := &river.Config{
		Workers: j.workers,
		Queues:  map[string]river.QueueConfig{upkeepQueue: {MaxWorkers: upkeepAtOnce, FetchPollInterval: upkeepPollInterval}},
		Logger:  slog.New(warnHandler{j.log.Handler()}),

		// A newer version may have enqueued others.
		FetchOnlyKnownKinds: true,

		FetchPollInterval:    pollInterval,
		FetchCooldown:        fetchCooldown,
		MaxAttempts:          defaultAttempts,
		RetryPolicy:          retryAfterSecond{},
		JobTimeout:           defaultTimeout,
		RescueStuckJobsAfter: rescueAfter,
		SoftStopTimeout:      softStop,
		// The history is kept in tables of its own.
		CompletedJobRetentionPeriod: time.Hour,
		// River's tables are small: no nightly rebuild of their indexes.
		ReindexerIndexNames: []string{},
	}
	for _, q := range j.static {
		config.Queues[q.Name] = river.QueueConfig{MaxWorkers: q.AtOnce}
	}
	for _, p := range j.periodic {
		options := j.upkeepOptions(p.args)
		config.PeriodicJobs = append(config.PeriodicJobs, river.NewPeriodicJob(river.PeriodicInterval(p.every),
			func() (river.JobArgs, *river.InsertOpts) { return p.args, options }, nil))
	}
	return config
}

// enqueueUpkeep enqueues the periodic jobs now, so that what earlier processes
// left undone does not wait for the next interval.
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

// Work sets the queues that this process works on besides those of
// [Jobs.AddQueue], each with up to atOnce concurrent jobs. A queue that is left
// out is removed when its running jobs have ended, and must not be added again.
// Before Start, the queues are only remembered.
func (j *Jobs) Work(ctx context.Context, queues []string, atOnce int) error {
	j.queuesMu.Lock()
	defer j.queuesMu.Unlock()
	j.dynamic = map[string]int{}
	for _, name := range queues {
		j.dynamic[name] = atOnce
	}
	return j.syncQueues(ctx)
}

// syncQueues makes the running client work on the queues of Work. An error with
// one queue does not stop the others.
func (j *Jobs) syncQueues(ctx context.Context) error {
	if j.running == nil {
		return nil
	}
	var errs []error
	bundle := j.running.Queues()
	for _, name := range slices.Sorted(maps.Keys(j.dynamic)) {
		if j.active[name] {
			continue
		}
		if err := bundle.Add(name, river.QueueConfig{MaxWorkers: j.dynamic[name]}); err != nil {
			// Otherwise river has a queue that it does not work on, and refuses to add
			// it again.
			_ = bundle.Remove(ctx, name)
			errs = append(errs, fmt.Errorf("work on the queue %s: %w", name, translate(err)))
			continue
		}
		j.active[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(j.active)) {
		if j.dynamic[name] > 0 {
			continue
		}
		limited, cancel := context.WithTimeout(ctx, leaveTimeout)
		err := bundle.Remove(limited, name)
		cancel()
		switch {
		case err == nil:
			delete(j.active, name)
		case !errors.Is(err, context.DeadlineExceeded): // else the next call retries
			errs = append(errs, fmt.Errorf("leave the queue %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// leaveTimeout is how long Work waits for the running jobs of a queue that is
// removed.
const leaveTimeout = time.Second

// retryAfterSecond is the retry policy of jobs whose process was killed, and of
// kinds without a back-off.
type retryAfterSecond struct{}

func (retryAfterSecond) NextRetry(*rivertype.JobRow) time.Time { return time.Now().Add(time.Second) }

// warnHandler drops river's log records below WARN.
type warnHandler struct{ slog.Handler }

func (w warnHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

func (w warnHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnHandler{w.Handler.WithAttrs(attrs)}
}
func (w warnHandler) WithGroup(name string) slog.Handler {
	return warnHandler{w.Handler.WithGroup(name)}
}

// sleep waits for d, or until ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
