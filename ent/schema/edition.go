package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Edition is a number of a series, with ordered items.
type Edition struct{ ent.Schema }

func (Edition) Mixin() []ent.Mixin               { return []ent.Mixin{Document{}} }
func (Edition) Annotations() []schema.Annotation { return table("editions") }
func (Edition) Fields() []ent.Field {
	return []ent.Field{
		field.String("series"),
		field.Int("number"),
		field.String("title"),
		text("introduction"),
		field.String("language"),
		date("period_start"),
		date("period_end"),
		sortKey("title"),
	}
}
func (Edition) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("series", "number").Unique(),
		inOrder("title_key"), inOrder("number"), inOrder("period_end"),
	}
}

// EditionItem is one event or policy that an edition reports.
type EditionItem struct{ ent.Schema }

func (EditionItem) Mixin() []ent.Mixin               { return []ent.Mixin{Row{}} }
func (EditionItem) Annotations() []schema.Annotation { return table("edition_items") }
func (EditionItem) Fields() []ent.Field {
	return []ent.Field{
		ref("edition_id"),
		field.String("headline"),
		date("occurred_on"),
		field.Text("summary"),
		text("analysis"),
	}
}
func (EditionItem) Edges() []ent.Edge    { return []ent.Edge{owned("edition", Edition.Type)} }
func (EditionItem) Indexes() []ent.Index { return []ent.Index{index.Fields("edition_id", "position")} }

// ItemEntity links an edition's item to an entity.
type ItemEntity struct{ ent.Schema }

func (ItemEntity) Mixin() []ent.Mixin               { return []ent.Mixin{Row{}} }
func (ItemEntity) Annotations() []schema.Annotation { return table("item_entities") }
func (ItemEntity) Fields() []ent.Field              { return []ent.Field{ref("item_id"), ref("entity_id")} }
func (ItemEntity) Edges() []ent.Edge {
	return []ent.Edge{owned("item", EditionItem.Type), refers("entity", Entity.Type)}
}
func (ItemEntity) Indexes() []ent.Index { return link("item_id", "entity_id") }

// ItemTag links an edition's item to a tag.
type ItemTag struct{ ent.Schema }

func (ItemTag) Mixin() []ent.Mixin               { return []ent.Mixin{Row{}} }
func (ItemTag) Annotations() []schema.Annotation { return table("item_tags") }
func (ItemTag) Fields() []ent.Field              { return []ent.Field{ref("item_id"), ref("tag_id")} }
func (ItemTag) Edges() []ent.Edge {
	return []ent.Edge{owned("item", EditionItem.Type), refers("tag", Tag.Type)}
}
func (ItemTag) Indexes() []ent.Index { return link("item_id", "tag_id") }
