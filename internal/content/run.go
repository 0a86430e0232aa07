package content

import (
	"context"
	"sync"
	"time"
)

// pollInterval bounds how long live can lag behind a log that another process
// wrote, and how late a schedule is noticed that another process made.
const pollInterval = time.Second

// Run does what the desk has to do by itself, until ctx is done: it carries
// out schedules when they are due, also those that came due while no process
// ran, and brings live up to the log where something kept it behind. It also
// notices what other processes have published. It returns nil; what goes wrong
// is logged and tried again.
func (d *Desk) Run(ctx context.Context) error {
	var listening sync.WaitGroup
	defer listening.Wait()
	listening.Go(func() { d.stores.Listen(ctx, d.wakeUp) })
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-d.wake:
		}
		pause := pollInterval
		if err := d.step(ctx); err != nil && ctx.Err() == nil {
			d.log.ErrorContext(ctx, "background work of the desk failed; it will be tried again", "error", err)
			pause = 5 * pollInterval
		}
		if due, err := d.nextDue(ctx); err == nil && !due.IsZero() {
			pause = min(pause, max(due.Sub(d.now()), 10*time.Millisecond))
		}
		timer.Reset(pause)
	}
}

func (d *Desk) step(ctx context.Context) error {
	if _, err := d.PublishDue(ctx); err != nil {
		return err
	}
	return d.Project(ctx)
}

// wakeUp makes Run look again now.
func (d *Desk) wakeUp() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}
