package access

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/person"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// People authenticates and manages the people who sign in with OpenID Connect.
// It is safe for concurrent use.
//
// The issuer identifies a person and, with each token, claims a role and a
// clearance. The desk stores a row of each person, in which an ADMIN can
// overrule the claims: an assigned role or clearance takes the place of the
// token's, and a disabled person is refused. That takes effect with the next
// request, in every process.
type People struct {
	stores   *store.Stores
	refusals *audit.Buffer
	log      *slog.Logger
	now      func() time.Time
	config   OIDC
	tokens   *tokenVerifier // nil: no token is accepted
	uses     *store.WriteBehind[domain.ID, time.Time]
}

// NewPeople returns the people of the desk. Credentials that are refused are
// added to refusals; now is the clock. Until [People.Run] or [People.Flush] is
// called, it is written at sign-in only when a person was seen.
func NewPeople(stores *store.Stores, refusals *audit.Buffer, log *slog.Logger, now func() time.Time, config OIDC) *People {
	p := &People{stores: stores, refusals: refusals, log: log, now: now, config: config}
	if config.Issuer != "" {
		p.tokens = newTokenVerifier(config, log, now)
	}
	p.uses = newUseBuffer("the tokens of people", stores, log, func(ctx context.Context, tx *store.Tx, id domain.ID, at time.Time) error {
		return tx.Client().Person.Update().Where(person.ID(id), person.LastSeenAtLTE(at.Add(-usePrecision))).SetLastSeenAt(at).Exec(ctx)
	})
	return p
}

func (p *People) clock() time.Time { return p.now().UTC().Truncate(time.Microsecond) }

// Run writes when people were last seen, apart from their requests, until
// ctx is done; then it writes what is left and returns nil.
func (p *People) Run(ctx context.Context) error { return p.uses.Run(ctx) }

// Flush writes at once what Run would write.
func (p *People) Flush(ctx context.Context) error { return p.uses.Flush(ctx) }

// Person is a person who has signed in.
type Person struct {
	ID      domain.ID
	Issuer  string
	Subject string // the issuer's identifier of the person
	Name    string // not unique
	Email   string // empty: not known

	// Role and Clearance are those that are assigned, or else those that the
	// token of the last sign-in claimed.
	Role      domain.Role
	Clearance domain.Marking
	// What the token of the last sign-in claimed.
	ClaimedRole      domain.Role
	ClaimedClearance domain.Marking
	// What an ADMIN has assigned instead; nil: nothing.
	AssignedRole      *domain.Role
	AssignedClearance *domain.Marking

	CreatedAt  time.Time
	LastSeenAt time.Time // to about a minute
	DisabledAt *time.Time
}

// Effective returns the effective role and clearance of a person: those that
// are assigned, or else those of the last sign-in.
func (p *People) Effective(row *db.Person) (domain.Role, domain.Marking) {
	var claimed *domain.Marking
	if p.config.ClearanceClaim != "" {
		claimed = &row.Clearance
	}
	return effective(row, row.Role, claimed)
}

func (p *People) personOf(row *db.Person) Person {
	role, clearance := p.Effective(row)
	out := Person{
		ID: row.ID, Issuer: row.Issuer, Subject: row.Subject, Name: row.Name,
		Role: role, Clearance: clearance, ClaimedRole: row.Role, ClaimedClearance: row.Clearance,
		AssignedRole: row.AssignedRole, AssignedClearance: row.AssignedClearance,
		CreatedAt: row.CreatedAt, LastSeenAt: row.LastSeenAt, DisabledAt: row.DisabledAt,
	}
	if row.Email != nil {
		out.Email = *row.Email
	}
	return out
}

// effective returns the role and the clearance of a person, from what a token
// claims and what is assigned. A clearance that is neither is the default of
// the role.
func effective(row *db.Person, role domain.Role, clearance *domain.Marking) (domain.Role, domain.Marking) {
	if row.AssignedRole != nil {
		role = *row.AssignedRole
	}
	switch {
	case row.AssignedClearance != nil:
		return role, *row.AssignedClearance
	case clearance != nil:
		return role, *clearance
	}
	return role, DefaultClearance(role)
}

