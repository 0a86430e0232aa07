package graph

import (
	"context"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/internal/markdown"
)

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

func (sourceResolver) Reports(ctx context.Context, obj *db.Source, first *int, after *string, last *int, before *string, f filter, by *order) (*model.ReportConnection, error) {
	return catalog.SourceReports.Page(ctx, obj, args(first, after, last, before, f, by))
}
