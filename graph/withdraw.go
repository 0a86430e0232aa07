package graph

import (
	"context"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

// maxWithdrawnClaims is the most claims that the result of a withdrawal lists.
const maxWithdrawnClaims = 1000

func (r mutationResolver) WithdrawSource(ctx context.Context, in editorial.WithdrawParams) (*editorial.WithdrawResult, error) {
	return orNil(r.desk.WithdrawSource(ctx, in))
}

func (r withdrawnResolver) Source(ctx context.Context, obj *editorial.WithdrawResult) (*db.Source, error) {
	found, err := r.alsoInTrash(ctx, []domain.ID{obj.Source})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	source, _ := found[0].(*db.Source)
	return source, nil
}

func (r withdrawnResolver) Claims(ctx context.Context, obj *editorial.WithdrawResult, first int) ([]*model.WithdrawnClaim, error) {
	var problems domain.Problems
	checkRange(&problems, "first", first, 0, maxWithdrawnClaims)
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	claims := obj.Claims[:min(len(obj.Claims), first)]
	var ids []domain.ID
	for _, c := range claims {
		ids = append(ids, c.Document)
	}
	documents, err := r.byID(ctx, sorted(ids))
	if err != nil {
		return nil, err
	}
	out := []*model.WithdrawnClaim{}
	for _, c := range claims {
		claim := &model.WithdrawnClaim{Kind: c.Kind, Document: documents[c.Document], Live: c.Live, Citations: c.Citations, Remaining: c.Remaining, Outcome: string(c.Outcome)}
		if claim.Document == nil {
			continue
		}
		if c.Locator != "" {
			claim.Locator = &c.Locator
		}
		if c.Quote != "" {
			claim.Quote = &c.Quote
		}
		if claim.DisplayName, err = r.nameWithin(ctx, claim.Document, c.Name); err != nil {
			return nil, err
		}
		out = append(out, claim)
	}
	return out, nil
}

func (r withdrawnResolver) Edited(ctx context.Context, obj *editorial.WithdrawResult) ([]model.Document, error) {
	return r.inOrder(ctx, obj.Edited)
}

func (r withdrawnResolver) Unpublished(ctx context.Context, obj *editorial.WithdrawResult) ([]model.Document, error) {
	return r.inOrder(ctx, obj.Unpublished)
}
