package access

import (
	"context"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/ent/apikey"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

const (
	// flushPause lets uses gather, so that many keys that are used at once
	// cost the desk one transaction.
	flushPause = time.Second

	// drainLimit bounds the last write, at the end.
	drainLimit = 5 * time.Second
)

// Run writes down when keys were last used, apart from the requests that used
// them, until ctx is done; then it writes what is left and returns nil.
//
// A use that cannot be written is logged and tried again with the next one: it
// is worth no more than that.
func (k *Keys) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainLimit)
			defer cancel()
			k.flush(last)
			return nil
		case <-k.wake:
			k.flush(ctx)
		}
		select {
		case <-ctx.Done():
		case <-time.After(flushPause):
		}
	}
}

func (k *Keys) flush(ctx context.Context) {
	if err := k.Flush(ctx); err != nil && ctx.Err() == nil {
		k.log.WarnContext(ctx, "the last use of keys could not be written", "error", err)
	}
}

// Flush writes what Run would write, now.
func (k *Keys) Flush(ctx context.Context) error {
	k.mu.Lock()
	used := k.used
	k.used = map[domain.ID]time.Time{}
	k.mu.Unlock()
	if len(used) == 0 {
		return nil
	}
	err := k.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		for id, at := range used {
			// Another process may have written a use just now.
			err := tx.Client().ApiKey.Update().
				Where(apikey.ID(id), apikey.Or(apikey.LastUsedAtIsNil(), apikey.LastUsedAtLTE(at.Add(-usePrecision)))).
				SetLastUsedAt(at).Exec(ctx)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for id, at := range used {
		if _, later := k.used[id]; !later {
			k.used[id] = at
		}
	}
	return fmt.Errorf("write the last use of keys: %w", err)
}
