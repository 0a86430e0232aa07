package limits

import (
	"container/list"
	"context"
	"runtime"
	"sync"
	"time"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/internal/domain"
)

// A cheap operation takes some ten milliseconds at most. Nearly all that
// frontends request is cheap.
const (
	// CheapCost is the highest cost of a cheap operation.
	CheapCost   = 3_000
	cheapText   = 2 << 10 // bytes of a document that has to be parsed and validated
	cheapValues = 500     // values in variables
)

const (
	// maxWait is how long an operation waits where its role has no time limit.
	maxWait = 30 * time.Second
	// maxQueued bounds the memory of the operations in one queue, in bytes.
	maxQueued = 32 << 20
	// waiterSize is the memory of an operation that waits, without its text and
	// its variables: a goroutine and the buffers of a connection.
	waiterSize = 16 << 10
)

// limiters keeps expensive operations from taking all that the cheap ones need.
type limiters struct{ cheap, expensive *Limiter }

// newLimiters lets expensive operations have half of the processors. Of the
// cheap ones as many run at once as keep the other half, and the stores, busy:
// more would only wait for each other, and for longer.
func newLimiters(engine string) limiters {
	n := runtime.GOMAXPROCS(0)
	cheap := max(4, 2*n)
	if engine == dialect.Postgres {
		cheap *= 2 // most of the time they wait for another machine
	}
	return limiters{cheap: newLimiter(cheap, maxQueued), expensive: newLimiter(max(1, n/2), maxQueued)}
}

// Limiter bounds how many operations run at once. The others wait in two
// queues: operations without a credential run after all that have one. In
// each queue the subjects take turns (round robin), so a subject gains
// nothing by sending more at once than others do. An operation waits no longer
// than it may run.
//
// The memory of each queue is bounded. When a queue is full, the subject with
// the most in it makes room for one with less.
type Limiter struct {
	mu       sync.Mutex
	free     int
	queues   [2]*queue // with a credential, without
	maxBytes int64     // that wait in each
}

// queue holds the operations that wait, by subject.
type queue struct {
	subjects map[string]*subject
	turns    *list.List // of *subject; the first is the next to run an operation
	n        int        // operations that wait
	size     int64      // of all of them, in bytes
}

type subject struct {
	name    string
	turn    *list.Element // in queue.turns; nil while nothing waits
	waiting *list.List    // of *waiter, the oldest first
	size    int64
}

type waiter struct {
	subject  *subject
	place    *list.Element // in subject.waiting; nil once it is out of the queue
	size     int64
	done     chan struct{} // closed when it is out of the queue
	admitted bool          // whether it may run then
}

func newLimiter(places int, maxBytes int64) *Limiter {
	l := &Limiter{free: places, maxBytes: maxBytes}
	for i := range l.queues {
		l.queues[i] = &queue{subjects: map[string]*subject{}, turns: list.New()}
	}
	return l
}

// Acquire returns nil when an operation may run; the caller has to call
// Release in the end. It returns an [*Error] with the code [CodeUnavailable]
// where the operation is not to run: the queue is full, the time until is
// over, or ctx is done. size is the memory of the operation while it waits, in
// bytes.
func (l *Limiter) Acquire(ctx context.Context, viewer *domain.Viewer, size int64, until time.Time) error {
	l.mu.Lock()
	if l.free > 0 {
		l.free--
		l.mu.Unlock()
		return nil
	}
	q := l.queues[1]
	if viewer.CredentialID() != 0 {
		q = l.queues[0]
	}
	w := q.add(Subject(ctx, viewer), size+waiterSize, l.maxBytes)
	l.mu.Unlock()
	if w == nil {
		return errBusy
	}
	late := time.NewTimer(time.Until(until))
	defer late.Stop()
	select {
	case <-w.done:
	case <-late.C:
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if w.place != nil {
		q.remove(w)
	}
	if !w.admitted {
		return errBusy
	}
	return nil
}

// Release lets the next operation run. It does nothing on a nil Limiter.
func (l *Limiter) Release() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, q := range l.queues {
		if q.admit() {
			return
		}
	}
	l.free++
}

// add appends an operation to those of its subject. It returns nil where there
// is no room.
func (q *queue) add(name string, size, maxBytes int64) *waiter {
	s := q.subjects[name]
	if s == nil {
		s = &subject{name: name, waiting: list.New()}
	}
	for q.size+size > maxBytes {
		largest := q.largest()
		if largest == nil || largest == s || largest.size <= s.size+size {
			return nil
		}
		q.remove(largest.waiting.Back().Value.(*waiter))
	}
	if s.turn == nil {
		s.turn = q.turns.PushBack(s)
		q.subjects[name] = s
	}
	w := &waiter{subject: s, size: size, done: make(chan struct{})}
	w.place = s.waiting.PushBack(w)
	s.size += size
	q.size += size
	q.n++
	return w
}

// largest returns the subject whose operations take the most memory; nil where
// none wait.
func (q *queue) largest() *subject {
	var most *subject
	for _, s := range q.subjects {
		if most == nil || s.size > most.size {
			most = s
		}
	}
	return most
}

// admit lets the oldest operation of the subject run whose turn it is; that
// subject's next turn is after those of all others. It returns false where
// none waits.
func (q *queue) admit() bool {
	front := q.turns.Front()
	if front == nil {
		return false
	}
	s := front.Value.(*subject)
	q.turns.MoveToBack(front)
	w := s.waiting.Front().Value.(*waiter)
	w.admitted = true
	q.remove(w)
	return true
}

// remove takes an operation out of the queue.
func (q *queue) remove(w *waiter) {
	s := w.subject
	s.waiting.Remove(w.place)
	w.place = nil
	s.size -= w.size
	q.size -= w.size
	q.n--
	if s.waiting.Len() == 0 {
		q.turns.Remove(s.turn)
		s.turn = nil
		delete(q.subjects, s.name)
	}
	close(w.done)
}

// errBusy is the error of an operation for which no place became free. It may
// be tried again in 5 seconds.
var errBusy = &Error{Code: CodeUnavailable, RetryAfter: 5,
	Message: "too many operations are running and waiting; try again in a moment, or request less"}
