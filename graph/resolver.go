package graph

import (
	"context"
	"time"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/generated"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/content"
	"github.com/redthread-api/redthread/internal/delivery"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange/site"
	"github.com/redthread-api/redthread/internal/queries"
	"github.com/redthread-api/redthread/internal/store"
)

// Resolver is the root of all resolvers.
type Resolver struct {
	reader   *read.Reader
	desk     *content.Desk
	keys     *access.Keys
	people   *access.People
	webhooks *delivery.Webhooks
	registry *queries.Registry
	texts    *texts
	site     site.Site
	now      func() time.Time
}

// The resolvers of each type that has fields beyond its columns.
type (
	queryResolver    struct{ *Resolver }
	mutationResolver struct{ *Resolver }

	reportResolver    struct{ documentResolver[db.Report] }
	narrativeResolver struct {
		documentResolver[db.Narrative]
	}
	entityResolver       struct{ documentResolver[db.Entity] }
	relationshipResolver struct {
		documentResolver[db.Relationship]
	}
	tagResolver     struct{ documentResolver[db.Tag] }
	sourceResolver  struct{ documentResolver[db.Source] }
	editionResolver struct{ documentResolver[db.Edition] }
	assetResolver   struct{ documentResolver[db.Asset] }

	footnoteResolver     struct{ *Resolver }
	contributionResolver struct{}
	citationResolver     struct{}
	listingResolver      struct{}
	observationResolver  struct{}
	itemResolver         struct{ *Resolver }

	keyResolver    struct{ *Resolver }
	personResolver struct{ *Resolver }
	auditResolver  struct{}

	deliveryResolver struct{}
	attemptResolver  struct{}

	revisionResolver struct{ *Resolver }
	scheduleResolver struct{ *Resolver }
	pendingResolver  struct{ *Resolver }
	entryResolver    struct{ *Resolver }
	releasedResolver struct{ *Resolver }
	mergedResolver   struct{ *Resolver }
	warningResolver  struct{ *Resolver }
	changeResolver   struct{ *Resolver }
	changesResolver  struct{ *Resolver }

	subscriptionResolver struct{ *Resolver }
	savedResolver        struct{ *Resolver }
)

// The methods below are generated.ResolverRoot.

func (r *Resolver) Query() generated.QueryResolver       { return queryResolver{r} }
func (r *Resolver) Mutation() generated.MutationResolver { return mutationResolver{r} }
func (r *Resolver) Subscription() generated.SubscriptionResolver {
	return subscriptionResolver{r}
}

func (r *Resolver) Report() generated.ReportResolver {
	return reportResolver{documentOf(r, catalog.Reports, catalog.ReportRevisions)}
}
func (r *Resolver) Narrative() generated.NarrativeResolver {
	return narrativeResolver{documentOf(r, catalog.Narratives, catalog.NarrativeRevisions)}
}
func (r *Resolver) Entity() generated.EntityResolver {
	return entityResolver{documentOf(r, catalog.Entities, catalog.EntityRevisions)}
}
func (r *Resolver) Relationship() generated.RelationshipResolver {
	return relationshipResolver{documentOf(r, catalog.Relationships, catalog.RelationshipRevisions)}
}
func (r *Resolver) Tag() generated.TagResolver {
	return tagResolver{documentOf(r, catalog.Tags, catalog.TagRevisions)}
}
func (r *Resolver) Source() generated.SourceResolver {
	return sourceResolver{documentOf(r, catalog.Sources, catalog.SourceRevisions)}
}
func (r *Resolver) Edition() generated.EditionResolver {
	return editionResolver{documentOf(r, catalog.Editions, catalog.EditionRevisions)}
}
func (r *Resolver) Asset() generated.AssetResolver {
	return assetResolver{documentOf(r, catalog.Assets, catalog.AssetRevisions)}
}

func (r *Resolver) Footnote() generated.FootnoteResolver         { return footnoteResolver{r} }
func (r *Resolver) Contribution() generated.ContributionResolver { return contributionResolver{} }
func (r *Resolver) Citation() generated.CitationResolver         { return citationResolver{} }
func (r *Resolver) Listing() generated.ListingResolver           { return listingResolver{} }
func (r *Resolver) Observation() generated.ObservationResolver   { return observationResolver{} }
func (r *Resolver) EditionItem() generated.EditionItemResolver   { return itemResolver{r} }

func (r *Resolver) ApiKey() generated.ApiKeyResolver         { return keyResolver{r} }
func (r *Resolver) Person() generated.PersonResolver         { return personResolver{r} }
func (r *Resolver) AuditEntry() generated.AuditEntryResolver { return auditResolver{} }

func (r *Resolver) WebhookDelivery() generated.WebhookDeliveryResolver { return deliveryResolver{} }
func (r *Resolver) WebhookAttempt() generated.WebhookAttemptResolver   { return attemptResolver{} }

