package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/redthread-api/redthread/internal/domain"
)

// Relationship is a cited relation from one entity to another.
type Relationship struct{ ent.Schema }

func (Relationship) Mixin() []ent.Mixin               { return []ent.Mixin{Document{}} }
func (Relationship) Annotations() []schema.Annotation { return table("relationships") }
func (Relationship) Fields() []ent.Field {
	return []ent.Field{
		ref("from_id"),
		ref("to_id"),
		field.String("kind"),
		field.Int64("share").GoType(domain.Share(0)).Optional().Nillable(),
		field.Int64("share_min").GoType(domain.Share(0)).Optional().Nillable(),
		field.Int64("share_max").GoType(domain.Share(0)).Optional().Nillable(),
		text("role"),
		date("since"),
		date("until"),
		field.String("confidence"),
		text("description"),
	}
}
func (Relationship) Edges() []ent.Edge {
	return []ent.Edge{refers("from", Entity.Type), refers("to", Entity.Type)}
}
func (Relationship) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("from_id", "to_id"), index.Fields("to_id", "from_id"),
		// Walks through live count the relationships of hubs: with these columns, without their rows.
		index.Fields("from_id", "to_id", "effective_marking", "kind", "confidence"),
		index.Fields("to_id", "from_id", "effective_marking", "kind", "confidence"),
		inOrder("share"), inOrder("since"), inOrder("until"),
		byValue("kind"),
	}
}

// Citation is a reference from a claim to the source that supports it. Exactly one of
// its owners is set.
type Citation struct{ ent.Schema }

func (Citation) Mixin() []ent.Mixin               { return []ent.Mixin{Row{}} }
func (Citation) Annotations() []schema.Annotation { return table("citations") }
func (Citation) Fields() []ent.Field {
	return []ent.Field{
		optionalRef("relationship_id"),
		optionalRef("listing_id"),
		optionalRef("observation_id"),
		optionalRef("item_id"),
		ref("source_id"),
		text("locator"),
		text("quote"),
	}
}
func (Citation) Edges() []ent.Edge {
	return []ent.Edge{
		ownedOptional("relationship", Relationship.Type),
		ownedOptional("listing", Listing.Type),
		ownedOptional("observation", Observation.Type),
		ownedOptional("item", EditionItem.Type),
		refers("source", Source.Type),
	}
}
func (Citation) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("relationship_id", "position"),
		index.Fields("listing_id", "position"),
		index.Fields("observation_id", "position"),
		index.Fields("item_id", "position"),
		index.Fields("source_id"),
	}
}
