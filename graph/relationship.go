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

func (relationshipResolver) From(ctx context.Context, obj *db.Relationship) (*db.Entity, error) {
	return catalog.RelationshipFrom.One(ctx, obj)
}

func (relationshipResolver) To(ctx context.Context, obj *db.Relationship) (*db.Entity, error) {
	return catalog.RelationshipTo.One(ctx, obj)
}

func (r relationshipResolver) Description(ctx context.Context, obj *db.Relationship, format string) (*string, error) {
	return relationshipDescription.render(ctx, r.texts, obj, format, markdown.Whole)
}

func (relationshipResolver) Citations(ctx context.Context, obj *db.Relationship) ([]*db.Citation, error) {
	return catalog.RelationshipCitations.List(ctx, obj)
}

func (citationResolver) Source(ctx context.Context, obj *db.Citation) (*db.Source, error) {
	return catalog.CitationSource.One(ctx, obj)
}

// firstSource returns the source of a row's first citation.
func firstSource[T any](ctx context.Context, citations *read.EdgeOf[T, db.Citation], row *T) (*db.Source, error) {
	list, err := citations.List(ctx, row)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return catalog.CitationSource.One(ctx, list[0])
}

func (r mutationResolver) CreateRelationship(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Relationship, editorial.Create, in)
}

func (r mutationResolver) UpdateRelationship(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Relationship, editorial.Update, in)
}

func (r mutationResolver) UpsertRelationship(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Relationship, editorial.Upsert, in)
}

func (r mutationResolver) DeleteRelationship(ctx context.Context, in editorial.DeleteParams) (*model.DeletePayload, error) {
	return r.delete(ctx, domain.Relationship, in)
}

func (r savedResolver) Relationship(ctx context.Context, obj *editorial.SaveResult) (*db.Relationship, error) {
	return saved(ctx, r.Resolver, catalog.Relationships, obj)
}

func (r queryResolver) Relationship(ctx context.Context, id, slug *string, by *read.By) (*db.Relationship, error) {
	return read.Find(ctx, r.reader, catalog.Relationships, id, slug, by)
}

func (r queryResolver) Relationships(ctx context.Context, first *int, after *string, last *int, before *string, f filter, by order) (*model.RelationshipConnection, error) {
	return read.List(ctx, r.reader, catalog.Relationships, args(first, after, last, before, f, &by))
}
