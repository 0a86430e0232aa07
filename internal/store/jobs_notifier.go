package store

import (
	"context"
	"fmt"
	"sync"

	"github.com/riverqueue/river/riverdriver"
)

// jobNotifier notifies river, within this process, of queues that have new jobs.
// River takes it for the listener of a database. River's own notifications would
// need a lasting session on PostgreSQL, and one row each on SQLite. Jobs of other
// processes, and jobs that become due later, are found by polling.
type jobNotifier struct {
	mu     sync.Mutex
	queues []string
	signal chan struct{}
}

func newJobNotifier() *jobNotifier { return &jobNotifier{signal: make(chan struct{}, 1)} }

// maxNotifications bounds the pending notifications; there are fewer queues.
const maxNotifications = 1000

// notify announces that a queue has new jobs.
func (w *jobNotifier) notify(queue string) {
	w.mu.Lock()
	if len(w.queues) < maxNotifications {
		w.queues = append(w.queues, queue)
	}
	w.mu.Unlock()
	select {
	case w.signal <- struct{}{}:
	default: // a signal is already pending
	}
}

// WaitForNotification returns the next queue that has new jobs.
func (w *jobNotifier) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	for {
		w.mu.Lock()
		if len(w.queues) > 0 {
			queue := w.queues[0]
			w.queues = w.queues[1:]
			w.mu.Unlock()
			return &riverdriver.Notification{Topic: "river_insert", Payload: fmt.Sprintf("{\"queue\": %q}", queue)}, nil
		}
		w.mu.Unlock()
		select {
		case <-w.signal:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// The other methods of riverdriver.Listener are about a connection, which
// jobNotifier does not have.

func (*jobNotifier) Close(context.Context) error            { return nil }
func (*jobNotifier) Connect(context.Context) error          { return nil }
func (*jobNotifier) Listen(context.Context, string) error   { return nil }
func (*jobNotifier) Ping(context.Context) error             { return nil }
func (*jobNotifier) Schema() string                         { return "" }
func (*jobNotifier) SetAfterConnectExec(string)             {}
func (*jobNotifier) Unlisten(context.Context, string) error { return nil }
