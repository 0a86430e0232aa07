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

// People are those who sign in with OpenID Connect. It is safe for concurrent
// use.
//
// The issuer says who somebody is and, with each token, what they may do. The
// desk keeps a row of each person, by which an ADMIN can say otherwise: an
// assigned role or clearance is put in the place of the token's, and who is
// disabled is refused. That holds from the next request on, in every process.
type People struct {
	stores *store.Stores
	notes  *audit.Notes
	log    *slog.Logger
	now    func() time.Time
	config OIDC
	tokens *tokens // nil: no token is accepted
	uses   *uses[domain.ID]
}

// NewPeople returns the people of the desk. now is the clock. Until
// [People.Run] or [People.Flush] is called, it isn't written down when they
// were seen, but at sign-in.
func NewPeople(stores *store.Stores, notes *audit.Notes, log *slog.Logger, now func() time.Time, config OIDC) *People {
	p := &People{stores: stores, notes: notes, log: log, now: now, config: config}
	if config.Issuer != "" {
		p.tokens = newTokens(config, log, now)
	}
	p.uses = newUses("the tokens of people", stores, log, func(ctx context.Context, tx *store.Tx, id domain.ID, at time.Time) error {
		return tx.Client().Person.Update().Where(person.ID(id), person.LastSeenAtLTE(at.Add(-usePrecision))).SetLastSeenAt(at).Exec(ctx)
	})
	return p
}

func (p *People) clock() time.Time { return p.now().UTC().Truncate(time.Microsecond) }

// Run writes down when people were last seen, apart from their requests, until
// ctx is done; then it writes what is left and returns nil.
func (p *People) Run(ctx context.Context) error { return p.uses.run(ctx) }

// Flush writes what Run would write, now.
func (p *People) Flush(ctx context.Context) error { return p.uses.flush(ctx) }

// Person is what is kept of somebody who has signed in.
type Person struct {
	ID      domain.ID
	Issuer  string
	Subject string // the issuer's own name for the person
	Name    string // names repeat
	Email   string // empty: not known

	// Role and Clearance are what the person's tokens are worth, as far as
	// the last sign-in tells: what is assigned, or else what was claimed.
	Role      domain.Role
	Clearance domain.Marking
	// What the token of the last sign-in came to by itself.
	ClaimedRole      domain.Role
	ClaimedClearance domain.Marking
	// What an ADMIN has put in its place; nil: nothing.
	AssignedRole      *domain.Role
	AssignedClearance *domain.Marking

	CreatedAt  time.Time
	LastSeenAt time.Time // to about a minute
	DisabledAt *time.Time
}

// Worth is what a person may do, as far as the last sign-in tells.
func (p *People) Worth(row *db.Person) (domain.Role, domain.Marking) {
	var claimed *domain.Marking
	if p.config.ClearanceClaim != "" {
		claimed = &row.Clearance
	}
	return worth(row, row.Role, claimed)
}

func (p *People) personOf(row *db.Person) Person {
	role, clearance := p.Worth(row)
	who := Person{
		ID: row.ID, Issuer: row.Issuer, Subject: row.Subject, Name: row.Name,
		Role: role, Clearance: clearance, ClaimedRole: row.Role, ClaimedClearance: row.Clearance,
		AssignedRole: row.AssignedRole, AssignedClearance: row.AssignedClearance,
		CreatedAt: row.CreatedAt, LastSeenAt: row.LastSeenAt, DisabledAt: row.DisabledAt,
	}
	if row.Email != nil {
		who.Email = *row.Email
	}
	return who
}

