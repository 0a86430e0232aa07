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

func (r mutationResolver) CreateSeries(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Series, editorial.Create, in)
}

func (r mutationResolver) UpdateSeries(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Series, editorial.Update, in)
}

func (r mutationResolver) UpsertSeries(ctx context.Context, in input) (*editorial.SaveResult, error) {
	return r.save(ctx, domain.Series, editorial.Upsert, in)
}

func (r mutationResolver) DeleteSeries(ctx context.Context, in editorial.DeleteParams) (*model.DeletePayload, error) {
	return r.delete(ctx, domain.Series, in)
}

func (r savedResolver) Series(ctx context.Context, obj *editorial.SaveResult) (*db.Series, error) {
	return saved(ctx, r.Resolver, catalog.Series, obj)
}

func (r queryResolver) Series(ctx context.Context, id, slug *string, by *read.By) (*db.Series, error) {
	return read.Find(ctx, r.reader, catalog.Series, id, slug, by)
}

func (r queryResolver) AllSeries(ctx context.Context, first *int, after *string, last *int, before *string, f filter, by order) (*model.SeriesConnection, error) {
	return read.List(ctx, r.reader, catalog.Series, args(first, after, last, before, f, &by))
}

func (r seriesResolver) Description(ctx context.Context, obj *db.Series, format string) (*string, error) {
	return seriesDescription.render(ctx, r.texts, obj, format, markdown.Whole)
}

func (seriesResolver) Latest(ctx context.Context, obj *db.Series) (*db.Edition, error) {
	numbers, err := catalog.SeriesNumbers.List(ctx, obj)
	if err != nil || len(numbers) == 0 {
		return nil, err
	}
	return numbers[len(numbers)-1], nil
}

func (seriesResolver) Editions(ctx context.Context, obj *db.Series, first *int, after *string, last *int, before *string, f filter, by *order) (*model.EditionConnection, error) {
	return catalog.SeriesEditions.Page(ctx, obj, args(first, after, last, before, f, by))
}

func (r seriesResolver) NextNumber(ctx context.Context, obj *db.Series) (*int, error) {
	if !r.onDesk(obj) {
		return nil, nil
	}
	next, err := r.desk.NextEdition(ctx, obj.ID)
	return &next.Number, err
}

func (r seriesResolver) NextPeriod(ctx context.Context, obj *db.Series) (*editorial.Period, error) {
	if !r.onDesk(obj) {
		return nil, nil
	}
	next, err := r.desk.NextEdition(ctx, obj.ID)
	return next.Period, err
}
