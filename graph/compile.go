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

func (r mutationResolver) CompileEdition(ctx context.Context, in editorial.CompileParams) (*editorial.CompileResult, error) {
	compiled, err := r.desk.CompileEdition(ctx, in)
	return orNil(compiled, err)
}

// Origin is shown on the desk only: live may have a document that a viewer does not see.
func (itemResolver) Origin(_ context.Context, obj *db.EditionItem) (*string, error) {
	if read.StageOf(catalog.Items, obj) != domain.Desk {
		return nil, nil
	}
	return obj.Origin, nil
}

func (r compiledResolver) Edition(ctx context.Context, obj *editorial.CompileResult) (*db.Edition, error) {
	return saved(ctx, r.Resolver, catalog.Editions, &obj.SaveResult)
}

func (compiledResolver) Warnings(_ context.Context, obj *editorial.CompileResult) ([]*model.Warning, error) {
	return model.NewWarnings(obj.Warnings), nil
}

func (r compiledResolver) Proposed(ctx context.Context, obj *editorial.CompileResult) ([]*model.CompiledItem, error) {
	edition, err := saved(ctx, r.Resolver, catalog.Editions, &obj.SaveResult)
	if err != nil || edition == nil {
		return []*model.CompiledItem{}, err
	}
	rows, err := catalog.EditionItems.List(read.AllColumns(ctx), edition)
	if err != nil {
		return nil, err
	}
	items := make(map[domain.ID]*db.EditionItem, len(rows))
	for _, row := range rows {
		items[row.ID] = row
	}
	var ids []domain.ID
	for _, p := range obj.Proposed {
		ids = append(ids, p.Origin, p.Tag, p.Entity)
	}
	found, err := r.byID(read.AllColumns(ctx), ids)
	if err != nil {
		return nil, err
	}
	out := make([]*model.CompiledItem, len(obj.Proposed))
	for i, p := range obj.Proposed {
		tag, _ := found[p.Tag].(*db.Tag)
		entity, _ := found[p.Entity].(*db.Entity)
		out[i] = &model.CompiledItem{Item: items[p.Row], Reason: p.Reason, Origin: found[p.Origin], Tag: tag, Entity: entity}
	}
	return out, nil
}

func (r compiledResolver) LeftOut(ctx context.Context, obj *editorial.CompileResult) ([]*model.LeftOutItem, error) {
	var ids []domain.ID
	for _, l := range obj.LeftOut {
		ids = append(ids, l.Origin)
	}
	found, err := r.byID(read.AllColumns(ctx), ids)
	if err != nil {
		return nil, err
	}
	out := make([]*model.LeftOutItem, len(obj.LeftOut))
	for i, l := range obj.LeftOut {
		out[i] = &model.LeftOutItem{Headline: l.Headline, Reason: l.Reason, Origin: found[l.Origin]}
	}
	return out, nil
}
