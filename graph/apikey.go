package graph

import (
	"context"
	"net/netip"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/idempotency"
)

func (r queryResolver) APIKeys(ctx context.Context, first *int, after *string, last *int, before *string) (*model.ApiKeyConnection, error) {
	ctx, err := withRight(ctx, domain.ManageAccess)
	if err != nil {
		return nil, err
	}
	return read.List(ctx, r.reader, catalog.ApiKeys, args(first, after, last, before, nil, newestFirst("CREATED_AT")))
}

func (keyResolver) Line(_ context.Context, obj *db.ApiKey) (string, error) {
	if obj.Line != nil {
		return obj.Line.String(), nil
	}
	return obj.ID.String(), nil
}

func (r keyResolver) State(_ context.Context, obj *db.ApiKey) (string, error) {
	return access.Key{RevokedAt: obj.RevokedAt, ExpiresAt: obj.ExpiresAt}.State(r.now()), nil
}

// key reads a key from the desk.
func (r *Resolver) key(ctx context.Context, id domain.ID) (*db.ApiKey, error) {
	return one(ctx, r, catalog.ApiKeys, id)
}

func (r mutationResolver) CreateAPIKey(ctx context.Context, in model.CreateAPIKeyInput) (*model.APIKeySecretPayload, error) {
	if err := refuseInTransaction(ctx, domain.ManageAccess, true, showsSecret); err != nil {
		return nil, err
	}
	params := access.CreateParams{Name: in.Name, Clearance: in.Clearance, ExpiresAt: in.ExpiresAt, Restrictions: access.Restrictions{Origins: in.Origins}}
	params.Role, _ = domain.ParseRole(in.Role) // an enum
	if in.Scopes != nil {
		params.Scopes = parseRights(in.Scopes)
	}
	params.Grants = parseRights(in.Grants)
	if in.Networks != nil {
		params.Networks = []netip.Prefix{}
		for _, text := range in.Networks {
			network, _ := access.ParseNetwork(text) // an invalid one is refused with all other problems
			params.Networks = append(params.Networks, network)
		}
	}
	if in.RateLimit != nil {
		if params.RateLimit = *in.RateLimit; params.RateLimit == 0 {
			params.RateLimit = -1 // a limit of 0 is refused
		}
	}
	idempotency.Withhold(ctx)
	key, secret, err := r.keys.Create(ctx, params)
	if err != nil {
		return nil, err
	}
	row, err := r.key(ctx, key.ID)
	return orNil(model.APIKeySecretPayload{APIKey: row, Secret: secret}, err)
}

// parseRights reads values of the enum Right.
func parseRights(names []string) []domain.Right {
	rights := make([]domain.Right, len(names))
	for i, name := range names {
		rights[i], _ = domain.ParseRight(name) // an enum
	}
	return rights
}

func (r mutationResolver) UpdateAPIKey(ctx context.Context, in input) (*model.APIKeyPayload, error) {
	ref, _ := in["apiKey"].(string) // as the schema has it
	params := access.UpdateParams{Key: ref}
	if name := inputField[string](in, "clearance"); name != nil {
		clearance, _ := domain.ParseMarking(*name) // an enum
		params.Clearance = &clearance
	} else {
		_, params.DefaultClearance = in["clearance"]
	}
	if names := inputList(in, "grants"); names != nil {
		grants := parseRights(*names)
		params.Grants = &grants
	}
	key, err := r.keys.Update(ctx, params)
	if err != nil {
		return nil, err
	}
	row, err := r.key(ctx, key.ID)
	return orNil(model.APIKeyPayload{APIKey: row}, err)
}

func (r mutationResolver) RotateAPIKey(ctx context.Context, in model.RotateAPIKeyInput) (*model.APIKeySecretPayload, error) {
	if err := refuseInTransaction(ctx, domain.ManageAccess, true, showsSecret); err != nil {
		return nil, err
	}
	params := access.RotateParams{Key: in.APIKey, ExpiresAt: in.ExpiresAt, Overlap: minutes(in.OverlapMinutes)}
	idempotency.Withhold(ctx)
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
