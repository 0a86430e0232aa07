package newsletter

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

const (
	sendQueue = "newsletter_send"
	// sendJobsAtOnce is how many sendings one process runs concurrently.
	sendJobsAtOnce = 4
	// sendTimeout bounds a slice of a sending. A mail server may take ten minutes to
	// acknowledge a message (RFC 5321 section 4.5.3.2.6).
	sendTimeout = sliceFor + 11*time.Minute
	// maxSendAttempts bounds how often one job is started. The sweep enqueues another one.
	maxSendAttempts = 100

	sweepTimeout     = time.Minute
	maxSweepAttempts = 10
)

// sendBackoff is the back-off of a sending that cannot go on: the mail server or the
// database cannot be reached.
var sendBackoff = store.ExponentialBackoff(5*time.Second, 10*time.Minute)

// sendArgs is the arguments of the job that runs a sending for a while.
type sendArgs struct {
	Sending domain.ID `json:"sending"`
}

// Kind is the name of the job in river's tables.
func (sendArgs) Kind() string { return "newsletter_send" }

// sweepArgs is the arguments of the periodic job that enqueues lost jobs of sendings.
type sweepArgs struct{}

// Kind is the name of the job in river's tables.
func (sweepArgs) Kind() string { return "newsletter_sweep" }

func (s *Sendings) register() {
	if s.Jobs == nil {
		return
	}
	s.Jobs.AddQueue(store.Queue{Name: sendQueue, AtOnce: sendJobsAtOnce, Prompt: true})
	store.AddKind(s.Jobs, store.Kind[sendArgs]{Timeout: sendTimeout, MaxAttempts: maxSendAttempts, Backoff: sendBackoff,
		Run: func(ctx context.Context, job *river.Job[sendArgs]) error {
			return s.runJob(ctx, job.Args.Sending, store.Snoozes(job.JobRow) > 0)
		}})
	store.AddKind(s.Jobs, store.Kind[sweepArgs]{Timeout: sweepTimeout, MaxAttempts: maxSweepAttempts, Backoff: store.ExponentialBackoff(time.Second, time.Minute),
		Run: func(ctx context.Context, _ *river.Job[sweepArgs]) error {
			return s.sweep(domain.AsSystem(ctx, "sweep sendings"))
		}})
	s.Jobs.Every(time.Minute, sweepArgs{})
}

// enqueue enqueues the job that runs a sending.
func (s *Sendings) enqueue(ctx context.Context, tx *store.Tx, id domain.ID, at time.Time) error {
	if s.Jobs == nil {
		return nil
	}
	options := &river.InsertOpts{Queue: sendQueue}
	if at.After(s.Now()) {
		options.ScheduledAt = at
	}
	return s.Jobs.Enqueue(ctx, tx, river.InsertManyParams{Args: sendArgs{id}, InsertOpts: options})
}

// runJob runs a sending for a slice, and snoozes until the next one. If another run has the lease, that one may be
// of a process that was killed: the job tries once more when the lease ends.
func (s *Sendings) runJob(ctx context.Context, id domain.ID, again bool) error {
	r := s.newRun()
	next, err := r.do(domain.AsSystem(ctx, "send an edition"), id)
	switch {
	case errors.Is(err, context.Canceled):
		return err // the process stops; another one runs the job again
	case err != nil:
		s.Log.ErrorContext(ctx, "a sending could not go on; retrying", "sending", id, "error", err)
		return err
	case next.IsZero() || r.held && again:
		return nil
	}
	return river.JobSnooze(max(0, next.Sub(s.Now())))
}

// sweep enqueues a job for each sending that is due. A job too many does no harm: only one run
// holds the lease.
func (s *Sendings) sweep(ctx context.Context) error {
	at := s.txTime()
	return s.Stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		ids, err := dueSendings(ctx, tx, at)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := s.enqueue(ctx, tx, id, at); err != nil {
				return err
			}
		}
		return nil
	})
}

// dueSendings returns the sendings with a recipient that is due, and those of which each recipient has a result and that
// have not ended: their process was killed in between.
func dueSendings(ctx context.Context, db store.Rows, at time.Time) ([]domain.ID, error) {
	const of = "SELECT 1 FROM sending_recipients r WHERE r.sending_id = g.id AND r.state "
	ids, err := store.QueryIDs(ctx, db, "SELECT id FROM sendings g WHERE state IN (?, ?) AND at <= ?"+
		" AND (frozen_at IS NULL OR EXISTS ("+of+"IN (?, ?, ?)) OR EXISTS ("+of+"= ? AND r.next_attempt_at <= ?) OR NOT EXISTS ("+of+"IN (?, ?, ?, ?)))",
		SendingScheduled, SendingRunning, at, RecipientPending, RecipientClaimed, RecipientSending, RecipientDeferred, at,
		RecipientPending, RecipientClaimed, RecipientSending, RecipientDeferred)
	if err != nil {
		return nil, fmt.Errorf("read the sendings that are due: %w", err)
	}
	return ids, nil
}

// scanInto returns a function that scans the only column of a row.
func scanInto(dest any) func(*sql.Rows) error {
	return func(rows *sql.Rows) error { return rows.Scan(dest) }
}
