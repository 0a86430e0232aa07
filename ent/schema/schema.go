// Package schema holds the tables of both stores, written by hand: columns,
// references, ownership and indexes. The client in package db is generated
// from it, and so are the migrations of the desk and of live.
//
// A foreign key with ON DELETE CASCADE says that a row is owned by the row it
// points to; any other foreign key is a reference. Package content derives
// what an aggregate is from that and from nothing else.
//
// Shape and uniqueness live here. Rules live in package content, visibility
// in package store.
package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"entgo.io/ent/schema/mixin"

	"github.com/redthread-api/redthread/internal/domain"
)

// Document is what every document has.
type Document struct{ mixin.Schema }

// Fields of every document. The ones from version on are bookkeeping: they
// are not part of a revision's snapshot.
func (Document) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.String("slug"),
		field.Int("marking").GoType(domain.Marking(0)).Default(int(domain.Clear)),
		field.Int("version").Default(1),
		field.Int("effective_marking").GoType(domain.Marking(0)).Default(int(domain.Unseen)).
			Comment("Live only: the lowest clearance that sees the row; kept by the projector."),
		field.Time("created_at"),
		text("created_by"),
		field.Time("updated_at"),
		text("updated_by"),
		field.Time("published_at").Optional().Nillable(),
		text("published_by"),
		field.Int("live_version").Optional().Nillable().
			Comment("Desk only: the version that is live; null when the document is not."),
		field.Time("deleted_at").Optional().Nillable(),
		text("deleted_by"),
	}
}

// Indexes of every document.
func (Document) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("slug").Unique(),
		index.Fields("published_at", "id", "effective_marking").
			Annotations(entsql.DescColumns("published_at", "id")),
		index.Fields("updated_at", "id"),
		index.Fields("created_at", "id"),
	}
}

// Row is what every owned row has: an id, and a place among its siblings.
type Row struct{ mixin.Schema }

// Fields of every owned row.
func (Row) Fields() []ent.Field {
	return []ent.Field{id(), field.Int("position").Default(0)}
}

func id() ent.Field {
	never := false
	return field.Int64("id").GoType(domain.ID(0)).
		Annotations(entsql.Annotation{Incremental: &never})
}

// text is an optional text: null when there is none, never empty.
func text(name string) ent.Field { return field.String(name).Optional().Nillable() }

// date is an optional domain.Date.
func date(name string) ent.Field {
	return field.String(name).GoType(domain.Date("")).Optional()
}

// sortKey is the key that orders rows by the text of a column, the lowest where
// there is no text. It follows from the text: see package collation. It is null
// only in a row that a version of the program without keys has written.
func sortKey(column string) ent.Field { return field.Bytes(column + "_key").Optional() }

func ref(name string) ent.Field { return field.Int64(name).GoType(domain.ID(0)) }

func optionalRef(name string) ent.Field {
	return field.Int64(name).GoType(domain.ID(0)).Optional().Nillable()
}

// owned says that the row belongs to the row of type t and goes with it.
func owned(name string, t any) ent.Edge {
	return edge.To(name, t).Unique().Required().Field(name + "_id").
		Annotations(entsql.OnDelete(entsql.Cascade))
}

// ownedOptional is owned for a row with several possible owners.
func ownedOptional(name string, t any) ent.Edge {
	return edge.To(name, t).Unique().Field(name + "_id").
		Annotations(entsql.OnDelete(entsql.Cascade))
}

// refers says that the row refers to a document.
func refers(name string, t any) ent.Edge {
	return edge.To(name, t).Unique().Required().Field(name + "_id").
		Annotations(entsql.OnDelete(entsql.NoAction))
}

// mayRefer is refers for an optional reference.
func mayRefer(name string, t any) ent.Edge {
	return edge.To(name, t).Unique().Field(name + "_id").
		Annotations(entsql.OnDelete(entsql.NoAction))
}

// link is the index pair of a row that links an owner to a document: from the
// owner in order, and back.
func link(owner, target string) []ent.Index {
	return []ent.Index{
		index.Fields(owner, "position", target),
		index.Fields(target, owner),
	}
}

func table(name string) []schema.Annotation {
	return []schema.Annotation{entsql.Table(name)}
}