func (r *Resolver) Revision() generated.RevisionResolver                 { return revisionResolver{r} }
func (r *Resolver) Schedule() generated.ScheduleResolver                 { return scheduleResolver{r} }
func (r *Resolver) PendingChange() generated.PendingChangeResolver       { return pendingResolver{r} }
func (r *Resolver) Change() generated.ChangeResolver                     { return changeResolver{r} }
func (r *Resolver) ChangeConnection() generated.ChangeConnectionResolver { return changesResolver{r} }
func (r *Resolver) PublicationEntry() generated.PublicationEntryResolver { return entryResolver{r} }
func (r *Resolver) ReleasePayload() generated.ReleasePayloadResolver     { return releasedResolver{r} }
func (r *Resolver) MergePayload() generated.MergePayloadResolver         { return mergedResolver{r} }
func (r *Resolver) Warning() generated.WarningResolver                   { return warningResolver{r} }

func (r *Resolver) ReportPayload() generated.ReportPayloadResolver       { return savedResolver{r} }
func (r *Resolver) NarrativePayload() generated.NarrativePayloadResolver { return savedResolver{r} }
func (r *Resolver) EntityPayload() generated.EntityPayloadResolver       { return savedResolver{r} }
func (r *Resolver) RelationshipPayload() generated.RelationshipPayloadResolver {
	return savedResolver{r}
}
func (r *Resolver) TagPayload() generated.TagPayloadResolver           { return savedResolver{r} }
func (r *Resolver) SourcePayload() generated.SourcePayloadResolver     { return savedResolver{r} }
func (r *Resolver) EditionPayload() generated.EditionPayloadResolver   { return savedResolver{r} }
func (r *Resolver) AssetPayload() generated.AssetPayloadResolver       { return savedResolver{r} }
func (r *Resolver) DocumentPayload() generated.DocumentPayloadResolver { return savedResolver{r} }

// args puts the arguments of a connection together.
func args(first *int, after *string, last *int, before *string, filter map[string]any, order *read.OrderBy) read.Args {
	return read.Args{First: first, After: after, Last: last, Before: before, Filter: filter, Order: order}
}

// byID reads documents of any types.
func (r *Resolver) byID(ctx context.Context, ids []domain.ID) (map[domain.ID]model.Document, error) {
	byType := map[domain.Type][]domain.ID{}
	for _, id := range ids {
		byType[id.Type()] = append(byType[id.Type()], id)
	}
	found := map[domain.ID]model.Document{}
	for _, t := range domain.Types() {
		if len(byType[t]) == 0 {
			continue
		}
		if err := loaders[t](ctx, r.reader, byType[t], found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// inOrder reads documents of any types and returns those that are found, in
// the order of the ids.
func (r *Resolver) inOrder(ctx context.Context, ids []domain.ID) ([]model.Document, error) {
	found, err := r.byID(ctx, ids)
	docs := make([]model.Document, 0, len(ids))
	for _, id := range ids {
		if d := found[id]; d != nil {
			docs = append(docs, d)
		}
	}
	return docs, err
}

// alsoInTrash is inOrder for documents that may be in the trash.
func (r *Resolver) alsoInTrash(ctx context.Context, ids []domain.ID) ([]model.Document, error) {
	found, err := r.byID(ctx, ids)
	if err != nil {
		return nil, err
	}
	trashed, err := r.byID(store.WithTrash(ctx), ids)
	docs := make([]model.Document, 0, len(ids))
	for _, id := range ids {
		// The id of one that was merged leads to another one out of the trash.
		if d := trashed[id]; d != nil {
			docs = append(docs, d)
		} else if d := found[id]; d != nil {
			docs = append(docs, d)
		}
	}
	return docs, err
}

type loader func(context.Context, *read.Reader, []domain.ID, map[domain.ID]model.Document) error

// loaders read the documents of each type by id.
var loaders = map[domain.Type]loader{
	domain.Report:       loaderOf(catalog.Reports),
	domain.Narrative:    loaderOf(catalog.Narratives),
	domain.Entity:       loaderOf(catalog.Entities),
	domain.Relationship: loaderOf(catalog.Relationships),
	domain.Tag:          loaderOf(catalog.Tags),
	domain.Source:       loaderOf(catalog.Sources),
	domain.Edition:      loaderOf(catalog.Editions),
	domain.Asset:        loaderOf(catalog.Assets),
}

func loaderOf[T any](t *read.Type[T]) loader {
	return func(ctx context.Context, r *read.Reader, ids []domain.ID, into map[domain.ID]model.Document) error {
		rows, err := read.ByIDs(ctx, r, t, ids)
		for id, row := range rows {
			into[id] = any(row).(model.Document)
		}
		return err
	}
}
