package catalog

import (
	"maps"

	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/canonical"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/visibility"
)

type (
	fields    = map[string]read.Field
	relations = map[string]read.Path
	orders    = map[string]read.Order
	groups    = []read.Group
	facets    = map[string]read.Facet
)

func text(column string) read.Field { return read.Field{Column: column, Kind: read.Text} }

// inForm is a text that is stored in a canonical form.
func inForm(form canonical.Form, column string) read.Field {
	f := text(column)
	f.Form = form
	return f
}

func language() read.Field { return inForm(canonical.Language, "language") }

func enum(column string, values []string) read.Field {
	return read.Field{Column: column, Kind: read.Enum, Enum: values}
}

// indexed is a field with an index of live; see [read.Field].
func indexed(f read.Field) read.Field {
	f.Indexed = true
	return f
}

func date(column string) read.Field {
	return read.Field{Column: column, Kind: read.Date, Nullable: true}
}

func optional(f read.Field) read.Field {
	f.Nullable = true
	return f
}

// prose is a group of long texts whose columns have the names of the fields.
func prose(names ...string) read.Group { return read.Group{Columns: names, Fields: names} }

// document completes the table of a document with what all documents have.
func document(t read.Table) *read.Table {
	fields := fields{
		"id":          {Column: "id", Kind: read.ID, Former: "former_id"},
		"slug":        {Column: "slug", Kind: read.Text, Former: "slug"},
		"marking":     {Column: "marking", Kind: read.Marking},
		"version":     {Column: "version", Kind: read.Int},
		"liveVersion": {Column: "live_version", Kind: read.Int, Nullable: true},
		"createdAt":   {Column: "created_at", Kind: read.DateTime},
		"updatedAt":   {Column: "updated_at", Kind: read.DateTime},
		"publishedAt": {Column: "published_at", Kind: read.DateTime, Nullable: true},
	}
	maps.Copy(fields, t.Fields)
	t.Fields = fields
	orders := orders{
		"PUBLISHED_AT": {Column: "published_at", Kind: read.DateTime, Nullable: true, LiveNotNull: true},
		"UPDATED_AT":   {Column: "updated_at", Kind: read.DateTime},
		"CREATED_AT":   {Column: "created_at", Kind: read.DateTime},
		"SLUG":         {Column: "slug", Kind: read.Text},
	}
	maps.Copy(orders, t.Orders)
	t.Orders = orders
	t.Never = []string{visibility.EffectiveMarking}
	for _, o := range orders {
		if o.Text != "" {
			t.Never = append(t.Never, o.Column)
		}
	}
	t.Groups = append(t.Groups,
		read.Group{Columns: []string{"published_at"}, Fields: []string{"publishedAt", "jsonLd"}},
		read.Group{Columns: []string{"created_at", "updated_at"}, Fields: []string{"createdAt", "updatedAt", "jsonLd"}},
		read.Group{
			Columns: []string{"created_by", "updated_by", "published_by", "live_version", "deleted_at", "deleted_by"},
			Fields:  []string{"createdBy", "updatedBy", "liveVersion"},
		})
	return &t
}

// orderText orders by the collation keys of a text.
func orderText(column string) read.Order {
	return read.Order{Column: column + "_key", Text: column, Kind: read.Text}
}

func optionalText(column string) read.Order {
	o := orderText(column)
	o.Nullable = true
	return o
}

func orderDate(column string) read.Order {
	return read.Order{Column: column, Kind: read.Date, Nullable: true}
}

func orderInt(column string) read.Order { return read.Order{Column: column, Kind: read.Int} }

// byField, byYear and byRelation count by a field of the filter, the years in it, and the
// documents that a relation of the filter leads to.
func byField(name string) read.Facet    { return read.Facet{Field: name} }
func byYear(name string) read.Facet     { return read.Facet{Field: name, Year: true} }
func byRelation(name string) read.Facet { return read.Facet{Relation: name} }

// Tables lists the tables that can be read with filters.
func Tables() []*read.Table {
	return []*read.Table{
		reportTable, narrativeTable, entityTable, relationshipTable,
		tagTable, sourceTable, editionTable, assetTable, seriesTable,
		footnoteTable, contributionTable, citationTable, nameTable, identifierTable,
		listingTable, observationTable, itemTable,
		revisionTable, logTable, scheduleTable,
	}
}

