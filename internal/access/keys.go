package access

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/ent"
	"github.com/redthread-api/redthread/ent/apikey"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Keys are the API keys. It is safe for concurrent use.
type Keys struct {
	stores *store.Stores
	log    *slog.Logger
	now    func() time.Time

	mu   sync.Mutex
	used map[domain.ID]time.Time // uses that have yet to be written
	wake chan struct{}           // tells Run that there are some
}

// New returns the keys of the desk. now is the clock. Until [Keys.Run] or
// [Keys.Flush] is called, no use of a key is written down.
func New(stores *store.Stores, log *slog.Logger, now func() time.Time) *Keys {
	return &Keys{stores: stores, log: log, now: now, used: map[domain.ID]time.Time{}, wake: make(chan struct{}, 1)}
}

func (k *Keys) clock() time.Time { return k.now().UTC().Truncate(time.Microsecond) }

// Key is what is kept of an API key.
type Key struct {
	ID         domain.ID
	Name       string
	Hint       string // the key's first characters, to recognise it by
	Role       domain.Role
	Clearance  domain.Marking
	CreatedBy  string
	CreatedAt  time.Time
	LastUsedAt *time.Time // to about a minute
	ExpiresAt  *time.Time
	RevokedAt  *time.Time
}

// Active reports whether the key opens anything at a time.
func (k Key) Active(at time.Time) bool {
	return k.RevokedAt == nil && (k.ExpiresAt == nil || at.Before(*k.ExpiresAt))
}

func keyOf(row *ent.ApiKey) Key {
	return Key{
		ID: row.ID, Name: row.Name, Hint: row.Hint, Role: row.Role, Clearance: row.Clearance,
		CreatedBy: row.CreatedBy, CreatedAt: row.CreatedAt,
		LastUsedAt: row.LastUsedAt, ExpiresAt: row.ExpiresAt, RevokedAt: row.RevokedAt,
	}
}

// CreateParams says what a new key is.
type CreateParams struct {
	// Name is shown where the holder acts, in revisions for example. Names
	// may repeat, as when a key is replaced by a new one.
	Name string
	Role domain.Role
	// Clearance is the highest marking that the holder sees; nil is what
	// suits the role: RED for staff, GREEN for a PARTNER, CLEAR for PUBLIC.
	Clearance *domain.Marking
	ExpiresAt *time.Time // nil: never
}

// maxName is the longest name of a key, in characters.
const maxName = 100

func (p *CreateParams) validate(now time.Time) error {
	var problems domain.Problems
	p.Name = strings.TrimSpace(p.Name)
	switch {
	case p.Name == "":
		problems.Add("name", "a key has a name")
	case utf8.RuneCountInString(p.Name) > maxName:
		problems.Add("name", "is longer than %d characters", maxName)
	case !utf8.ValidString(p.Name) || strings.ContainsFunc(p.Name, unicode.IsControl):
		problems.Add("name", "is one line of text")
	case strings.HasPrefix(p.Name, secretPrefix), strings.HasPrefix(strings.ToLower(p.Name), "system:"), isID(p.Name):
		// It would be taken for a key, for the program's own work, or an id.
		problems.Add("name", "may not begin with %q or \"system:\", nor be an id", secretPrefix)
	}
	if p.Role < domain.Public || p.Role > domain.Admin {
		problems.Add("role", "want one of %v", domain.Roles)
	}
	if p.Clearance != nil && !p.Clearance.Valid() {
		problems.Add("clearance", "want one of %v", domain.Markings)
	}
	if p.ExpiresAt != nil && !p.ExpiresAt.After(now) {
		problems.Add("expiresAt", "is in the past")
	}
	return problems.Err("the key was not made")
}

// DefaultClearance is the clearance of a new key of a role.
func DefaultClearance(role domain.Role) domain.Marking {
	switch {
	case role.Staff():
		return domain.Red
	case role == domain.Partner:
		return domain.Green
	}
	return domain.Clear
}

// maxAttempts bounds how often a new key whose id was taken is tried again.
const maxAttempts = 3

