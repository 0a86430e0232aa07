package access

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/store"
)

const (
	// usePrecision is how exactly the last use of something is known.
	usePrecision = time.Minute

	// maxNoted bounds the uses that wait to be written.
	maxNoted = 10_000

	// flushPause lets uses gather, so that many things that are used at once
	// cost the desk one transaction.
	flushPause = time.Second

	// drainLimit bounds the last write, at the end.
	drainLimit = 5 * time.Second
)

// uses remembers when something was last used, and writes it down apart from
// the requests that used it. It is safe for concurrent use.
type uses[K comparable] struct {
	what   string // in the log
	stores *store.Stores
	log    *slog.Logger
	// write writes one use, unless a later one is written already: another
	// process may have been first.
	write func(ctx context.Context, tx *store.Tx, used K, at time.Time) error

	mu    sync.Mutex
	noted map[K]time.Time // what has yet to be written
	wake  chan struct{}   // tells run that there is something
}

func newUses[K comparable](what string, stores *store.Stores, log *slog.Logger, write func(context.Context, *store.Tx, K, time.Time) error) *uses[K] {
	return &uses[K]{what: what, stores: stores, log: log, write: write, noted: map[K]time.Time{}, wake: make(chan struct{}, 1)}
}

// recent reports whether the last use that is written tells well enough of one
// at another time.
func recent(last *time.Time, at time.Time) bool { return last != nil && at.Sub(*last) < usePrecision }

// note remembers a use.
func (u *uses[K]) note(used K, at time.Time) {
	u.mu.Lock()
	_, known := u.noted[used]
	if !known && len(u.noted) < maxNoted {
		u.noted[used] = at
	}
	u.mu.Unlock()
	if known {
		return
	}
	select {
	case u.wake <- struct{}{}:
	default: // run has been told
	}
}

// run writes what is noted until ctx is done; then it writes what is left and
// returns nil. What cannot be written is logged and tried again with the next
// use: it is worth no more than that.
func (u *uses[K]) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainLimit)
			defer cancel()
			u.tryFlush(last)
			return nil
		case <-u.wake:
			u.tryFlush(ctx)
		}
		select {
		case <-ctx.Done():
		case <-time.After(flushPause):
		}
	}
}

func (u *uses[K]) tryFlush(ctx context.Context) {
	if err := u.flush(ctx); err != nil && ctx.Err() == nil {
		u.log.WarnContext(ctx, "the use could not be written", "of", u.what, "error", err)
	}
}

// flush writes what run would write, now.
func (u *uses[K]) flush(ctx context.Context) error {
	u.mu.Lock()
	noted := u.noted
	u.noted = map[K]time.Time{}
	u.mu.Unlock()
	if len(noted) == 0 {
		return nil
	}
	err := u.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		for used, at := range noted {
			if err := u.write(ctx, tx, used, at); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for used, at := range noted {
		if _, later := u.noted[used]; !later {
			u.noted[used] = at
		}
	}
	return fmt.Errorf("write the use of %s: %w", u.what, err)
}
