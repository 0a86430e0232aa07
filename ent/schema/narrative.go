package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Narrative is a claim or story line that is spread to influence.
type Narrative struct{ ent.Schema }

func (Narrative) Mixin() []ent.Mixin               { return []ent.Mixin{Document{}} }
func (Narrative) Annotations() []schema.Annotation { return table("narratives") }
func (Narrative) Fields() []ent.Field {
	return []ent.Field{
		field.String("title"),
		field.String("claim"),
		text("description"),
		text("assessment"),
		field.String("status"),
		date("first_observed"),
		date("last_observed"),
		optionalRef("parent_id"),
		sortKey("title"),
	}
}
func (Narrative) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("children", Narrative.Type).Annotations(entsql.OnDelete(entsql.NoAction)).
			From("parent").Unique().Field("parent_id"),
	}
}
func (Narrative) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("parent_id"),
		index.Fields("title", "id"), inOrder("title_key"), inOrder("first_observed"), inOrder("last_observed"),
		byValue("status"),
	}
}

// NarrativeTag links a narrative to a tag.
type NarrativeTag struct{ ent.Schema }

func (NarrativeTag) Mixin() []ent.Mixin               { return []ent.Mixin{LinkRow{}} }
func (NarrativeTag) Annotations() []schema.Annotation { return table("narrative_tags") }
func (NarrativeTag) Fields() []ent.Field {
	return []ent.Field{ref("narrative_id"), ref("tag_id")}
}
func (NarrativeTag) Edges() []ent.Edge {
	return []ent.Edge{owned("narrative", Narrative.Type), refers("tag", Tag.Type)}
}
func (NarrativeTag) Indexes() []ent.Index { return linkOf("narrative_id", "tag_id") }

// NarrativeTarget links a narrative to an entity that it is aimed at.
type NarrativeTarget struct{ ent.Schema }

func (NarrativeTarget) Mixin() []ent.Mixin               { return []ent.Mixin{LinkRow{}} }
func (NarrativeTarget) Annotations() []schema.Annotation { return table("narrative_targets") }
func (NarrativeTarget) Fields() []ent.Field {
	return []ent.Field{ref("narrative_id"), ref("entity_id")}
}
func (NarrativeTarget) Edges() []ent.Edge {
	return []ent.Edge{owned("narrative", Narrative.Type), refers("entity", Entity.Type)}
}
func (NarrativeTarget) Indexes() []ent.Index { return linkOf("narrative_id", "entity_id") }

// NarrativeAmplifier links a narrative to an entity that spreads it.
type NarrativeAmplifier struct{ ent.Schema }

func (NarrativeAmplifier) Mixin() []ent.Mixin               { return []ent.Mixin{LinkRow{}} }
func (NarrativeAmplifier) Annotations() []schema.Annotation { return table("narrative_amplifiers") }
func (NarrativeAmplifier) Fields() []ent.Field {
	return []ent.Field{ref("narrative_id"), ref("entity_id")}
}
func (NarrativeAmplifier) Edges() []ent.Edge {
	return []ent.Edge{owned("narrative", Narrative.Type), refers("entity", Entity.Type)}
}
func (NarrativeAmplifier) Indexes() []ent.Index { return linkOf("narrative_id", "entity_id") }

// Observation is a dated sighting of a narrative.
type Observation struct{ ent.Schema }

func (Observation) Mixin() []ent.Mixin               { return []ent.Mixin{Row{}} }
func (Observation) Annotations() []schema.Annotation { return table("observations") }
func (Observation) Fields() []ent.Field {
	return []ent.Field{
		ref("narrative_id"),
		date("observed_on"),
		optionalRef("platform_id"),
		text("url"),
		text("language"),
		field.Text("description"),
		field.Int("reach").Optional().Nillable(),
	}
}
func (Observation) Edges() []ent.Edge {
	return []ent.Edge{owned("narrative", Narrative.Type), mayRefer("platform", Entity.Type)}
}
func (Observation) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("narrative_id", "position"), index.Fields("platform_id"),
		inOrder("observed_on"), inOrder("reach"),
	}
}
