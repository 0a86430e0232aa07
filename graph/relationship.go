package graph

import (
	"context"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/read"
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
