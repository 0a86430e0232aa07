package content

import (
	"context"
	"sync"
	"time"
)

// pollInterval bounds how long live can lag behind a log that another process
// wrote.
const pollInterval = time.Second

// Run brings live up to the log where something kept it behind, until ctx is
// done. It also notices what other processes have published. It returns nil;
// what goes wrong is logged and tried again.
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
		if err := d.Project(ctx); err != nil && ctx.Err() == nil {
			d.log.ErrorContext(ctx, "background work of the desk failed; it will be tried again", "error", err)
			pause = 5 * pollInterval
		}
		timer.Reset(pause)
	}
}

// wakeUp makes Run look again now.
func (d *Desk) wakeUp() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}
