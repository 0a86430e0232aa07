package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Series is a periodical, of which editions are the numbers.
type Series struct{ ent.Schema }

func (Series) Mixin() []ent.Mixin               { return []ent.Mixin{Document{}} }
func (Series) Annotations() []schema.Annotation { return table("series") }
func (Series) Fields() []ent.Field {
	return []ent.Field{
		field.String("title"),
		text("description"),
		field.String("cadence"),
		field.String("language"),
		sortKey("title"),
	}
}
func (Series) Indexes() []ent.Index { return []ent.Index{inOrder("title_key")} }

// Edition is a number of a series, with ordered items.
type Edition struct{ ent.Schema }

func (Edition) Mixin() []ent.Mixin               { return []ent.Mixin{Document{}} }
func (Edition) Annotations() []schema.Annotation { return table("editions") }
func (Edition) Fields() []ent.Field {
	return []ent.Field{
		// Every edition has one; null only until editorial.Desk.Prepare has read what a
		// version of the program without series wrote.
		optionalRef("series_id"),
		field.Int("number"),
		field.String("title"),
		text("introduction"),
		field.String("language"),
		date("period_start"),
		date("period_end"),
		sortKey("title"),
	}
}
func (Edition) Edges() []ent.Edge { return []ent.Edge{mayRefer("series", Series.Type)} }
func (Edition) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("series_id", "number").Unique(),
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
		// What compileEdition made the item from: a document and, for a row of it, its id.
		text("origin"),
		text("origin_row"),
	}
}
func (EditionItem) Edges() []ent.Edge { return []ent.Edge{owned("edition", Edition.Type)} }
func (EditionItem) Indexes() []ent.Index {
	return []ent.Index{index.Fields("edition_id", "position"), inOrder("occurred_on")}
}

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
