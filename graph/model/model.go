package model

import (
	"github.com/redthread-api/redthread/ent"
	"github.com/redthread-api/redthread/graph/read"
)

// Node is anything with an id of its own.
type Node interface{ IsNode() }

// Document is a row of any type of document. Package ent marks them.
type Document interface {
	Node
	IsDocument()
}

// The connections and their edges.
type (
	ReportConnection       = read.Connection[ent.Report]
	ReportEdge             = read.Edge[ent.Report]
	NarrativeConnection    = read.Connection[ent.Narrative]
	NarrativeEdge          = read.Edge[ent.Narrative]
	EntityConnection       = read.Connection[ent.Entity]
	EntityEdge             = read.Edge[ent.Entity]
	RelationshipConnection = read.Connection[ent.Relationship]
	RelationshipEdge       = read.Edge[ent.Relationship]
	TagConnection          = read.Connection[ent.Tag]
	TagEdge                = read.Edge[ent.Tag]
	SourceConnection       = read.Connection[ent.Source]
	SourceEdge             = read.Edge[ent.Source]
	EditionConnection      = read.Connection[ent.Edition]
	EditionEdge            = read.Edge[ent.Edition]
	AssetConnection        = read.Connection[ent.Asset]
	AssetEdge              = read.Edge[ent.Asset]
	RevisionConnection     = read.Connection[ent.Revision]
	RevisionEdge           = read.Edge[ent.Revision]
	ScheduleConnection     = read.Connection[ent.Schedule]
	ScheduleEdge           = read.Edge[ent.Schedule]

	ApiKeyConnection             = read.Connection[ent.ApiKey]
	ApiKeyEdge                   = read.Edge[ent.ApiKey]
	PersonConnection             = read.Connection[ent.Person]
	PersonEdge                   = read.Edge[ent.Person]
	AuditEntryConnection         = read.Connection[ent.AuditEntry]
	AuditEntryEdge               = read.Edge[ent.AuditEntry]
	WebhookConnection            = read.Connection[ent.Webhook]
	WebhookEdge                  = read.Edge[ent.Webhook]
	WebhookDeliveryConnection    = read.Connection[ent.WebhookDelivery]
	WebhookDeliveryEdge          = read.Edge[ent.WebhookDelivery]
	RegisteredDocumentConnection = read.Connection[ent.RegisteredDocument]
	RegisteredDocumentEdge       = read.Edge[ent.RegisteredDocument]
)
