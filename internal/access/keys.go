package access

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"entgo.io/ent/dialect/sql"
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/apikey"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Keys manages the API keys of the desk and authenticates their holders. It is
// safe for concurrent use.
type Keys struct {
	stores *store.Stores
	log    *slog.Logger
	now    func() time.Time

	refusals      *audit.Buffer
	uses          *store.WriteBehind[keyUse, time.Time]
	knownNetworks *lru.Cache[keyUse, struct{}] // that are on the desk
}

// NewKeys returns the keys of the desk. Credentials that are refused are added
// to refusals; now is the clock. Until [Keys.Run] or [Keys.Flush] is called, no
// use of a key is written.
func NewKeys(stores *store.Stores, refusals *audit.Buffer, log *slog.Logger, now func() time.Time) *Keys {
	known, err := lru.New[keyUse, struct{}](maxKnownNetworks)
	if err != nil {
		panic(err) // the size is a constant
	}
	k := &Keys{stores: stores, refusals: refusals, log: log, now: now, knownNetworks: known}
	k.uses = newUseBuffer("keys", stores, log, k.writeUse)
	return k
}

func (k *Keys) clock() time.Time { return k.now().UTC().Truncate(time.Microsecond) }

// Key is an API key as it is stored, without its text.
type Key struct {
	ID        domain.ID
	Name      string
	Hint      string // the first characters of the key, to recognise it by
	Role      domain.Role
	Clearance domain.Marking
	Restrictions
	Replaces   *domain.ID // the key that this one was made in the place of
	CreatedBy  string
	CreatedAt  time.Time
	LastUsedAt *time.Time // to about a minute
	ExpiresAt  *time.Time
	RevokedAt  *time.Time
}

// The states of a key.
const (
	StateActive  = "ACTIVE"
	StateExpired = "EXPIRED"
	StateRevoked = "REVOKED"
)

// State returns the state of the key at a time.
func (k Key) State(at time.Time) string {
	switch {
	case k.RevokedAt != nil:
		return StateRevoked
	case k.ExpiresAt != nil && !at.Before(*k.ExpiresAt):
		return StateExpired
	}
	return StateActive
}

// Active reports whether the key can be used at a time.
func (k Key) Active(at time.Time) bool { return k.State(at) == StateActive }

// keyOf returns the key of a row. A value in a list that is not understood is
// left out, so a list of nothing else allows nothing, as an empty one does.
func keyOf(row *db.ApiKey) Key {
	key := Key{
		ID: row.ID, Name: row.Name, Hint: row.Hint, Role: row.Role, Clearance: row.Clearance,
		Restrictions: Restrictions{Origins: row.Origins},
		Replaces:     row.Replaces, CreatedBy: row.CreatedBy, CreatedAt: row.CreatedAt,
		LastUsedAt: row.LastUsedAt, ExpiresAt: row.ExpiresAt, RevokedAt: row.RevokedAt,
	}
	if row.RateLimit != nil {
		key.RateLimit = *row.RateLimit
	}
	if row.Scopes != nil {
		key.Scopes = []domain.Right{}
		for _, name := range row.Scopes {
			if right, ok := domain.ParseRight(name); ok {
				key.Scopes = append(key.Scopes, right)
			}
		}
	}
	if row.Networks != nil {
		key.Networks = []netip.Prefix{}
		for _, text := range row.Networks {
			if network, err := netip.ParsePrefix(text); err == nil {
				key.Networks = append(key.Networks, network)
			}
		}
	}
	return key
}

// CreateParams describes a new key.
type CreateParams struct {
	// Name is shown as the author of what the key does, in revisions for
	// example. Several keys may have one name, as when a key is rotated.
	Name string
	Role domain.Role
	// Clearance is the highest marking that the holder sees. Nil stands for
	// [DefaultClearance] of the role.
	Clearance *domain.Marking
	Restrictions
	ExpiresAt *time.Time // nil: never
}

// maxName is the longest name of a key, in characters.
const maxName = 100

