package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/redthread-api/redthread/internal/domain"
)

// Tag is a term of a vocabulary, in a tree.
type Tag struct{ ent.Schema }

func (Tag) Mixin() []ent.Mixin               { return []ent.Mixin{Document{}} }
func (Tag) Annotations() []schema.Annotation { return table("tags") }
func (Tag) Fields() []ent.Field {
	return []ent.Field{
		field.String("label"),
		text("description"),
		field.String("vocabulary"),
		optionalRef("parent_id"),
		sortKey("label"),
	}
}
func (Tag) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("children", Tag.Type).Annotations(entsql.OnDelete(entsql.NoAction)).
			From("parent").Unique().Field("parent_id"),
	}
}
func (Tag) Indexes() []ent.Index {
	return []ent.Index{index.Fields("parent_id"), index.Fields("label", "id"), inOrder("label_key")}
}

// Source is a source that citations refer to.
type Source struct{ ent.Schema }

func (Source) Mixin() []ent.Mixin               { return []ent.Mixin{Document{}} }
func (Source) Annotations() []schema.Annotation { return table("sources") }
func (Source) Fields() []ent.Field {
	return []ent.Field{
		field.String("title"),
		text("url"),
		text("publisher"),
		field.String("date").GoType(domain.Date("")).Optional(),
		date("accessed"),
		text("archive_url"),
		text("language"),
		text("reliability"),
		field.Int("credibility").Optional().Nillable(),
		sortKey("title"),
	}
}
func (Source) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("url"),
		index.Fields("title", "id"), inOrder("title_key"), inOrder("date"),
	}
}

// Asset is the metadata of a file.
type Asset struct{ ent.Schema }

func (Asset) Mixin() []ent.Mixin               { return []ent.Mixin{Document{}} }
func (Asset) Annotations() []schema.Annotation { return table("assets") }
func (Asset) Fields() []ent.Field {
	return []ent.Field{
		field.String("url"),
		field.String("media_type"),
		field.Int64("size").Optional().Nillable(),
		text("alt_text"),
		text("title"),
		sortKey("title"),
	}
}
func (Asset) Indexes() []ent.Index { return []ent.Index{inOrder("title_key"), inOrder("size")} }

// Alias is a former slug or a former id of a document, which still resolves to it.
type Alias struct{ ent.Schema }

func (Alias) Annotations() []schema.Annotation { return table("aliases") }
func (Alias) Fields() []ent.Field {
	return []ent.Field{
		id(),
		ref("document_id"),
		field.Uint8("type").GoType(domain.Type(0)),
		text("slug"),
		optionalRef("former_id"),
	}
}
func (Alias) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("document_id"),
		index.Fields("type", "slug").Unique(),
		index.Fields("former_id").Unique(),
	}
}
