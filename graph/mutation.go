package graph

import (
	"context"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/graph/scalar"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

type input = scalar.Input

func (r *Resolver) save(ctx context.Context, t domain.Type, m editorial.Mode, in input) (*editorial.SaveResult, error) {
	saved, err := r.desk.Save(ctx, editorial.SaveParams{Type: t, Mode: m, Fields: in})
	return orNil(saved, err)
}

func (r *Resolver) delete(ctx context.Context, t domain.Type, in editorial.DeleteParams) (*model.DeletePayload, error) {
	in.Type = t
	id, err := r.desk.Delete(ctx, in)
	return orNil(model.DeletePayload{ID: id.String()}, err)
}

// orNil returns a pointer to v, or nil and the error.
func orNil[V any](v V, err error) (*V, error) {
	if err != nil {
		return nil, err
	}
	return &v, nil
}

func (r mutationResolver) CreateReport(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Report, editorial.Create, in)
}

func (r mutationResolver) UpdateReport(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Report, editorial.Update, in)
}

func (r mutationResolver) UpsertReport(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Report, editorial.Upsert, in)
}

func (r mutationResolver) DeleteReport(ctx context.Context, in editorial.DeleteParams) (*model.DeletePayload, error) {
	return r.delete(ctx, domain.Report, in)
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

func (r mutationResolver) CreateEntity(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Entity, editorial.Create, in)
}

func (r mutationResolver) UpdateEntity(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Entity, editorial.Update, in)
}

func (r mutationResolver) UpsertEntity(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Entity, editorial.Upsert, in)
}

func (r mutationResolver) DeleteEntity(ctx context.Context, in editorial.DeleteParams) (*model.DeletePayload, error) {
	return r.delete(ctx, domain.Entity, in)
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

func (r mutationResolver) CreateEdition(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Edition, editorial.Create, in)
}

func (r mutationResolver) UpdateEdition(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Edition, editorial.Update, in)
}

func (r mutationResolver) UpsertEdition(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Edition, editorial.Upsert, in)
}

func (r mutationResolver) DeleteEdition(ctx context.Context, in editorial.DeleteParams) (*model.DeletePayload, error) {
	return r.delete(ctx, domain.Edition, in)
}

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

// saved reads the document that was saved, as it is on the desk now.
func saved[T any](ctx context.Context, r *Resolver, t *read.Type[T], obj *editorial.SaveResult) (*T, error) {
	found, err := read.ByIDs(ctx, r.reader, t, []domain.ID{obj.ID})
	return found[obj.ID], err
}

func (r savedResolver) Report(ctx context.Context, obj *editorial.SaveResult) (*db.Report, error) {
	return saved(ctx, r.Resolver, catalog.Reports, obj)
}

func (r savedResolver) Narrative(ctx context.Context, obj *editorial.SaveResult) (*db.Narrative, error) {
	return saved(ctx, r.Resolver, catalog.Narratives, obj)
}

func (r savedResolver) Entity(ctx context.Context, obj *editorial.SaveResult) (*db.Entity, error) {
	return saved(ctx, r.Resolver, catalog.Entities, obj)
}

func (r savedResolver) Relationship(ctx context.Context, obj *editorial.SaveResult) (*db.Relationship, error) {
	return saved(ctx, r.Resolver, catalog.Relationships, obj)
}

func (r savedResolver) Tag(ctx context.Context, obj *editorial.SaveResult) (*db.Tag, error) {
	return saved(ctx, r.Resolver, catalog.Tags, obj)
}

func (r savedResolver) Source(ctx context.Context, obj *editorial.SaveResult) (*db.Source, error) {
	return saved(ctx, r.Resolver, catalog.Sources, obj)
}

func (r savedResolver) Edition(ctx context.Context, obj *editorial.SaveResult) (*db.Edition, error) {
	return saved(ctx, r.Resolver, catalog.Editions, obj)
}

func (r savedResolver) Asset(ctx context.Context, obj *editorial.SaveResult) (*db.Asset, error) {
	return saved(ctx, r.Resolver, catalog.Assets, obj)
}