// worth is the role and the clearance of a person, of what a token claims and
// what is assigned. A clearance that is neither is the one that suits the
// role.
func worth(row *db.Person, role domain.Role, clearance *domain.Marking) (domain.Role, domain.Marking) {
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

// errNoEntry is for those whom the issuer knows and who have no role here.
var errNoEntry = &domain.Error{Kind: domain.KindForbidden,
	Message: "this token is valid, but gives its holder no role here; whoever manages the accounts can"}

// Authenticate returns the holder of a token of the issuer. A token that is
// not valid and one whose holder is disabled are one and the same error, of
// KindUnauthenticated; where there is no issuer, it is that of a bad key. A
// valid token that comes with no role is of KindForbidden, and KindUnavailable
// says that the issuer can't be asked for its keys.
//
// What the token claims holds until it expires; what the desk says of the
// person is read each time, in one statement. A token that was issued after
// its holder was last seen is a sign-in: the row is brought up to date and the
// audit log has it.
func (p *People) Authenticate(ctx context.Context, token string) (*domain.Viewer, error) {
	if p.tokens == nil {
		return nil, errRefused
	}
	c, err := p.tokens.check(ctx, token)
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
		p.refuse(ctx, row, "the person is disabled")
		return nil, errRefusedToken
	case !c.admitted:
		p.refuse(ctx, row, "the token gives no role")
		return nil, errNoEntry
	case row == nil || c.issuedAt.After(row.LastSeenAt):
		if row, err = p.signIn(ctx, c); err != nil {
			return nil, err
		}
		if row.DisabledAt != nil {
			return nil, errRefusedToken
		}
	}
	if at := p.clock(); !recent(&row.LastSeenAt, at) {
		p.uses.note(row.ID, at)
	}
	return viewerOf(row, c), nil
}

func viewerOf(row *db.Person, c *claims) *domain.Viewer {
	role, clearance := worth(row, c.role, c.clearance)
	return &domain.Viewer{Name: row.Name, Role: role, Clearance: clearance, PersonID: row.ID}
}

// refuse notes that a token that was found to be good opened nothing. row is
// nil for somebody who has never been here: they stay without a name.
func (p *People) refuse(ctx context.Context, row *db.Person, why string) {
	viewer, subject := domain.Anonymous(), ""
	if row != nil {
		viewer = &domain.Viewer{Name: row.Name, Role: row.Role, PersonID: row.ID}
		subject = row.ID.String()
	}
	p.notes.Note(domain.WithViewer(ctx, viewer), audit.Entry{Action: audit.RefuseCredential, Subject: subject, Detail: why})
}

// signIn writes what a token says of its holder, and returns the row. Somebody
// who is disabled meanwhile stays as they are.
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

// List returns all people who have ever signed in, by name, those who are
// disabled too. Needs the right MANAGE_ACCESS.
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

// Get returns a person. Needs the right MANAGE_ACCESS. The error is of KindNotFound where there is
// none of the id.
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

// UpdatePersonParams say what is to be different. What is nil stays as it is.
type UpdatePersonParams struct {
	ID domain.ID
	// Role and Clearance are put in the place of what the person's tokens
	// claim, until they are cleared.
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

// Update changes what the desk says of a person. It holds from the person's
// next request on. ADMIN may; nobody may give a higher role or clearance than
// their own, be it by clearing what is assigned or by letting somebody in
// again. A change that changes nothing is no error, and leaves no trace.
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
	var who Person
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
		who = p.personOf(row)
		if len(changes) == 0 {
			return nil
		}
		if err := mayChange(viewer, before, who); err != nil {
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
		p.log.InfoContext(ctx, "a person was changed", "person_id", who.ID, "changes", changes)
	}
	return who, nil
}

// apply makes the changes in the row, and returns them in words.
func (u UpdatePersonParams) apply(row *db.Person, at time.Time) []string {
	var changes []string
	if after := assigned(row.AssignedRole, u.Role, u.ClearRole); !same(row.AssignedRole, after) {
		changes = append(changes, fmt.Sprintf("assigned role: %s, was %s", shown(after), shown(row.AssignedRole)))
		row.AssignedRole = after
	}
	if after := assigned(row.AssignedClearance, u.Clearance, u.ClearClearance); !same(row.AssignedClearance, after) {
		changes = append(changes, fmt.Sprintf("assigned clearance: %s, was %s", shown(after), shown(row.AssignedClearance)))
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

func shown[T fmt.Stringer](v *T) string {
	if v == nil {
		return "none"
	}
	return (*v).String()
}

// mayChange refuses a change by which somebody comes to have more than the
// viewer. What they had before may stay.
func mayChange(viewer *domain.Viewer, before, after Person) error {
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
	return mayGive(viewer, role, clearance, nil)
}
