package catalog

import "github.com/redthread-api/redthread/graph/read"

// to is a path over a column of the row itself.
func to(target, column string) read.Path { return read.Path{Target: target, Column: column} }

// back is a path to the rows that point to this one.
func back(target, column string) read.Path { return read.Path{Target: target, Back: column} }

// ordered is a path over a link table from the side that owns and orders it.
func ordered(target, table, owner, column string) read.Path {
	return read.Path{Target: target, Link: &read.Link{Table: table, Owner: owner, Target: column, Position: "position", Dated: owner}}
}

// undated is ordered for a table without the copies that [read.Link.Dated] is about.
func undated(target, table, owner, column string) read.Path {
	p := ordered(target, table, owner, column)
	p.Link.Dated = ""
	return p
}

// inverse is a path over a link table from the other side, which gives no
// order.
func inverse(target, table, owner, column string) read.Path {
	return read.Path{Target: target, Link: &read.Link{Table: table, Owner: owner, Target: column, Dated: column}}
}

// inItems is the path to the editions with an item that a link table links to the row.
func inItems(table, owner string) read.Path {
	return read.Path{Target: "editions", Link: &read.Link{Table: table, Owner: owner, Target: "item_id", Via: "edition_items", ViaColumn: "edition_id", Repeats: true}}
}

// citedBy is the path from a row over its citations to their sources.
func citedBy(owner string) read.Path {
	return read.Path{Target: "sources", Link: &read.Link{Table: "citations", Owner: owner, Target: "source_id", Repeats: true}}
}

var (
	reportTags          = ordered("tags", "report_tags", "report_id", "tag_id")
	reportEntities      = ordered("entities", "report_entities", "report_id", "entity_id")
	reportMentions      = ordered("entities", "report_mentions", "report_id", "entity_id")
	reportNarratives    = ordered("narratives", "report_narratives", "report_id", "narrative_id")
	reportAttachments   = undated("assets", "report_attachments", "report_id", "asset_id")
	reportHero          = to("assets", "hero_id")
	reportFootnotes     = back("footnotes", "report_id")
	reportContributions = back("contributions", "report_id")
	footnoteSource      = to("sources", "source_id")
	contributionEntity  = to("entities", "entity_id")

	narrativeParent       = to("narratives", "parent_id")
	narrativeChildren     = back("narratives", "parent_id")
	narrativeTargets      = ordered("entities", "narrative_targets", "narrative_id", "entity_id")
	narrativeAmplifiers   = ordered("entities", "narrative_amplifiers", "narrative_id", "entity_id")
	narrativeTags         = ordered("tags", "narrative_tags", "narrative_id", "tag_id")
	narrativeObservations = back("observations", "narrative_id")
	narrativeReports      = inverse("reports", "report_narratives", "narrative_id", "report_id")
	observationCitations  = back("citations", "observation_id")
	observationNarrative  = to("narratives", "narrative_id")
	observationPlatform   = to("entities", "platform_id")

	entityNames       = back("entity_names", "entity_id")
	entityIdentifiers = back("entity_identifiers", "entity_id")
	entityListings    = back("listings", "entity_id")
	entityTags        = ordered("tags", "entity_tags", "entity_id", "tag_id")
	entityOutgoing    = back("relationships", "from_id")
	entityIncoming    = back("relationships", "to_id")
	entityReports     = inverse("reports", "report_entities", "entity_id", "report_id")
	entityMentionedIn = inverse("reports", "report_mentions", "entity_id", "report_id")
	entityTargetedBy  = inverse("narratives", "narrative_targets", "entity_id", "narrative_id")
	entityAmplifies   = inverse("narratives", "narrative_amplifiers", "entity_id", "narrative_id")
	entityEditions    = inItems("item_entities", "entity_id")
	listingCitations  = back("citations", "listing_id")

	entityRelationships = read.Path{Target: "relationships",
		Link: &read.Link{Table: "relationships", Owner: "from_id", OrOwner: "to_id", Target: "id"}}

	relationshipFrom      = to("entities", "from_id")
	relationshipTo        = to("entities", "to_id")
	relationshipCitations = back("citations", "relationship_id")
	citationSource        = to("sources", "source_id")

	tagParent     = to("tags", "parent_id")
	tagChildren   = back("tags", "parent_id")
	tagReports    = inverse("reports", "report_tags", "tag_id", "report_id")
	tagEntities   = inverse("entities", "entity_tags", "tag_id", "entity_id")
	tagNarratives = inverse("narratives", "narrative_tags", "tag_id", "narrative_id")

	tagEditions = inItems("item_tags", "tag_id")

	sourceReports = read.Path{Target: "reports",
		Link: &read.Link{Table: "footnotes", Owner: "source_id", Target: "report_id", Repeats: true}}

	editionSeries  = to("series", "series_id")
	editionItems   = back("edition_items", "edition_id")
	seriesEditions = read.Path{Target: "editions", Back: "series_id", Position: "number"}

	itemEdition   = to("editions", "edition_id")
	itemEntities  = undated("entities", "item_entities", "item_id", "entity_id")
	itemTags      = undated("tags", "item_tags", "item_id", "tag_id")
	itemCitations = back("citations", "item_id")
)

// entityContributedTo is the path to the reports that an entity contributed to, in
// these roles; in any where there are none.
func entityContributedTo(roles []string) read.Path {
	l := &read.Link{Table: "contributions", Owner: "entity_id", Target: "report_id", Repeats: true}
	if roles != nil {
		l.Only, l.Values = "role", roles
	}
	return read.Path{Target: "reports", Link: l}
}
