package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// WriteBehind is a write-behind buffer: it gathers values by key in memory, and
// writes them to the desk some time later, apart from the requests that they
// come from. Values that were not written when the process is killed are lost.
// It is safe for concurrent use.
type WriteBehind[K comparable, V any] struct {
	config WriteBehindConfig[K, V]
	stores *Stores
	loop   *writeLoop

	mu       sync.Mutex
	waiting  map[K]*buffered[V]
	overflow *V // of keys that found no room; nil where there is none
}

type buffered[V any] struct {
	value    V
	failures int // to write it, although the database answered
}

// WriteBehindConfig is what a write-behind buffer does with its values.
type WriteBehindConfig[K comparable, V any] struct {
	// What is written, for the log.
	What string
	// Write writes one value, in a transaction on the desk.
	Write func(ctx context.Context, tx *Tx, key K, value V) error
	// Merge returns the value of a key that waits already, and comes again or
	// could not be written before. Nil: the value that waits stays.
	Merge func(waiting, other V) V
	// Compare orders the values that are written together. Nil: any order.
	Compare func(a, b V) int
	// Delay is how long values gather, and the first pause after a failure.
	Delay time.Duration
	// MaxKeys bounds the keys that wait. A value of a further key is merged with
	// those of all further keys, and written under Overflow; where that is nil,
	// it is dropped.
	MaxKeys  int
	Overflow *K
	// MaxFailures is how often the database may refuse a value before it is
	// dropped. While the database cannot be reached, no value is dropped.
	MaxFailures int
	// GaveUp is called with a value that is dropped for that. Nil: nothing is.
	GaveUp func(ctx context.Context, key K, value V, err error)
}

// NewWriteBehind returns an empty buffer. Nothing is written until Run or
// Flush is called.
func NewWriteBehind[K comparable, V any](s *Stores, log *slog.Logger, config WriteBehindConfig[K, V]) *WriteBehind[K, V] {
	b := &WriteBehind[K, V]{config: config, stores: s, waiting: map[K]*buffered[V]{}}
	b.loop = newWriteLoop(writeLoop{what: config.What, write: b.Flush, delay: config.Delay, log: log})
	return b
}

// SetAfter replaces time.After, by which Run waits. It is for tests, before
// Run.
func (b *WriteBehind[K, V]) SetAfter(after func(time.Duration) <-chan time.Time) {
	b.loop.after = after
}

// Add adds a value. It reports whether the key was not waiting, and found room.
// It doesn't wait for the database.
func (b *WriteBehind[K, V]) Add(key K, value V) (isNew bool) {
	b.mu.Lock()
	if w := b.waiting[key]; w != nil {
		w.value = b.merge(w.value, value)
	} else {
		isNew = b.put(key, &buffered[V]{value: value})
	}
	b.mu.Unlock()
	b.loop.wake()
	return isNew
}

// Len returns how many keys wait.
func (b *WriteBehind[K, V]) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting)
}

// put adds a key that doesn't wait. It returns false where there is no room.
func (b *WriteBehind[K, V]) put(key K, w *buffered[V]) bool {
	if len(b.waiting) < b.config.MaxKeys && (b.config.Overflow == nil || key != *b.config.Overflow) {
		b.waiting[key] = w
		return true
	}
	switch {
	case b.config.Overflow == nil:
	case b.overflow == nil:
		b.overflow = &w.value
	default:
		*b.overflow = b.merge(*b.overflow, w.value)
	}
	return false
}

func (b *WriteBehind[K, V]) merge(waiting, other V) V {
	if b.config.Merge == nil {
		return waiting
	}
	return b.config.Merge(waiting, other)
}

// Run writes values until ctx is done; then it writes what is left, and
// returns nil. What could not be written is logged and tried again, after a
// pause that gets longer with each failure, up to five minutes. A value that
// the database refuses keeps no other from being written.
func (b *WriteBehind[K, V]) Run(ctx context.Context) error { return b.loop.run(ctx) }

// Flush writes at once what Run would write.
func (b *WriteBehind[K, V]) Flush(ctx context.Context) error {
	b.mu.Lock()
	waiting, overflow := b.waiting, b.overflow
	b.waiting, b.overflow = map[K]*buffered[V]{}, nil
	b.mu.Unlock()
	keys := slices.Collect(maps.Keys(waiting))
	if b.config.Compare != nil {
		slices.SortFunc(keys, func(x, y K) int { return b.config.Compare(waiting[x].value, waiting[y].value) })
	}
	if overflow != nil {
		waiting[*b.config.Overflow] = &buffered[V]{value: *overflow}
		keys = append(keys, *b.config.Overflow)
	}
	if len(keys) == 0 {
		return nil
	}
	left, err := writeEach(ctx, b.stores, keys, func(ctx context.Context, tx *Tx, key K) error {
		return b.config.Write(ctx, tx, key, waiting[key].value)
	})
	if err == nil {
		return nil
	}
	refused := ctx.Err() == nil && domain.KindOf(err) != domain.KindUnavailable
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, key := range left {
		b.putBack(ctx, key, waiting[key], refused, err)
	}
	return fmt.Errorf("write %s: %w", b.config.What, err)
}

