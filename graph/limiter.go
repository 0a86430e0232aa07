package graph

import (
	"container/list"
	"context"
	"runtime"
	"strconv"
	"sync"
	"time"

	"entgo.io/ent/dialect"
	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/domain"
)

// What is cheap takes some ten milliseconds at most. It is nearly all that
// frontends ask.
const (
	cheapCost   = 3_000
	cheapText   = 2 << 10 // bytes of a document that has to be parsed and validated
	cheapValues = 500     // values in variables
)

const (
	// maxWait is how long an operation waits to be run where its role has no
	// time limit.
	maxWait = 30 * time.Second
	// maxQueued bounds the memory of the operations that wait in one queue, in
	// bytes.
	maxQueued = 32 << 20
	// waitingSize is what an operation takes that waits, besides its text and
	// its variables: a goroutine and the buffers of a connection.
	waitingSize = 16 << 10
)

// limiters keep expensive operations from taking all that the cheap ones need.
type limiters struct{ cheap, expensive *limiter }

// newLimiters lets expensive operations have half of the processors. Of cheap
// ones it runs as many at once as keep the rest, and the stores, busy: more
// would only wait for each other, and for longer.
func newLimiters(engine string) limiters {
	n := runtime.GOMAXPROCS(0)
	cheap := max(4, 2*n)
	if engine == dialect.Postgres {
		cheap *= 2 // most of the time they wait for another machine
	}
	return limiters{cheap: newLimiter(cheap, maxQueued), expensive: newLimiter(max(1, n/2), maxQueued)}
}

// limiter lets some operations run at once. The others wait, in two queues:
// those without a credential come after all that have one. In each queue
// clients take turns, so that it is of no use to ask for more at once than
// others do. An operation waits for as long as it may run, and no longer.
//
// The memory of each queue is bounded. When it is full, the client with most
// in it makes room for one with less.
type limiter struct {
	mu     sync.Mutex
	free   int
	queues [2]*queue // with a credential, without
	most   int64     // bytes that wait in each
}

// queue is the operations that wait, by client.
type queue struct {
	clients map[string]*client
	turns   *list.List // of *client; the first is the next to run one
	n       int        // operations that wait
	size    int64      // of all of them, in bytes
}

type client struct {
	name    string
	turn    *list.Element
	waiting *list.List // of *waiter, the oldest first
	size    int64
}

type waiter struct {
	client *client
	place  *list.Element // in client.waiting; nil once it is out of the queue
	size   int64
	done   chan struct{} // closed when it is out of the queue
	admit  bool          // whether it may run then
}

func newLimiter(places int, most int64) *limiter {
	l := &limiter{free: places, most: most}
	for i := range l.queues {
		l.queues[i] = &queue{clients: map[string]*client{}, turns: list.New()}
	}
	return l
}

// acquire returns nil when an operation may run; release has to be called in
// the end. Where it is not to run, acquire returns the reason. size is what
// the operation takes of memory while it waits, until is when it is too late.
func (l *limiter) acquire(ctx context.Context, viewer *domain.Viewer, size int64, until time.Time) *gqlerror.Error {
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
	w := q.add(access.Payer(ctx, viewer), size+waitingSize, l.most)
	l.mu.Unlock()
	if w == nil {
		return busy(ctx)
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
	if !w.admit {
		return busy(ctx)
	}
	return nil
}

// release lets the next operation run.
func (l *limiter) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, q := range l.queues {
		if q.admit() {
			return
		}
	}
	l.free++
}

// add puts an operation of a client at the end of that client's; nil where
// there is no room.
func (q *queue) add(name string, size, most int64) *waiter {
	c := q.clients[name]
	if c == nil {
		c = &client{name: name, waiting: list.New()}
	}
	for q.size+size > most {
		largest := q.largest()
		if largest == nil || largest == c || largest.size <= c.size+size {
			return nil
		}
		q.remove(largest.waiting.Back().Value.(*waiter))
	}
	if c.turn == nil {
		c.turn = q.turns.PushBack(c)
		q.clients[name] = c
	}
	w := &waiter{client: c, size: size, done: make(chan struct{})}
	w.place = c.waiting.PushBack(w)
	c.size += size
	q.size += size
	q.n++
	return w
}

