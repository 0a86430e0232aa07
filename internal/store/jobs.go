package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
)

// Jobs are jobs that are kept on the desk and worked off by river, in whichever
// process is free. They are written in the transaction of what they are about
// ([Jobs.Enqueue]), so a job is there exactly if its cause is.
//
// A job whose process was killed is given to another one. So a job may be run
// twice, and must look whether it is still wanted.
//
// River's tables are of its own making: they are beside those of ent's schema,
// and [Stores.Migrate] brings them up to date as well.
type Jobs struct {
	client  jobsClient
	close   func()
	wakeups *wakeups

	mu     sync.Mutex
	queues map[string]bool
}

// jobsClient is a client of river's on either engine.
type jobsClient interface {
	Start(ctx context.Context) error
	Stopped() <-chan struct{}
	Queues() *river.QueueBundle
	insert(ctx context.Context, tx *Tx, jobs []river.InsertManyParams) error
}

// How jobs are looked for that nothing told of (see wakeups): in this rhythm, by
// a statement on the writing connection that changes nothing where there is
// nothing to do.
const (
	jobsPoll     = 5 * time.Second
	jobsCooldown = 5 * time.Millisecond
	// upkeepQueue is always there; it is for periodic jobs.
	upkeepQueue = "upkeep"
	upkeepPoll  = 30 * time.Second
)

// softStop is how long jobs that run may go on when the process ends.
const softStop = 5 * time.Second

// JobsConfig says how jobs are run.
type JobsConfig struct {
	Workers *river.Workers
	// Upkeep are jobs that are to be run every so often, in one of all processes.
	Upkeep map[time.Duration]river.JobArgs
	// Timeout is how long a job may run. One that has run for longer than
	// RescueAfter is taken to be of a process that was killed.
	Timeout     time.Duration
	RescueAfter time.Duration
	Log         *slog.Logger
}

// maxRuns bounds how often one job is started: it ends one that kills every
// process that takes it up.
const maxRuns = 100

// Jobs returns the jobs of the desk. They can be enqueued at once, and are
// worked off between [Jobs.Start] and the end of its context. Call
// [Jobs.Close] before the stores are closed.
func (s *Stores) Jobs(c JobsConfig) (*Jobs, error) {
	config := &river.Config{
		Workers: c.Workers,
		Queues:  map[string]river.QueueConfig{upkeepQueue: {MaxWorkers: 1, FetchPollInterval: upkeepPoll}},
		Logger:  slog.New(warnings{c.Log.Handler()}),

		FetchPollInterval:    jobsPoll,
		FetchCooldown:        jobsCooldown,
		MaxAttempts:          maxRuns,
		RetryPolicy:          retrySoon{},
		JobTimeout:           c.Timeout,
		RescueStuckJobsAfter: c.RescueAfter,
		SoftStopTimeout:      softStop,
		// What happened is kept elsewhere, for as long as it is of interest.
		CompletedJobRetentionPeriod: time.Hour,
		// River's own tables are small, and an index is not rebuilt each night.
		ReindexerIndexNames: []string{},
	}
	for every, args := range c.Upkeep {
		config.PeriodicJobs = append(config.PeriodicJobs, river.NewPeriodicJob(river.PeriodicInterval(every),
			func() (river.JobArgs, *river.InsertOpts) { return args, &river.InsertOpts{Queue: upkeepQueue} },
			&river.PeriodicJobOpts{RunOnStart: true}))
	}
	j := &Jobs{close: func() {}, wakeups: newWakeups(), queues: map[string]bool{}}
	var err error
	if s.postgres() {
		j.client, j.close, err = s.postgresJobs(config, j.wakeups)
	} else {
		j.client, err = s.sqliteJobs(config, j.wakeups)
	}
	if err != nil {
		return nil, fmt.Errorf("open the jobs: %w", err)
	}
	return j, nil
}

// Close gives back what Jobs holds of the database. Call it once the context
// of Start is done and Start has returned.
func (j *Jobs) Close() { j.close() }

// Enqueue writes jobs in the transaction of what they are about. Each has
// options that name its queue.
func (j *Jobs) Enqueue(ctx context.Context, tx *Tx, jobs ...river.InsertManyParams) error {
	if len(jobs) == 0 {
		return nil
	}
	if err := j.client.insert(ctx, tx, jobs); err != nil {
		return fmt.Errorf("enqueue jobs: %w", translate(err))
	}
	queues := map[string]bool{}
	for _, job := range jobs {
		queues[job.InsertOpts.Queue] = true
	}
	tx.AfterCommit(func() {
		for queue := range queues {
			j.wakeups.wake(queue)
		}
	})
	return nil
}

