package graph

import (
	"context"
	"net/netip"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/content"
	"github.com/redthread-api/redthread/internal/domain"
)

// withRight returns a context that reads the desk, for a viewer with a right.
// The answer is marked as others from the desk are.
func withRight(ctx context.Context, right domain.Right) (context.Context, error) {
	if _, err := domain.Require(ctx, right); err != nil {
		return ctx, err
	}
	read.Raise(ctx, deskMarking)
	return domain.WithStage(ctx, domain.Desk), nil
}

func newestFirst(field string) *order { return &order{Field: field, Direction: read.Descending} }

func (r queryResolver) APIKeys(ctx context.Context, first *int, after *string, last *int, before *string) (*model.ApiKeyConnection, error) {
	ctx, err := withRight(ctx, domain.ManageAccess)
	if err != nil {
		return nil, err
	}
	return read.List(ctx, r.reader, catalog.ApiKeys, args(first, after, last, before, nil, newestFirst("CREATED_AT")))
}

func (r queryResolver) People(ctx context.Context, first *int, after *string, last *int, before *string) (*model.PersonConnection, error) {
	ctx, err := withRight(ctx, domain.ManageAccess)
	if err != nil {
		return nil, err
	}
	return read.List(ctx, r.reader, catalog.People, args(first, after, last, before, nil, newestFirst("LAST_SEEN_AT")))
}

func (r queryResolver) AuditLog(ctx context.Context, actions, actors []string, since, until *time.Time, first *int, after *string, last *int, before *string) (*model.AuditEntryConnection, error) {
	ctx, err := withRight(ctx, domain.ReadAudit)
	if err != nil {
		return nil, err
	}
	where := allOf(oneOf("action", actions), oneOf("actor", actors), moment("gte", since), moment("lt", until))
	return read.List(ctx, r.reader, catalog.Audit, args(first, after, last, before, where, newestFirst("SEQUENCE")))
}

// allOf is the condition that all of these hold that are given.
func allOf(filters ...filter) filter {
	var all []any
	for _, f := range filters {
		if f != nil {
			all = append(all, map[string]any(f))
		}
	}
	if all == nil {
		return nil
	}
	return filter{"and": all}
}

// moment is a condition on when an entry was made; none where it is not given.
func moment(operator string, at *time.Time) filter {
	if at == nil {
		return nil
	}
	return filter{"at": map[string]any{operator: at.Format(time.RFC3339Nano)}}
}

func (r queryResolver) RegisteredDocuments(ctx context.Context, first *int, after *string, last *int, before *string) (*model.RegisteredDocumentConnection, error) {
	ctx, err := withRight(ctx, domain.RegisterQueries)
	if err != nil {
		return nil, err
	}
	return read.List(ctx, r.reader, catalog.RegisteredDocuments, args(first, after, last, before, nil, newestFirst("REGISTERED_AT")))
}

func (r keyResolver) State(_ context.Context, obj *db.ApiKey) (string, error) {
	return access.Key{RevokedAt: obj.RevokedAt, ExpiresAt: obj.ExpiresAt}.State(r.now()), nil
}

func (r personResolver) Role(_ context.Context, obj *db.Person) (string, error) {
	role, _ := r.people.Effective(obj)
	return role.String(), nil
}

func (r personResolver) Clearance(_ context.Context, obj *db.Person) (domain.Marking, error) {
	_, clearance := r.people.Effective(obj)
	return clearance, nil
}

func (auditResolver) Documents(_ context.Context, obj *db.AuditEntry) ([]string, error) {
	return append([]string{}, obj.Documents...), nil
}

// key reads a key as the API shows it.
func (r *Resolver) key(ctx context.Context, id domain.ID) (*db.ApiKey, error) {
	return one(ctx, r, catalog.ApiKeys, id)
}

// one reads a row of the desk by its id.
func one[T any](ctx context.Context, r *Resolver, t *read.Type[T], id domain.ID) (*T, error) {
	rows, err := read.All(domain.WithStage(ctx, domain.Desk), r.reader, t, func(s *sql.Selector) { s.Where(sql.EQ(s.C("id"), int64(id))) })
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, domain.NotFound("there is nothing with the id %s", id)
	}
	return rows[0], nil
}