// Create makes a key and returns it with its text, which cannot be had again.
// ADMIN may; nobody may give a higher clearance than their own.
func (k *Keys) Create(ctx context.Context, params CreateParams) (Key, string, error) {
	viewer, err := domain.Require(ctx, domain.ManageAccess)
	if err != nil {
		return Key{}, "", err
	}
	at := k.clock()
	if err := params.validate(at); err != nil {
		return Key{}, "", err
	}
	clearance := DefaultClearance(params.Role)
	if params.Clearance != nil {
		clearance = *params.Clearance
	}
	if clearance > viewer.Clearance {
		return Key{}, "", &domain.Error{Kind: domain.KindForbidden, Message: fmt.Sprintf(
			"a key with the clearance %s can only be made with one of at least that; this one has %s", clearance, viewer.Clearance)}
	}
	var expires *time.Time
	if params.ExpiresAt != nil {
		t := params.ExpiresAt.UTC().Truncate(time.Microsecond)
		expires = &t
	}
	for attempt := 1; ; attempt++ {
		secret := newSecret()
		var key Key
		err := k.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
			row, err := tx.Client().ApiKey.Create().
				SetID(domain.NewID(domain.Key, at)).
				SetName(params.Name).
				SetHint(secret[:hintChars]).
				SetHash(hashOf(secret)).
				SetRole(params.Role).
				SetClearance(clearance).
				SetCreatedBy(viewer.Name).
				SetCreatedAt(at).
				SetNillableExpiresAt(expires).
				Save(ctx)
			if err == nil {
				key = keyOf(row)
			}
			return err
		})
		if err == nil {
			k.log.InfoContext(ctx, "key created", "key_id", key.ID, "role", key.Role.String(), "clearance", key.Clearance.String())
			return key, secret, nil
		}
		// Two processes can hit on the same id in the same millisecond.
		if attempt == maxAttempts || !errors.Is(err, domain.ErrConflict) {
			return Key{}, "", fmt.Errorf("create a key: %w", err)
		}
	}
}

// List returns all keys, revoked and expired ones too, the newest first. ADMIN
// may.
func (k *Keys) List(ctx context.Context) ([]Key, error) {
	if _, err := domain.Require(ctx, domain.ManageAccess); err != nil {
		return nil, err
	}
	ctx = domain.WithStage(ctx, domain.Desk)
	rows, err := k.stores.Client(ctx).ApiKey.Query().
		Order(apikey.ByCreatedAt(sql.OrderDesc()), apikey.ByID(sql.OrderDesc())).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the keys: %w", err)
	}
	keys := make([]Key, len(rows))
	for i, row := range rows {
		keys[i] = keyOf(row)
	}
	return keys, nil
}

// Revoke makes a key worthless from the next request on, in every process. ref
// is the key's id, its hint, its name, or, where it has leaked, the key
// itself. To revoke a key again changes nothing and is no error. ADMIN may.
//
// Errors: KindNotFound where there is no such key; KindInvalid where several
// keys that are not revoked go by the name.
func (k *Keys) Revoke(ctx context.Context, ref string) (Key, error) {
	if _, err := domain.Require(ctx, domain.ManageAccess); err != nil {
		return Key{}, err
	}
	at := k.clock()
	var key Key
	var changed bool
	err := k.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		row, err := find(ctx, tx.Client(), ref)
		if err != nil {
			return err
		}
		if changed = row.RevokedAt == nil; changed {
			if row, err = tx.Client().ApiKey.UpdateOneID(row.ID).SetRevokedAt(at).Save(ctx); err != nil {
				return err
			}
		}
		key = keyOf(row)
		return nil
	})
	if err != nil {
		return Key{}, fmt.Errorf("revoke a key: %w", err)
	}
	if changed {
		k.log.InfoContext(ctx, "key revoked", "key_id", key.ID)
	}
	return key, nil
}

func isID(s string) bool {
	_, err := domain.ParseID(s)
	return err == nil
}

// find returns the one key that a person means.
func find(ctx context.Context, client *ent.Client, ref string) (*ent.ApiKey, error) {
	ref = strings.TrimSpace(ref)
	query := client.ApiKey.Query()
	if id, err := domain.ParseID(ref); err == nil {
		query.Where(apikey.ID(id))
	} else if wellFormed(ref) {
		query.Where(apikey.Hash(hashOf(ref)))
	} else {
		query.Where(apikey.Or(apikey.Name(ref), apikey.Hint(strings.TrimRight(ref, "….*"))))
	}
	rows, err := query.Order(apikey.ByID()).All(ctx)
	if err != nil {
		return nil, err
	}
	if active := slices.DeleteFunc(slices.Clone(rows), func(r *ent.ApiKey) bool { return r.RevokedAt != nil }); len(active) > 0 {
		rows = active
	}
	switch {
	case len(rows) == 0:
		return nil, domain.NotFound("there is no such key; \"redthread key list\" shows all")
	case len(rows) > 1 && rows[0].RevokedAt == nil:
		names := make([]string, len(rows))
		for i, row := range rows {
			names[i] = row.ID.String()
		}
		return nil, domain.Invalid("%d keys go by that name; say which, by its id: %s", len(rows), strings.Join(names, ", "))
	}
	return rows[len(rows)-1], nil
}
