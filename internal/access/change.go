package access

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redthread-api/redthread/ent/db/apikey"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// UpdateParams describes a change of a key. A nil field leaves the value as it is.
type UpdateParams struct {
	// Key is the id of the key, its hint, its name, or its text.
	Key       string
	Clearance *domain.Marking
	// DefaultClearance, where Clearance is nil, sets that of the role.
	DefaultClearance bool
	Grants           *[]domain.Right // an empty list takes them away
}

// Update changes the clearance and the grants of a key, from the next request on. The other
// keys of its line get the same. It needs the right MANAGE_ACCESS, and all that [Keys.Create]
// needs for such a key.
//
// Errors: those of [Keys.Create] and [Keys.Revoke], and KindConflict where the key is revoked.
func (k *Keys) Update(ctx context.Context, params UpdateParams) (Key, error) {
	viewer, err := domain.Require(ctx, domain.ManageAccess)
	if err != nil {
		return Key{}, err
	}
	at := k.clock()
	var key Key
	var changed []string
	err = k.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		row, err := find(ctx, tx.Client(), params.Key, at)
		if err != nil {
			return err
		}
		key, changed = keyOf(row), nil
		if key.RevokedAt != nil {
			return domain.Conflict("the key %s is revoked: make a new one", key.ID)
		}
		change := tx.Client().ApiKey.Update().Where(apikey.Or(apikey.ID(key.Line), apikey.Line(key.Line)), apikey.RevokedAtIsNil())
		var p domain.Problems
		if params.Clearance != nil && !params.Clearance.Valid() {
			p.Add("clearance", "want one of %v", domain.Markings)
		}
		if params.Clearance != nil || params.DefaultClearance {
			key.Clearance = DefaultClearance(key.Role)
			if params.Clearance != nil {
				key.Clearance = *params.Clearance
			}
			change.SetClearance(key.Clearance)
			changed = append(changed, "TLP:"+key.Clearance.String())
		}
		if params.Grants != nil {
			key.Grants = validGrants(*params.Grants, key.Role, &p)
			if key.Grants == nil {
				change.ClearGrants()
			} else {
				change.SetGrants(namesOf(key.Grants))
			}
			changed = append(changed, fmt.Sprintf("grants %v", key.Grants))
		}
		if err := p.Err("the key was not changed"); err != nil {
			return err
		}
		if err := requireMayGive(viewer, key); err != nil || changed == nil {
			return err
		}
		if err := change.Exec(ctx); err != nil {
			return err
		}
		return audit.Append(ctx, tx, at, audit.Entry{Action: audit.UpdateKey, Subject: key.ID.String(),
			Detail: fmt.Sprintf("%q, %s", key.Name, strings.Join(changed, ", "))})
	})
	if err != nil {
		return Key{}, fmt.Errorf("change a key: %w", err)
	}
	if changed != nil {
		store.AfterCommit(ctx, func() { k.log.InfoContext(ctx, "key changed", "key_id", key.ID) })
	}
	return key, nil
}

// Revoke revokes a key; it is refused from the next request on, in every
// process. ref is the id of the key, its hint, its name, or, where it has
// leaked, its text. Revoking a key again changes nothing and is no error. It
// needs the right MANAGE_ACCESS.
//
// The keys that it has made in its own place, with [Keys.RotateOwn], are revoked too: it may
// not have been its holder who made them.
//
// A name of several valid keys of one line, which was rotated, means all of them.
//
// Errors: KindNotFound where there is no such key; KindInvalid where valid keys of
// several lines have the name.
func (k *Keys) Revoke(ctx context.Context, ref string) (Key, error) {
	if _, err := domain.Require(ctx, domain.ManageAccess); err != nil {
		return Key{}, err
	}
	at := k.clock()
	var key Key
	var revoked []domain.ID
	err := k.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		revoked = nil
		rows, err := findAll(ctx, tx.Client(), ref, at)
		if err != nil {
			return err
		}
		key = keyOf(rows[len(rows)-1])
		line, err := keysOfLine(ctx, tx.Client(), key.Line)
		if err != nil {
			return err
		}
		var all []Key
		for _, row := range rows {
			all = append(all, append(madeFrom(line, keyOf(row)), keyOf(row))...)
		}
		for _, one := range all {
			if one.RevokedAt != nil || slices.Contains(revoked, one.ID) {
				continue
			}
			if err := revokeKey(ctx, tx, at, one, fmt.Sprintf("%q", one.Name)); err != nil {
				return err
			}
			revoked = append(revoked, one.ID)
		}
		if key.RevokedAt == nil {
			key.RevokedAt = &at
		}
		return nil
	})
	if err != nil {
		return Key{}, fmt.Errorf("revoke a key: %w", err)
	}
	store.AfterCommit(ctx, func() {
		for _, id := range revoked {
			k.log.InfoContext(ctx, "key revoked", "key_id", id)
		}
	})
	return key, nil
}

// madeFrom returns the keys of a line that a key has made in its own place, that those have
// made, and so on.
func madeFrom(line []Key, from Key) []Key {
	return slices.DeleteFunc(slices.Clone(line), func(key Key) bool { return !descends(line, key, from.ID, Key.madeByHolder) })
}

// revokeKey revokes a key and records it.
func revokeKey(ctx context.Context, tx *store.Tx, at time.Time, key Key, detail string) error {
	if err := tx.Client().ApiKey.UpdateOneID(key.ID).SetRevokedAt(at).Exec(ctx); err != nil {
		return err
	}
	return audit.Append(ctx, tx, at, audit.Entry{Action: audit.RevokeKey, Subject: key.ID.String(), Detail: detail})
}