func (p *CreateParams) validate(now time.Time) error {
	var problems domain.Problems
	p.Name = strings.TrimSpace(p.Name)
	if problem := nameProblem(p.Name); problem != "" {
		problems.Add("name", "%s", problem)
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
	p.Restrictions.validate(p.Role, &problems)
	return problems.Err("the key was not made")
}

// nameProblem returns what is wrong with the name of a key; "" where nothing is.
func nameProblem(name string) string {
	switch {
	case name == "":
		return "must not be empty"
	case utf8.RuneCountInString(name) > maxName:
		return fmt.Sprintf("is longer than %d characters", maxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return "must be one line of text"
	case strings.HasPrefix(name, secretPrefix), strings.HasPrefix(strings.ToLower(name), "system:"), isID(name):
		// It would be taken for a key, for the program's own work, or an id.
		return fmt.Sprintf("may not begin with %q or \"system:\", nor be an id", secretPrefix)
	}
	return ""
}

// DefaultClearance returns the clearance of a role where none is given: RED for
// staff, GREEN for PARTNER, CLEAR for PUBLIC.
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

// Create creates a key and returns it with its text, which is not stored. It
// needs the right MANAGE_ACCESS. A viewer cannot give more than it has: neither
// a higher role or clearance, nor a right that its own scopes leave out.
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
	if err := requireMayGive(viewer, params.Role, clearance, params.Scopes); err != nil {
		return Key{}, "", err
	}
	draft := Key{Name: params.Name, Role: params.Role, Clearance: clearance, Restrictions: params.Restrictions, CreatedBy: viewer.Name, CreatedAt: at}
	if params.ExpiresAt != nil {
		t := params.ExpiresAt.UTC().Truncate(time.Microsecond)
		draft.ExpiresAt = &t
	}
	key, secret, err := k.insert(ctx, draft, func(ctx context.Context, tx *store.Tx, key Key) error {
		return audit.Append(ctx, tx, at, audit.Entry{Action: audit.CreateKey, Subject: key.ID.String(), Detail: key.describe()})
	})
	if err != nil {
		return Key{}, "", fmt.Errorf("create a key: %w", err)
	}
	store.AfterCommit(ctx, func() {
		k.log.InfoContext(ctx, "key created", "key_id", key.ID, "role", key.Role.String(), "clearance", key.Clearance.String())
	})
	return key, secret, nil
}

// requireMayGive returns an error where a viewer would give what it has not
// itself.
func requireMayGive(giver *domain.Viewer, role domain.Role, clearance domain.Marking, scopes []domain.Right) error {
	if role > giver.Role {
		return forbidden("to give the role %s, a credential needs at least that role; this credential has %s", role, giver.Role)
	}
	if clearance > giver.Clearance {
		return forbidden("to give the clearance %s, a credential needs at least that clearance; this credential has %s", clearance, giver.Clearance)
	}
	if scopes == nil {
		scopes = domain.Rights()
	}
	for _, right := range scopes {
		if role >= right.Role() && !giver.May(right) {
			return forbidden("to give the right %s, a credential needs that right; the scopes of this credential leave it out", right)
		}
	}
	return nil
}

func forbidden(format string, args ...any) error {
	return &domain.Error{Kind: domain.KindForbidden, Message: fmt.Sprintf(format, args...)}
}

// insert writes a key with a new id and a new secret, and calls then in the
// same transaction.
func (k *Keys) insert(ctx context.Context, draft Key, then func(context.Context, *store.Tx, Key) error) (Key, string, error) {
	for attempt := 1; ; attempt++ {
		secret := newSecret()
		var key Key
		err := k.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
			create := tx.Client().ApiKey.Create().
				SetID(domain.NewID(domain.Key, draft.CreatedAt)).
				SetName(draft.Name).
				SetHint(secret[:hintChars]).
				SetHash(hashOf(secret)).
				SetRole(draft.Role).
				SetClearance(draft.Clearance).
				SetNillableReplaces(draft.Replaces).
				SetCreatedBy(draft.CreatedBy).
				SetCreatedAt(draft.CreatedAt).
				SetNillableExpiresAt(draft.ExpiresAt)
			draft.write(create)
			row, err := create.Save(ctx)
			if err != nil {
				return err
			}
			key = keyOf(row)
			return then(ctx, tx, key)
		})
		if err == nil {
			return key, secret, nil
		}
		// Two processes can hit on the same id in the same millisecond.
		if attempt == maxAttempts || !errors.Is(err, domain.ErrConflict) {
			return Key{}, "", err
		}
	}
}

