package access

import (
	"context"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/ent/apikey"
	"github.com/redthread-api/redthread/ent/keynetwork"
	"github.com/redthread-api/redthread/internal/audit"
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

// Run writes down when and from where keys were used, apart from the requests that used
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
		k.log.WarnContext(ctx, "the use of keys could not be written", "error", err)
	}
}

// Flush writes what Run would write, now.
func (k *Keys) Flush(ctx context.Context) error {
	k.mu.Lock()
	used := k.used
	k.used = map[use]time.Time{}
	k.mu.Unlock()
	if len(used) == 0 {
		return nil
	}
	err := k.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		for u, at := range used {
			if err := writeUse(ctx, tx, u, at); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		for u := range used {
			k.known.Add(u, struct{}{})
		}
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for u, at := range used {
		if _, later := k.used[u]; !later {
			k.used[u] = at
		}
	}
	return fmt.Errorf("write the use of keys: %w", err)
}

// maxKeyNetworks is how many networks are kept of one key. One that moves on
// beyond that is not told of any more.
const maxKeyNetworks = 1000

// writeUse writes when a key was used, and the network, where that is new.
func writeUse(ctx context.Context, tx *store.Tx, u use, at time.Time) error {
	// Another process may have written a use just now.
	err := tx.Client().ApiKey.Update().
		Where(apikey.ID(u.key), apikey.Or(apikey.LastUsedAtIsNil(), apikey.LastUsedAtLTE(at.Add(-usePrecision)))).
		SetLastUsedAt(at).Exec(ctx)
	if err != nil || !u.network.IsValid() {
		return err
	}
	of := tx.Client().KeyNetwork.Query().Where(keynetwork.KeyID(u.key))
	known, err := of.Clone().Where(keynetwork.Network(u.network.String())).Exist(ctx)
	if err != nil || known {
		return err
	}
	if n, err := of.Count(ctx); err != nil || n >= maxKeyNetworks {
		return err
	}
	row, err := tx.Client().ApiKey.Get(ctx, u.key)
	if err != nil {
		return err
	}
	if err := tx.Client().KeyNetwork.Create().SetID(domain.NewID(domain.Row, at)).
		SetKeyID(u.key).SetNetwork(u.network.String()).SetFirstSeenAt(at).Exec(ctx); err != nil {
		return err
	}
	ctx = domain.WithViewer(domain.WithClient(ctx, u.network.Addr()), &domain.Viewer{Name: row.Name, Role: row.Role, KeyID: row.ID})
	return audit.Append(ctx, tx, at, audit.Entry{Action: audit.KeyFromNewNetwork, Subject: row.ID.String()})
}
