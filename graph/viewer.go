package graph

import (
	"context"
	"math"
	"time"

	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/idempotency"
	"github.com/redthread-api/redthread/internal/limits"
)

func (r queryResolver) Viewer(ctx context.Context) (*model.Viewer, error) {
	v, err := domain.ViewerFrom(ctx)
	if err != nil {
		return nil, err
	}
	viewer := &model.Viewer{Role: v.Role.String(), Rights: []string{}, Clearance: v.Clearance}
	for _, right := range domain.Rights() {
		if v.May(right) {
			viewer.Rights = append(viewer.Rights, right.String())
		}
	}
	if v.Name != "" {
		viewer.Name = &v.Name
	}
	if id := v.CredentialID(); id != 0 {
		text := id.String()
		viewer.ID = &text
	}
	return viewer, nil
}

func (r viewerResolver) Key(ctx context.Context, _ *model.Viewer) (*model.OwnAPIKey, error) {
	key, err := r.keys.Own(ctx)
	if key == nil {
		return nil, err
	}
	return ownKey(*key), nil
}

// ownKey shows a key to its holder.
func ownKey(key access.Key) *model.OwnAPIKey {
	out := &model.OwnAPIKey{
		ID: key.ID.String(), Name: key.Name, Hint: key.Hint, Role: key.Role.String(), Clearance: key.Clearance,
		Grants: rightNames(key.Grants), Origins: key.Origins, RateLimit: nilIfZero(key.RateLimit),
		CreatedAt: key.CreatedAt, LastUsedAt: key.LastUsedAt, ExpiresAt: key.ExpiresAt,
	}
	if key.Scopes != nil {
		out.Scopes = rightNames(key.Scopes)
	}
	if key.Networks != nil {
		out.Networks = make([]string, len(key.Networks))
		for i, network := range key.Networks {
			out.Networks[i] = network.String()
		}
	}
	return out
}

func rightNames(rights []domain.Right) []string {
	names := make([]string, len(rights))
	for i, right := range rights {
		names[i] = right.String()
	}
	return names
}

func (r viewerResolver) Limits(ctx context.Context, _ *model.Viewer) (*model.ViewerLimits, error) {
	limit, status, err := r.quotas.Status(ctx)
	if err != nil {
		return nil, err
	}
	return &model.ViewerLimits{
		RateLimit: &model.RateLimit{
			Policy: limits.PolicyName, Quota: limit.PerMinute, Window: int(limits.Window.Seconds()), Remaining: status.Remaining, Reset: status.Reset(),
		},
		MaxCost: limitOrNil(limit.MaxCost()), MaxDepth: limitOrNil(limit.Depth), MaxRootFields: limitOrNil(limit.Roots), MaxAliases: limitOrNil(limit.Aliases),
		MaxDirectives: limitOrNil(limit.Directives), MaxFragments: limitOrNil(limit.Fragments), MaxTokens: limitOrNil(limit.Tokens),
		MaxVariableValues: limitOrNil(limit.Values), MaxResponseBytes: limitOrNil(limit.ResponseBytes), TimeoutSeconds: limitOrNil(int(limit.Time.Seconds())),
	}, nil
}

// limitOrNil returns a limit; nil for none, and for one that no request can reach.
func limitOrNil(n int) *int {
	if n <= 0 || n > math.MaxInt32 {
		return nil
	}
	return &n
}

func (r mutationResolver) RotateOwnAPIKey(ctx context.Context, in model.RotateOwnAPIKeyInput) (*model.RotateOwnAPIKeyPayload, error) {
	if _, err := access.RequireHolder(ctx); err != nil {
		return nil, err
	}
	if err := notInTransaction(ctx, true, showsSecret); err != nil {
		return nil, err
	}
	idempotency.Withhold(ctx)
	created, old, secret, err := r.keys.RotateOwn(ctx, minutes(in.OverlapMinutes))
	return orNil(model.RotateOwnAPIKeyPayload{Key: ownKey(created), Secret: secret, Replaced: ownKey(old)}, err)
}

// minutes returns a number of minutes as a duration; nil for nil.
func minutes(n *int) *time.Duration {
	if n == nil {
		return nil
	}
	// The bound prevents an overflow; such a number is refused.
	d := time.Duration(min(*n, 1_000_000)) * time.Minute
	return &d
}
