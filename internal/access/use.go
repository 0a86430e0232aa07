package access

import (
	"context"
	"net/netip"
	"time"

	"github.com/redthread-api/redthread/ent/db/apikey"
	"github.com/redthread-api/redthread/ent/db/keynetwork"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// use is a key that was used from a network.
type use struct {
	key     domain.ID
	network netip.Prefix
}

const (
	// maxKnown bounds the networks that are remembered in memory.
	maxKnown = 10_000
	// maxKeyNetworks is how many networks are kept of one key. One that moves
	// on beyond that is not told of any more.
	maxKeyNetworks = 1000
)

// Run writes down when and from where keys were used, apart from the requests
// that used them, until ctx is done; then it writes what is left and returns
// nil.
func (k *Keys) Run(ctx context.Context) error { return k.uses.run(ctx) }

// Flush writes what Run would write, now.
func (k *Keys) Flush(ctx context.Context) error { return k.uses.flush(ctx) }

// note remembers that a key was used, unless that is known well enough.
func (k *Keys) note(ctx context.Context, key Key, at time.Time) {
	u := use{key.ID, domain.NetworkOf(domain.ClientFrom(ctx))}
	if recent(key.LastUsedAt, at) && (!u.network.IsValid() || k.known.Contains(u)) {
		return
	}
	k.uses.note(u, at)
}

// writeUse writes when a key was used, and the network, where that is new.
func (k *Keys) writeUse(ctx context.Context, tx *store.Tx, u use, at time.Time) error {
	// Another process may have written a use just now.
	err := tx.Client().ApiKey.Update().
		Where(apikey.ID(u.key), apikey.Or(apikey.LastUsedAtIsNil(), apikey.LastUsedAtLTE(at.Add(-usePrecision)))).
		SetLastUsedAt(at).Exec(ctx)
	if err != nil || !u.network.IsValid() {
		return err
	}
	tx.AfterCommit(func() { k.known.Add(u, struct{}{}) })
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