// errNoRole is the error of a valid token that claims no role.
var errNoRole = &domain.Error{Kind: domain.KindForbidden,
	Message: "the token is valid, but claims no role for this API; the administrator of the accounts can assign one"}

// Authenticate returns the viewer of a token of the issuer. A token that is
// not valid and one whose holder is disabled are one and the same error, of
// KindUnauthenticated; where there is no issuer, it is that of an invalid key.
// A valid token without a role is an error of KindForbidden. An error of
// KindUnavailable says that the issuer's keys cannot be read.
//
// The claims of the token hold until it expires; the person's row is read from
// the desk each time, in one statement. A token that was issued after its
// holder was last seen is a sign-in: it updates the row and is put on the audit
// log.
func (p *People) Authenticate(ctx context.Context, token string) (*domain.Viewer, error) {
	if p.tokens == nil {
		return nil, errInvalidCredential
	}
	c, err := p.tokens.verify(ctx, token)
	if err != nil {
		return nil, err
	}
	system := domain.WithStage(domain.AsSystem(ctx, "authenticate"), domain.Desk)
	row, err := p.stores.Client(system).Person.Query().
		Where(person.Issuer(p.config.Issuer), person.Subject(c.subject)).Only(system)
	if err != nil && !db.IsNotFound(err) {
		return nil, fmt.Errorf("authenticate: %w", err)
	}
	switch {
	case row != nil && row.DisabledAt != nil:
		p.recordRefusal(ctx, row, "the person is disabled")
		return nil, errInvalidToken
	case !c.hasRole:
		p.recordRefusal(ctx, row, "the token gives no role")
		return nil, errNoRole
	case row == nil || c.issuedAt.After(row.LastSeenAt):
		if row, err = p.signIn(ctx, c); err != nil {
			return nil, err
		}
		if row.DisabledAt != nil {
			return nil, errInvalidToken
		}
	}
	if at := p.clock(); !isRecent(&row.LastSeenAt, at) {
		p.uses.Add(row.ID, at)
	}
	return viewerOf(row, c), nil
}

func viewerOf(row *db.Person, c *claims) *domain.Viewer {
	role, clearance := effective(row, c.role, c.clearance)
	return &domain.Viewer{Name: row.Name, Role: role, Clearance: clearance, PersonID: row.ID}
}

// recordRefusal puts on the audit log that a valid token was refused. row is
// nil for a person who has never signed in; the entry has no name then.
func (p *People) recordRefusal(ctx context.Context, row *db.Person, why string) {
	viewer, subject := domain.Anonymous(), ""
	if row != nil {
		viewer = &domain.Viewer{Name: row.Name, Role: row.Role, PersonID: row.ID}
		subject = row.ID.String()
	}
	p.refusals.Add(domain.WithViewer(ctx, viewer), audit.Entry{Action: audit.RefuseCredential, Subject: subject, Detail: why})
}

