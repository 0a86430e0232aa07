package catalog

import (
	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/read"
)

// The edges. Each is named by the type that it starts from.
var (
	ReportTags          = read.NewEdge("tags", Reports, Tags, reportTags)
	ReportEntities      = read.NewEdge("entities", Reports, Entities, reportEntities)
	ReportMentions      = read.NewEdge("mentions", Reports, Entities, reportMentions)
	ReportNarratives    = read.NewEdge("narratives", Reports, Narratives, reportNarratives)
	ReportAttachments   = read.NewEdge("attachments", Reports, Assets, reportAttachments)
	ReportHero          = read.NewEdge("hero", Reports, Assets, reportHero)
	ReportFootnotes     = read.NewEdge("footnotes", Reports, Footnotes, reportFootnotes)
	ReportContributions = read.NewEdge("contributions", Reports, Contributions, reportContributions).Where(visible("entity"))

	FootnoteSource = read.NewEdge("source", Footnotes, Sources, footnoteSource)

	ContributionEntity = read.NewEdge("entity", Contributions, Entities, contributionEntity)

	NarrativeParent       = read.NewEdge("parent", Narratives, Narratives, narrativeParent)
	NarrativeChildren     = read.NewEdge("children", Narratives, Narratives, narrativeChildren).Ordered("TITLE", read.Ascending)
	NarrativeTargets      = read.NewEdge("targets", Narratives, Entities, narrativeTargets)
	NarrativeAmplifiers   = read.NewEdge("amplifiers", Narratives, Entities, narrativeAmplifiers)
	NarrativeTags         = read.NewEdge("tags", Narratives, Tags, narrativeTags)
	NarrativeObservations = read.NewEdge("observations", Narratives, Observations, narrativeObservations)
	NarrativeReports      = read.NewEdge("reports", Narratives, Reports, narrativeReports).Ordered("PUBLISHED_AT", read.Descending)

	ObservationNarrative = read.NewEdge("narrative", Observations, Narratives, observationNarrative)
	ObservationPlatform  = read.NewEdge("platform", Observations, Entities, observationPlatform)
	ObservationCitations = read.NewEdge("citations", Observations, Citations, observationCitations).Where(visible("source"))

	EntityNames         = read.NewEdge("names", Entities, Names, entityNames)
	EntityIdentifiers   = read.NewEdge("identifiers", Entities, Identifiers, entityIdentifiers)
	EntityListings      = read.NewEdge("listings", Entities, Listings, entityListings)
	EntityTags          = read.NewEdge("tags", Entities, Tags, entityTags)
	EntityRelationships = read.NewEdge("relationships", Entities, Relationships, entityRelationships).Ordered("PUBLISHED_AT", read.Descending)
	EntityReports       = read.NewEdge("reports", Entities, Reports, entityReports).Ordered("PUBLISHED_AT", read.Descending)
	EntityMentionedIn   = read.NewEdge("mentionedIn", Entities, Reports, entityMentionedIn).Ordered("PUBLISHED_AT", read.Descending)
	EntityContributedTo = read.NewEdge("contributedTo", Entities, Reports, entityContributedTo(nil)).Ordered("PUBLISHED_AT", read.Descending)
	EntityTargetedBy    = read.NewEdge("targetedBy", Entities, Narratives, entityTargetedBy).Ordered("PUBLISHED_AT", read.Descending)
	EntityAmplifies     = read.NewEdge("amplifies", Entities, Narratives, entityAmplifies).Ordered("PUBLISHED_AT", read.Descending)
	EntityEditions      = read.NewEdge("editions", Entities, Editions, entityEditions).Ordered("PUBLISHED_AT", read.Descending)

	ListingCitations = read.NewEdge("citations", Listings, Citations, listingCitations).Where(visible("source"))

	RelationshipFrom      = read.NewEdge("from", Relationships, Entities, relationshipFrom)
	RelationshipTo        = read.NewEdge("to", Relationships, Entities, relationshipTo)
	RelationshipCitations = read.NewEdge("citations", Relationships, Citations, relationshipCitations).Where(visible("source"))

	CitationSource = read.NewEdge("source", Citations, Sources, citationSource)

	TagParent     = read.NewEdge("parent", Tags, Tags, tagParent)
	TagChildren   = read.NewEdge("children", Tags, Tags, tagChildren).Ordered("LABEL", read.Ascending)
	TagReports    = read.NewEdge("reports", Tags, Reports, tagReports).Ordered("PUBLISHED_AT", read.Descending)
	TagEntities   = read.NewEdge("entities", Tags, Entities, tagEntities).Ordered("NAME", read.Ascending)
	TagNarratives = read.NewEdge("narratives", Tags, Narratives, tagNarratives).Ordered("TITLE", read.Ascending)
	TagEditions   = read.NewEdge("editions", Tags, Editions, tagEditions).Ordered("PUBLISHED_AT", read.Descending)

	SourceReports = read.NewEdge("reports", Sources, Reports, sourceReports).Ordered("PUBLISHED_AT", read.Descending)

	EditionSeries = read.NewEdge("series", Editions, Series, editionSeries)
	EditionItems  = read.NewEdge("items", Editions, Items, editionItems)

	SeriesEditions = read.NewEdge("editions", Series, Editions, seriesEditions).Ordered("NUMBER", read.Descending)
	// SeriesNumbers is SeriesEditions as a list, in the order of the numbers.
	SeriesNumbers = read.NewEdge("numbers", Series, Editions, seriesEditions)

	ItemEdition   = read.NewEdge("edition", Items, Editions, itemEdition)
	ItemEntities  = read.NewEdge("entities", Items, Entities, itemEntities)
	ItemTags      = read.NewEdge("tags", Items, Tags, itemTags)
	ItemCitations = read.NewEdge("citations", Items, Citations, itemCitations).Where(visible("source"))
)

