package graph

import (
	"context"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/internal/domain"
)

// Limiter lets some operations run at once.
type Limiter struct{ limiter *limiter }

// NewLimiter returns a limiter with so many places to run, and so many bytes
// to wait in each queue.
func NewLimiter(places int, most int64) Limiter { return Limiter{newLimiter(places, most)} }

// WaitingSize is what an operation takes that waits, besides its own size.
const WaitingSize = waitingSize

// CheapCost is the most that a cheap operation costs.
const CheapCost = cheapCost

// Acquire waits for a place.
func (l Limiter) Acquire(ctx context.Context, v *domain.Viewer, size int64, until time.Time) *gqlerror.Error {
	return l.limiter.acquire(ctx, v, size, until)
}

// Release gives it back.
func (l Limiter) Release() { l.limiter.release() }

// Waiting is how many operations wait, of how many clients, and their size.
func (l Limiter) Waiting() (all, clients int, size int64) {
	l.limiter.mu.Lock()
	defer l.limiter.mu.Unlock()
	for _, q := range l.limiter.queues {
		all, clients, size = all+q.n, clients+len(q.clients), size+q.size
		if q.turns.Len() != len(q.clients) {
			panic("the clients and their turns differ")
		}
	}
	return all, clients, size
}

// Free is how many places are free.
func (l Limiter) Free() int {
	l.limiter.mu.Lock()
	defer l.limiter.mu.Unlock()
	return l.limiter.free
}

// MayBeKept reports whether answers with a root field may be kept.
func MayBeKept(rootField string) bool { return keptFields[rootField] }

// RecentFor is how long a look-up of a registered document is believed.
const RecentFor = recentFor