var (
	reportTable = document(read.Table{
		Name: "reports", Type: "Report", Document: domain.Report, Searched: &read.Path{},
		Groups: groups{
			{Columns: []string{"body"}, Fields: []string{"body", "outline", "footnotes"}},
			{Columns: []string{"subtitle", "summary", "question", "key_findings", "methods"},
				Fields: []string{"subtitle", "summary", "question", "keyFindings", "methods", "jsonLd"}},
		},
		Fields: fields{
			"kind":      indexed(enum("kind", domain.ReportKinds)),
			"title":     text("title"),
			"language":  indexed(language()),
			"wordCount": {Column: "word_count", Kind: read.Int},
		},
		Relations: relations{
			"tags":         reportTags,
			"entities":     reportEntities,
			"mentions":     reportMentions,
			"narratives":   reportNarratives,
			"contributors": {Target: "entities", Link: &read.Link{Table: "contributions", Owner: "report_id", Target: "entity_id", Repeats: true}},
			"sources":      {Target: "sources", Link: &read.Link{Table: "footnotes", Owner: "report_id", Target: "source_id", Repeats: true}},
		},
		Orders: orders{"TITLE": orderText("title"), "WORD_COUNT": orderInt("word_count")},
		Facets: facets{
			"tags": byRelation("tags"), "entities": byRelation("entities"),
			"kinds": byField("kind"), "years": byYear("publishedAt"), "languages": byField("language"),
		},
	})

	narrativeTable = document(read.Table{
		Name: "narratives", Type: "Narrative", Document: domain.Narrative, Searched: &read.Path{}, Tree: narrativeParent.Column,
		Groups: groups{{Columns: []string{"description", "assessment"}, Fields: []string{"description", "assessment", "jsonLd"}}},
		Fields: fields{
			"title":         text("title"),
			"status":        indexed(enum("status", domain.NarrativeStatuses)),
			"firstObserved": date("first_observed"),
			"lastObserved":  date("last_observed"),
		},
		Relations: relations{
			"parent":       narrativeParent,
			"children":     narrativeChildren,
			"targets":      narrativeTargets,
			"amplifiers":   narrativeAmplifiers,
			"tags":         narrativeTags,
			"observations": narrativeObservations,
			"reports":      narrativeReports,
		},
		Orders: orders{
			"TITLE": orderText("title"), "FIRST_OBSERVED": orderDate("first_observed"), "LAST_OBSERVED": orderDate("last_observed"),
		},
		Facets: facets{
			"tags": byRelation("tags"), "targets": byRelation("targets"), "amplifiers": byRelation("amplifiers"),
			"statuses": byField("status"), "years": byYear("publishedAt"),
		},
	})

	entityTable = document(read.Table{
		Name: "entities", Type: "Entity", Document: domain.Entity, Searched: &read.Path{},
		Groups: groups{prose("description")},
		Fields: fields{
			"kind":      indexed(enum("kind", domain.EntityKinds)),
			"name":      text("name"),
			"language":  optional(language()),
			"country":   indexed(optional(inForm(canonical.Country, "country"))),
			"startDate": date("start_date"),
			"endDate":   date("end_date"),
		},
		Relations: relations{
			"names":         entityNames,
			"identifiers":   entityIdentifiers,
			"listings":      entityListings,
			"tags":          entityTags,
			"outgoing":      entityOutgoing,
			"incoming":      entityIncoming,
			"reports":       entityReports,
			"mentionedIn":   entityMentionedIn,
			"contributedTo": entityContributedTo(nil),
			"targetedBy":    entityTargetedBy,
			"amplifies":     entityAmplifies,
		},
		Orders: orders{"NAME": orderText("name"), "START_DATE": orderDate("start_date"), "END_DATE": orderDate("end_date")},
		Facets: facets{"tags": byRelation("tags"), "kinds": byField("kind"), "countries": byField("country"), "years": byYear("publishedAt")},
	})

	relationshipTable = document(read.Table{
		Name: "relationships", Type: "Relationship", Document: domain.Relationship,
		Groups: groups{prose("description")},
		Fields: fields{
			"kind":       indexed(enum("kind", domain.RelationshipKinds)),
			"share":      {Column: "share", Kind: read.Share, Nullable: true},
			"shareMin":   {Column: "share_min", Kind: read.Share, Nullable: true},
			"shareMax":   {Column: "share_max", Kind: read.Share, Nullable: true},
			"role":       optional(text("role")),
			"since":      date("since"),
			"until":      date("until"),
			"confidence": enum("confidence", domain.Confidences),
		},
		Relations: relations{
			"from":    relationshipFrom,
			"to":      relationshipTo,
			"sources": citedBy("relationship_id"),
		},
		Orders: orders{
			"SHARE": {Column: "share", Kind: read.Share, Nullable: true}, "SINCE": orderDate("since"), "UNTIL": orderDate("until"),
		},
		Facets: facets{"kinds": byField("kind"), "confidences": byField("confidence"), "years": byYear("publishedAt")},
	})

	tagTable = document(read.Table{
		Name: "tags", Type: "Tag", Document: domain.Tag, Searched: &read.Path{}, Tree: tagParent.Column,
		Groups: groups{prose("description")},
		Fields: fields{
			"label":      text("label"),
			"vocabulary": enum("vocabulary", domain.TagVocabularies),
		},
		Relations: relations{
			"parent":     tagParent,
			"children":   tagChildren,
			"reports":    tagReports,
			"entities":   tagEntities,
			"narratives": tagNarratives,
		},
		Orders: orders{"LABEL": orderText("label")},
		Facets: facets{"vocabularies": byField("vocabulary")},
	})

	sourceTable = document(read.Table{
		Name: "sources", Type: "Source", Document: domain.Source, Searched: &read.Path{},
		Fields: fields{
			"title":       text("title"),
			"url":         optional(text("url")),
			"publisher":   optional(text("publisher")),
			"date":        date("date"),
			"accessed":    date("accessed"),
			"language":    optional(language()),
			"reliability": optional(enum("reliability", domain.SourceReliabilities)),
			"credibility": {Column: "credibility", Kind: read.Int, Nullable: true},
		},
		Relations: relations{"reports": sourceReports},
		Orders:    orders{"TITLE": orderText("title"), "DATE": orderDate("date")},
		Facets:    facets{"years": byYear("date"), "languages": byField("language")},
	})

	editionTable = document(read.Table{
		Name: "editions", Type: "Edition", Document: domain.Edition, Searched: &editionItems,
		Groups: groups{{Columns: []string{"introduction"}, Fields: []string{"introduction", "jsonLd"}}},
		Fields: fields{
			"number":      {Column: "number", Kind: read.Int},
			"title":       text("title"),
			"language":    language(),
			"periodStart": date("period_start"),
			"periodEnd":   date("period_end"),
		},
		Relations: relations{"series": editionSeries, "items": editionItems},
		Orders:    orders{"NUMBER": orderInt("number"), "TITLE": orderText("title"), "PERIOD_END": orderDate("period_end")},
		Facets:    facets{"years": byYear("publishedAt"), "languages": byField("language")},
	})

	seriesTable = document(read.Table{
		Name: "series", Type: "Series", Document: domain.Series,
		Groups: groups{{Columns: []string{"description"}, Fields: []string{"description", "jsonLd"}}},
		Fields: fields{
			"title":    text("title"),
			"cadence":  enum("cadence", domain.Cadences),
			"language": language(),
		},
		Relations: relations{"editions": seriesEditions},
		Orders:    orders{"TITLE": orderText("title")},
	})

	assetTable = document(read.Table{
		Name: "assets", Type: "Asset", Document: domain.Asset,
		Fields: fields{
			"url":       text("url"),
			"mediaType": inForm(canonical.MediaType, "media_type"),
			"size":      {Column: "size", Kind: read.Long, Nullable: true},
			"title":     optional(text("title")),
		},
		Orders: orders{
			"TITLE": optionalText("title"), "SIZE": {Column: "size", Kind: read.Long, Nullable: true},
		},
	})
)

