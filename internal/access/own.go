package access

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/apikey"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

const (
	// maxOwnOverlap is the longest overlap that the holder of a key may ask for.
	maxOwnOverlap = 7 * 24 * time.Hour
	// maxOwnRotations is how often the keys of a line can rotate themselves within
	// ownRotationsWindow.
	maxOwnRotations    = 5
	ownRotationsWindow = 24 * time.Hour
	// lostAfter is the time after which a key that was never used counts as lost: its
	// holder did not get the response with its text.
	lostAfter = 5 * time.Minute
	// maxLine is how many keys of a line are looked at, the newest ones. Older ones have
	// long expired.
	maxLine = 50
)

// RequireHolder returns the viewer if it is the holder of a key that can rotate itself: of
// the role PARTNER or a higher one. It needs no right.
func RequireHolder(ctx context.Context) (*domain.Viewer, error) {
	viewer, err := domain.ViewerFrom(ctx)
	switch {
	case err != nil:
		return nil, err
	case !viewer.Authenticated():
		return nil, &domain.Error{Kind: domain.KindUnauthenticated,
			Message: "this needs a key: send the header \"Authorization: Bearer …\" with a key of role " + domain.Partner.String() + " or higher"}
	case viewer.KeyID == 0:
		return nil, forbidden("this needs a key; this credential is none")
	case viewer.Role < domain.Partner:
		return nil, forbidden("this needs the role %s; this credential has %s", domain.Partner, viewer.Role)
	}
	return viewer, nil
}

// Own returns the key of the viewer; nil for a viewer without one. It needs no right.
func (k *Keys) Own(ctx context.Context) (*Key, error) {
	viewer, err := domain.ViewerFrom(ctx)
	if err != nil || viewer.KeyID == 0 {
		return nil, err
	}
	system := domain.WithStage(domain.AsSystem(ctx, "read the viewer's key"), domain.Desk)
	row, err := k.stores.Client(system).ApiKey.Get(system, viewer.KeyID)
	if db.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the viewer's key: %w", err)
	}
	key := keyOf(row)
	return &key, nil
}

// RotateOwn creates a key that replaces the viewer's own: it has the same name, rights,
// limits and expiry, and a new text. The old key stays valid for the overlap; nil stands for
// [DefaultOverlap]. It needs what [RequireHolder] says, and no right.
//
// At most two keys of a line are valid after it: an older key that was still in its overlap
// expires at once. A key that was replaced cannot rotate again, unless the new one was never
// used and counts as lost; that one is revoked then.
//
// Errors: KindConflict where the key was replaced already, and [domain.RateLimitError] where
// the line has rotated itself too often lately.
func (k *Keys) RotateOwn(ctx context.Context, overlap *time.Duration) (created, old Key, secret string, err error) {
	viewer, err := RequireHolder(ctx)
	if err != nil {
		return Key{}, Key{}, "", err
	}
	length := DefaultOverlap
	if overlap != nil {
		length = *overlap
	}
	var p domain.Problems
	if length < 0 || length > maxOwnOverlap {
		p.Add("overlapMinutes", "want from 0 to %d, which is %d days", int(maxOwnOverlap.Minutes()), int(maxOwnOverlap.Hours()/24))
	}
	if err := p.Err("the key was not rotated"); err != nil {
		return Key{}, Key{}, "", err
	}
	at := k.clock()
	var plan ownRotation
	describe := func(ctx context.Context, tx *store.Tx) (_ Key, err error) {
		plan, err = planOwnRotation(ctx, tx, viewer, at)
		return plan.draft, err
	}
	created, secret, err = k.insert(ctx, describe, func(ctx context.Context, tx *store.Tx, key Key) (err error) {
		old, err = plan.finish(ctx, tx, key, at.Add(length))
		return err
	})
	if err != nil {
		return Key{}, Key{}, "", fmt.Errorf("rotate one's own key: %w", err)
	}
	store.AfterCommit(ctx, func() {
		k.log.InfoContext(ctx, "key rotated by its holder", "key_id", created.ID, "old_key_id", old.ID)
	})
	return created, old, secret, nil
}

// ownRotation is what a rotation by the holder changes.
type ownRotation struct {
	at         time.Time
	old, draft Key
	older      []Key // valid, and made before old: they expire
	lost       []Key // made by old, and never used: they are revoked
}

func planOwnRotation(ctx context.Context, tx *store.Tx, viewer *domain.Viewer, at time.Time) (ownRotation, error) {
	line, err := keysOfLine(ctx, tx.Client(), viewer.Line())
	if err != nil {
		return ownRotation{}, err
	}
	i := slices.IndexFunc(line, func(key Key) bool { return key.ID == viewer.KeyID })
	if i < 0 || !line[i].Active(at) {
		return ownRotation{}, errInvalidCredential // since the request was authenticated
	}
	r := ownRotation{at: at, old: line[i]}
	r.draft = r.old.successor(viewer, at)
	for _, key := range line {
		switch {
		case key.ID == r.old.ID || !key.Active(at):
		case !descends(line, key, r.old.ID, func(Key) bool { return true }):
			r.older = append(r.older, key)
		case !key.isLost(at) || *key.Replaces != r.old.ID:
			return ownRotation{}, r.replacedBy(key)
		default:
			r.lost = append(r.lost, key)
			r.draft.ExpiresAt = key.ExpiresAt // that of old before it was replaced
		}
	}
	return r, checkRotations(line, at)
}

