package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/redthread-api/redthread/internal/domain"
)

// The tables below say what is pushed to whom. They are on the desk only.

// Webhook is a receiver that is told what becomes of documents in live.
type Webhook struct{ ent.Schema }

func (Webhook) Annotations() []schema.Annotation { return table("webhooks") }
func (Webhook) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.String("url"),
		text("description"),
		field.Strings("events").Optional().Comment("Null: all. Empty: none."),
		field.Strings("types").Optional().Comment("Null: all. Empty: none."),
		field.Strings("tags").Optional().Comment("Ids. Null: documents with any tags or none. Empty: none."),
		field.Int("ceiling").GoType(domain.Marking(0)).Comment("The highest marking of what it is told of."),
		field.String("secret").Sensitive().Comment("It signs what is sent, so it is kept as it is."),
		field.String("previous_secret").Optional().Nillable().Sensitive(),
		field.Time("previous_until").Optional().Nillable().Comment("Until then the previous secret signs as well."),
		field.String("state"),
		text("reason"), // why it is disabled
		field.Time("disabled_at").Optional().Nillable(),
		field.Time("failing_since").Optional().Nillable().Comment("Since then every attempt has failed; null where the last one did not."),
		field.String("cursor").Comment("How far into the changes of live it has been told."),
		field.Int64("last_number").Comment("The number of its last delivery."),
		field.String("created_by"),
		field.Time("created_at"),
		field.Time("updated_at"),
	}
}

// WebhookDelivery is one event for one webhook: what is sent, and how that
// went. The deliveries of a webhook are numbered 1, 2, 3 in the order of the
// events.
type WebhookDelivery struct{ ent.Schema }

func (WebhookDelivery) Annotations() []schema.Annotation { return table("webhook_deliveries") }
func (WebhookDelivery) Fields() []ent.Field {
	return []ent.Field{
		id(),
		ref("webhook_id"),
		field.Int64("number"),
		field.String("event"),
		ref("document_id"),
		field.Text("body"),
		field.String("state"),
		field.Int("turn").Comment("The number of the job that may attempt it; the jobs before it are void."),
		field.Int("tries").Comment("How often it was attempted since it was last set going."),
		field.Time("tried_since").Optional().Nillable().Comment("When the first of those attempts was."),
		field.Time("next_attempt_at").Optional().Nillable(),
		field.JSON("attempts", []domain.WebhookAttempt{}).Optional().Comment("The last ones, the oldest first."),
		text("error"), // of the last attempt; or why it is not attempted any more
		field.Time("created_at"),
		field.Time("done_at").Optional().Nillable(),
	}
}
func (WebhookDelivery) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("webhook_id", "number").Unique(),
		index.Fields("webhook_id", "document_id", "number"),
		index.Fields("webhook_id", "state", "number"),
		index.Fields("state", "done_at"),
		index.Fields("created_at", "id"),
	}
}
