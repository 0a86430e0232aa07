package graph

import (
	"context"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/internal/editorial"
)

func (r mutationResolver) MergeEntities(ctx context.Context, in editorial.MergeParams) (*editorial.MergeResult, error) {
	return orNil(r.desk.MergeEntities(ctx, in))
}

func (r mergedResolver) Entity(ctx context.Context, obj *editorial.MergeResult) (*db.Entity, error) {
	return saved(ctx, r.Resolver, catalog.Entities, &obj.SaveResult)
}

func (mergedResolver) Warnings(_ context.Context, obj *editorial.MergeResult) ([]*model.Warning, error) {
	return model.NewWarnings(obj.Warnings), nil
}

func (r mergedResolver) Repointed(ctx context.Context, obj *editorial.MergeResult) ([]model.Document, error) {
	return r.inOrder(ctx, obj.Repointed)
}

func (r mergedResolver) Removed(ctx context.Context, obj *editorial.MergeResult) ([]model.Document, error) {
	return r.alsoInTrash(ctx, obj.Removed)
}

func (r mergedResolver) Unpublished(ctx context.Context, obj *editorial.MergeResult) ([]model.Document, error) {
	return r.alsoInTrash(ctx, obj.Unpublished)
}
