package projection

import (
	"context"
	"sync"
	"time"
)

// pollInterval bounds how long live can lag behind a log that another process
// wrote.
const pollInterval = time.Second

// longestPause is how long Run rests at most where live cannot be brought up to
// the log.
const longestPause = time.Minute

// Run does what live needs done without a request, until ctx is done: it brings live
// up to the log where something kept it behind, and notices what other processes
// have published. It returns nil; what goes wrong is logged, and tried again
// after a pause that grows from pollInterval to longestPause.
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
		pause = nextPause(pause, l.Project(ctx) != nil) // what went wrong is logged
		timer.Reset(l.pauses(pause))
	}
}

// nextPause is how long to rest before live is brought up to the log again.
func nextPause(last time.Duration, failed bool) time.Duration {
	if !failed {
		return pollInterval
	}
	return min(max(2*last, pollInterval), longestPause)
}

// wakeUp makes Run look again now.
func (l *Live) wakeUp() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}
