package access

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

const (
	// usePrecision is how exactly the last use of something is known.
	usePrecision = time.Minute

	// maxNoted bounds the uses that wait to be written.
	maxNoted = 10_000

	// gatherFor lets uses gather, so that many things that are used at once
	// cost the desk one transaction.
	gatherFor = time.Second
)

// uses remembers when something was last used, and writes it down apart from
// the requests that used it. It is safe for concurrent use.
type uses[K comparable] struct {
	stores  *store.Stores
	writing *store.WriteBehind
	// write writes one use, unless a later one is written already: another
	// process may have been first.
	write func(ctx context.Context, tx *store.Tx, used K, at time.Time) error

	mu    sync.Mutex
	noted map[K]time.Time // what has yet to be written
}

func newUses[K comparable](what string, stores *store.Stores, log *slog.Logger, write func(context.Context, *store.Tx, K, time.Time) error) *uses[K] {
	u := &uses[K]{stores: stores, write: write, noted: map[K]time.Time{}}
	u.writing = store.NewWriteBehind(store.WriteBehind{What: "the use of " + what, Write: u.flush, Gather: gatherFor, Log: log})
	return u
}

// recent reports whether the last use that is written tells well enough of one
// at another time.
func recent(last *time.Time, at time.Time) bool { return last != nil && at.Sub(*last) < usePrecision }

// note remembers a use.
func (u *uses[K]) note(used K, at time.Time) {
	u.mu.Lock()
	if _, known := u.noted[used]; !known && len(u.noted) < maxNoted {
		u.noted[used] = at
	}
	u.mu.Unlock()
	u.writing.Wake()
}

// run writes what is noted until ctx is done; then it writes what is left and
// returns nil. What cannot be written is logged and tried again; a use that the
// database refuses for itself is worth no more than that, and forgotten.
func (u *uses[K]) run(ctx context.Context) error { return u.writing.Run(ctx) }

// flush writes what run would write, now.
func (u *uses[K]) flush(ctx context.Context) error {
	u.mu.Lock()
	noted := u.noted
	u.noted = map[K]time.Time{}
	u.mu.Unlock()
	if len(noted) == 0 {
		return nil
	}
	left, err := store.WriteAll(ctx, u.stores, slices.Collect(maps.Keys(noted)), func(ctx context.Context, tx *store.Tx, used K) error {
		return u.write(ctx, tx, used, noted[used])
	})
	if err == nil {
		return nil
	}
	if ctx.Err() == nil && domain.KindOf(err) != domain.KindUnavailable {
		return fmt.Errorf("write when %v was used last: %w", left[0], err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, used := range left {
		if _, later := u.noted[used]; !later && len(u.noted) < maxNoted {
			u.noted[used] = noted[used]
		}
	}
	return fmt.Errorf("write the last uses: %w", err)
}
