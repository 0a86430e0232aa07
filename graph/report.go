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

func (r reportResolver) Body(ctx context.Context, obj *db.Report, format string, notes bool) (string, error) {
	part := markdown.Whole
	if !notes {
		part = markdown.Body
	}
	text, err := reportBody.render(ctx, r.texts, obj, format, part)
	if err != nil || text == nil {
		return "", err
	}
	return *text, nil
}

func (r reportResolver) Summary(ctx context.Context, obj *db.Report, format string) (*string, error) {
	return reportSummary.renderPlain(ctx, r.texts, obj, format)
}

func (r reportResolver) Outline(ctx context.Context, obj *db.Report) ([]*markdown.Heading, error) {
	doc, err := reportBody.document(ctx, r.texts, obj)
	if err != nil || doc == nil {
		return nil, err
	}
	if !doc.NamesInOutline() {
		return pointers(doc.For(markdown.Names{}).Outline()), nil
	}
	reading, err := reportBody.rendering(ctx, r.texts, obj)
	if err != nil || reading == nil {
		return nil, err
	}
	return pointers(reading.Outline()), nil
}

func (reportResolver) Footnotes(ctx context.Context, obj *db.Report) ([]*db.Footnote, error) {
	return catalog.ReportFootnotes.List(ctx, obj)
}

func (reportResolver) Contributions(ctx context.Context, obj *db.Report) ([]*db.Contribution, error) {
	return catalog.ReportContributions.List(ctx, obj)
}

func (reportResolver) Hero(ctx context.Context, obj *db.Report) (*db.Asset, error) {
	return catalog.ReportHero.One(ctx, obj)
}

func (reportResolver) Attachments(ctx context.Context, obj *db.Report) ([]*db.Asset, error) {
	return catalog.ReportAttachments.List(ctx, obj)
}

func (reportResolver) Tags(ctx context.Context, obj *db.Report) ([]*db.Tag, error) {
	return catalog.ReportTags.List(ctx, obj)
}

func (reportResolver) Entities(ctx context.Context, obj *db.Report, first *int, after *string, last *int, before *string, f filter, by *order) (*model.EntityConnection, error) {
	return catalog.ReportEntities.Page(ctx, obj, args(first, after, last, before, f, by))
}

func (reportResolver) Mentions(ctx context.Context, obj *db.Report, first *int, after *string, last *int, before *string, f filter, by *order) (*model.EntityConnection, error) {
	return catalog.ReportMentions.Page(ctx, obj, args(first, after, last, before, f, by))
}

func (reportResolver) Narratives(ctx context.Context, obj *db.Report, first *int, after *string, last *int, before *string, f filter, by *order) (*model.NarrativeConnection, error) {
	return catalog.ReportNarratives.Page(ctx, obj, args(first, after, last, before, f, by))
}

func (r reportResolver) JSONLd(ctx context.Context, obj *db.Report) (any, error) {
	return r.reportLinked(ctx, obj)
}

func (r footnoteResolver) Text(ctx context.Context, obj *db.Footnote, format string) (string, error) {
	return r.texts.note(ctx, obj, format)
}

func (footnoteResolver) Source(ctx context.Context, obj *db.Footnote) (*db.Source, error) {
	return catalog.FootnoteSource.One(ctx, obj)
}

func (contributionResolver) Entity(ctx context.Context, obj *db.Contribution) (*db.Entity, error) {
	return catalog.ContributionEntity.One(ctx, obj)
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

func (r savedResolver) Report(ctx context.Context, obj *editorial.SaveResult) (*db.Report, error) {
	return saved(ctx, r.Resolver, catalog.Reports, obj)
}

func (r queryResolver) Report(ctx context.Context, id, slug *string, by *read.By) (*db.Report, error) {
	return read.Find(ctx, r.reader, catalog.Reports, id, slug, by)
}

func (r queryResolver) Reports(ctx context.Context, first *int, after *string, last *int, before *string, f filter, by order) (*model.ReportConnection, error) {
	return read.List(ctx, r.reader, catalog.Reports, args(first, after, last, before, f, &by))
}
