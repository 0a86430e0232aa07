package graph

import (
	"context"
	"slices"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/markdown"
)

func (r editionResolver) Introduction(ctx context.Context, obj *db.Edition, format string) (*string, error) {
	return editionIntroduction.render(ctx, r.texts, obj, format, markdown.Whole)
}

func (editionResolver) Series(ctx context.Context, obj *db.Edition) (*db.Series, error) {
	return catalog.EditionSeries.One(ctx, obj)
}

// SeriesTitle is empty where the series is in the trash.
func (editionResolver) SeriesTitle(ctx context.Context, obj *db.Edition) (string, error) {
	series, err := catalog.EditionSeries.One(ctx, obj)
	if err != nil || series == nil {
		return "", err
	}
	return series.Title, nil
}

func (editionResolver) Previous(ctx context.Context, obj *db.Edition) (*db.Edition, error) {
	return neighbour(ctx, obj, -1)
}

func (editionResolver) Next(ctx context.Context, obj *db.Edition) (*db.Edition, error) {
	return neighbour(ctx, obj, 1)
}

// neighbour returns the edition that is so many places behind one in its series, among
// those that the viewer sees; nil where there is none.
func neighbour(ctx context.Context, obj *db.Edition, places int) (*db.Edition, error) {
	series, err := catalog.EditionSeries.One(ctx, obj)
	if err != nil || series == nil {
		return nil, err
	}
	numbers, err := catalog.SeriesNumbers.List(ctx, series)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(numbers, func(e *db.Edition) bool { return e.ID == obj.ID })
	if i < 0 || i+places < 0 || i+places >= len(numbers) {
		return nil, nil
	}
	return numbers[i+places], nil
}

func (editionResolver) Items(ctx context.Context, obj *db.Edition) ([]*db.EditionItem, error) {
	return catalog.EditionItems.List(ctx, obj)
}

func (itemResolver) Edition(ctx context.Context, obj *db.EditionItem) (*db.Edition, error) {
	return catalog.ItemEdition.One(ctx, obj)
}

func (r itemResolver) Summary(ctx context.Context, obj *db.EditionItem, format string) (string, error) {
	text, err := itemSummary.render(ctx, r.texts, obj, format, markdown.Whole)
	if err != nil || text == nil {
		return "", err
	}
	return *text, nil
}

func (r itemResolver) Analysis(ctx context.Context, obj *db.EditionItem, format string) (*string, error) {
	return itemAnalysis.render(ctx, r.texts, obj, format, markdown.Whole)
}

func (itemResolver) Entities(ctx context.Context, obj *db.EditionItem) ([]*db.Entity, error) {
	return catalog.ItemEntities.List(ctx, obj)
}

func (itemResolver) Tags(ctx context.Context, obj *db.EditionItem) ([]*db.Tag, error) {
	return catalog.ItemTags.List(ctx, obj)
}

func (itemResolver) Citations(ctx context.Context, obj *db.EditionItem) ([]*db.Citation, error) {
	return catalog.ItemCitations.List(ctx, obj)
}

// Sources are those of the citations, each once, where the viewer may see
// them.
func (itemResolver) Sources(ctx context.Context, obj *db.EditionItem) ([]*db.Source, error) {
	citations, err := catalog.ItemCitations.List(ctx, obj)
	if err != nil {
		return nil, err
	}
	sources, seen := []*db.Source{}, map[domain.ID]bool{}
	for _, c := range citations {
		s, err := catalog.CitationSource.One(ctx, c)
		if err != nil {
			return nil, err
		}
		if s != nil && !seen[s.ID] {
			seen[s.ID] = true
			sources = append(sources, s)
		}
	}
	return sources, nil
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

func (r savedResolver) Edition(ctx context.Context, obj *editorial.SaveResult) (*db.Edition, error) {
	return saved(ctx, r.Resolver, catalog.Editions, obj)
}

func (r queryResolver) Edition(ctx context.Context, id, slug *string, by *read.By) (*db.Edition, error) {
	return read.Find(ctx, r.reader, catalog.Editions, id, slug, by)
}

func (r queryResolver) Editions(ctx context.Context, first *int, after *string, last *int, before *string, f filter, by order) (*model.EditionConnection, error) {
	return read.List(ctx, r.reader, catalog.Editions, args(first, after, last, before, f, &by))
}
