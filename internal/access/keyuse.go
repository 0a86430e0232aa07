package access

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/redthread-api/redthread/ent/db/apikey"
	"github.com/redthread-api/redthread/ent/db/keynetwork"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// keyUse is a key and a network that it was used from.
type keyUse struct {
	key     domain.ID
	network netip.Prefix
}

const (
	// usePrecision is how exactly the last use of a key or of a person's token
	// is stored.
	usePrecision = time.Minute
	// maxBufferedUses bounds the uses that wait to be written.
	maxBufferedUses = 10_000
	// useDelay is how long uses gather, so that many of them cost the desk one
	// transaction.
	useDelay = time.Second
	// maxKnownNetworks bounds the networks that are cached.
	maxKnownNetworks = 10_000
	// maxKeyNetworks is how many networks are stored of one key. Further ones
	// are not put on the audit log.
	maxKeyNetworks = 1000
)

// newUseBuffer returns a write-behind buffer of when something was last used.
// write writes one use, unless a later one is stored already: another process
// may have been first. A use that the database refuses is logged and dropped.
func newUseBuffer[K comparable](what string, stores *store.Stores, log *slog.Logger, write func(context.Context, *store.Tx, K, time.Time) error) *store.WriteBehind[K, time.Time] {
	return store.NewWriteBehind(stores, log, store.WriteBehindConfig[K, time.Time]{
		What: "the use of " + what, Write: write, Delay: useDelay, MaxKeys: maxBufferedUses, MaxFailures: 1,
		GaveUp: func(ctx context.Context, key K, _ time.Time, err error) {
			log.ErrorContext(ctx, "the use of "+what+" is dropped", "used", fmt.Sprint(key), "error", err)
		},
	})
}

// isRecent reports whether the stored time of the last use is precise enough
// for a use at another time.
func isRecent(last *time.Time, at time.Time) bool { return last != nil && at.Sub(*last) < usePrecision }

// Run writes when and from where keys were used, apart from the requests that
// used them, until ctx is done; then it writes what is left and returns nil.
// What cannot be written is logged and tried again.
func (k *Keys) Run(ctx context.Context) error { return k.uses.Run(ctx) }

// Flush writes at once what Run would write.
func (k *Keys) Flush(ctx context.Context) error { return k.uses.Flush(ctx) }

// recordUse adds a use of a key to the buffer, unless a recent one from the
// same network is stored.
func (k *Keys) recordUse(ctx context.Context, key Key, at time.Time) {
	u := keyUse{key.ID, domain.NetworkOf(domain.ClientFrom(ctx))}
	if isRecent(key.LastUsedAt, at) && (!u.network.IsValid() || k.knownNetworks.Contains(u)) {
		return
	}
	k.uses.Add(u, at)
	if key.LastUsedAt == nil && key.madeByHolder() {
		// Whether such a key was ever used decides whether the one before it may end it, so that is not written behind.
		if err := k.uses.Flush(ctx); err != nil {
			k.log.WarnContext(ctx, "the first use of a key was not written at once", "key_id", key.ID, "error", err)
		}
	}
}

// writeUse writes when a key was used, and the network where that is new.
func (k *Keys) writeUse(ctx context.Context, tx *store.Tx, u keyUse, at time.Time) error {
	// Another process may have written a use just now.
	err := tx.Client().ApiKey.Update().
		Where(apikey.ID(u.key), apikey.Or(apikey.LastUsedAtIsNil(), apikey.LastUsedAtLTE(at.Add(-usePrecision)))).
		SetLastUsedAt(at).Exec(ctx)
	if err != nil || !u.network.IsValid() {
		return err
	}
	tx.AfterCommit(func() { k.knownNetworks.Add(u, struct{}{}) })
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
