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

func (r mutationResolver) CreateSource(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Source, editorial.Create, in)
}

func (r mutationResolver) UpdateSource(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Source, editorial.Update, in)
}

func (r mutationResolver) UpsertSource(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Source, editorial.Upsert, in)
}

func (r mutationResolver) DeleteSource(ctx context.Context, in editorial.DeleteParams) (*model.DeletePayload, error) {
	return r.delete(ctx, domain.Source, in)
}

func (r savedResolver) Source(ctx context.Context, obj *editorial.SaveResult) (*db.Source, error) {
	return saved(ctx, r.Resolver, catalog.Sources, obj)
}

func (r queryResolver) Source(ctx context.Context, id, slug *string, by *read.By) (*db.Source, error) {
	return read.Find(ctx, r.reader, catalog.Sources, id, slug, by)
}

func (r queryResolver) Sources(ctx context.Context, first *int, after *string, last *int, before *string, f filter, by order) (*model.SourceConnection, error) {
	return read.List(ctx, r.reader, catalog.Sources, args(first, after, last, before, f, &by))
}

func (sourceResolver) Reports(ctx context.Context, obj *db.Source, first *int, after *string, last *int, before *string, f filter, by *order) (*model.ReportConnection, error) {
	return catalog.SourceReports.Page(ctx, obj, args(first, after, last, before, f, by))
}
