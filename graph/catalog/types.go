package catalog

import (
	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/apikey"
	"github.com/redthread-api/redthread/ent/db/asset"
	"github.com/redthread-api/redthread/ent/db/auditentry"
	"github.com/redthread-api/redthread/ent/db/citation"
	"github.com/redthread-api/redthread/ent/db/contribution"
	"github.com/redthread-api/redthread/ent/db/edition"
	"github.com/redthread-api/redthread/ent/db/editionitem"
	"github.com/redthread-api/redthread/ent/db/entity"
	"github.com/redthread-api/redthread/ent/db/entityidentifier"
	"github.com/redthread-api/redthread/ent/db/entityname"
	"github.com/redthread-api/redthread/ent/db/footnote"
	"github.com/redthread-api/redthread/ent/db/listing"
	"github.com/redthread-api/redthread/ent/db/narrative"
	"github.com/redthread-api/redthread/ent/db/observation"
	"github.com/redthread-api/redthread/ent/db/person"
	"github.com/redthread-api/redthread/ent/db/publicationentry"
	"github.com/redthread-api/redthread/ent/db/registereddocument"
	"github.com/redthread-api/redthread/ent/db/relationship"
	"github.com/redthread-api/redthread/ent/db/report"
	"github.com/redthread-api/redthread/ent/db/revision"
	"github.com/redthread-api/redthread/ent/db/schedule"
	"github.com/redthread-api/redthread/ent/db/sending"
	"github.com/redthread-api/redthread/ent/db/series"
	"github.com/redthread-api/redthread/ent/db/source"
	"github.com/redthread-api/redthread/ent/db/subscriber"
	"github.com/redthread-api/redthread/ent/db/suppression"
	"github.com/redthread-api/redthread/ent/db/tag"
	"github.com/redthread-api/redthread/ent/db/webhook"
	"github.com/redthread-api/redthread/ent/db/webhookdelivery"
	"github.com/redthread-api/redthread/graph/read"
)

// The documents.
var (
	Reports       = read.NewType(reportTable, report.Columns, func(c *db.Client) *db.ReportQuery { return c.Report.Query() })
	Narratives    = read.NewType(narrativeTable, narrative.Columns, func(c *db.Client) *db.NarrativeQuery { return c.Narrative.Query() })
	Entities      = read.NewType(entityTable, entity.Columns, func(c *db.Client) *db.EntityQuery { return c.Entity.Query() })
	Relationships = read.NewType(relationshipTable, relationship.Columns, func(c *db.Client) *db.RelationshipQuery { return c.Relationship.Query() })
	Tags          = read.NewType(tagTable, tag.Columns, func(c *db.Client) *db.TagQuery { return c.Tag.Query() })
	Sources       = read.NewType(sourceTable, source.Columns, func(c *db.Client) *db.SourceQuery { return c.Source.Query() })
	Editions      = read.NewType(editionTable, edition.Columns, func(c *db.Client) *db.EditionQuery { return c.Edition.Query() })
	Series        = read.NewType(seriesTable, series.Columns, func(c *db.Client) *db.SeriesQuery { return c.Series.Query() })
	Assets        = read.NewType(assetTable, asset.Columns, func(c *db.Client) *db.AssetQuery { return c.Asset.Query() })
)

// The rows that documents own.
var (
	Footnotes     = read.NewType(footnoteTable, footnote.Columns, func(c *db.Client) *db.FootnoteQuery { return c.Footnote.Query() })
	Contributions = read.NewType(contributionTable, contribution.Columns, func(c *db.Client) *db.ContributionQuery { return c.Contribution.Query() })
	Citations     = read.NewType(citationTable, citation.Columns, func(c *db.Client) *db.CitationQuery { return c.Citation.Query() })
	Names         = read.NewType(nameTable, entityname.Columns, func(c *db.Client) *db.EntityNameQuery { return c.EntityName.Query() })
	Identifiers   = read.NewType(identifierTable, entityidentifier.Columns, func(c *db.Client) *db.EntityIdentifierQuery { return c.EntityIdentifier.Query() })
	Listings      = read.NewType(listingTable, listing.Columns, func(c *db.Client) *db.ListingQuery { return c.Listing.Query() })
	Observations  = read.NewType(observationTable, observation.Columns, func(c *db.Client) *db.ObservationQuery { return c.Observation.Query() })
	Items         = read.NewType(itemTable, editionitem.Columns, func(c *db.Client) *db.EditionItemQuery { return c.EditionItem.Query() })
)

// What is on the desk only.
var (
	Revisions           = read.NewType(revisionTable, revision.Columns, func(c *db.Client) *db.RevisionQuery { return c.Revision.Query() })
	PublicationLog      = read.NewType(logTable, publicationentry.Columns, func(c *db.Client) *db.PublicationEntryQuery { return c.PublicationEntry.Query() })
	ApiKeys             = read.NewType(keyTable, apikey.Columns, func(c *db.Client) *db.ApiKeyQuery { return c.ApiKey.Query() })
	People              = read.NewType(personTable, person.Columns, func(c *db.Client) *db.PersonQuery { return c.Person.Query() })
	AuditLog            = read.NewType(auditTable, auditentry.Columns, func(c *db.Client) *db.AuditEntryQuery { return c.AuditEntry.Query() })
	RegisteredDocuments = read.NewType(registeredTable, registereddocument.Columns, func(c *db.Client) *db.RegisteredDocumentQuery { return c.RegisteredDocument.Query() })
	Webhooks            = read.NewType(webhookTable, webhook.Columns, func(c *db.Client) *db.WebhookQuery { return c.Webhook.Query() })
	Subscribers         = read.NewType(subscriberTable, subscriber.Columns, func(c *db.Client) *db.SubscriberQuery { return c.Subscriber.Query() })
	Suppressions        = read.NewType(suppressionTable, suppression.Columns, func(c *db.Client) *db.SuppressionQuery { return c.Suppression.Query() })
	Sendings            = read.NewType(sendingTable, sending.Columns, func(c *db.Client) *db.SendingQuery { return c.Sending.Query() })
	WebhookDeliveries   = read.NewType(deliveryTable, webhookdelivery.Columns, func(c *db.Client) *db.WebhookDeliveryQuery { return c.WebhookDelivery.Query() })
	Schedules           = read.NewType(scheduleTable, schedule.Columns, func(c *db.Client) *db.ScheduleQuery { return c.Schedule.Query() })
)
