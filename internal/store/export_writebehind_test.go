package store

import (
	"context"
	"log/slog"
	"time"
)

// WriteLoop is the loop of a write-behind buffer.
type WriteLoop struct{ *writeLoop }

// NewWriteLoop returns a loop that waits by after.
func NewWriteLoop(delay time.Duration, log *slog.Logger, after func(time.Duration) <-chan time.Time, write func(context.Context) error) WriteLoop {
	return WriteLoop{newWriteLoop(writeLoop{what: "a test", delay: delay, log: log, after: after, write: write})}
}

// Wake says that there is something to write.
func (l WriteLoop) Wake() { l.wake() }

// Run writes until ctx is done.
func (l WriteLoop) Run(ctx context.Context) error { return l.run(ctx) }

// WriteEach writes items together, or one by one where that fails.
func WriteEach[T any](ctx context.Context, s *Stores, items []T, write func(context.Context, *Tx, T) error) ([]T, error) {
	return writeEach(ctx, s, items, write)
}