// signIn writes the claims of a token to the row of its holder, and returns the
// row. It does not change the row of a person who is disabled meanwhile.
func (p *People) signIn(ctx context.Context, c *claims) (*db.Person, error) {
	clearance := DefaultClearance(c.role)
	if c.clearance != nil {
		clearance = *c.clearance
	}
	var email *string
	if c.email != "" {
		email = &c.email
	}
	for attempt := 1; ; attempt++ {
		at := p.clock()
		// The issuer's clock may be ahead of ours, and one token is one
		// sign-in.
		seen := at
		if c.issuedAt.After(seen) {
			seen = c.issuedAt
		}
		var row *db.Person
		var isNew, changed bool
		err := p.stores.Desk(domain.AsSystem(ctx, "sign in"), func(ctx context.Context, tx *store.Tx) error {
			people := tx.Client().Person
			var err error
			row, err = people.Query().Where(person.Issuer(p.config.Issuer), person.Subject(c.subject)).Only(ctx)
			isNew, changed = db.IsNotFound(err), true
			switch {
			case isNew:
				row, err = people.Create().
					SetID(domain.NewID(domain.Person, at)).SetIssuer(p.config.Issuer).SetSubject(c.subject).
					SetName(c.name).SetNillableEmail(email).SetRole(c.role).SetClearance(clearance).
					SetCreatedAt(at).SetLastSeenAt(seen).Save(ctx)
			case err != nil:
				return err
			case row.DisabledAt != nil || !c.issuedAt.After(row.LastSeenAt):
				changed = false // another request was first
				return nil
			default:
				update := people.UpdateOneID(row.ID).SetName(c.name).SetRole(c.role).SetClearance(clearance).SetLastSeenAt(seen)
				if email == nil {
					update.ClearEmail()
				}
				row, err = update.SetNillableEmail(email).Save(ctx)
			}
			if err != nil {
				return err
			}
			return audit.Append(domain.WithViewer(ctx, viewerOf(row, c)), tx, at, audit.Entry{
				Action: audit.SignIn, Subject: row.ID.String(),
				Detail: fmt.Sprintf("claims the role %s and the clearance %s", c.role, clearance),
			})
		})
		if err == nil {
			if changed {
				p.log.InfoContext(ctx, "a person has signed in", "person_id", row.ID, "role", c.role.String(), "new", isNew)
			}
			return row, nil
		}
		// Two processes can hit on the same id in the same millisecond.
		if attempt == maxAttempts || !errors.Is(err, domain.ErrConflict) {
			return nil, fmt.Errorf("sign in: %w", err)
		}
	}
}

// List returns all people who have signed in, by name, including disabled
// ones. It needs the right MANAGE_ACCESS.
func (p *People) List(ctx context.Context) ([]Person, error) {
	if _, err := domain.Require(ctx, domain.ManageAccess); err != nil {
		return nil, err
	}
	ctx = domain.WithStage(ctx, domain.Desk)
	rows, err := p.stores.Client(ctx).Person.Query().Order(person.ByName(), person.ByID()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the people: %w", err)
	}
	people := make([]Person, len(rows))
	for i, row := range rows {
		people[i] = p.personOf(row)
	}
	return people, nil
}

// Get returns a person. It needs the right MANAGE_ACCESS. The error is of
// KindNotFound where there is no person with the id.
func (p *People) Get(ctx context.Context, id domain.ID) (Person, error) {
	if _, err := domain.Require(ctx, domain.ManageAccess); err != nil {
		return Person{}, err
	}
	ctx = domain.WithStage(ctx, domain.Desk)
	row, err := p.stores.Client(ctx).Person.Get(ctx, id)
	if db.IsNotFound(err) {
		return Person{}, noPerson(id)
	}
	if err != nil {
		return Person{}, fmt.Errorf("get a person: %w", err)
	}
	return p.personOf(row), nil
}

func noPerson(id domain.ID) error { return domain.NotFound("there is no person %s", id) }

// UpdatePersonParams describes a change of a person. What is nil stays as it is.
type UpdatePersonParams struct {
	ID domain.ID
	// Role and Clearance take the place of what the person's tokens claim, until
	// they are cleared.
	Role           *domain.Role
	ClearRole      bool
	Clearance      *domain.Marking
	ClearClearance bool
	Disabled       *bool
}

func (u UpdatePersonParams) validate() error {
	var problems domain.Problems
	if u.ID.Type() != domain.Person {
		problems.Add("id", "want the id of a person")
	}
	switch {
	case u.Role == nil:
	case u.ClearRole:
		problems.Add("role", "is set and cleared at once")
	case *u.Role < domain.Public || *u.Role > domain.Admin:
		problems.Add("role", "want one of %v", domain.Roles)
	}
	switch {
	case u.Clearance == nil:
	case u.ClearClearance:
		problems.Add("clearance", "is set and cleared at once")
	case !u.Clearance.Valid():
		problems.Add("clearance", "want one of %v", domain.Markings)
	}
	return problems.Err("the person was not changed")
}

