package graph

import (
	"context"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

func (r mutationResolver) CreateAsset(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Asset, editorial.Create, in)
}

func (r mutationResolver) UpdateAsset(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Asset, editorial.Update, in)
}

func (r mutationResolver) UpsertAsset(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Asset, editorial.Upsert, in)
}

func (r mutationResolver) DeleteAsset(ctx context.Context, in editorial.DeleteParams) (*model.DeletePayload, error) {
	return r.delete(ctx, domain.Asset, in)
}

func (r savedResolver) Asset(ctx context.Context, obj *editorial.SaveResult) (*db.Asset, error) {
	return saved(ctx, r.Resolver, catalog.Assets, obj)
}

func (r queryResolver) Asset(ctx context.Context, id, slug *string, by *read.By) (*db.Asset, error) {
	return read.Find(ctx, r.reader, catalog.Assets, id, slug, by)
}

func (r queryResolver) Assets(ctx context.Context, first *int, after *string, last *int, before *string, f filter, by order) (*model.AssetConnection, error) {
	return read.List(ctx, r.reader, catalog.Assets, args(first, after, last, before, f, &by))
}
