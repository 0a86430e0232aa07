package graph

import (
	"context"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/markdown"
)

func (r mutationResolver) CreateTag(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Tag, editorial.Create, in)
}

func (r mutationResolver) UpdateTag(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Tag, editorial.Update, in)
}

func (r mutationResolver) UpsertTag(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Tag, editorial.Upsert, in)
}

func (r mutationResolver) DeleteTag(ctx context.Context, in editorial.DeleteParams) (*model.DeletePayload, error) {
	return r.delete(ctx, domain.Tag, in)
}

func (r savedResolver) Tag(ctx context.Context, obj *editorial.SaveResult) (*db.Tag, error) {
	return saved(ctx, r.Resolver, catalog.Tags, obj)
}

func (r queryResolver) Tag(ctx context.Context, id, slug *string, by *read.By) (*db.Tag, error) {
	return read.Find(ctx, r.reader, catalog.Tags, id, slug, by)
}

func (r queryResolver) Tags(ctx context.Context, first *int, after *string, last *int, before *string, f filter, by order) (*model.TagConnection, error) {
	return read.List(ctx, r.reader, catalog.Tags, args(first, after, last, before, f, &by))
}

func (r tagResolver) Description(ctx context.Context, obj *db.Tag, format string) (*string, error) {
	return tagDescription.render(ctx, r.texts, obj, format, markdown.Whole)
}

func (tagResolver) Parent(ctx context.Context, obj *db.Tag) (*db.Tag, error) {
	return catalog.TagParent.One(ctx, obj)
}

func (tagResolver) Children(ctx context.Context, obj *db.Tag, first *int, after *string, last *int, before *string, f filter, by *order) (*model.TagConnection, error) {
	return catalog.TagChildren.Page(ctx, obj, args(first, after, last, before, f, by))
}

func (tagResolver) Reports(ctx context.Context, obj *db.Tag, first *int, after *string, last *int, before *string, f filter, by *order) (*model.ReportConnection, error) {
	return catalog.TagReports.Page(ctx, obj, args(first, after, last, before, f, by))
}

func (tagResolver) Entities(ctx context.Context, obj *db.Tag, first *int, after *string, last *int, before *string, f filter, by *order) (*model.EntityConnection, error) {
	return catalog.TagEntities.Page(ctx, obj, args(first, after, last, before, f, by))
}

func (tagResolver) Narratives(ctx context.Context, obj *db.Tag, first *int, after *string, last *int, before *string, f filter, by *order) (*model.NarrativeConnection, error) {
	return catalog.TagNarratives.Page(ctx, obj, args(first, after, last, before, f, by))
}

func (tagResolver) Editions(ctx context.Context, obj *db.Tag, first *int, after *string, last *int, before *string, f filter, by *order) (*model.EditionConnection, error) {
	return catalog.TagEditions.Page(ctx, obj, args(first, after, last, before, f, by))
}
