package domain

import (
	"context"
	"slices"
)

// Right is a permission that a viewer may have. Code that needs one calls
// [Require] first.
type Right int

// The rights. Their names in the API are the scopes of a key.
const (
	ReadLive Right = iota
	ReadDesk
	WriteDrafts
	PublishDocuments
	RegisterQueries
	ManageAccess
	ManageWebhooks
	ReadAudit
	PurgeTrash
	Operate
	ManageSubscribers
	SendEditions
	OwnWebhooks
)

// rights has the name of each right, the lowest role that can have it, and its
// meaning; docs/access.md has the same table.
var rights = []struct {
	name    string
	role    Role
	meaning string
}{
	ReadLive:         {"READ_LIVE", Public, "read what is published, up to the clearance"},
	ReadDesk:         {"READ_DESK", Author, "read drafts, revisions, diffs, schedules, the publication log and the trash"},
	WriteDrafts:      {"WRITE_DRAFTS", Author, "save drafts, restore revisions, delete and undelete what is not live"},
	PublishDocuments: {"PUBLISH", Editor, "publish, unpublish, schedule, merge, and change what live shows at once"},
	RegisterQueries:  {"REGISTER_DOCUMENTS", Editor, "register GraphQL documents"},
	ManageAccess:     {"MANAGE_ACCESS", Admin, "make, rotate and revoke keys; see and change people"},
	ManageWebhooks:   {"MANAGE_WEBHOOKS", Admin, "register, change and test webhooks; see and repeat what they were sent"},
	ReadAudit:        {"READ_AUDIT", Admin, "read and export the audit log"},
	PurgeTrash:       {"PURGE", Admin, "delete documents from the trash for good"},
	Operate:          {"OPERATE", Admin, "rebuild live"},

	ManageSubscribers: {"MANAGE_SUBSCRIBERS", Admin, "see, import, export and erase subscribers, and the addresses that get no mail"},
	SendEditions:      {"SEND_EDITION", Editor, "send an edition to the subscribers of its series, pause and stop that"},

	OwnWebhooks: {"OWN_WEBHOOKS", Partner, "register, change and test webhooks of its own; see and repeat what they were sent"},
}

// Rights lists all rights, in a fixed order.
func Rights() []Right {
	all := make([]Right, len(rights))
	for i := range rights {
		all[i] = Right(i)
	}
	return all
}

// ParseRight returns the right with the name.
func ParseRight(name string) (Right, bool) {
	for _, r := range Rights() {
		if r.String() == name {
			return r, true
		}
	}
	return 0, false
}

func (r Right) known() bool { return r >= 0 && int(r) < len(rights) }

func (r Right) String() string {
	if !r.known() {
		return "UNKNOWN"
	}
	return rights[r].name
}

// Role returns the lowest role that has the right, or that it can be granted to.
func (r Right) Role() Role { return rights[r].role }

// Granted reports whether no role has the right by itself: a key has it if an ADMIN has
// granted it.
func (r Right) Granted() bool { return r == OwnWebhooks }

// Meaning describes what the right permits.
func (r Right) Meaning() string { return rights[r].meaning }

// Changes reports whether the right permits to change something.
func (r Right) Changes() bool { return r != ReadLive && r != ReadDesk && r != ReadAudit }

// May reports whether the viewer has the right: the viewer's role must have it,
// and the scopes, unless they are nil, must contain it. A right that has to be granted must
// be among the grants instead.
func (v *Viewer) May(r Right) bool {
	switch {
	case !r.known() || v.Role < r.Role():
		return false
	case r.Granted():
		return slices.Contains(v.Grants, r)
	}
	return v.Scopes == nil || slices.Contains(v.Scopes, r)
}

// Require returns the viewer if it has the right. Otherwise the error is of
// KindUnauthenticated for a viewer without a credential, of KindForbidden for
// one whose role or scopes do not include the right, and [ErrNoViewer] for a
// context without a viewer.
func Require(ctx context.Context, r Right) (*Viewer, error) {
	v, err := ViewerFrom(ctx)
	switch {
	case err != nil:
		return nil, err
	case v.May(r):
		return v, nil
	case !v.Authenticated():
		return nil, &Error{Kind: KindUnauthenticated, Message: "this needs a credential: send the header \"Authorization: Bearer …\" with a key, " +
			"or the token of a person, of role " + r.Role().String() + " or higher"}
	case v.Role < r.Role():
		return nil, &Error{Kind: KindForbidden, Message: "this needs the role " + r.Role().String() + "; this credential has " + v.Role.String()}
	case r.Granted():
		return nil, &Error{Kind: KindForbidden, Message: "this needs the right " + r.String() + ", which an ADMIN can grant to a key"}
	default:
		return nil, &Error{Kind: KindForbidden, Message: "this needs the scope " + r.String() + ", which this credential has not"}
	}
}

// RequireWebhooks returns the viewer if it may manage webhooks: all of them with the right
// MANAGE_WEBHOOKS, or with OWN_WEBHOOKS its own. Otherwise its errors are those of [Require].
func RequireWebhooks(ctx context.Context) (*Viewer, error) {
	v, err := Require(ctx, ManageWebhooks)
	if KindOf(err) != KindForbidden {
		return v, err
	}
	if v, _ := ViewerFrom(ctx); v.May(OwnWebhooks) {
		return v, nil
	}
	return nil, &Error{Kind: KindForbidden, Message: err.Error() + "; for webhooks of its own, a key can be granted " + OwnWebhooks.String()}
}
