package graph

import (
	"context"
	"strings"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

// Rows of lists that have ids in the API: items of editions, observations and listings.

// anchor returns the name of a row for links on a page: its id with what it is in the
// place of the prefix.
func anchor(what string, id domain.ID) string {
	return what + "-" + strings.TrimPrefix(id.String(), domain.Row.Prefix()+"_")
}

func (itemResolver) Anchor(_ context.Context, obj *db.EditionItem) (string, error) {
	return anchor("item", obj.ID), nil
}

func (observationResolver) Anchor(_ context.Context, obj *db.Observation) (string, error) {
	return anchor("observation", obj.ID), nil
}

func (listingResolver) Anchor(_ context.Context, obj *db.Listing) (string, error) {
	return anchor("listing", obj.ID), nil
}

// saveRow changes one row of a list of a document.
func (r *Resolver) saveRow(ctx context.Context, t domain.Type, list string, verb editorial.RowVerb, in input) (*editorial.RowResult, error) {
	saved, err := r.desk.SaveRow(ctx, editorial.RowParams{Type: t, List: list, Verb: verb, Fields: in})
	return orNil(saved, err)
}

func (r mutationResolver) AddEditionItem(ctx context.Context, in input) (*editorial.RowResult, error) {
	return r.saveRow(ctx, domain.Edition, "items", editorial.AddRow, in)
}

func (r mutationResolver) UpdateEditionItem(ctx context.Context, in input) (*editorial.RowResult, error) {
	return r.saveRow(ctx, domain.Edition, "items", editorial.UpdateRow, in)
}

func (r mutationResolver) RemoveEditionItem(ctx context.Context, in input) (*editorial.RowResult, error) {
	return r.saveRow(ctx, domain.Edition, "items", editorial.RemoveRow, in)
}

func (r mutationResolver) MoveEditionItem(ctx context.Context, in input) (*editorial.RowResult, error) {
	return r.saveRow(ctx, domain.Edition, "items", editorial.MoveRow, in)
}

func (r mutationResolver) AddObservation(ctx context.Context, in input) (*editorial.RowResult, error) {
	return r.saveRow(ctx, domain.Narrative, "observations", editorial.AddRow, in)
}

func (r mutationResolver) UpdateObservation(ctx context.Context, in input) (*editorial.RowResult, error) {
	return r.saveRow(ctx, domain.Narrative, "observations", editorial.UpdateRow, in)
}

func (r mutationResolver) RemoveObservation(ctx context.Context, in input) (*editorial.RowResult, error) {
	return r.saveRow(ctx, domain.Narrative, "observations", editorial.RemoveRow, in)
}

func (r mutationResolver) AddListing(ctx context.Context, in input) (*editorial.RowResult, error) {
	return r.saveRow(ctx, domain.Entity, "listings", editorial.AddRow, in)
}

func (r mutationResolver) UpdateListing(ctx context.Context, in input) (*editorial.RowResult, error) {
	return r.saveRow(ctx, domain.Entity, "listings", editorial.UpdateRow, in)
}

func (r mutationResolver) RemoveListing(ctx context.Context, in input) (*editorial.RowResult, error) {
	return r.saveRow(ctx, domain.Entity, "listings", editorial.RemoveRow, in)
}

// savedRow returns a row of a list of the document that was saved; nil where it was removed.
func savedRow[P, C any](ctx context.Context, r *Resolver, edge *read.EdgeOf[P, C], from *read.Type[P], to *read.Type[C], obj *editorial.RowResult) (*C, error) {
	document, err := saved(ctx, r, from, &obj.SaveResult)
	if err != nil || document == nil {
		return nil, err
	}
	rows, err := edge.List(ctx, document)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if to.ID(row) == obj.Row {
			return row, nil
		}
	}
	return nil, nil
}

func (savedRowResolver) Warnings(_ context.Context, obj *editorial.RowResult) ([]*model.Warning, error) {
	return model.NewWarnings(obj.Warnings), nil
}

func (r savedRowResolver) Item(ctx context.Context, obj *editorial.RowResult) (*db.EditionItem, error) {
	return savedRow(ctx, r.Resolver, catalog.EditionItems, catalog.Editions, catalog.Items, obj)
}

func (r savedRowResolver) Edition(ctx context.Context, obj *editorial.RowResult) (*db.Edition, error) {
	return saved(ctx, r.Resolver, catalog.Editions, &obj.SaveResult)
}

func (r savedRowResolver) Observation(ctx context.Context, obj *editorial.RowResult) (*db.Observation, error) {
	return savedRow(ctx, r.Resolver, catalog.NarrativeObservations, catalog.Narratives, catalog.Observations, obj)
}

func (r savedRowResolver) Narrative(ctx context.Context, obj *editorial.RowResult) (*db.Narrative, error) {
	return saved(ctx, r.Resolver, catalog.Narratives, &obj.SaveResult)
}

func (r savedRowResolver) Listing(ctx context.Context, obj *editorial.RowResult) (*db.Listing, error) {
	return savedRow(ctx, r.Resolver, catalog.EntityListings, catalog.Entities, catalog.Listings, obj)
}

func (r savedRowResolver) Entity(ctx context.Context, obj *editorial.RowResult) (*db.Entity, error) {
	return saved(ctx, r.Resolver, catalog.Entities, &obj.SaveResult)
}
