package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Entity is a person, company, body, place, law, project, platform or event.
type Entity struct{ ent.Schema }

func (Entity) Mixin() []ent.Mixin               { return []ent.Mixin{Document{}} }
func (Entity) Annotations() []schema.Annotation { return table("entities") }
func (Entity) Fields() []ent.Field {
	return []ent.Field{
		field.String("kind"),
		field.String("name"),
		text("language"),
		text("country"),
		text("description"),
		date("start_date"),
		date("end_date"),
		text("homepage"),
		sortKey("name"),
	}
}
func (Entity) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("name", "id"), inOrder("name_key"), inOrder("start_date"), inOrder("end_date"),
		byValue("kind"), byValue("country"),
	}
}

// EntityName is another name of an entity.
type EntityName struct{ ent.Schema }

func (EntityName) Mixin() []ent.Mixin               { return []ent.Mixin{Row{}} }
func (EntityName) Annotations() []schema.Annotation { return table("entity_names") }
func (EntityName) Fields() []ent.Field {
	return []ent.Field{ref("entity_id"), field.String("text"), text("language"), field.String("kind")}
}
func (EntityName) Edges() []ent.Edge { return []ent.Edge{owned("entity", Entity.Type)} }
func (EntityName) Indexes() []ent.Index {
	return []ent.Index{index.Fields("entity_id", "position"), index.Fields("text")}
}

// EntityIdentifier is an entity's identifier in some scheme.
type EntityIdentifier struct{ ent.Schema }

func (EntityIdentifier) Mixin() []ent.Mixin               { return []ent.Mixin{Row{}} }
func (EntityIdentifier) Annotations() []schema.Annotation { return table("entity_identifiers") }
func (EntityIdentifier) Fields() []ent.Field {
	return []ent.Field{ref("entity_id"), field.String("scheme"), field.String("value")}
}
func (EntityIdentifier) Edges() []ent.Edge { return []ent.Edge{owned("entity", Entity.Type)} }
func (EntityIdentifier) Indexes() []ent.Index {
	return []ent.Index{index.Fields("entity_id", "position"), index.Fields("scheme", "value")}
}

// EntityTag links an entity to a tag.
type EntityTag struct{ ent.Schema }

func (EntityTag) Mixin() []ent.Mixin               { return []ent.Mixin{LinkRow{}} }
func (EntityTag) Annotations() []schema.Annotation { return table("entity_tags") }
func (EntityTag) Fields() []ent.Field              { return []ent.Field{ref("entity_id"), ref("tag_id")} }
func (EntityTag) Edges() []ent.Edge {
	return []ent.Edge{owned("entity", Entity.Type), refers("tag", Tag.Type)}
}
func (EntityTag) Indexes() []ent.Index { return linkOf("entity_id", "tag_id") }

// Listing is an entity's place on a sanctions or similar list.
type Listing struct{ ent.Schema }

func (Listing) Mixin() []ent.Mixin               { return []ent.Mixin{Row{}} }
func (Listing) Annotations() []schema.Annotation { return table("listings") }
func (Listing) Fields() []ent.Field {
	return []ent.Field{
		ref("entity_id"),
		field.String("authority"),
		text("programme"),
		text("list_id"),
		date("since"),
		date("until"),
	}
}
func (Listing) Edges() []ent.Edge { return []ent.Edge{owned("entity", Entity.Type)} }
func (Listing) Indexes() []ent.Index {
	return []ent.Index{index.Fields("entity_id", "position"), index.Fields("authority", "programme"), inOrder("since"), inOrder("until")}
}
