package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// The tables below are the search index of a store: both stores have one. Package search
// says what is in them. They have no references, since they are derived from the documents.

func number(name string) ent.Field {
	never := false
	return field.Int64(name).Annotations(entsql.Annotation{Incremental: &never})
}

// SearchState is one row: what the index consists of.
type SearchState struct{ ent.Schema }

func (SearchState) Annotations() []schema.Annotation { return table("search_state") }
func (SearchState) Fields() []ent.Field {
	return []ent.Field{
		number("id"),
		field.Int64("version").Comment("Another one after each change of the index."),
		field.Bytes("manifest"),
	}
}

// SearchUnit is something that can be found: a document, or an item of an edition. Its id is that
// of the document or row.
type SearchUnit struct{ ent.Schema }

func (SearchUnit) Annotations() []schema.Annotation { return table("search_units") }
func (SearchUnit) Fields() []ent.Field {
	return []ent.Field{
		id(),
		ref("owner_id"),
		field.Int64("number").Comment("What stands for the unit in the index: dense, from 0."),
		field.Int64("hash").Comment("Of the content that was indexed, and of the version of the analyser."),
	}
}
func (SearchUnit) Indexes() []ent.Index { return []ent.Index{index.Fields("owner_id")} }

// SearchUnitBlock is what the index knows of the units with consecutive numbers.
type SearchUnitBlock struct{ ent.Schema }

func (SearchUnitBlock) Annotations() []schema.Annotation { return table("search_unit_blocks") }
func (SearchUnitBlock) Fields() []ent.Field {
	return []ent.Field{number("id"), field.Bytes("data"), field.Bytes("links")}
}

// SearchPending is the postings of units that were written together, until they are merged into a
// segment.
type SearchPending struct{ ent.Schema }

func (SearchPending) Annotations() []schema.Annotation { return table("search_pending") }
func (SearchPending) Fields() []ent.Field {
	return []ent.Field{number("id"), field.Bytes("data")}
}

// SearchSegment is a part of the index that does not change: its dictionary of blocks.
type SearchSegment struct{ ent.Schema }

func (SearchSegment) Annotations() []schema.Annotation { return table("search_segments") }
func (SearchSegment) Fields() []ent.Field {
	return []ent.Field{number("id"), field.Bytes("dictionary")}
}

// SearchBlock is the postings of consecutive terms of a segment.
type SearchBlock struct{ ent.Schema }

func (SearchBlock) Annotations() []schema.Annotation { return table("search_blocks") }
func (SearchBlock) Fields() []ent.Field {
	return []ent.Field{number("id"), field.Int64("segment"), field.Bytes("postings"), field.Bytes("positions")}
}
func (SearchBlock) Indexes() []ent.Index { return []ent.Index{index.Fields("segment")} }