func (r mutationResolver) CreateAPIKey(ctx context.Context, in model.CreateAPIKeyInput) (*model.APIKeySecretPayload, error) {
	params := access.CreateParams{Name: in.Name, Clearance: in.Clearance, ExpiresAt: in.ExpiresAt, Restrictions: access.Restrictions{Origins: in.Origins}}
	params.Role, _ = domain.ParseRole(in.Role) // an enum
	if in.Scopes != nil {
		params.Scopes = []domain.Right{}
		for _, name := range in.Scopes {
			right, _ := domain.ParseRight(name) // an enum
			params.Scopes = append(params.Scopes, right)
		}
	}
	if in.Networks != nil {
		params.Networks = []netip.Prefix{}
		for _, text := range in.Networks {
			network, _ := access.ParseNetwork(text) // what is none is refused with all else
			params.Networks = append(params.Networks, network)
		}
	}
	if in.RateLimit != nil {
		if params.RateLimit = *in.RateLimit; params.RateLimit == 0 {
			params.RateLimit = -1 // nothing a minute is no limit that is of use
		}
	}
	key, secret, err := r.keys.Create(ctx, params)
	if err != nil {
		return nil, err
	}
	row, err := r.key(ctx, key.ID)
	return orNil(model.APIKeySecretPayload{APIKey: row, Secret: secret}, err)
}

func (r mutationResolver) RotateAPIKey(ctx context.Context, in model.RotateAPIKeyInput) (*model.APIKeySecretPayload, error) {
	params := access.RotateParams{Key: in.APIKey, ExpiresAt: in.ExpiresAt}
	if in.OverlapMinutes != nil {
		// No more than is refused, or it would overflow.
		overlap := time.Duration(min(*in.OverlapMinutes, 1_000_000)) * time.Minute
		params.Overlap = &overlap
	}
	key, old, secret, err := r.keys.Rotate(ctx, params)
	if err != nil {
		return nil, err
	}
	made, err := r.key(ctx, key.ID)
	if err != nil {
		return nil, err
	}
	replaced, err := r.key(ctx, old.ID)
	return orNil(model.APIKeySecretPayload{APIKey: made, Secret: secret, Replaced: replaced}, err)
}

func (r mutationResolver) RevokeAPIKey(ctx context.Context, in model.RevokeAPIKeyInput) (*model.APIKeyPayload, error) {
	key, err := r.keys.Revoke(ctx, in.APIKey)
	if err != nil {
		return nil, err
	}
	row, err := r.key(ctx, key.ID)
	return orNil(model.APIKeyPayload{APIKey: row}, err)
}

func (r mutationResolver) Purge(ctx context.Context, in content.PurgeParams) (*model.PurgePayload, error) {
	purged, err := r.desk.Purge(ctx, in)
	ids := make([]string, len(purged))
	for i, id := range purged {
		ids[i] = id.String()
	}
	return orNil(model.PurgePayload{Purged: ids}, err)
}

func (r mutationResolver) UpdatePerson(ctx context.Context, in input) (*model.PersonPayload, error) {
	if _, err := domain.Require(ctx, domain.ManageAccess); err != nil {
		return nil, err // before anything is told of the input
	}
	var p domain.Problems
	params := access.UpdatePersonParams{}
	text, _ := in["id"].(string)
	id, err := domain.ParseID(text)
	if err != nil || id.Type() != domain.Person {
		p.Add("id", "%q is not the id of a person", text)
	}
	params.ID = id
	if v, given := in["role"]; given {
		name, _ := v.(string)
		if role, ok := domain.ParseRole(name); ok {
			params.Role = &role
		} else {
			params.ClearRole = true
		}
	}
	if v, given := in["clearance"]; given {
		name, _ := v.(string)
		if clearance, ok := domain.ParseMarking(name); ok {
			params.Clearance = &clearance
		} else {
			params.ClearClearance = true
		}
	}
	if disabled, ok := in["disabled"].(bool); ok {
		params.Disabled = &disabled
	}
	if err := p.Err("the person was not changed"); err != nil {
		return nil, err
	}
	who, err := r.people.Update(ctx, params)
	if err != nil {
		return nil, err
	}
	row, err := one(ctx, r.Resolver, catalog.People, who.ID)
	return orNil(model.PersonPayload{Person: row}, err)
}
