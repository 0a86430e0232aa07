package graph

import (
	"context"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/bounded"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/markdown"
	"github.com/redthread-api/redthread/internal/newsletter/render"
)

// The values of the enum EditionForm.
const (
	formPage     = "PAGE"
	formMailHTML = "MAIL_HTML"
	formMailText = "MAIL_TEXT"
)

// warnNotLive is the code of a warning that this package adds to those of package
// render.
const warnNotLive = "NOT_LIVE"

// PreviewEdition renders an edition as it is on the desk.
func (r queryResolver) PreviewEdition(ctx context.Context, id, slug *string, by *read.By, form string) (*model.EditionPreview, error) {
	ctx, err := atDesk(ctx)
	if err != nil {
		return nil, err
	}
	ctx = read.AllColumns(ctx)
	row, err := read.Find(ctx, r.reader, catalog.Editions, id, slug, by)
	if err != nil || row == nil {
		return nil, err
	}
	doc, warnings, err := r.editionDocument(ctx, row)
	if err != nil {
		return nil, err
	}
	e := render.New(doc, r.site)
	content, err := r.renderEdition(e, form)
	if err != nil {
		return nil, err
	}
	for _, w := range e.Check(content, form != formMailText, form != formPage) {
		warnings = append(warnings, &model.EditionPreviewWarning{Code: w.Code, Message: w.Message})
	}
	return &model.EditionPreview{Form: form, Content: content, Size: len(content), Warnings: warnings}, bounded.CountText(ctx, len(content))
}

func (r *Resolver) renderEdition(e *render.Edition, form string) (string, error) {
	if form == formPage {
		page, err := r.templates().Page(render.Page{Edition: e, Site: render.NameOf(r.site), Preview: true})
		return string(page), err
	}
	mail, err := r.templates().Mail(e, r.site)
	switch {
	case err != nil:
		return "", err
	case form == formMailHTML:
		return mail.HTML(render.PreviewLinks), nil
	}
	return mail.Text(render.PreviewLinks), nil
}

// editionDocument reads an edition as the fragment [render.Fragment] selects it, by the
// resolvers of the fields. A test compares the two. The warnings name what a reader could
// not see.
func (r *Resolver) editionDocument(ctx context.Context, row *db.Edition) (render.Document, []*model.EditionPreviewWarning, error) {
	doc := render.Document{
		ID: row.ID.String(), Slug: row.Slug, Title: row.Title, Language: row.Language, Number: row.Number,
		PeriodStart: string(row.PeriodStart), PeriodEnd: string(row.PeriodEnd), UpdatedAt: row.UpdatedAt,
	}
	if row.PublishedAt != nil {
		doc.PublishedAt = *row.PublishedAt
	}
	series, err := catalog.EditionSeries.One(ctx, row)
	if err != nil {
		return doc, nil, err
	}
	if series != nil {
		description, err := seriesDescription.render(ctx, r.texts, series, formatText, markdown.Whole)
		if err != nil {
			return doc, nil, err
		}
		doc.Series = &render.DocumentSeries{Slug: series.Slug, Title: series.Title, Description: deref(description)}
	}
	introduction, err := editionIntroduction.render(ctx, r.texts, row, formatHTML, markdown.Whole)
	if err != nil {
		return doc, nil, err
	}
	doc.Introduction = deref(introduction)
	items, err := catalog.EditionItems.List(ctx, row)
	if err != nil {
		return doc, nil, err
	}
	warnings := []*model.EditionPreviewWarning{}
	warned := map[string]bool{}
	for _, it := range items {
		item, hidden, err := r.itemDocument(ctx, it)
		if err != nil {
			return doc, nil, err
		}
		doc.Items = append(doc.Items, item)
		for _, slug := range hidden {
			if !warned[slug] {
				warned[slug] = true
				warnings = append(warnings, &model.EditionPreviewWarning{Code: warnNotLive, Message: "the entity " + slug + " is not published: links to it lead nowhere"})
			}
		}
	}
	return doc, warnings, nil
}

// itemDocument reads an item of an edition. notLive has the slugs of its entities that
// are not published.
func (r *Resolver) itemDocument(ctx context.Context, row *db.EditionItem) (item render.DocumentItem, notLive []string, err error) {
	item = render.DocumentItem{Headline: row.Headline, OccurredOn: string(row.OccurredOn)}
	summary, err := itemSummary.render(ctx, r.texts, row, formatHTML, markdown.Whole)
	if err != nil {
		return item, nil, err
	}
	analysis, err := itemAnalysis.render(ctx, r.texts, row, formatHTML, markdown.Whole)
	if err != nil {
		return item, nil, err
	}
	item.Summary, item.Analysis = deref(summary), deref(analysis)
	entities, err := catalog.ItemEntities.List(ctx, row)
	if err != nil {
		return item, nil, err
	}
	for _, e := range entities {
		item.Entities = append(item.Entities, render.DocumentEntity{Slug: e.Slug, Kind: e.Kind, Name: e.Name, Language: deref(e.Language)})
		if e.LiveVersion == nil {
			notLive = append(notLive, e.Slug)
		}
	}
	tags, err := catalog.ItemTags.List(ctx, row)
	if err != nil {
		return item, nil, err
	}
	for _, t := range tags {
		item.Tags = append(item.Tags, render.DocumentTag{Slug: t.Slug, Label: t.Label})
	}
	citations, err := catalog.ItemCitations.List(ctx, row)
	if err != nil {
		return item, nil, err
	}
	for _, c := range citations {
		s, err := catalog.CitationSource.One(ctx, c)
		if err != nil {
			return item, nil, err
		}
		if s == nil {
			continue // it was removed between two statements
		}
		item.Citations = append(item.Citations, render.DocumentCitation{Locator: deref(c.Locator), Quote: deref(c.Quote), Source: render.DocumentSource{
			Slug: s.Slug, Title: s.Title, URL: deref(s.URL), ArchiveURL: deref(s.ArchiveURL), Publisher: deref(s.Publisher), Date: string(s.Date), Language: deref(s.Language),
		}})
	}
	return item, notLive, nil
}
