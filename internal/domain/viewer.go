package domain

import (
	"context"
	"io"
	"slices"
	"strconv"
)

// Role determines what a viewer may do. Each role has all rights of the roles
// below it.
type Role int

// The roles, least first.
const (
	Public  Role = 0 // reads live, TLP:CLEAR
	Partner Role = 1 // reads live up to its clearance
	Author  Role = 2 // reads the desk, writes drafts
	Editor  Role = 3 // publishes, unpublishes, schedules, merges
	Admin   Role = 4 // manages keys and people, reads the audit log, purges
)

// Roles lists the names of the roles, least first.
var Roles = []string{"PUBLIC", "PARTNER", "AUTHOR", "EDITOR", "ADMIN"}

// ParseRole returns the role with the name.
func ParseRole(s string) (Role, bool) {
	i := slices.Index(Roles, s)
	return Role(i), i >= 0
}

func (r Role) String() string {
	if r < Public || r > Admin {
		return "UNKNOWN"
	}
	return Roles[r]
}

// MarshalGQL writes the role as a GraphQL enum value.
func (r Role) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, strconv.Quote(r.String())) }

// UnmarshalGQL reads a GraphQL enum value.
func (r *Role) UnmarshalGQL(v any) error {
	s, _ := v.(string)
	role, ok := ParseRole(s)
	if !ok {
		return Invalid("%q is no role: want one of %v", clip(s, 40), Roles)
	}
	*r = role
	return nil
}

// Staff reports whether the role works on the desk.
func (r Role) Staff() bool { return r >= Author }

// Viewer is the principal that a request or a task runs as: anonymous, the holder
// of an API key, a person who has signed in, or the program itself at a named
// task.
type Viewer struct {
	Name      string  // shown in revisions: a key's or a person's name, "system: publish due releases"; empty for anonymous
	Role      Role    // what the viewer may do; see [Right]
	Scopes    []Right // nil: all rights of the role; otherwise only these of them, so an empty list is none
	Grants    []Right // the rights that no role has, and an ADMIN has granted
	Clearance Marking // the highest marking that the viewer may see
	KeyID     ID      // the API key, if any
	KeyLine   ID      // the key that KeyID goes back to by rotations; 0 where that is KeyID itself
	PersonID  ID      // the person, if one has signed in
	RateLimit int     // request cost per minute; 0: the limit of the role
	System    bool    // the program itself
}

// Anonymous is the viewer without a credential.
func Anonymous() *Viewer { return &Viewer{Role: Public, Clearance: Clear} }

// Authenticated reports whether the viewer has a credential, or is the program
// itself.
func (v *Viewer) Authenticated() bool { return v.System || v.KeyID != 0 || v.PersonID != 0 }

// CredentialID returns the id of the key or the person; 0 for the program itself
// and for anonymous.
func (v *Viewer) CredentialID() ID {
	if v.KeyID != 0 {
		return v.KeyID
	}
	return v.PersonID
}

// Line returns the id of the first key of the viewer's line: the keys that replaced each
// other. What belongs to the holder of a key belongs to the line. It is 0 for a viewer
// without a key.
func (v *Viewer) Line() ID {
	if v.KeyLine != 0 {
		return v.KeyLine
	}
	return v.KeyID
}

type viewerKey struct{}

// WithViewer returns a context that carries the viewer.
func WithViewer(ctx context.Context, v *Viewer) context.Context {
	return context.WithValue(ctx, viewerKey{}, v)
}

// ErrNoViewer is the error for a context without a viewer. It is a bug of the
// program: an anonymous request carries [Anonymous].
var ErrNoViewer = &Error{Kind: KindInternal, Message: "no viewer in context"}

// ViewerFrom returns the viewer of the context, or [ErrNoViewer].
func ViewerFrom(ctx context.Context) (*Viewer, error) {
	if v, _ := ctx.Value(viewerKey{}).(*Viewer); v != nil {
		return v, nil
	}
	return nil, ErrNoViewer
}

// AsSystem returns a context for work that the program does by itself, such
// as "publish due releases". [SystemName] of the task stands wherever the name of a person
// would.
func AsSystem(ctx context.Context, task string) context.Context {
	return WithViewer(ctx, &Viewer{Name: SystemName(task), Role: Admin, Clearance: Red, System: true})
}

// SystemName returns the name of the viewer of [AsSystem].
func SystemName(task string) string { return "system: " + task }

// Stage is the store that an operation reads.
type Stage int

// The stages. Live is what is published; Desk is where it is written.
const (
	Live Stage = 0
	Desk Stage = 1
)

// Stages lists the names of the stages.
var Stages = []string{"LIVE", "DESK"}

func (s Stage) String() string {
	if s == Desk {
		return "DESK"
	}
	return "LIVE"
}

// StageHeader is the name of the header field of a request that sets the stage of its
// queries, as the schema's directive @inContext does.
const StageHeader = "Redthread-Stage"

type stageKey struct{}

// WithStage returns a context whose reads go to the stage.
func WithStage(ctx context.Context, s Stage) context.Context {
	return context.WithValue(ctx, stageKey{}, s)
}

// StageFrom returns the stage of the context; Live if none was set.
func StageFrom(ctx context.Context) Stage {
	s, _ := ctx.Value(stageKey{}).(Stage)
	return s
}
