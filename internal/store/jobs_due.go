package store

import (
	"context"
	"time"
)

// duePollInterval is how often prompt queues are polled for due jobs. A poll is a
// read; it is followed by a write only if there is a due job.
const duePollInterval = time.Second

// pollDueJobs wakes the prompt queues when their jobs become due, until ctx is
// done. It does not rely on river's scheduler, which polls every five seconds and
// only in one process: for some seconds after that process was killed, in none.
func (j *Jobs) pollDueJobs(ctx context.Context) {
	ticker := time.NewTicker(duePollInterval)
	defer ticker.Stop()
	failures := 0
	for {
		if err := j.startDueJobs(ctx); err != nil && ctx.Err() == nil {
			if failures++; failures&(failures-1) == 0 { // the first, second, fourth, …
				j.log.ErrorContext(ctx, "due jobs could not be read; retrying", "error", err, "times", failures)
			}
		} else {
			failures = 0
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// startDueJobs makes the due jobs of the prompt queues available, and notifies
// river.
func (j *Jobs) startDueJobs(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	now := "datetime('now', 'subsec')"
	if j.stores.postgres() {
		now = "now()"
	}
	for _, q := range j.static {
		if !q.Prompt {
			continue
		}
		waiting, due, err := j.due(ctx, q.Name, now)
		if err != nil {
			return err
		}
		if waiting {
			// The statement of river's scheduler, without the lock of write transactions.
			_, err := j.stores.deskWrite.db.ExecContext(ctx, Bind(j.stores.dialect,
				"UPDATE river_job SET state = 'available' WHERE state IN ('retryable', 'scheduled') AND queue = ? AND scheduled_at <= "+now), q.Name)
			if err != nil {
				return translate(err)
			}
		}
		if due {
			j.notifier.notify(q.Name)
		}
	}
	return nil
}

// due reports whether a queue has due jobs, and whether some of them still have
// to be made available.
func (j *Jobs) due(ctx context.Context, queue, now string) (waiting, due bool, err error) {
	rows, err := j.stores.DeskRows().Query(ctx, Bind(j.stores.dialect,
		"SELECT DISTINCT state FROM river_job WHERE state IN ('available', 'retryable', 'scheduled') AND queue = ? AND priority = 1 AND scheduled_at <= "+now), queue)
	if err != nil {
		return false, false, translate(err)
	}
	defer rows.Close()
	for rows.Next() {
		var state string
		if err := rows.Scan(&state); err != nil {
			return false, false, translate(err)
		}
		due = true
		waiting = waiting || state != "available"
	}
	return waiting, due, translate(rows.Err())
}
