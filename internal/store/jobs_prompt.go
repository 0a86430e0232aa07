package store

import (
	"context"
	"time"
)

// promptly is how often it is looked whether jobs of prompt queues have become
// due. It is a read; only where there is one, something is written.
const promptly = time.Second

// beginPromptly wakes the prompt queues when jobs of theirs become due, until ctx
// is done. It does not depend on river's scheduler, which looks every five
// seconds, and in one of all processes: for some seconds after that one was
// killed, in none.
func (j *Jobs) beginPromptly(ctx context.Context) {
	ticker := time.NewTicker(promptly)
	defer ticker.Stop()
	failures := 0
	for {
		if err := j.beginDue(ctx); err != nil && ctx.Err() == nil {
			if failures++; failures&(failures-1) == 0 { // the first, second, fourth, …
				j.log.ErrorContext(ctx, "jobs that are due could not be looked for; it will be tried again", "error", err, "times", failures)
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

// beginDue makes available what is due in the prompt queues, and wakes them.
func (j *Jobs) beginDue(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	now := "datetime('now', 'subsec')"
	if j.stores.postgres() {
		now = "now()"
	}
	for _, q := range j.fixed {
		if !q.Prompt {
			continue
		}
		waiting, due, err := j.due(ctx, q.Name, now)
		if err != nil {
			return err
		}
		if waiting {
			// As river's scheduler does it, without the lock of write transactions.
			_, err := j.stores.deskWrite.db.ExecContext(ctx, Bind(j.stores.dialect,
				"UPDATE river_job SET state = 'available' WHERE state IN ('retryable', 'scheduled') AND queue = ? AND scheduled_at <= "+now), q.Name)
			if err != nil {
				return translate(err)
			}
		}
		if due {
			j.wakeups.wake(q.Name)
		}
	}
	return nil
}

// due reports whether a queue has jobs whose time has come, and whether such are
// waiting to be made available.
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
