package graph

import (
	"context"

	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
)

func (r facetsResolver) Tags(ctx context.Context, obj *read.Facets, first int) ([]*model.TagFacet, error) {
	values, tags, err := facetOf(ctx, r.reader, catalog.Tags, obj, "tags", first)
	out := make([]*model.TagFacet, 0, len(values))
	for _, v := range values {
		if tag := tags[v.Document]; tag != nil {
			out = append(out, &model.TagFacet{Tag: tag, Value: tag.Slug, Label: tag.Label, Count: v.Count, Filter: v.Filter})
		}
	}
	return out, err
}

func (r facetsResolver) Entities(ctx context.Context, obj *read.Facets, first int) ([]*model.EntityFacet, error) {
	return r.entityFacet(ctx, obj, "entities", first)
}

func (r facetsResolver) Targets(ctx context.Context, obj *read.Facets, first int) ([]*model.EntityFacet, error) {
	return r.entityFacet(ctx, obj, "targets", first)
}

func (r facetsResolver) Amplifiers(ctx context.Context, obj *read.Facets, first int) ([]*model.EntityFacet, error) {
	return r.entityFacet(ctx, obj, "amplifiers", first)
}

func (r facetsResolver) entityFacet(ctx context.Context, obj *read.Facets, name string, first int) ([]*model.EntityFacet, error) {
	values, entities, err := facetOf(ctx, r.reader, catalog.Entities, obj, name, first)
	out := make([]*model.EntityFacet, 0, len(values))
	for _, v := range values {
		if entity := entities[v.Document]; entity != nil {
			out = append(out, &model.EntityFacet{Entity: entity, Value: entity.Slug, Label: entity.Name, Count: v.Count, Filter: v.Filter})
		}
	}
	return out, err
}

// facetOf counts a list by a facet that is of documents, and reads these.
func facetOf[T any](
	ctx context.Context, r *read.Reader, t *read.Type[T], of *read.Facets, name string, first int,
) ([]*read.FacetValue, map[domain.ID]*T, error) {
	values, err := of.By(ctx, name, first)
	if err != nil {
		return nil, nil, err
	}
	documents, err := read.FacetDocuments(ctx, r, t, values)
	return values, documents, err
}
