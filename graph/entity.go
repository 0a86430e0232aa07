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

func (r entityResolver) Description(ctx context.Context, obj *db.Entity, format string) (*string, error) {
	return entityDescription.render(ctx, r.texts, obj, format, markdown.Whole)
}

func (entityResolver) Names(ctx context.Context, obj *db.Entity) ([]*db.EntityName, error) {
	return catalog.EntityNames.List(ctx, obj)
}

func (entityResolver) Identifiers(ctx context.Context, obj *db.Entity) ([]*db.EntityIdentifier, error) {
	return catalog.EntityIdentifiers.List(ctx, obj)
}

func (entityResolver) Listings(ctx context.Context, obj *db.Entity) ([]*db.Listing, error) {
	return catalog.EntityListings.List(ctx, obj)
}

func (entityResolver) Tags(ctx context.Context, obj *db.Entity) ([]*db.Tag, error) {
	return catalog.EntityTags.List(ctx, obj)
}

func (entityResolver) Relationships(ctx context.Context, obj *db.Entity, direction string, kinds []string, first *int, after *string, last *int, before *string, f filter, by *order) (*model.RelationshipConnection, error) {
	return catalog.RelationshipsOf(direction, kinds).Page(ctx, obj, args(first, after, last, before, f, by))
}

func (entityResolver) Reports(ctx context.Context, obj *db.Entity, first *int, after *string, last *int, before *string, f filter, by *order) (*model.ReportConnection, error) {
	return catalog.EntityReports.Page(ctx, obj, args(first, after, last, before, f, by))
}

func (entityResolver) MentionedIn(ctx context.Context, obj *db.Entity, first *int, after *string, last *int, before *string, f filter, by *order) (*model.ReportConnection, error) {
	return catalog.EntityMentionedIn.Page(ctx, obj, args(first, after, last, before, f, by))
}

func (entityResolver) ContributedTo(ctx context.Context, obj *db.Entity, roles []string, first *int, after *string, last *int, before *string, f filter, by *order) (*model.ReportConnection, error) {
	return catalog.ContributedTo(roles).Page(ctx, obj, args(first, after, last, before, f, by))
}

func (entityResolver) TargetedBy(ctx context.Context, obj *db.Entity, first *int, after *string, last *int, before *string, f filter, by *order) (*model.NarrativeConnection, error) {
	return catalog.EntityTargetedBy.Page(ctx, obj, args(first, after, last, before, f, by))
}

func (entityResolver) Amplifies(ctx context.Context, obj *db.Entity, first *int, after *string, last *int, before *string, f filter, by *order) (*model.NarrativeConnection, error) {
	return catalog.EntityAmplifies.Page(ctx, obj, args(first, after, last, before, f, by))
}

func (entityResolver) Editions(ctx context.Context, obj *db.Entity, first *int, after *string, last *int, before *string, f filter, by *order) (*model.EditionConnection, error) {
	return catalog.EntityEditions.Page(ctx, obj, args(first, after, last, before, f, by))
}

func (listingResolver) Citations(ctx context.Context, obj *db.Listing) ([]*db.Citation, error) {
	return catalog.ListingCitations.List(ctx, obj)
}

func (listingResolver) Source(ctx context.Context, obj *db.Listing) (*db.Source, error) {
	return firstSource(ctx, catalog.ListingCitations, obj)
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

func (r savedResolver) Entity(ctx context.Context, obj *editorial.SaveResult) (*db.Entity, error) {
	return saved(ctx, r.Resolver, catalog.Entities, obj)
}

func (r queryResolver) Entity(ctx context.Context, id, slug *string, by *read.By) (*db.Entity, error) {
	return read.Find(ctx, r.reader, catalog.Entities, id, slug, by)
}

func (r queryResolver) Entities(ctx context.Context, first *int, after *string, last *int, before *string, f filter, by order) (*model.EntityConnection, error) {
	return read.List(ctx, r.reader, catalog.Entities, args(first, after, last, before, f, &by))
}
