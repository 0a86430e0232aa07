package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Kind is how the jobs of a kind are run.
type Kind[T river.JobArgs] struct {
	// Timeout is when the context of a job is cancelled. A job that has run for
	// longer was of a process that was killed, and is given to another one.
	Timeout time.Duration
	// MaxAttempts bounds how often a job is begun. After that it is kept for a week
	// and not run any more.
	MaxAttempts int
	// Backoff is how long a job waits after so many attempts. Nil is a second.
	Backoff func(attempts int) time.Duration
	// Run carries a job out. An error uses up an attempt; one of [river.JobSnooze]
	// puts the job off and does not.
	Run func(ctx context.Context, job *river.Job[T]) error
}

// AddKind adds a kind of jobs. Call it once for each kind, before Start.
func AddKind[T river.JobArgs](j *Jobs, k Kind[T]) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var args T
	j.maxAttempts[args.Kind()] = k.MaxAttempts
	river.AddWorker(j.workers, &kindWorker[T]{kind: k})
}

// kindWorker is a kind as river wants it.
type kindWorker[T river.JobArgs] struct {
	river.WorkerDefaults[T]
	kind Kind[T]
}

func (w *kindWorker[T]) Work(ctx context.Context, job *river.Job[T]) error {
	return w.kind.Run(ctx, job)
}

func (w *kindWorker[T]) Timeout(*river.Job[T]) time.Duration { return w.kind.Timeout }

func (w *kindWorker[T]) NextRetry(job *river.Job[T]) time.Time {
	if w.kind.Backoff == nil {
		return time.Time{} // as the client does
	}
	return time.Now().Add(w.kind.Backoff(job.Attempt))
}

// Doubling is a back-off that begins at first and doubles up to longest.
func Doubling(first, longest time.Duration) func(attempts int) time.Duration {
	return func(attempts int) time.Duration {
		d := first
		for n := 1; n < attempts && d < longest; n++ {
			d *= 2
		}
		return min(d, longest)
	}
}

// Snoozes is how often a job was put off.
func Snoozes(job *rivertype.JobRow) int {
	var metadata struct {
		Snoozes int `json:"snoozes"`
	}
	_ = json.Unmarshal(job.Metadata, &metadata) // river's own; none is 0
	return metadata.Snoozes
}

// KeptJob is a job that has not ended, or that was given up.
type KeptJob struct {
	Args    []byte // JSON
	Running bool   // by a process that may have been killed
	GivenUp bool   // after as many attempts as there may be
}

// Kept reads the jobs of a kind in a queue that have not ended well.
func (j *Jobs) Kept(ctx context.Context, db Rows, kind, queue string, fn func(KeptJob) error) error {
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
			continue // by a process of an older version, which does not know the kind
		}
		if err := fn(KeptJob{Args: []byte(args), Running: state == "running", GivenUp: state == "discarded"}); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Cancel ends the jobs of a kind whose arguments have a text under a key, as long
// as they do not run.
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