// visible leaves out the rows whose relation leads to nothing that the viewer may see,
// because they reveal something about it.
func visible(relation string) map[string]any {
	return map[string]any{relation: map[string]any{}}
}

var (
	outgoingRelationships = EntityRelationships.Through(entityOutgoing)
	incomingRelationships = EntityRelationships.Through(entityIncoming)
)

// RelationshipsOf is EntityRelationships in one direction, as the enum
// RelationshipDirection has it, and of some kinds; of all where kinds is nil.
func RelationshipsOf(direction string, kinds []string) *read.EdgeOf[db.Entity, db.Relationship] {
	edge := EntityRelationships
	switch direction {
	case "OUTGOING":
		edge = outgoingRelationships
	case "INCOMING":
		edge = incomingRelationships
	}
	if kinds != nil {
		list := make([]any, len(kinds))
		for i, k := range kinds {
			list[i] = k
		}
		edge = edge.Where(map[string]any{"kind": map[string]any{"in": list}}).Once()
	}
	return edge
}

// ContributedTo is EntityContributedTo where the entity had one of the roles;
// any where roles is nil.
func ContributedTo(roles []string) *read.EdgeOf[db.Entity, db.Report] {
	if roles == nil {
		return EntityContributedTo
	}
	return EntityContributedTo.Through(entityContributedTo(roles)).Once()
}

// The revisions of each type, newest first. They are on the desk only.
var (
	ReportRevisions       = revisionsOf(Reports)
	NarrativeRevisions    = revisionsOf(Narratives)
	EntityRevisions       = revisionsOf(Entities)
	RelationshipRevisions = revisionsOf(Relationships)
	TagRevisions          = revisionsOf(Tags)
	SourceRevisions       = revisionsOf(Sources)
	EditionRevisions      = revisionsOf(Editions)
	AssetRevisions        = revisionsOf(Assets)
	SeriesRevisions       = revisionsOf(Series)
)

func revisionsOf[T any](t *read.Type[T]) *read.EdgeOf[T, db.Revision] {
	return read.NewEdge("revisions", t, Revisions, back("revisions", "document_id")).Ordered("NUMBER", read.Descending)
}
