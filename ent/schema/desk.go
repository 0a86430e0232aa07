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
