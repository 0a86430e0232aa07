package graph

import (
	"context"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/graph/scalar"
	"github.com/redthread-api/redthread/internal/content"
	"github.com/redthread-api/redthread/internal/domain"
)

type input = scalar.Input

func (r *Resolver) save(ctx context.Context, t domain.Type, m content.Mode, in input) (*content.Saved, error) {
	saved, err := r.desk.Save(ctx, content.SaveParams{Type: t, Mode: m, Fields: in})
	return orNil(saved, err)
}

func (r *Resolver) delete(ctx context.Context, t domain.Type, in content.DeleteParams) (*model.DeletePayload, error) {
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

func (r mutationResolver) CreateReport(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Report, content.Create, in)
}

func (r mutationResolver) UpdateReport(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Report, content.Update, in)
}

func (r mutationResolver) UpsertReport(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Report, content.Upsert, in)
}

func (r mutationResolver) DeleteReport(ctx context.Context, in content.DeleteParams) (*model.DeletePayload, error) {
	return r.delete(ctx, domain.Report, in)
}

func (r mutationResolver) CreateNarrative(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Narrative, content.Create, in)
}

func (r mutationResolver) UpdateNarrative(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Narrative, content.Update, in)
}

func (r mutationResolver) UpsertNarrative(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Narrative, content.Upsert, in)
}

func (r mutationResolver) DeleteNarrative(ctx context.Context, in content.DeleteParams) (*model.DeletePayload, error) {
	return r.delete(ctx, domain.Narrative, in)
}

func (r mutationResolver) CreateEntity(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Entity, content.Create, in)
}

func (r mutationResolver) UpdateEntity(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Entity, content.Update, in)
}

func (r mutationResolver) UpsertEntity(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Entity, content.Upsert, in)
}

func (r mutationResolver) DeleteEntity(ctx context.Context, in content.DeleteParams) (*model.DeletePayload, error) {
	return r.delete(ctx, domain.Entity, in)
}

func (r mutationResolver) CreateRelationship(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Relationship, content.Create, in)
}

func (r mutationResolver) UpdateRelationship(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Relationship, content.Update, in)
}

func (r mutationResolver) UpsertRelationship(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Relationship, content.Upsert, in)
}

func (r mutationResolver) DeleteRelationship(ctx context.Context, in content.DeleteParams) (*model.DeletePayload, error) {
	return r.delete(ctx, domain.Relationship, in)
}

func (r mutationResolver) CreateTag(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Tag, content.Create, in)
}

func (r mutationResolver) UpdateTag(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Tag, content.Update, in)
}

func (r mutationResolver) UpsertTag(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Tag, content.Upsert, in)
}

func (r mutationResolver) DeleteTag(ctx context.Context, in content.DeleteParams) (*model.DeletePayload, error) {
	return r.delete(ctx, domain.Tag, in)
}

func (r mutationResolver) CreateSource(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Source, content.Create, in)
}

func (r mutationResolver) UpdateSource(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Source, content.Update, in)
}

func (r mutationResolver) UpsertSource(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Source, content.Upsert, in)
}

func (r mutationResolver) DeleteSource(ctx context.Context, in content.DeleteParams) (*model.DeletePayload, error) {
	return r.delete(ctx, domain.Source, in)
}

func (r mutationResolver) CreateEdition(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Edition, content.Create, in)
}

func (r mutationResolver) UpdateEdition(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Edition, content.Update, in)
}

func (r mutationResolver) UpsertEdition(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Edition, content.Upsert, in)
}

func (r mutationResolver) DeleteEdition(ctx context.Context, in content.DeleteParams) (*model.DeletePayload, error) {
	return r.delete(ctx, domain.Edition, in)
}

func (r mutationResolver) CreateAsset(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Asset, content.Create, in)
}

func (r mutationResolver) UpdateAsset(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Asset, content.Update, in)
}

func (r mutationResolver) UpsertAsset(ctx context.Context, in input) (*content.Saved, error) {
	return r.save(ctx, domain.Asset, content.Upsert, in)
}

func (r mutationResolver) DeleteAsset(ctx context.Context, in content.DeleteParams) (*model.DeletePayload, error) {
	return r.delete(ctx, domain.Asset, in)
}

// saved reads the document that was saved, as it is on the desk now.
func saved[T any](ctx context.Context, r *Resolver, t *read.Type[T], obj *content.Saved) (*T, error) {
	found, err := read.ByIDs(ctx, r.reader, t, []domain.ID{obj.ID})
	return found[obj.ID], err
}

func (r savedResolver) Report(ctx context.Context, obj *content.Saved) (*db.Report, error) {
	return saved(ctx, r.Resolver, catalog.Reports, obj)
}

func (r savedResolver) Narrative(ctx context.Context, obj *content.Saved) (*db.Narrative, error) {
	return saved(ctx, r.Resolver, catalog.Narratives, obj)
}

func (r savedResolver) Entity(ctx context.Context, obj *content.Saved) (*db.Entity, error) {
	return saved(ctx, r.Resolver, catalog.Entities, obj)
}

func (r savedResolver) Relationship(ctx context.Context, obj *content.Saved) (*db.Relationship, error) {
	return saved(ctx, r.Resolver, catalog.Relationships, obj)
}

func (r savedResolver) Tag(ctx context.Context, obj *content.Saved) (*db.Tag, error) {
	return saved(ctx, r.Resolver, catalog.Tags, obj)
}

func (r savedResolver) Source(ctx context.Context, obj *content.Saved) (*db.Source, error) {
	return saved(ctx, r.Resolver, catalog.Sources, obj)
}

func (r savedResolver) Edition(ctx context.Context, obj *content.Saved) (*db.Edition, error) {
	return saved(ctx, r.Resolver, catalog.Editions, obj)
}

func (r savedResolver) Asset(ctx context.Context, obj *content.Saved) (*db.Asset, error) {
	return saved(ctx, r.Resolver, catalog.Assets, obj)
}
