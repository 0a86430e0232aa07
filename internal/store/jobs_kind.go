package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/redthread-api/redthread/internal/tracing"
)

// Kind describes how jobs with arguments of type T are run.
type Kind[T river.JobArgs] struct {
	// Timeout is when the context of a job is cancelled. A job that has run for
	// longer is taken for one of a killed process, and is run again by another one.
	Timeout time.Duration
	// MaxAttempts bounds the attempts of a job. After the last one the job is
	// discarded: it is kept for a week and not run any more.
	MaxAttempts int
	// Backoff returns the pause after that many attempts. Nil is one second.
	Backoff func(attempts int) time.Duration
	// Run runs a job. An error uses up an attempt; the error of [river.JobSnooze]
	// postpones the job and does not.
	Run func(ctx context.Context, job *river.Job[T]) error
}

// AddKind registers a kind of jobs. It must be called once per kind, before
// Start.
func AddKind[T river.JobArgs](j *Jobs, k Kind[T]) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var args T
	j.maxAttempts[args.Kind()] = k.MaxAttempts
	river.AddWorker(j.workers, &kindWorker[T]{kind: k, jobs: j})
}

// kindWorker implements river.Worker for a kind.
type kindWorker[T river.JobArgs] struct {
	river.WorkerDefaults[T]
	kind Kind[T]
	jobs *Jobs
}

func (w *kindWorker[T]) Work(ctx context.Context, job *river.Job[T]) error {
	ctx, span := w.jobs.tracer.StartJob(ctx, "job "+job.Kind, causeOf(job.JobRow))
	span.Set("redthread.job.attempt", int64(job.Attempt))
	err := w.kind.Run(ctx, job)
	if _, postponed := errors.AsType[*rivertype.JobSnoozeError](err); err != nil && !postponed {
		span.Fail("_OTHER")
	}
	span.End()
	return err
}

// withCause writes what enqueues jobs into them, for the link of their traces.
func withCause(ctx context.Context, jobs []river.InsertManyParams) {
	cause := tracing.Traceparent(ctx)
	if cause == "" {
		return
	}
	for i, job := range jobs {
		options := *job.InsertOpts
		if options.Metadata == nil { // nothing else of the program's own is there
			options.Metadata = []byte(`{"traceparent":"` + cause + `"}`)
		}
		jobs[i].InsertOpts = &options
	}
}

// causeOf returns what enqueued a job; empty if it was not in a trace.
func causeOf(job *rivertype.JobRow) string {
	var metadata struct {
		Traceparent string `json:"traceparent"`
	}
	_ = json.Unmarshal(job.Metadata, &metadata) // absent means that there is none
	return metadata.Traceparent
}

func (w *kindWorker[T]) Timeout(*river.Job[T]) time.Duration { return w.kind.Timeout }

func (w *kindWorker[T]) NextRetry(job *river.Job[T]) time.Time {
	if w.kind.Backoff == nil {
		return time.Time{} // the client's retry policy
	}
	return time.Now().Add(w.kind.Backoff(job.Attempt))
}

// ExponentialBackoff returns an exponential back-off: it begins at first and doubles up to
// longest.
func ExponentialBackoff(first, longest time.Duration) func(attempts int) time.Duration {
	return func(attempts int) time.Duration {
		d := first
		for n := 1; n < attempts && d < longest; n++ {
			d *= 2
		}
		return min(d, longest)
	}
}

// Snoozes returns how often a job was postponed.
func Snoozes(job *rivertype.JobRow) int {
	var metadata struct {
		Snoozes int `json:"snoozes"`
	}
	_ = json.Unmarshal(job.Metadata, &metadata) // written by river; absent means 0
	return metadata.Snoozes
}

// UnfinishedJob is a job that has not ended, or that was discarded.
type UnfinishedJob struct {
	Args      []byte // JSON
	Running   bool   // by a process that may have been killed
	Discarded bool   // discarded after MaxAttempts
}

// Unfinished calls fn for each job of a kind in a queue that has not succeeded.
func (j *Jobs) Unfinished(ctx context.Context, db Rows, kind, queue string, fn func(UnfinishedJob) error) error {
	args := "json(args)"
	if j.stores.postgres() {
		args = "args::text"
	}
	rows, err := db.Query(ctx, Bind(db.Dialect(), "SELECT state, attempt >= max_attempts, "+args+" FROM river_job"+
		" WHERE state IN ('available', 'pending', 'retryable', 'running', 'scheduled', 'discarded') AND queue = ? AND kind = ?"), queue, kind)
	if err != nil {
		return fmt.Errorf("read the jobs: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var state, args string
		var last bool
		if err := rows.Scan(&state, &last, &args); err != nil {
			return fmt.Errorf("read the jobs: %w", err)
		}
		if state == "discarded" && !last {
			continue // discarded by a process of an older version that does not know the kind
		}
		if err := fn(UnfinishedJob{Args: []byte(args), Running: state == "running", Discarded: state == "discarded"}); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Cancel cancels the jobs of a kind whose arguments have the given text under a
// key. It does not stop running jobs.
func (j *Jobs) Cancel(ctx context.Context, tx *Tx, kind, key, text string) error {
	query, args := "finalized_at = datetime('now', 'subsec') WHERE kind = ? AND json_extract(args, '$.' || ?) = ?", []any{kind, key, text}
	if j.stores.postgres() {
		query = "finalized_at = now() WHERE kind = ? AND args @> jsonb_build_object(?::text, ?::text)" // it has an index
	}
	_, err := tx.Exec(ctx, Bind(tx.Dialect(), "UPDATE river_job SET state = 'cancelled', "+query+
		" AND state IN ('available', 'pending', 'retryable', 'scheduled')"), args...)
	if err != nil {
		return fmt.Errorf("cancel jobs: %w", err)
	}
	return nil
}
