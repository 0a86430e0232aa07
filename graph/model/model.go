package model

import (
	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/read"
)

// Node is an object with an id.
type Node interface{ IsNode() }

// Document is a row of any type of document. Package db generates the methods.
type Document interface {
	Node
	IsDocument()
}

// The connections and their edges.
type (
	ReportConnection       = read.Connection[db.Report]
	ReportEdge             = read.Edge[db.Report]
	NarrativeConnection    = read.Connection[db.Narrative]
	NarrativeEdge          = read.Edge[db.Narrative]
	ObservationConnection  = read.Connection[db.Observation]
	ObservationEdge        = read.Edge[db.Observation]
	EntityConnection       = read.Connection[db.Entity]
	EntityEdge             = read.Edge[db.Entity]
	RelationshipConnection = read.Connection[db.Relationship]
	RelationshipEdge       = read.Edge[db.Relationship]
	TagConnection          = read.Connection[db.Tag]
	TagEdge                = read.Edge[db.Tag]
	SourceConnection       = read.Connection[db.Source]
	SourceEdge             = read.Edge[db.Source]
	EditionConnection      = read.Connection[db.Edition]
	EditionEdge            = read.Edge[db.Edition]
	AssetConnection        = read.Connection[db.Asset]
	AssetEdge              = read.Edge[db.Asset]
	SeriesConnection       = read.Connection[db.Series]
	SeriesEdge             = read.Edge[db.Series]
	RevisionConnection     = read.Connection[db.Revision]
	RevisionEdge           = read.Edge[db.Revision]
	ScheduleConnection     = read.Connection[db.Schedule]
	ScheduleEdge           = read.Edge[db.Schedule]

	ApiKeyConnection             = read.Connection[db.ApiKey]
	ApiKeyEdge                   = read.Edge[db.ApiKey]
	PersonConnection             = read.Connection[db.Person]
	PersonEdge                   = read.Edge[db.Person]
	AuditEntryConnection         = read.Connection[db.AuditEntry]
	AuditEntryEdge               = read.Edge[db.AuditEntry]
	WebhookConnection            = read.Connection[db.Webhook]
	WebhookEdge                  = read.Edge[db.Webhook]
	WebhookDeliveryConnection    = read.Connection[db.WebhookDelivery]
	WebhookDeliveryEdge          = read.Edge[db.WebhookDelivery]
	SubscriberConnection         = read.Connection[db.Subscriber]
	SubscriberEdge               = read.Edge[db.Subscriber]
	SuppressionConnection        = read.Connection[db.Suppression]
	SuppressionEdge              = read.Edge[db.Suppression]
	RegisteredDocumentConnection = read.Connection[db.RegisteredDocument]
	RegisteredDocumentEdge       = read.Edge[db.RegisteredDocument]
)

// TagFacet is a tag by which a list can be narrowed.
type TagFacet struct {
	Tag          *db.Tag
	Value, Label string
	Count        int
	Filter       any
}

// EntityFacet is an entity by which a list can be narrowed.
type EntityFacet struct {
	Entity       *db.Entity
	Value, Label string
	Count        int
	Filter       any
}
