package catalog

import (
	"github.com/redthread-api/redthread/ent"
	"github.com/redthread-api/redthread/ent/apikey"
	"github.com/redthread-api/redthread/ent/asset"
	"github.com/redthread-api/redthread/ent/auditentry"
	"github.com/redthread-api/redthread/ent/citation"
	"github.com/redthread-api/redthread/ent/contribution"
	"github.com/redthread-api/redthread/ent/edition"
	"github.com/redthread-api/redthread/ent/editionitem"
	"github.com/redthread-api/redthread/ent/entity"
	"github.com/redthread-api/redthread/ent/entityidentifier"
	"github.com/redthread-api/redthread/ent/entityname"
	"github.com/redthread-api/redthread/ent/footnote"
	"github.com/redthread-api/redthread/ent/listing"
	"github.com/redthread-api/redthread/ent/narrative"
	"github.com/redthread-api/redthread/ent/observation"
	"github.com/redthread-api/redthread/ent/person"
	"github.com/redthread-api/redthread/ent/publicationentry"
	"github.com/redthread-api/redthread/ent/registereddocument"
	"github.com/redthread-api/redthread/ent/relationship"
	"github.com/redthread-api/redthread/ent/report"
	"github.com/redthread-api/redthread/ent/revision"
	"github.com/redthread-api/redthread/ent/schedule"
	"github.com/redthread-api/redthread/ent/source"
	"github.com/redthread-api/redthread/ent/tag"
	"github.com/redthread-api/redthread/ent/webhook"
	"github.com/redthread-api/redthread/ent/webhookdelivery"
	"github.com/redthread-api/redthread/graph/read"
)

// The documents.
var (
	Reports       = read.NewType(reportTable, report.Columns, func(c *ent.Client) *ent.ReportQuery { return c.Report.Query() })
	Narratives    = read.NewType(narrativeTable, narrative.Columns, func(c *ent.Client) *ent.NarrativeQuery { return c.Narrative.Query() })
	Entities      = read.NewType(entityTable, entity.Columns, func(c *ent.Client) *ent.EntityQuery { return c.Entity.Query() })
	Relationships = read.NewType(relationshipTable, relationship.Columns, func(c *ent.Client) *ent.RelationshipQuery { return c.Relationship.Query() })
	Tags          = read.NewType(tagTable, tag.Columns, func(c *ent.Client) *ent.TagQuery { return c.Tag.Query() })
	Sources       = read.NewType(sourceTable, source.Columns, func(c *ent.Client) *ent.SourceQuery { return c.Source.Query() })
	Editions      = read.NewType(editionTable, edition.Columns, func(c *ent.Client) *ent.EditionQuery { return c.Edition.Query() })
	Assets        = read.NewType(assetTable, asset.Columns, func(c *ent.Client) *ent.AssetQuery { return c.Asset.Query() })
)

// The rows that documents own.
var (
	Footnotes     = read.NewType(footnoteTable, footnote.Columns, func(c *ent.Client) *ent.FootnoteQuery { return c.Footnote.Query() })
	Contributions = read.NewType(contributionTable, contribution.Columns, func(c *ent.Client) *ent.ContributionQuery { return c.Contribution.Query() })
	Citations     = read.NewType(citationTable, citation.Columns, func(c *ent.Client) *ent.CitationQuery { return c.Citation.Query() })
	Names         = read.NewType(nameTable, entityname.Columns, func(c *ent.Client) *ent.EntityNameQuery { return c.EntityName.Query() })
	Identifiers   = read.NewType(identifierTable, entityidentifier.Columns, func(c *ent.Client) *ent.EntityIdentifierQuery { return c.EntityIdentifier.Query() })
	Listings      = read.NewType(listingTable, listing.Columns, func(c *ent.Client) *ent.ListingQuery { return c.Listing.Query() })
	Observations  = read.NewType(observationTable, observation.Columns, func(c *ent.Client) *ent.ObservationQuery { return c.Observation.Query() })
	Items         = read.NewType(itemTable, editionitem.Columns, func(c *ent.Client) *ent.EditionItemQuery { return c.EditionItem.Query() })
)

// What is on the desk only.
var (
	Revisions           = read.NewType(revisionTable, revision.Columns, func(c *ent.Client) *ent.RevisionQuery { return c.Revision.Query() })
	Log                 = read.NewType(logTable, publicationentry.Columns, func(c *ent.Client) *ent.PublicationEntryQuery { return c.PublicationEntry.Query() })
	ApiKeys             = read.NewType(keyTable, apikey.Columns, func(c *ent.Client) *ent.ApiKeyQuery { return c.ApiKey.Query() })
	People              = read.NewType(personTable, person.Columns, func(c *ent.Client) *ent.PersonQuery { return c.Person.Query() })
	Audit               = read.NewType(auditTable, auditentry.Columns, func(c *ent.Client) *ent.AuditEntryQuery { return c.AuditEntry.Query() })
	RegisteredDocuments = read.NewType(registeredTable, registereddocument.Columns, func(c *ent.Client) *ent.RegisteredDocumentQuery { return c.RegisteredDocument.Query() })
	Webhooks            = read.NewType(webhookTable, webhook.Columns, func(c *ent.Client) *ent.WebhookQuery { return c.Webhook.Query() })
	WebhookDeliveries   = read.NewType(deliveryTable, webhookdelivery.Columns, func(c *ent.Client) *ent.WebhookDeliveryQuery { return c.WebhookDelivery.Query() })
	Schedules           = read.NewType(scheduleTable, schedule.Columns, func(c *ent.Client) *ent.ScheduleQuery { return c.Schedule.Query() })
)
