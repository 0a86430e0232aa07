package access

import (
	"context"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// DefaultOverlap is how long a rotated key stays valid beside the new one.
const DefaultOverlap = 24 * time.Hour

// maxOverlap is the longest overlap that may be asked for.
const maxOverlap = 90 * 24 * time.Hour

// RotateParams describes the rotation of a key.
type RotateParams struct {
	// Key is the id of the key, its hint, its name, or its text.
	Key string
	// Overlap is how long the old key stays valid. Nil stands for
	// DefaultOverlap; with 0 the old key expires at once.
	Overlap *time.Duration
	// ExpiresAt is when the new key expires. Nil: it is valid for as long as the
	// old one was, and for ever where the old one had no expiry.
	ExpiresAt *time.Time
}

// Rotate creates a key that replaces another: it has the same name, role,
// clearance and restrictions, and a new text. The old key stays valid for the
// overlap, so that its holder can change over without a gap, and then expires.
// It needs the right MANAGE_ACCESS and all that [Keys.Create] needs for such a
// key.
//
// Errors: those of [Keys.Create], and KindConflict where the old key is
// revoked or expired.
func (k *Keys) Rotate(ctx context.Context, params RotateParams) (created, old Key, secret string, err error) {
	viewer, err := domain.Require(ctx, domain.ManageAccess)
	if err != nil {
		return Key{}, Key{}, "", err
	}
	at := k.clock()
	var p domain.Problems
	overlap := DefaultOverlap
	if params.Overlap != nil {
		overlap = *params.Overlap
	}
	if overlap < 0 || overlap > maxOverlap {
		p.Add("overlapMinutes", "want from 0 to %d, which is %d days", int(maxOverlap.Minutes()), int(maxOverlap.Hours()/24))
	}
	if params.ExpiresAt != nil && !params.ExpiresAt.After(at) {
		p.Add("expiresAt", "is in the past")
	}
	if err := p.Err("the key was not rotated"); err != nil {
		return Key{}, Key{}, "", err
	}
	found, err := k.Get(ctx, params.Key)
	if err != nil {
		return Key{}, Key{}, "", err
	}
	describe := func(ctx context.Context, tx *store.Tx) (Key, error) {
		row, err := tx.Client().ApiKey.Get(ctx, found.ID)
		if err != nil {
			return Key{}, err
		}
		old = keyOf(row)
		if err := requireMayGive(viewer, old); err != nil {
			return Key{}, err
		}
		if !old.Active(at) {
			return Key{}, domain.Conflict("the key %s is %s: make a new one", old.ID, old.State(at))
		}
		draft := old.successor(viewer, at)
		switch {
		case params.ExpiresAt != nil:
			t := params.ExpiresAt.UTC().Truncate(time.Microsecond)
			draft.ExpiresAt = &t
		case old.ExpiresAt != nil:
			t := at.Add(old.ExpiresAt.Sub(old.CreatedAt))
			draft.ExpiresAt = &t
		}
		return draft, nil
	}
	created, secret, err = k.insert(ctx, describe, func(ctx context.Context, tx *store.Tx, key Key) (err error) {
		old, err = endKey(ctx, tx, old, at.Add(overlap))
		if err != nil {
			return err
		}
		return audit.Append(ctx, tx, at, audit.Entry{Action: audit.RotateKey, Subject: old.ID.String(), Detail: rotation(key, old)})
	})
	if err != nil {
		return Key{}, Key{}, "", fmt.Errorf("rotate a key: %w", err)
	}
	k.log.InfoContext(ctx, "key rotated", "key_id", created.ID, "old_key_id", old.ID)
	return created, old, secret, nil
}

// successor describes a key that replaces k from a time on. It is valid for as long as k.
func (k Key) successor(maker *domain.Viewer, at time.Time) Key {
	next := k
	next.Replaces, next.CreatedBy, next.CreatorID, next.CreatedAt = &k.ID, maker.Name, idOf(maker), at
	return next
}

// endKey lets a key expire at a time, unless it expires before.
func endKey(ctx context.Context, tx *store.Tx, key Key, end time.Time) (Key, error) {
	if key.ExpiresAt != nil && key.ExpiresAt.Before(end) {
		end = *key.ExpiresAt
	}
	row, err := tx.Client().ApiKey.UpdateOneID(key.ID).SetExpiresAt(end).Save(ctx)
	if err != nil {
		return Key{}, err
	}
	return keyOf(row), nil
}

// rotation describes a rotation for the audit log.
func rotation(created, old Key) string {
	return fmt.Sprintf("%q, by %s; the old one ends %s", created.Name, created.ID, old.ExpiresAt.Format(time.RFC3339))
}