// Start works jobs off until ctx is done. What runs then may go on for a short
// while, and is cancelled after that; Start returns when it has ended.
func (j *Jobs) Start(ctx context.Context) error {
	if err := j.client.Start(ctx); err != nil {
		return fmt.Errorf("start the jobs: %w", err)
	}
	<-j.client.Stopped()
	return nil
}

// Work makes this process work on these queues, with so many jobs of each at
// once, and on no others. A queue that was left must not come again: what still
// runs of it ends, and then it is gone.
func (j *Jobs) Work(ctx context.Context, queues []string, workers int) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, name := range queues {
		if j.queues[name] {
			continue
		}
		if err := j.client.Queues().Add(name, river.QueueConfig{MaxWorkers: workers}); err != nil {
			return fmt.Errorf("work on the queue %s: %w", name, err)
		}
		j.queues[name] = true
	}
	for name := range j.queues {
		if slices.Contains(queues, name) {
			continue
		}
		patience, cancel := context.WithTimeout(ctx, leaveTimeout)
		err := j.client.Queues().Remove(patience, name)
		cancel()
		switch {
		case err == nil:
			delete(j.queues, name)
		case !errors.Is(err, context.DeadlineExceeded): // else the next call goes on
			return fmt.Errorf("leave the queue %s: %w", name, err)
		}
	}
	return nil
}

// leaveTimeout is how long Work waits for what runs of a queue that is left.
const leaveTimeout = time.Second

// retrySoon is for jobs whose process was killed or stopped. Whoever wants a
// job later says so by enqueuing it for later.
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

// migrateJobs brings river's tables up to date. Each step has a transaction of
// its own: PostgreSQL uses a new value of an enum only after the commit.
func (s *Stores) migrateJobs(ctx context.Context) ([]Migration, error) {
	step := migrateSQLiteJobs
	if s.postgres() {
		step = migratePostgresJobs
	}
	var done []Migration
	for {
		var applied []Migration
		err := inTx(ctx, s.deskWrite, lockMigrate, func(ctx context.Context, tx *Tx) (err error) {
			applied, err = step(ctx, tx)
			return err
		})
		if err != nil || len(applied) == 0 {
			return done, err
		}
		done = append(done, applied...)
	}
}

// nextJobStep applies the next step of river's tables, if there is one that the
// database has not.
func nextJobStep[T any](ctx context.Context, driver riverdriver.Driver[T], tx T) ([]Migration, error) {
	m, err := jobMigrator(driver)
	if err != nil {
		return nil, err
	}
	//lint:ignore SA1019 What is deprecated is to take several steps in one transaction; this is one.
	result, err := m.MigrateTx(ctx, tx, rivermigrate.DirectionUp, &rivermigrate.MigrateOpts{MaxSteps: 1})
	if err != nil {
		return nil, err
	}
	var done []Migration
	for _, v := range result.Versions {
		done = append(done, Migration{"desk", jobVersion(v.Version), v.Name, time.Now()})
	}
	return done, nil
}

func jobMigrator[T any](driver riverdriver.Driver[T]) (*rivermigrate.Migrator[T], error) {
	return rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
}

// jobVersion tells a step of river's from one of ours.
func jobVersion(n int) string { return fmt.Sprintf("river_%03d", n) }

// jobMigrations lists the steps of river's tables, applied and pending.
func (s *Stores) jobMigrations(ctx context.Context) ([]Migration, error) {
	applied := map[int]time.Time{}
	exists, err := s.hasTable(ctx, s.deskWrite, "river_migration")
	if err != nil {
		return nil, err
	}
	if exists {
		rows, err := poolRows{s.deskWrite}.Query(ctx, "SELECT version, created_at FROM river_migration")
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		for rows.Next() {
			var version int
			var at time.Time
			if err := rows.Scan(&version, &at); err != nil {
				return nil, err
			}
			applied[version] = at
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	steps := sqliteJobSteps
	if s.postgres() {
		steps = postgresJobSteps
	}
	known, err := steps()
	if err != nil {
		return nil, err
	}
	var all []Migration
	for _, v := range known {
		all = append(all, Migration{"desk", jobVersion(v.Version), v.Name, applied[v.Version]})
	}
	return all, nil
}
