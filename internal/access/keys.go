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
	Grants     []domain.Right // the rights that no role has
	Replaces   *domain.ID     // the key that this one was made in the place of
	Line       domain.ID      // the key that this one goes back to by rotations; its own id if it replaces none
	CreatedBy  string
	CreatorID  *domain.ID // the credential that made it; nil for the program itself
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

// madeByHolder reports whether the key was made by the one that it replaces, with
// [Keys.RotateOwn].
func (k Key) madeByHolder() bool {
	return k.Replaces != nil && k.CreatorID != nil && *k.CreatorID == *k.Replaces
}

// viewer returns the holder of the key.
func (k Key) viewer() *domain.Viewer {
	v := &domain.Viewer{Name: k.Name, Role: k.Role, Scopes: k.Scopes, Grants: k.Grants, Clearance: k.Clearance, KeyID: k.ID, RateLimit: k.RateLimit}
	if k.Line != k.ID {
		v.KeyLine = k.Line
	}
	return v
}

// keyOf returns the key of a row. A value in a list that is not understood is
// left out, so a list of nothing else allows nothing, as an empty one does.
func keyOf(row *db.ApiKey) Key {
	key := Key{
		ID: row.ID, Name: row.Name, Hint: row.Hint, Role: row.Role, Clearance: row.Clearance,
		Restrictions: Restrictions{Origins: row.Origins},
		Grants:       rightsOf(row.Grants),
		Replaces:     row.Replaces, Line: row.ID, CreatedBy: row.CreatedBy, CreatorID: row.CreatorID, CreatedAt: row.CreatedAt,
		LastUsedAt: row.LastUsedAt, ExpiresAt: row.ExpiresAt, RevokedAt: row.RevokedAt,
	}
	if row.Line != nil {
		key.Line = *row.Line
	}
	if row.RateLimit != nil {
		key.RateLimit = *row.RateLimit
	}
	if row.Scopes != nil {
		key.Scopes = append([]domain.Right{}, rightsOf(row.Scopes)...)
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

// rightsOf returns the rights with some names; nil where there are none.
func rightsOf(names []string) []domain.Right {
	var rights []domain.Right
	for _, name := range names {
		if right, ok := domain.ParseRight(name); ok {
			rights = append(rights, right)
		}
	}
	return rights
}

// namesOf returns the names of rights; an empty list where there are none.
func namesOf(rights []domain.Right) []string {
	names := make([]string, len(rights))
	for i, right := range rights {
		names[i] = right.String()
	}
	return names
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
	// Grants are rights that no role has.
	Grants    []domain.Right
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
	p.Grants = validGrants(p.Grants, p.Role, &problems)
	return problems.Err("the key was not made")
}

// validGrants adds every problem with the grants of a key of a role to p, and returns them
// without repetitions.
func validGrants(grants []domain.Right, role domain.Role, p *domain.Problems) []domain.Right {
	var all []domain.Right
	for _, right := range grants {
		switch {
		case !right.Granted():
			p.Add("grants", "%s comes with the role %s; want %s", right, right.Role(), domain.OwnWebhooks)
		case role < right.Role():
			p.Add("grants", "%s needs the role %s or a higher one", right, right.Role())
		}
		if !slices.Contains(all, right) {
			all = append(all, right)
		}
	}
	return all
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
	draft := Key{Name: params.Name, Role: params.Role, Clearance: clearance, Restrictions: params.Restrictions, Grants: params.Grants,
		CreatedBy: viewer.Name, CreatorID: idOf(viewer), CreatedAt: at}
	if err := requireMayGive(viewer, draft); err != nil {
		return Key{}, "", err
	}
	if params.ExpiresAt != nil {
		t := params.ExpiresAt.UTC().Truncate(time.Microsecond)
		draft.ExpiresAt = &t
	}
	key, secret, err := k.insert(ctx, func(context.Context, *store.Tx) (Key, error) { return draft, nil }, func(ctx context.Context, tx *store.Tx, key Key) error {
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

// idOf returns the id of a viewer's credential; nil for the program itself.
func idOf(viewer *domain.Viewer) *domain.ID {
	if id := viewer.CredentialID(); id != 0 {
		return &id
	}
	return nil
}

// requireMayGive returns an error where a viewer would give with a key what it has not
// itself. Who manages all webhooks can give the right to webhooks of one's own.
func requireMayGive(giver *domain.Viewer, key Key) error {
	if key.Role > giver.Role {
		return forbidden("to give the role %s, a credential needs at least that role; this credential has %s", key.Role, giver.Role)
	}
	if key.Clearance > giver.Clearance {
		return forbidden("to give the clearance %s, a credential needs at least that clearance; this credential has %s", key.Clearance, giver.Clearance)
	}
	scopes := key.Scopes
	if scopes == nil {
		scopes = domain.Rights()
	}
	for _, right := range scopes {
		if key.Role >= right.Role() && !right.Granted() && !giver.May(right) {
			return forbidden("to give the right %s, a credential needs that right; the scopes of this credential leave it out", right)
		}
	}
	if slices.Contains(key.Grants, domain.OwnWebhooks) && !giver.May(domain.OwnWebhooks) && !giver.May(domain.ManageWebhooks) {
		return forbidden("to give the right %s, a credential needs that right or %s", domain.OwnWebhooks, domain.ManageWebhooks)
	}
	return nil
}

func forbidden(format string, args ...any) error {
	return &domain.Error{Kind: domain.KindForbidden, Message: fmt.Sprintf(format, args...)}
}

// insert writes a key with a new id and a new secret, as describe says, and calls
// then in the same transaction.
func (k *Keys) insert(ctx context.Context, describe func(context.Context, *store.Tx) (Key, error), then func(context.Context, *store.Tx, Key) error) (Key, string, error) {
	for attempt := 1; ; attempt++ {
		secret := newSecret()
		var key Key
		err := k.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
			draft, err := describe(ctx, tx)
			if err != nil {
				return err
			}
			create := tx.Client().ApiKey.Create().
				SetID(domain.NewID(domain.Key, draft.CreatedAt)).
				SetName(draft.Name).
				SetHint(secret[:hintChars]).
				SetHash(hashOf(secret)).
				SetRole(draft.Role).
				SetClearance(draft.Clearance).
				SetNillableReplaces(draft.Replaces).
				SetCreatedBy(draft.CreatedBy).
				SetNillableCreatorID(draft.CreatorID).
				SetCreatedAt(draft.CreatedAt).
				SetNillableExpiresAt(draft.ExpiresAt)
			draft.write(create)
			if draft.Grants != nil {
				create.SetGrants(namesOf(draft.Grants))
			}
			if draft.Replaces != nil {
				create.SetLine(draft.Line)
			}
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
	if k.Grants != nil {
		text += fmt.Sprintf(", grants %v", k.Grants)
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
	row, err := find(ctx, k.stores.Client(ctx), ref, k.clock())
	if err != nil {
		return Key{}, err
	}
	return keyOf(row), nil
}

func isID(s string) bool {
	_, err := domain.ParseID(s)
	return err == nil
}

// find returns the key that ref names; see [Keys.Revoke]. Of several keys of one line it is the newest.
func find(ctx context.Context, client *db.Client, ref string, at time.Time) (*db.ApiKey, error) {
	rows, err := findAll(ctx, client, ref, at)
	if err != nil {
		return nil, err
	}
	return rows[len(rows)-1], nil
}

// findAll returns the keys that ref names, one or more of one line, the oldest first. A name or a hint means keys that are valid, if
// there are any: those that were rotated have the name as well.
func findAll(ctx context.Context, client *db.Client, ref string, at time.Time) ([]*db.ApiKey, error) {
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
	if len(rows) == 0 {
		return nil, domain.NotFound("there is no such key; \"redthread key list\" shows all")
	}
	valid := slices.DeleteFunc(slices.Clone(rows), func(r *db.ApiKey) bool { return !keyOf(r).Active(at) })
	if len(valid) == 0 {
		return rows[len(rows)-1:], nil
	}
	names := make([]string, len(valid))
	several := false
	for i, row := range valid {
		names[i] = row.ID.String()
		several = several || keyOf(row).Line != keyOf(valid[0]).Line
	}
	if several {
		return nil, domain.Invalid("%d valid keys have that name; give the id of one: %s", len(valid), strings.Join(names, ", "))
	}
	return valid, nil
}
