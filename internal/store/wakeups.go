package store

import (
	"context"
	"fmt"
	"sync"

	"github.com/riverqueue/river/riverdriver"
)

// wakeups tell river, in this process, of queues that have new jobs. To river
// they are the notifications of a database. They need neither a session that
// lasts nor, as on SQLite, a row for each; what they don't reach, jobs of other
// processes and those of a later time, is found by looking.
type wakeups struct {
	mu     sync.Mutex
	queues []string
	some   chan struct{}
}

func newWakeups() *wakeups { return &wakeups{some: make(chan struct{}, 1)} }

// maxWakeups bounds the queues that are remembered; there are fewer.
const maxWakeups = 1000

// wake tells of a queue that has new jobs.
func (w *wakeups) wake(queue string) {
	w.mu.Lock()
	if len(w.queues) < maxWakeups {
		w.queues = append(w.queues, queue)
	}
	w.mu.Unlock()
	select {
	case w.some <- struct{}{}:
	default: // it has been told
	}
}

// WaitForNotification returns the next queue that has new jobs.
func (w *wakeups) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
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
		case <-w.some:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// The rest of riverdriver.Listener is about a connection, which there is none.

func (*wakeups) Close(context.Context) error            { return nil }
func (*wakeups) Connect(context.Context) error          { return nil }
func (*wakeups) Listen(context.Context, string) error   { return nil }
func (*wakeups) Ping(context.Context) error             { return nil }
func (*wakeups) Schema() string                         { return "" }
func (*wakeups) SetAfterConnectExec(string)             {}
func (*wakeups) Unlisten(context.Context, string) error { return nil }
