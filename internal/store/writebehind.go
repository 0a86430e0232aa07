package store

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// WriteBehind writes what others gather in memory, some time after it has been
// woken: what comes meanwhile is written at once. What could not be written is
// tried again after a pause that gets longer with each failure, whether more
// comes or not.
type WriteBehind struct {
	// What is written, for the log.
	What string
	// Write writes what has been gathered, and keeps what it could not write.
	Write func(context.Context) error
	// Gather is how long things gather, and the first pause after a failure.
	Gather time.Duration
	Log    *slog.Logger
	// After is the clock; nil stands for time.After.
	After func(time.Duration) <-chan time.Time

	wake chan struct{}
}

const (
	// longestPause bounds the pause after failures.
	longestPause = 5 * time.Minute
	// drainLimit bounds the last write, at the end.
	drainLimit = 5 * time.Second
)

// NewWriteBehind returns one that has nothing to write yet.
func NewWriteBehind(w WriteBehind) *WriteBehind {
	if w.After == nil {
		w.After = time.After
	}
	w.wake = make(chan struct{}, 1)
	return &w
}

// Wake says that there is something to write. It doesn't wait.
func (w *WriteBehind) Wake() {
	select {
	case w.wake <- struct{}{}:
	default: // it is awake
	}
}

// Run writes until ctx is done; then it writes what is left, and returns nil.
func (w *WriteBehind) Run(ctx context.Context) error {
	for failures := 0; ; {
		if failures == 0 {
			select {
			case <-w.wake:
			case <-ctx.Done():
			}
		}
		if ctx.Err() == nil {
			select {
			case <-w.After(w.pause(failures)):
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainLimit)
			defer cancel()
			w.write(last)
			return nil
		}
		if w.write(ctx) {
			failures = 0
		} else {
			failures++
		}
	}
}

// pause is how long to wait before a write that comes after so many failures.
func (w *WriteBehind) pause(failures int) time.Duration {
	pause := w.Gather
	for range failures {
		if pause >= longestPause {
			break
		}
		pause *= 2
	}
	return min(pause, max(longestPause, w.Gather))
}

func (w *WriteBehind) write(ctx context.Context) bool {
	err := w.Write(ctx)
	// A write that the end of Run cuts off is no failure: what is left is written
	// right after it.
	if err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		w.Log.Log(ctx, Level(err), w.What+" could not be written; that is tried again", "error", err)
	}
	return err == nil
}

// WriteAll writes items in one transaction on the desk. Where that fails
// although the database answers, it writes each in a transaction of its own,
// so that an item that cannot be written is in the way of no other. It returns
// the items that were not written, in their order, with the first error.
func WriteAll[T any](ctx context.Context, s *Stores, items []T, write func(ctx context.Context, tx *Tx, item T) error) (left []T, err error) {
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
			return append(left, items[i:]...), err // the same would become of all others
		}
		one := s.Desk(ctx, func(ctx context.Context, tx *Tx) error { return write(ctx, tx, item) })
		if one == nil {
			continue
		}
		if len(left) == 0 || domain.KindOf(one) == domain.KindUnavailable {
			err = one
		}
		left = append(left, item)
	}
	if len(left) == 0 {
		return nil, nil
	}
	return left, err
}