// The rows that documents own.
var (
	footnoteTable = &read.Table{Name: "footnotes", Type: "Footnote"}
	citationTable = &read.Table{Name: "citations", Type: "Citation",
		Relations: relations{"source": citationSource}}

	contributionTable = &read.Table{Name: "contributions", Type: "Contribution",
		Relations: relations{"entity": contributionEntity}}

	nameTable = &read.Table{
		Name: "entity_names", Type: "EntityName",
		Fields: fields{
			"text":     text("text"),
			"language": optional(language()),
			"kind":     enum("kind", domain.NameKinds),
		},
	}

	identifierTable = &read.Table{
		Name: "entity_identifiers", Type: "EntityIdentifier",
		Fields: fields{"scheme": text("scheme"), "value": text("value")},
	}

	listingTable = &read.Table{
		Name: "listings", Type: "Listing",
		Fields: fields{
			"authority": text("authority"),
			"programme": optional(text("programme")),
			"listId":    optional(text("list_id")),
			"since":     date("since"),
			"until":     date("until"),
		},
		Relations: relations{"sources": citedBy("listing_id")},
	}

	observationTable = &read.Table{
		Name: "observations", Type: "Observation",
		Fields: fields{
			"observedOn": date("observed_on"),
			"language":   optional(language()),
			"reach":      {Column: "reach", Kind: read.Long, Nullable: true},
		},
		Relations: relations{"narrative": observationNarrative, "platform": observationPlatform, "sources": citedBy("observation_id")},
		Orders:    orders{"OBSERVED_ON": orderDate("observed_on"), "REACH": {Column: "reach", Kind: read.Long, Nullable: true}},
	}

	itemTable = &read.Table{
		Name: "edition_items", Type: "EditionItem",
		Fields: fields{
			"headline":   text("headline"),
			"occurredOn": date("occurred_on"),
		},
		Relations: relations{"entities": itemEntities, "tags": itemTags, "sources": citedBy("item_id")},
	}
)