// Update changes the row of a person, with effect from the person's next
// request. It needs the right MANAGE_ACCESS. A viewer cannot give a higher role
// or clearance than its own, neither by clearing what is assigned nor by
// enabling a person again. A change that changes nothing is no error, and is
// not put on the audit log.
//
// Errors: KindInvalid with all problems of the params, KindNotFound,
// KindForbidden.
func (p *People) Update(ctx context.Context, params UpdatePersonParams) (Person, error) {
	viewer, err := domain.Require(ctx, domain.ManageAccess)
	if err != nil {
		return Person{}, err
	}
	if err := params.validate(); err != nil {
		return Person{}, err
	}
	at := p.clock()
	var after Person
	var changes []string
	err = p.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		row, err := tx.Client().Person.Get(ctx, params.ID)
		if db.IsNotFound(err) {
			return noPerson(params.ID)
		}
		if err != nil {
			return err
		}
		before := p.personOf(row)
		changes = params.apply(row, at)
		after = p.personOf(row)
		if len(changes) == 0 {
			return nil
		}
		if err := requireMayChange(viewer, before, after); err != nil {
			return err
		}
		update := tx.Client().Person.UpdateOneID(row.ID).
			SetNillableAssignedRole(row.AssignedRole).SetNillableAssignedClearance(row.AssignedClearance).SetNillableDisabledAt(row.DisabledAt)
		if row.AssignedRole == nil {
			update.ClearAssignedRole()
		}
		if row.AssignedClearance == nil {
			update.ClearAssignedClearance()
		}
		if row.DisabledAt == nil {
			update.ClearDisabledAt()
		}
		if err := update.Exec(ctx); err != nil {
			return err
		}
		return audit.Append(ctx, tx, at, audit.Entry{Action: audit.UpdatePerson, Subject: row.ID.String(), Detail: strings.Join(changes, "; ")})
	})
	if err != nil {
		return Person{}, fmt.Errorf("change a person: %w", err)
	}
	if len(changes) > 0 {
		store.AfterCommit(ctx, func() {
			p.log.InfoContext(ctx, "a person was changed", "person_id", after.ID, "changes", changes)
		})
	}
	return after, nil
}

// apply makes the changes in the row, and returns a description of each.
func (u UpdatePersonParams) apply(row *db.Person, at time.Time) []string {
	var changes []string
	if after := assigned(row.AssignedRole, u.Role, u.ClearRole); !same(row.AssignedRole, after) {
		changes = append(changes, fmt.Sprintf("assigned role: %s, was %s", display(after), display(row.AssignedRole)))
		row.AssignedRole = after
	}
	if after := assigned(row.AssignedClearance, u.Clearance, u.ClearClearance); !same(row.AssignedClearance, after) {
		changes = append(changes, fmt.Sprintf("assigned clearance: %s, was %s", display(after), display(row.AssignedClearance)))
		row.AssignedClearance = after
	}
	switch {
	case u.Disabled == nil || *u.Disabled == (row.DisabledAt != nil):
	case *u.Disabled:
		changes = append(changes, "disabled")
		row.DisabledAt = &at
	default:
		changes = append(changes, "enabled again")
		row.DisabledAt = nil
	}
	return changes
}

func assigned[T any](was, set *T, clear bool) *T {
	if clear {
		return nil
	}
	return cmp.Or(set, was)
}

func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

func display[T fmt.Stringer](v *T) string {
	if v == nil {
		return "none"
	}
	return (*v).String()
}

// requireMayChange returns an error where a change gives a person more than the
// viewer has. What the person had before may stay.
func requireMayChange(viewer *domain.Viewer, before, after Person) error {
	if before.DisabledAt != nil {
		before.Role, before.Clearance = -1, -1
	}
	role, clearance := after.Role, after.Clearance
	if role <= before.Role {
		role = domain.Public
	}
	if clearance <= before.Clearance {
		clearance = domain.Clear
	}
	if after.DisabledAt != nil || role == domain.Public && clearance == domain.Clear {
		return nil
	}
	return requireMayGive(viewer, Key{Role: role, Clearance: clearance})
}
