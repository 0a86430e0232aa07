// Package schema defines the tables of both stores, by hand: columns, references,
// ownership and indexes. The client in package db and the migrations of the desk and
// of live are generated from it.
//
// A foreign key with ON DELETE CASCADE says that a row is owned by the row it points
// to; any other foreign key is a reference. Package aggregate derives aggregates from
// that alone.
//
// Only shape and uniqueness are defined here. Rules are in packages aggregate and
// editorial, visibility is in package visibility.
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

// Document is the mixin with the columns of every document.
type Document struct{ mixin.Schema }

// Fields returns the columns of every document. Those from version on are not part of
// the snapshot of a revision.
func (Document) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.String("slug"),
		field.Int("marking").GoType(domain.Marking(0)).Default(int(domain.Clear)),
		field.Int("version").Default(1),
		field.Int("effective_marking").GoType(domain.Marking(0)).Default(int(domain.Unseen)).
			Comment("Live only: the lowest clearance that sees the row; set by the projector."),
		field.Time("created_at"),
		text("created_by"),
		field.Time("updated_at"),
		text("updated_by"),
		field.Time("published_at").Optional().Nillable(),
		text("published_by"),
		field.Int("live_version").Optional().Nillable().
			Comment("Desk only: the version that is live; null if the document is not live."),
		field.Time("deleted_at").Optional().Nillable(),
		text("deleted_by"),
	}
}

// Indexes returns the indexes of every document.
func (Document) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("slug").Unique(),
		index.Fields("published_at", "id", "effective_marking").
			Annotations(entsql.DescColumns("published_at", "id")),
		index.Fields("updated_at", "id"),
		index.Fields("created_at", "id"),
	}
}

// Row is the mixin with the columns of every owned row: an id, and a position among
// its siblings.
type Row struct{ mixin.Schema }

// Fields returns the columns of every owned row.
func (Row) Fields() []ent.Field {
	return []ent.Field{id(), field.Int("position").Default(0)}
}

// LinkRow is the mixin with the columns of a row that links a document to another. In live it
// has copies of two columns of its document, by which an index finds the documents of a
// target in the order of publication, and counts those that a viewer may see.
type LinkRow struct{ mixin.Schema }

// Fields returns the columns of every link.
func (LinkRow) Fields() []ent.Field {
	return append(Row{}.Fields(),
		field.Int64("owner_published").Optional().Nillable().
			Comment("Live only: when the document was published, in microseconds since 1970."),
		field.Int("owner_marking").Optional().Nillable().
			Comment("Live only: the effective marking of the document."))
}

func id() ent.Field {
	never := false
	return field.Int64("id").GoType(domain.ID(0)).
		Annotations(entsql.Annotation{Incremental: &never})
}

// text is a column for an optional text: null if there is none, never empty.
func text(name string) ent.Field { return field.String(name).Optional().Nillable() }

// date is a column for an optional domain.Date.
func date(name string) ent.Field {
	return field.String(name).GoType(domain.Date("")).Optional()
}

// sortKey is a column for the key that orders rows by the text of another column; see
// package collation. It is the lowest key if there is no text. It is null only in rows
// that a version of the program without keys has written.
func sortKey(column string) ent.Field { return field.Bytes(column + "_key").Optional() }

func ref(name string) ent.Field { return field.Int64(name).GoType(domain.ID(0)) }

func optionalRef(name string) ent.Field {
	return field.Int64(name).GoType(domain.ID(0)).Optional().Nillable()
}

// owned is an edge to the owner of a row, of type t. Deleting the owner deletes the
// row.
func owned(name string, t any) ent.Edge {
	return edge.To(name, t).Unique().Required().Field(name + "_id").
		Annotations(entsql.OnDelete(entsql.Cascade))
}

// ownedOptional is like owned, for a row with several possible owners.
func ownedOptional(name string, t any) ent.Edge {
	return edge.To(name, t).Unique().Field(name + "_id").
		Annotations(entsql.OnDelete(entsql.Cascade))
}

// refers is an edge for a reference from a row to a document.
func refers(name string, t any) ent.Edge {
	return edge.To(name, t).Unique().Required().Field(name + "_id").
		Annotations(entsql.OnDelete(entsql.NoAction))
}

// mayRefer is like refers, for an optional reference.
func mayRefer(name string, t any) ent.Edge {
	return edge.To(name, t).Unique().Field(name + "_id").
		Annotations(entsql.OnDelete(entsql.NoAction))
}

// linkOf returns the indexes of a row with the mixin LinkRow: those of link, and the one from
// the target in the order of publication. Only live has the latter: see package ddl.
func linkOf(owner, target string) []ent.Index {
	return append(link(owner, target),
		index.Fields(target, "owner_published", owner, "owner_marking").
			Annotations(entsql.DescColumns("owner_published", owner)))
}

// inOrder is the index of an order of lists: by a column, then by id.
func inOrder(column string) ent.Index { return index.Fields(column, "id") }

// byValue is the index of the documents with a value of a column, in the order of
// publication. Only live has it: see package ddl.
func byValue(column string) ent.Index {
	return index.Fields(column, "published_at", "id", "effective_marking").
		Annotations(entsql.DescColumns("published_at", "id"))
}

// link returns the two indexes of a row that links an owner to a document: from the
// owner in order, and back.
func link(owner, target string) []ent.Index {
	return []ent.Index{
		index.Fields(owner, "position", target),
		index.Fields(target, owner),
	}
}

// table is the annotation with the name of a table.
func table(name string) []schema.Annotation {
	return []schema.Annotation{entsql.Table(name)}
}
