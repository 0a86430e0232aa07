package limits

// NewLimiter returns a limiter with so many places, and so many bytes for what
// waits in each queue.
func NewLimiter(places int, maxBytes int64) *Limiter { return newLimiter(places, maxBytes) }

// WaiterSize is the memory of an operation that waits, besides its own size.
const WaiterSize = waiterSize

// Waiting returns how many operations wait, of how many subjects, and their
// size.
func (l *Limiter) Waiting() (operations, subjects int, size int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, q := range l.queues {
		operations, subjects, size = operations+q.n, subjects+len(q.subjects), size+q.size
		if q.turns.Len() != len(q.subjects) {
			panic("the subjects and their turns differ")
		}
	}
	return operations, subjects, size
}

// Free returns how many places are free.
func (l *Limiter) Free() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.free
}