// What is on the desk only. Their filters and orders are not in the schema;
// resolvers use them.
var (
	revisionTable = &read.Table{
		Name: "revisions", Type: "Revision",
		Orders: orders{"NUMBER": orderInt("number")},
		Never:  []string{"snapshot", "compressed"}, // package aggregate reads them
	}

	logTable = &read.Table{
		Name: "publication_entries", Type: "PublicationEntry", Key: "sequence",
		Fields: fields{"document": {Column: "document_id", Kind: read.ID}},
		Orders: orders{"SEQUENCE": {Column: "sequence", Kind: read.Int}},
	}

	// A key's hash is never shown.
	keyTable = &read.Table{
		Name: "api_keys", Type: "ApiKey", Never: []string{"hash", "creator_id"},
		Orders: orders{"CREATED_AT": {Column: "created_at", Kind: read.DateTime}},
	}

	personTable = &read.Table{
		Name: "people", Type: "Person",
		Orders: orders{"LAST_SEEN_AT": {Column: "last_seen_at", Kind: read.DateTime}},
	}

	auditTable = &read.Table{
		Name: "audit_entries", Type: "AuditEntry", Key: "sequence",
		Fields: fields{
			"action": text("action"),
			"actor":  {Column: "actor_id", Kind: read.ID, Nullable: true},
			"at":     {Column: "at", Kind: read.DateTime},
		},
		Orders: orders{"SEQUENCE": {Column: "sequence", Kind: read.Int}},
	}

	registeredTable = &read.Table{
		Name: "registered_documents", Type: "RegisteredDocument",
		Orders: orders{"REGISTERED_AT": {Column: "registered_at", Kind: read.DateTime}},
	}

	// A webhook's secrets are shown only when they are made.
	webhookTable = &read.Table{
		Name: "webhooks", Type: "Webhook", Never: []string{"secret", "previous_secret"},
		Fields: fields{"owner": {Column: "owner", Kind: read.ID, Nullable: true}},
		Orders: orders{"CREATED_AT": {Column: "created_at", Kind: read.DateTime}},
	}

	deliveryTable = &read.Table{
		Name: "webhook_deliveries", Type: "WebhookDelivery",
		Fields: fields{
			"webhook": {Column: "webhook_id", Kind: read.ID},
			"state":   enum("state", domain.DeliveryStates),
		},
		Orders: orders{"CREATED_AT": {Column: "created_at", Kind: read.DateTime}},
	}

	subscriberTable = &read.Table{
		Name: "subscribers", Type: "Subscriber", Never: []string{"email_hash", "soft_bounces", "soft_bounces_since"},
		Fields: fields{"emailHash": text("email_hash")},
		Orders: orders{"CREATED_AT": {Column: "created_at", Kind: read.DateTime}},
	}

	suppressionTable = &read.Table{
		Name: "suppressions", Type: "Suppression", Never: []string{"email_hash"},
		Fields: fields{"emailHash": text("email_hash")},
		Orders: orders{"AT": {Column: "at", Kind: read.DateTime}},
	}

	sendingTable = &read.Table{
		Name: "sendings", Type: "Sending", Never: []string{"worker", "worker_until", "failures"},
		Orders: orders{"CREATED_AT": {Column: "created_at", Kind: read.DateTime}},
	}

	scheduleTable = &read.Table{
		Name: "schedules", Type: "Schedule",
		Fields: fields{"status": enum("status", domain.ScheduleStatuses)},
		Orders: orders{"AT": {Column: "at", Kind: read.DateTime}},
	}
)
