package schema

import (
	"strings"

	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/redthread-api/redthread/internal/domain"
)

// The tables below are on the desk only, but for the last two.

// Revision is a document's aggregate as it was saved.
type Revision struct{ ent.Schema }

func (Revision) Annotations() []schema.Annotation { return table("revisions") }
func (Revision) Fields() []ent.Field {
	return []ent.Field{
		id(),
		ref("document_id"),
		field.Int("number"),
		field.Text("snapshot"),
		field.String("hash"),
		field.String("author"),
		text("message"),
		field.Time("created_at"),
	}
}
func (Revision) Indexes() []ent.Index {
	return []ent.Index{index.Fields("document_id", "number").Unique()}
}

// PublicationEntry is one line of the publication log. Its id is the
// sequence: 1, 2, 3, without a gap.
type PublicationEntry struct{ ent.Schema }

func (PublicationEntry) Annotations() []schema.Annotation { return table("publication_entries") }
func (PublicationEntry) Fields() []ent.Field {
	never := false
	return []ent.Field{
		field.Int64("id").StorageKey("sequence").Annotations(entsql.Annotation{Incremental: &never}),
		field.Int64("release").Comment("The sequence of the last entry of the release."),
		field.String("action"),
		ref("document_id"),
		field.Int("revision").Comment("The revision whose snapshot went live; 0 for UNPUBLISH."),
		field.Time("at"),
		field.Time("published_at").Comment("The date that the document bears."),
		field.String("actor"),
		text("message"),
	}
}
func (PublicationEntry) Indexes() []ent.Index {
	return []ent.Index{index.Fields("release"), index.Fields("document_id")}
}

// PublicationLog is the identity of the publication log: one row, made with
// the first use of the desk. Live keeps it beside how far it has come.
type PublicationLog struct{ ent.Schema }

func (PublicationLog) Annotations() []schema.Annotation { return table("publication_log") }
func (PublicationLog) Fields() []ent.Field {
	return []ent.Field{
		id(), field.String("identity"), field.Time("created_at"),
		field.Time("put_back_at").Optional().Nillable().
			Comment("When live was last rebuilt because it did not fit the log: what was sent to webhooks before that is not all known."),
	}
}

// LiveDocument is what the desk knows of a document that is live, written by
// the release that made it so. Its id is the document's.
type LiveDocument struct{ ent.Schema }

func (LiveDocument) Annotations() []schema.Annotation { return table("live_documents") }
func (LiveDocument) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.Int("version"),
		field.Int("marking").GoType(domain.Marking(0)).Comment("The document's own, as it is live."),
	}
}

// LiveReference says that a live document refers to another one: in a row of
// its own, or, where mention is true, in a text.
type LiveReference struct{ ent.Schema }

func (LiveReference) Annotations() []schema.Annotation { return table("live_references") }
func (LiveReference) Fields() []ent.Field {
	return []ent.Field{field.Int64("id"), ref("document_id"), ref("target_id"), field.Bool("mention")}
}
func (LiveReference) Indexes() []ent.Index {
	return []ent.Index{index.Fields("document_id"), index.Fields("target_id", "mention")}
}

// Mention says that a text of a document on the desk names another document:
// an entity in an entity link, a source in a footnote.
type Mention struct{ ent.Schema }

func (Mention) Annotations() []schema.Annotation { return table("mentions") }
func (Mention) Fields() []ent.Field {
	return []ent.Field{field.Int64("id"), ref("document_id"), ref("target_id")}
}
func (Mention) Indexes() []ent.Index {
	return []ent.Index{index.Fields("document_id"), index.Fields("target_id")}
}

// Schedule is a publication that is to happen at a time.
type Schedule struct{ ent.Schema }

func (Schedule) Annotations() []schema.Annotation { return table("schedules") }
func (Schedule) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.String("action"),
		field.Time("at"),
		field.Strings("documents"),
		field.String("references"),
		text("message"),
		field.String("status"),
		text("error"),
		field.Int64("sequence").Optional().Nillable(),
		field.String("created_by"),
		field.Time("created_at"),
		field.Time("done_at").Optional().Nillable(),
	}
}
func (Schedule) Indexes() []ent.Index { return []ent.Index{index.Fields("status", "at")} }

// Projection is in live only: its one row says how far live has come.
type Projection struct{ ent.Schema }

func (Projection) Annotations() []schema.Annotation { return table("projection") }
func (Projection) Fields() []ent.Field {
	return []ent.Field{
		id(), field.Int64("applied_sequence"), field.Time("applied_at"),
		field.Int64("history").Default(0).Comment("Which history of changes this is: random, and another after live was lost."),
		field.String("log").Default("").Comment("The identity of the publication log that live is a projection of."),
		field.String("entry_hash").Default("").Comment("The hash of the last entry of the log that was applied."),
	}
}

// Change is in live only: what a release changed about one document, for each
// clearance. The numbers are those of content.ChangeKind; 0 says that a viewer
// of the clearance has seen nothing of it.
type Change struct{ ent.Schema }

func (Change) Annotations() []schema.Annotation { return table("changes") }
func (Change) Fields() []ent.Field {
	never := false
	fields := []ent.Field{
		field.Int64("id").Annotations(entsql.Annotation{Incremental: &never}),
		field.Int64("at").Comment("When, in microseconds since 1970: the same for a whole release, and later than that of the one before."),
		ref("document_id"),
		field.Int("type"),
	}
	for _, marking := range domain.Markings {
		fields = append(fields, field.Int(strings.ToLower(marking)).Default(0))
	}
	return fields
}

// Indexes of which each clearance has its own, so that what others see takes
// no time to skip.
func (Change) Indexes() []ent.Index {
	var indexes []ent.Index
	for _, marking := range domain.Markings {
		column := strings.ToLower(marking)
		indexes = append(indexes, index.Fields("at", "document_id").StorageKey("change_"+column).
			Annotations(entsql.IndexWhere(column+" > 0")))
	}
	return indexes
}