// putBack lets a value wait again that could not be written, unless the
// database has refused it too often. The caller holds mu.
func (b *WriteBehind[K, V]) putBack(ctx context.Context, key K, left *buffered[V], refused bool, err error) {
	if refused {
		left.failures++
	}
	again := b.waiting[key]
	switch {
	case left.failures >= b.config.MaxFailures:
		if b.config.GaveUp != nil {
			b.config.GaveUp(ctx, key, left.value, err)
		}
	case again != nil:
		again.value, again.failures = b.merge(again.value, left.value), left.failures
	default:
		b.put(key, left)
	}
}

// writeEach writes items in one transaction on the desk. Where that fails
// although the database answers, it writes each in a transaction of its own,
// so that an item that cannot be written keeps no other from being written. It
// returns the items that were not written, in their order, with the first
// error.
func writeEach[T any](ctx context.Context, s *Stores, items []T, write func(ctx context.Context, tx *Tx, item T) error) (left []T, err error) {
	err = s.Desk(ctx, func(ctx context.Context, tx *Tx) error {
		for _, item := range items {
			if err := write(ctx, tx, item); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		return nil, nil
	}
	for i, item := range items {
		if ctx.Err() != nil || domain.KindOf(err) == domain.KindUnavailable {
			return append(left, items[i:]...), err // all others would fail in the same way
		}
		failure := s.Desk(ctx, func(ctx context.Context, tx *Tx) error { return write(ctx, tx, item) })
		if failure == nil {
			continue
		}
		if len(left) == 0 || domain.KindOf(failure) == domain.KindUnavailable {
			err = failure
		}
		left = append(left, item)
	}
	if len(left) == 0 {
		return nil, nil
	}
	return left, err
}

// writeLoop calls write some time after it has been woken: what comes
// meanwhile is written at once. After a failure it calls write again, after a
// pause that gets longer with each failure, whether it is woken or not.
type writeLoop struct {
	// what is written, for the log.
	what string
	// write writes what has been gathered, and keeps what it could not write.
	write func(context.Context) error
	// delay is how long things gather, and the first pause after a failure.
	delay time.Duration
	log   *slog.Logger
	// after is the clock; nil stands for time.After.
	after func(time.Duration) <-chan time.Time

	woken chan struct{}
}

const (
	// maxWritePause bounds the pause after failures.
	maxWritePause = 5 * time.Minute
	// lastWriteTimeout bounds the last write, at the end.
	lastWriteTimeout = 5 * time.Second
)

// newWriteLoop returns a loop that has nothing to write yet.
func newWriteLoop(l writeLoop) *writeLoop {
	if l.after == nil {
		l.after = time.After
	}
	l.woken = make(chan struct{}, 1)
	return &l
}

// wake says that there is something to write. It doesn't wait.
func (l *writeLoop) wake() {
	select {
	case l.woken <- struct{}{}:
	default: // it is awake
	}
}

// run writes until ctx is done; then it writes what is left, and returns nil.
func (l *writeLoop) run(ctx context.Context) error {
	for failures := 0; ; {
		if failures == 0 {
			select {
			case <-l.woken:
			case <-ctx.Done():
			}
		}
		if ctx.Err() == nil {
			select {
			case <-l.after(l.pause(failures)):
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWriteTimeout)
			defer cancel()
			l.try(last)
			return nil
		}
		if l.try(ctx) {
			failures = 0
		} else {
			failures++
		}
	}
}

// pause returns how long to wait before the write after so many failures.
func (l *writeLoop) pause(failures int) time.Duration {
	pause := l.delay
	for range failures {
		if pause >= maxWritePause {
			break
		}
		pause *= 2
	}
	return min(pause, max(maxWritePause, l.delay))
}

func (l *writeLoop) try(ctx context.Context) bool {
	err := l.write(ctx)
	// A write that the end of run cuts off is no failure: what is left is
	// written right after it.
	if err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		l.log.Log(ctx, Level(err), l.what+" could not be written; that is tried again", "error", err)
	}
	return err == nil
}
