package access

import (
	"context"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/ent"
	"github.com/redthread-api/redthread/ent/apikey"
	"github.com/redthread-api/redthread/internal/domain"
)

// errRefused is the one answer to every key that opens nothing, so that it
// tells nobody whether the key was ever good.
var errRefused = &domain.Error{Kind: domain.KindUnauthenticated,
	Message: "this key is not valid: it may be mistyped, expired or revoked"}

// Authenticate returns the holder of a key. A key that is unknown, revoked or
// expired is one and the same error, of KindUnauthenticated, after the same
// work: one hash and one statement. What hasn't even the form of a key costs
// no statement.
//
// The use is noted, and written later: see [Keys.Run].
func (k *Keys) Authenticate(ctx context.Context, secret string) (*domain.Viewer, error) {
	if !wellFormed(secret) {
		return nil, errRefused
	}
	system := domain.WithStage(domain.AsSystem(ctx, "authenticate"), domain.Desk)
	row, err := k.stores.Client(system).ApiKey.Query().Where(apikey.Hash(hashOf(secret))).Only(system)
	if ent.IsNotFound(err) {
		return nil, errRefused
	}
	if err != nil {
		return nil, fmt.Errorf("authenticate: %w", err)
	}
	key, at := keyOf(row), k.clock()
	if !key.Active(at) {
		return nil, errRefused
	}
	k.note(key, at)
	return &domain.Viewer{Name: key.Name, Role: key.Role, Clearance: key.Clearance, KeyID: key.ID}, nil
}

// usePrecision is how exactly the last use of a key is known.
const usePrecision = time.Minute

// note remembers that a key was used, unless that is known well enough.
func (k *Keys) note(key Key, at time.Time) {
	if key.LastUsedAt != nil && at.Sub(*key.LastUsedAt) < usePrecision {
		return
	}
	k.mu.Lock()
	_, noted := k.used[key.ID]
	if !noted {
		k.used[key.ID] = at
	}
	k.mu.Unlock()
	if noted {
		return
	}
	select {
	case k.wake <- struct{}{}:
	default: // Run has been told
	}
}
