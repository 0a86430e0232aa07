package graph

import (
	"time"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/generated"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/delivery"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/exchange/site"
	"github.com/redthread-api/redthread/internal/knowledge"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/newsletter"
	"github.com/redthread-api/redthread/internal/newsletter/render"
	"github.com/redthread-api/redthread/internal/queries"
)

// Resolver is the root of all resolvers. It holds what they call.
type Resolver struct {
	reader      *read.Reader
	index       searcher
	knowledge   *knowledge.Graph
	desk        *editorial.Desk
	keys        *access.Keys
	people      *access.People
	webhooks    *delivery.Webhooks
	sendings    *newsletter.Sendings
	subscribers *newsletter.Subscribers
	registry    *queries.Registry
	quotas      *limits.Quotas
	texts       *textRenderer
	site        site.Site
	now         func() time.Time

	templates func() *render.Templates
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
	seriesResolver  struct{ documentResolver[db.Series] }

	footnoteResolver     struct{ *Resolver }
	contributionResolver struct{}
	citationResolver     struct{}
	listingResolver      struct{}
	observationResolver  struct{}

	observationConnectionResolver struct{ *Resolver }
	timelineResolver              struct{ *Resolver }

	itemResolver struct{ *Resolver }

	viewerResolver struct{ *Resolver }
	keyResolver    struct{ *Resolver }
	personResolver struct{ *Resolver }
	auditResolver  struct{}

	deliveryResolver struct{}
	sendingResolver  struct{ *Resolver }
	attemptResolver  struct{}

	revisionResolver  struct{ *Resolver }
	scheduleResolver  struct{ *Resolver }
	pendingResolver   struct{ *Resolver }
	entryResolver     struct{ *Resolver }
	duplicateResolver struct{ *Resolver }
	findingResolver   struct{ *Resolver }
	releasedResolver  struct{ *Resolver }
	mergedResolver    struct{ *Resolver }
	warningResolver   struct{ *Resolver }
	changeResolver    struct{ *Resolver }
	changesResolver   struct{ *Resolver }

	facetsResolver       struct{ *Resolver }
	searchResolver       struct{ *Resolver }
	searchFacetsResolver struct{ *Resolver }
	edgeResolver         struct{ *Resolver }
	mentionResolver      struct{ *Resolver }
	withdrawnResolver    struct{ *Resolver }

	subscriptionResolver struct{ *Resolver }
	savedResolver        struct{ *Resolver }
	savedRowResolver     struct{ *Resolver }
	compiledResolver     struct{ *Resolver }
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
func (r *Resolver) Series() generated.SeriesResolver {
	return seriesResolver{documentOf(r, catalog.Series, catalog.SeriesRevisions)}
}

func (r *Resolver) ReportFacets() generated.ReportFacetsResolver       { return facetsResolver{r} }
func (r *Resolver) NarrativeFacets() generated.NarrativeFacetsResolver { return facetsResolver{r} }
func (r *Resolver) EntityFacets() generated.EntityFacetsResolver       { return facetsResolver{r} }

func (r *Resolver) SearchResultConnection() generated.SearchResultConnectionResolver {
	return searchResolver{r}
}
func (r *Resolver) SearchResultEdge() generated.SearchResultEdgeResolver { return edgeResolver{r} }
func (r *Resolver) SearchFacets() generated.SearchFacetsResolver         { return searchFacetsResolver{r} }

func (r *Resolver) Mention() generated.MentionResolver { return mentionResolver{r} }

func (r *Resolver) Footnote() generated.FootnoteResolver         { return footnoteResolver{r} }
func (r *Resolver) Contribution() generated.ContributionResolver { return contributionResolver{} }
func (r *Resolver) Citation() generated.CitationResolver         { return citationResolver{} }
func (r *Resolver) Listing() generated.ListingResolver           { return listingResolver{} }
func (r *Resolver) ObservationConnection() generated.ObservationConnectionResolver {
	return observationConnectionResolver{r}
}
func (r *Resolver) TimelineEntryConnection() generated.TimelineEntryConnectionResolver {
	return timelineResolver{r}
}
func (r *Resolver) Observation() generated.ObservationResolver { return observationResolver{} }
func (r *Resolver) EditionItem() generated.EditionItemResolver { return itemResolver{r} }

func (r *Resolver) Viewer() generated.ViewerResolver         { return viewerResolver{r} }
func (r *Resolver) ApiKey() generated.ApiKeyResolver         { return keyResolver{r} }
func (r *Resolver) Person() generated.PersonResolver         { return personResolver{r} }
func (r *Resolver) AuditEntry() generated.AuditEntryResolver { return auditResolver{} }

func (r *Resolver) WebhookDelivery() generated.WebhookDeliveryResolver { return deliveryResolver{} }
func (r *Resolver) Sending() generated.SendingResolver                 { return sendingResolver{r} }
func (r *Resolver) WebhookAttempt() generated.WebhookAttemptResolver   { return attemptResolver{} }

func (r *Resolver) Revision() generated.RevisionResolver           { return revisionResolver{r} }
func (r *Resolver) Schedule() generated.ScheduleResolver           { return scheduleResolver{r} }
func (r *Resolver) PendingChange() generated.PendingChangeResolver { return pendingResolver{r} }
func (r *Resolver) PossibleDuplicate() generated.PossibleDuplicateResolver {
	return duplicateResolver{r}
}
func (r *Resolver) EvidenceFinding() generated.EvidenceFindingResolver   { return findingResolver{r} }
func (r *Resolver) Change() generated.ChangeResolver                     { return changeResolver{r} }
func (r *Resolver) ChangeConnection() generated.ChangeConnectionResolver { return changesResolver{r} }
func (r *Resolver) PublicationEntry() generated.PublicationEntryResolver { return entryResolver{r} }
func (r *Resolver) ReleasePayload() generated.ReleasePayloadResolver     { return releasedResolver{r} }
func (r *Resolver) MergePayload() generated.MergePayloadResolver         { return mergedResolver{r} }
func (r *Resolver) WithdrawSourcePayload() generated.WithdrawSourcePayloadResolver {
	return withdrawnResolver{r}
}
func (r *Resolver) Warning() generated.WarningResolver { return warningResolver{r} }

func (r *Resolver) ReportPayload() generated.ReportPayloadResolver       { return savedResolver{r} }
func (r *Resolver) NarrativePayload() generated.NarrativePayloadResolver { return savedResolver{r} }
func (r *Resolver) EntityPayload() generated.EntityPayloadResolver       { return savedResolver{r} }
func (r *Resolver) RelationshipPayload() generated.RelationshipPayloadResolver {
	return savedResolver{r}
}
func (r *Resolver) TagPayload() generated.TagPayloadResolver         { return savedResolver{r} }
func (r *Resolver) SourcePayload() generated.SourcePayloadResolver   { return savedResolver{r} }
func (r *Resolver) EditionPayload() generated.EditionPayloadResolver { return savedResolver{r} }
func (r *Resolver) AssetPayload() generated.AssetPayloadResolver     { return savedResolver{r} }
func (r *Resolver) SeriesPayload() generated.SeriesPayloadResolver   { return savedResolver{r} }
func (r *Resolver) EditionItemPayload() generated.EditionItemPayloadResolver {
	return savedRowResolver{r}
}
func (r *Resolver) ObservationPayload() generated.ObservationPayloadResolver {
	return savedRowResolver{r}
}
func (r *Resolver) ListingPayload() generated.ListingPayloadResolver { return savedRowResolver{r} }
func (r *Resolver) CompileEditionPayload() generated.CompileEditionPayloadResolver {
	return compiledResolver{r}
}
func (r *Resolver) DocumentPayload() generated.DocumentPayloadResolver { return savedResolver{r} }
