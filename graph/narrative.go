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

func (r narrativeResolver) Description(ctx context.Context, obj *db.Narrative, format string) (*string, error) {
	return narrativeDescription.render(ctx, r.texts, obj, format, markdown.Whole)
}

func (r narrativeResolver) Assessment(ctx context.Context, obj *db.Narrative, format string) (*string, error) {
	return narrativeAssessment.render(ctx, r.texts, obj, format, markdown.Whole)
}

func (narrativeResolver) Parent(ctx context.Context, obj *db.Narrative) (*db.Narrative, error) {
	return catalog.NarrativeParent.One(ctx, obj)
}

func (narrativeResolver) Children(ctx context.Context, obj *db.Narrative, first *int, after *string, last *int, before *string, f filter, by *order) (*model.NarrativeConnection, error) {
	return catalog.NarrativeChildren.Page(ctx, obj, args(first, after, last, before, f, by))
}

func (narrativeResolver) Targets(ctx context.Context, obj *db.Narrative, first *int, after *string, last *int, before *string, f filter, by *order) (*model.EntityConnection, error) {
	return catalog.NarrativeTargets.Page(ctx, obj, args(first, after, last, before, f, by))
}

func (narrativeResolver) Amplifiers(ctx context.Context, obj *db.Narrative, first *int, after *string, last *int, before *string, f filter, by *order) (*model.EntityConnection, error) {
	return catalog.NarrativeAmplifiers.Page(ctx, obj, args(first, after, last, before, f, by))
}

func (narrativeResolver) Tags(ctx context.Context, obj *db.Narrative) ([]*db.Tag, error) {
	return catalog.NarrativeTags.List(ctx, obj)
}

func (narrativeResolver) Observations(ctx context.Context, obj *db.Narrative, first *int, after *string, last *int, before *string, f filter, by *order) (*model.ObservationConnection, error) {
	return catalog.NarrativeObservations.Page(ctx, obj, args(first, after, last, before, f, by))
}

func (narrativeResolver) Reports(ctx context.Context, obj *db.Narrative, first *int, after *string, last *int, before *string, f filter, by *order) (*model.ReportConnection, error) {
	return catalog.NarrativeReports.Page(ctx, obj, args(first, after, last, before, f, by))
}

func (r narrativeResolver) JSONLd(ctx context.Context, obj *db.Narrative) (any, error) {
	return r.narrativeLinked(ctx, obj)
}

func (observationResolver) Citations(ctx context.Context, obj *db.Observation) ([]*db.Citation, error) {
	return catalog.ObservationCitations.List(ctx, obj)
}

func (observationResolver) Source(ctx context.Context, obj *db.Observation) (*db.Source, error) {
	return firstSource(ctx, catalog.ObservationCitations, obj)
}

func (r mutationResolver) CreateNarrative(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Narrative, editorial.Create, in)
}

func (r mutationResolver) UpdateNarrative(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Narrative, editorial.Update, in)
}

func (r mutationResolver) UpsertNarrative(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Narrative, editorial.Upsert, in)
}

func (r mutationResolver) DeleteNarrative(ctx context.Context, in editorial.DeleteParams) (*model.DeletePayload, error) {
	return r.delete(ctx, domain.Narrative, in)
}

func (r savedResolver) Narrative(ctx context.Context, obj *editorial.SaveResult) (*db.Narrative, error) {
	return saved(ctx, r.Resolver, catalog.Narratives, obj)
}

func (r queryResolver) Narrative(ctx context.Context, id, slug *string, by *read.By) (*db.Narrative, error) {
	return read.Find(ctx, r.reader, catalog.Narratives, id, slug, by)
}

func (r queryResolver) Narratives(ctx context.Context, first *int, after *string, last *int, before *string, f filter, by order) (*model.NarrativeConnection, error) {
	return read.List(ctx, r.reader, catalog.Narratives, args(first, after, last, before, f, &by))
}