// largest is the client whose operations take most; nil where none wait.
func (q *queue) largest() *client {
	var most *client
	for _, c := range q.clients {
		if most == nil || c.size > most.size {
			most = c
		}
	}
	return most
}

// admit lets the oldest operation run of the client whose turn it is, which
// then has its next turn after all others. It returns false where none waits.
func (q *queue) admit() bool {
	front := q.turns.Front()
	if front == nil {
		return false
	}
	c := front.Value.(*client)
	q.turns.MoveToBack(front)
	w := c.waiting.Front().Value.(*waiter)
	w.admit = true
	q.remove(w)
	return true
}

// remove takes an operation out of the queue.
func (q *queue) remove(w *waiter) {
	c := w.client
	c.waiting.Remove(w.place)
	w.place = nil
	c.size -= w.size
	q.size -= w.size
	q.n--
	if c.waiting.Len() == 0 {
		q.turns.Remove(c.turn)
		c.turn = nil
		delete(q.clients, c.name)
	}
	close(w.done)
}

// busyRetry is when to come again, in seconds.
const busyRetry = 5

func busy(ctx context.Context) *gqlerror.Error {
	transport.Header(ctx).Set("Retry-After", strconv.Itoa(busyRetry))
	err := gqlerror.Errorf("too much is being asked for at once; try again in a moment, or ask for less")
	err.Extensions = map[string]any{"code": codes[domain.KindUnavailable], "retryAfter": busyRetry}
	return err
}

// waitsUntil is how long an operation that began at a time may wait: for as
// long as it may run.
func waitsUntil(began time.Time, limit Limit) time.Time {
	if limit.Time <= 0 {
		return began.Add(maxWait)
	}
	return began.Add(limit.Time)
}

// gated is an executor that reads, parses and validates operations when it is
// their turn.
type gated struct {
	*executor.Executor
	guard *guard
}

func (e gated) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	viewer, limit, err := limitOf(ctx, e.guard.limits)
	if err != nil || viewer.System {
		return e.Executor.CreateOperationContext(ctx, params)
	}
	l := e.guard.limiters.expensive
	if e.guard.cheap(params) {
		l = e.guard.limiters.cheap
	}
	size := int64(len(params.Query)) + sizeOf(params.Variables)
	if refused := l.acquire(ctx, viewer, size, waitsUntil(time.Now(), limit)); refused != nil {
		return &graphql.OperationContext{}, gqlerror.List{refused}
	}
	defer l.release()
	return e.Executor.CreateOperationContext(ctx, params)
}

// cheap says whether a request can be read in no time: its document is short,
// or known already, and so are its variables.
func (g *guard) cheap(params *graphql.RawParams) bool {
	if len(params.Query) > cheapText && !g.shapes.Contains(params.Query) {
		return false
	}
	return values(params.Variables, cheapValues) > 0
}

// values returns how many of some values are left when those of a JSON value,
// and in it, are taken from them; once none is left it goes no further.
func values(v any, left int) int {
	if left--; left <= 0 {
		return left
	}
	switch v := v.(type) {
	case map[string]any:
		for _, v := range v {
			if left = values(v, left); left <= 0 {
				return left
			}
		}
	case []any:
		for _, v := range v {
			if left = values(v, left); left <= 0 {
				return left
			}
		}
	}
	return left
}

// sizeOf is about what a JSON value takes in memory, in bytes.
func sizeOf(v any) int64 {
	const each = 48 // an interface, and its place in a map
	size := int64(each)
	switch v := v.(type) {
	case string:
		size += int64(len(v))
	case map[string]any:
		for name, v := range v {
			size += int64(len(name)) + sizeOf(v)
		}
	case []any:
		for _, v := range v {
			size += sizeOf(v)
		}
	}
	return size
}
