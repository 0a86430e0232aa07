package graph

import (
	"context"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange/schemaorg"
	"github.com/redthread-api/redthread/internal/markdown"
)

func (r seriesResolver) JSONLd(ctx context.Context, obj *db.Series) (any, error) {
	whole, err := read.WithFieldColumns(ctx, catalog.Series, obj, "jsonLd")
	if err != nil {
		return nil, err
	}
	out := r.periodical(whole)
	out.ID, out.Language, out.Published, out.Updated = whole.ID.String(), whole.Language, whole.PublishedAt, whole.UpdatedAt
	description, err := seriesDescription.render(ctx, r.texts, obj, formatText, markdown.Whole)
	if err != nil {
		return nil, err
	}
	out.Description = deref(description)
	text, err := r.publisher().Series(out)
	return linked(ctx, text, err)
}

// periodical returns the URL and the title of a series, for JSON-LD.
func (r *Resolver) periodical(s *db.Series) schemaorg.Series {
	return schemaorg.Series{URL: r.site.Page(domain.Series, s.Slug), Title: s.Title}
}

func (r editionResolver) JSONLd(ctx context.Context, obj *db.Edition) (any, error) {
	whole, err := read.WithFieldColumns(ctx, catalog.Editions, obj, "jsonLd")
	if err != nil {
		return nil, err
	}
	out := schemaorg.Edition{
		ID: whole.ID.String(), URL: r.site.Page(domain.Edition, whole.Slug), Number: whole.Number, Language: whole.Language,
		PeriodStart: whole.PeriodStart, PeriodEnd: whole.PeriodEnd, Published: whole.PublishedAt, Updated: whole.UpdatedAt,
	}
	if out.Name, err = r.DisplayName(ctx, obj); err != nil {
		return nil, err
	}
	introduction, err := editionIntroduction.render(ctx, r.texts, obj, formatText, markdown.Whole)
	if err != nil {
		return nil, err
	}
	out.Introduction = deref(introduction)
	series, err := catalog.EditionSeries.One(ctx, obj)
	if err != nil {
		return nil, err
	}
	if series != nil {
		out.Series = new(r.periodical(series))
	}
	items, err := catalog.EditionItems.List(ctx, obj)
	if err != nil {
		return nil, err
	}
	for _, i := range items {
		item := schemaorg.Item{Headline: i.Headline, Anchor: anchor("item", i.ID)}
		if item.Tags, err = labels(ctx, catalog.ItemTags, i); err != nil {
			return nil, err
		}
		if item.About, err = things(ctx, r.Resolver, catalog.ItemEntities, i); err != nil {
			return nil, err
		}
		out.Items = append(out.Items, item)
	}
	text, err := r.publisher().Edition(out)
	return linked(ctx, text, err)
}
