package projection

import (
	"context"
	"sync"
	"time"
)

// pollInterval is the longest time for which live lags behind a log that another
// process wrote.
const pollInterval = time.Second

// longestPause is the longest pause of Run between attempts, while live cannot be
// brought up to the log.
const longestPause = time.Minute

// Run does live's background work until ctx is done: it brings live up to the log if
// live lags behind, and detects publications of other processes. It returns nil;
// errors are logged, and retried after a pause that grows from pollInterval to
// longestPause.
func (l *Live) Run(ctx context.Context) error {
	var listening sync.WaitGroup
	defer listening.Wait()
	listening.Go(func() { l.stores.Listen(ctx, l.wakeUp) })
	timer := time.NewTimer(0)
	defer timer.Stop()
	var pause time.Duration
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-l.wake:
		}
		pause = nextPause(pause, l.Project(ctx) != nil) // Project logs its errors
		timer.Reset(l.pauses(pause))
	}
}

// nextPause returns the pause before the next attempt to bring live up to the log.
func nextPause(last time.Duration, failed bool) time.Duration {
	if !failed {
		return pollInterval
	}
	return min(max(2*last, pollInterval), longestPause)
}

// wakeUp ends the present pause of Run.
func (l *Live) wakeUp() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}