// descends reports whether a key of a line goes back to another by rotations that made keys
// of which made is true.
func descends(line []Key, key Key, from domain.ID, made func(Key) bool) bool {
	for key.Replaces != nil && made(key) {
		if *key.Replaces == from {
			return true
		}
		i := slices.IndexFunc(line, func(k Key) bool { return k.ID == *key.Replaces })
		if i < 0 {
			return false
		}
		key = line[i]
	}
	return false
}

// isLost reports whether the holder cannot have got the text of a key.
func (k Key) isLost(at time.Time) bool {
	return k.madeByHolder() && k.LastUsedAt == nil && !at.Before(k.CreatedAt.Add(lostAfter))
}

// replacedBy returns the error of a rotation of a key that a newer one has replaced.
func (r ownRotation) replacedBy(newer Key) error {
	text := "this key was replaced at " + newer.CreatedAt.Format(time.RFC3339)
	if r.old.ExpiresAt != nil {
		text += " and ends at " + r.old.ExpiresAt.Format(time.RFC3339)
	}
	if newer.madeByHolder() && newer.LastUsedAt == nil {
		text += fmt.Sprintf("; if the text of the new one was lost, rotate this one again after %s", newer.CreatedAt.Add(lostAfter).Format(time.RFC3339))
	} else {
		text += "; use the new one"
	}
	return domain.Conflict("%s", text)
}

// checkRotations returns an error where the keys of a line have rotated themselves too often.
func checkRotations(line []Key, at time.Time) error {
	var times []time.Time // the newest first
	for _, key := range line {
		if key.madeByHolder() && key.CreatedAt.After(at.Add(-ownRotationsWindow)) {
			times = append(times, key.CreatedAt)
		}
	}
	if len(times) < maxOwnRotations {
		return nil
	}
	next := times[maxOwnRotations-1].Add(ownRotationsWindow)
	return &domain.RateLimitError{RetryAfter: next.Sub(at), Message: fmt.Sprintf(
		"a key can rotate itself %d times in %d hours, with those before it; rotate it again after %s", maxOwnRotations, int(ownRotationsWindow.Hours()), next.Format(time.RFC3339))}
}

// finish ends the old key and others, and records all of it. It returns the old key.
func (r ownRotation) finish(ctx context.Context, tx *store.Tx, created Key, end time.Time) (Key, error) {
	for _, key := range r.lost {
		if err := revokeKey(ctx, tx, r.at, key, fmt.Sprintf("%q, which was never used; %s replaces it", key.Name, created.ID)); err != nil {
			return Key{}, err
		}
	}
	for _, key := range r.older {
		if _, err := endKey(ctx, tx, key, r.at); err != nil {
			return Key{}, err
		}
	}
	old, err := endKey(ctx, tx, r.old, end)
	if err != nil {
		return Key{}, err
	}
	detail := rotation(created, old)
	for _, key := range r.older {
		detail += fmt.Sprintf(", and %s at once", key.ID)
	}
	return old, audit.Append(ctx, tx, r.at, audit.Entry{Action: audit.RotateKey, Subject: old.ID.String(), Detail: detail})
}

// keysOfLine returns the keys of a line, the newest first.
func keysOfLine(ctx context.Context, client *db.Client, line domain.ID) ([]Key, error) {
	rows, err := client.ApiKey.Query().Where(apikey.Or(apikey.ID(line), apikey.Line(line))).
		Order(apikey.ByCreatedAt(sql.OrderDesc()), apikey.ByID(sql.OrderDesc())).Limit(maxLine).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the keys of a line: %w", err)
	}
	keys := make([]Key, len(rows))
	for i, row := range rows {
		keys[i] = keyOf(row)
	}
	return keys, nil
}

// WebhookOwner returns the clearance under which the holder of a line of keys gets webhooks
// of its own: the highest of its keys that are valid and have the rights OWN_WEBHOOKS and
// READ_LIVE. Where there is none, problem says why, as the end of "… because"; otherwise it is
// empty. It reads the desk for the program itself.
func (k *Keys) WebhookOwner(ctx context.Context, line domain.ID) (clearance domain.Marking, problem string, err error) {
	ctx = domain.WithStage(domain.AsSystem(ctx, "check the owners of webhooks"), domain.Desk)
	keys, err := keysOfLine(ctx, k.stores.Client(ctx), line)
	if err != nil {
		return 0, "", err
	}
	if len(keys) == 0 {
		return 0, "there is no key of its owner", nil
	}
	at := k.clock()
	problem = "the key of its owner is " + strings.ToLower(keys[0].State(at))
	for _, key := range keys {
		switch viewer := key.viewer(); {
		case !key.Active(at):
		case viewer.May(domain.OwnWebhooks) && viewer.May(domain.ReadLive):
			clearance = max(clearance, viewer.Clearance)
			problem = ""
		case problem != "":
			problem = fmt.Sprintf("the key of its owner lacks the right %s or %s", domain.OwnWebhooks, domain.ReadLive)
		}
	}
	return clearance, problem, nil
}
