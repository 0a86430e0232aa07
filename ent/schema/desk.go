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

// The tables below are on the desk only, except Projection and Change.

// Revision is the snapshot of a document at one save.
type Revision struct{ ent.Schema }

func (Revision) Annotations() []schema.Annotation { return table("revisions") }
func (Revision) Fields() []ent.Field {
	return []ent.Field{
		id(),
		ref("document_id"),
		field.Int("number"),
		field.Text("snapshot").Comment("Empty where the snapshot is compressed."),
		field.Bytes("compressed").Optional().Comment("The snapshot in the form that package aggregate writes and reads."),
		field.String("hash").Comment("The SHA-256 of the snapshot as it is without compression."),
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
		field.Time("published_at").Comment("The date of publication that the document shows."),
		field.String("actor"),
		text("message"),
	}
}
func (PublicationEntry) Indexes() []ent.Index {
	return []ent.Index{index.Fields("release"), index.Fields("document_id")}
}

// PublicationLog is the identity of the publication log: one row, made at the first
// use of the desk. Live stores it beside the sequence that it has applied.
type PublicationLog struct{ ent.Schema }

func (PublicationLog) Annotations() []schema.Annotation { return table("publication_log") }
func (PublicationLog) Fields() []ent.Field {
	return []ent.Field{
		id(), field.String("identity"), field.Time("created_at"),
		field.Time("put_back_at").Optional().Nillable().
			Comment("When live was last rebuilt because it did not match the log: what was sent to webhooks before that is not fully known."),
		field.Time("names_indexed_at").Optional().Nillable().
			Comment("Since when all documents have the keys of their names, also those that versions without keys have saved."),
	}
}

// LiveDocument is the desk's record of a document that is live. The release that
// published it writes it. Its id is that of the document.
type LiveDocument struct{ ent.Schema }

func (LiveDocument) Annotations() []schema.Annotation { return table("live_documents") }
func (LiveDocument) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.Int("version"),
		field.Int("marking").GoType(domain.Marking(0)).Comment("The document's own marking in live."),
	}
}

// LiveReference is a reference from a live document to another one: in a row of the
// document or, if mention is true, in a text.
type LiveReference struct{ ent.Schema }

func (LiveReference) Annotations() []schema.Annotation { return table("live_references") }
func (LiveReference) Fields() []ent.Field {
	return []ent.Field{field.Int64("id"), ref("document_id"), ref("target_id"), field.Bool("mention")}
}
func (LiveReference) Indexes() []ent.Index {
	return []ent.Index{index.Fields("document_id"), index.Fields("target_id", "mention")}
}

// Mention is a reference from a text of a document on the desk to another document: to
// an entity in an entity link, to a source in a footnote.
type Mention struct{ ent.Schema }

func (Mention) Annotations() []schema.Annotation { return table("mentions") }
func (Mention) Fields() []ent.Field {
	return []ent.Field{field.Int64("id"), ref("document_id"), ref("target_id")}
}
func (Mention) Indexes() []ent.Index {
	return []ent.Index{index.Fields("document_id"), index.Fields("target_id")}
}

// Schedule is a publication, or its opposite, at a time in the future.
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

// Projection is in live only: one row with the sequence that live has applied.
type Projection struct{ ent.Schema }

func (Projection) Annotations() []schema.Annotation { return table("projection") }
func (Projection) Fields() []ent.Field {
	return []ent.Field{
		id(), field.Int64("applied_sequence"), field.Time("applied_at"),
		field.Int64("history").Default(0).Comment("The identity of the history of changes: random, and a new one after live was lost."),
		field.String("log").Default("").Comment("The identity of the publication log that live is a projection of."),
		field.String("entry_hash").Default("").Comment("The hash of the last entry of the log that was applied."),
		field.Int64("rebuild_sequence").Default(0).Comment("The last entry of the log that a rebuild which has not ended has written; 0 without one."),
		field.String("rebuild_hash").Default("").Comment("The identity of its log, and the hash of that entry; where live is made anew, also the entry up to which that is done, and its hash."),
	}
}

// LiveStep is in live only: what the latest steps of live changed, for caches of what was
// read from it. See package dependency for the keys.
type LiveStep struct{ ent.Schema }

func (LiveStep) Annotations() []schema.Annotation { return table("live_steps") }
func (LiveStep) Fields() []ent.Field {
	never := false
	return []ent.Field{
		field.Int64("id").Annotations(entsql.Annotation{Incremental: &never}).Comment("The sequence that live had applied after the step."),
		field.Int64("at").Comment("When that was, in microseconds since 1970."),
		field.Int64("previous").Comment("The sequence that live had applied before the step."),
		field.Int64("previous_at"),
		field.Bytes("keys").Comment("The keys with the clearances for which they changed, as package projection encodes them."),
	}
}

// Change is in live only: what a release changed about one document, for each
// clearance. The numbers are those of projection.ChangeKind; 0 says that nothing
// changed for viewers of the clearance.
type Change struct{ ent.Schema }

func (Change) Annotations() []schema.Annotation { return table("changes") }
func (Change) Fields() []ent.Field {
	never := false
	fields := []ent.Field{
		field.Int64("id").Annotations(entsql.Annotation{Incremental: &never}),
		field.Int64("at").Comment("The time in microseconds since 1970: the same for a whole release, and later than that of the release before."),
		ref("document_id"),
		field.Int("type"),
	}
	for _, marking := range domain.Markings {
		fields = append(fields, field.Int(strings.ToLower(marking)).Default(0))
	}
	return fields
}

// Indexes returns an index for each clearance, so that skipping changes that only
// others see takes no time.
func (Change) Indexes() []ent.Index {
	var indexes []ent.Index
	for _, marking := range domain.Markings {
		column := strings.ToLower(marking)
		indexes = append(indexes, index.Fields("at", "document_id").StorageKey("change_"+column).
			Annotations(entsql.IndexWhere(column+" > 0")))
	}
	return indexes
}