// describe returns a description of the key for the audit log.
func (k Key) describe() string {
	text := fmt.Sprintf("%q, %s, TLP:%s", k.Name, k.Role, k.Clearance)
	if k.Scopes != nil {
		text += fmt.Sprintf(", scopes %v", k.Scopes)
	}
	if k.Networks != nil {
		text += fmt.Sprintf(", networks %v", k.Networks)
	}
	if k.Origins != nil {
		text += fmt.Sprintf(", origins %v", k.Origins)
	}
	return text
}

// List returns all keys, including revoked and expired ones, the newest first.
// It needs the right MANAGE_ACCESS.
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

// Get returns the key with an id, a hint, a name, or a text. It needs the right
// MANAGE_ACCESS. Its errors are those of [Keys.Revoke].
func (k *Keys) Get(ctx context.Context, ref string) (Key, error) {
	if _, err := domain.Require(ctx, domain.ManageAccess); err != nil {
		return Key{}, err
	}
	ctx = domain.WithStage(ctx, domain.Desk)
	row, err := find(ctx, k.stores.Client(ctx), ref)
	if err != nil {
		return Key{}, err
	}
	return keyOf(row), nil
}

// Revoke revokes a key; it is refused from the next request on, in every
// process. ref is the id of the key, its hint, its name, or, where it has
// leaked, its text. Revoking a key again changes nothing and is no error. It
// needs the right MANAGE_ACCESS.
//
// Errors: KindNotFound where there is no such key; KindInvalid where several
// keys that are not revoked have the name.
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
			err = audit.Append(ctx, tx, at, audit.Entry{Action: audit.RevokeKey, Subject: row.ID.String(), Detail: fmt.Sprintf("%q", row.Name)})
		}
		key = keyOf(row)
		return err
	})
	if err != nil {
		return Key{}, fmt.Errorf("revoke a key: %w", err)
	}
	if changed {
		store.AfterCommit(ctx, func() { k.log.InfoContext(ctx, "key revoked", "key_id", key.ID) })
	}
	return key, nil
}

func isID(s string) bool {
	_, err := domain.ParseID(s)
	return err == nil
}

// find returns the key that ref names; see [Keys.Revoke].
func find(ctx context.Context, client *db.Client, ref string) (*db.ApiKey, error) {
	ref = strings.TrimSpace(ref)
	query := client.ApiKey.Query()
	if id, err := domain.ParseID(ref); err == nil {
		query.Where(apikey.ID(id))
	} else if wellFormed(ref) {
		query.Where(apikey.Hash(hashOf(ref)))
	} else {
		query.Where(apikey.Or(apikey.Name(ref), apikey.Hint(strings.TrimRight(ref, "….*"))))
	}
	var rows []*db.ApiKey
	if !strings.ContainsFunc(ref, unicode.IsControl) { // no name or hint has any, and PostgreSQL takes no NUL
		var err error
		if rows, err = query.Order(apikey.ByID()).All(ctx); err != nil {
			return nil, err
		}
	}
	if active := slices.DeleteFunc(slices.Clone(rows), func(r *db.ApiKey) bool { return r.RevokedAt != nil }); len(active) > 0 {
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
		return nil, domain.Invalid("%d keys have that name; give the id of one: %s", len(rows), strings.Join(names, ", "))
	}
	return rows[len(rows)-1], nil
}
