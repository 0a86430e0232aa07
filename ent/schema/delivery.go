package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/redthread-api/redthread/internal/domain"
)

// The tables below are for webhooks. They are on the desk only.

// Webhook is a receiver of events about documents in live.
type Webhook struct{ ent.Schema }

func (Webhook) Annotations() []schema.Annotation { return table("webhooks") }
func (Webhook) Fields() []ent.Field {
	return []ent.Field{
		id(),
		optionalRef("owner"), // the first key of the line that it belongs to; null: the publisher
		field.String("url"),
		text("description"),
		field.Strings("events").Optional().Comment("Null: all. Empty: none."),
		field.Strings("types").Optional().Comment("Null: all. Empty: none."),
		field.Strings("tags").Optional().Comment("Ids. Null: documents with any tags or none. Empty: none."),
		field.Int("ceiling").GoType(domain.Marking(0)).Comment("The highest marking of documents that it receives events of."),
		field.String("secret").Sensitive().Comment("The key of signatures, so it is not hashed."),
		field.String("previous_secret").Optional().Nillable().Sensitive(),
		field.Time("previous_until").Optional().Nillable().Comment("The time until which the previous secret signs too."),
		field.String("state"),
		text("reason"), // why it is disabled
		field.Time("disabled_at").Optional().Nillable(),
		field.Time("failing_since").Optional().Nillable().Comment("The time since which every attempt has failed; null if the last one succeeded."),
		field.String("cursor").Comment("The position in the changes of live up to which deliveries have been made."),
		field.Int64("last_number").Comment("The number of its last delivery."),
		field.String("created_by"),
		field.Time("created_at"),
		field.Time("updated_at"),
	}
}

func (Webhook) Indexes() []ent.Index { return []ent.Index{index.Fields("owner")} }

// WebhookDelivery is one event for one webhook: the body, and the result of its
// attempts. The deliveries of a webhook are numbered 1, 2, 3 in the order of the
// events.
type WebhookDelivery struct{ ent.Schema }

func (WebhookDelivery) Annotations() []schema.Annotation { return table("webhook_deliveries") }
func (WebhookDelivery) Fields() []ent.Field {
	// The columns keep their older names. The JSON tags have them too, since package
	// read finds the field of a column by its tag.
	return []ent.Field{
		id(),
		ref("webhook_id"),
		field.Int64("number"),
		field.String("event"),
		ref("document_id"),
		field.Text("body"),
		field.String("state"),
		field.Int("generation").StorageKey("turn").StructTag(`json:"turn,omitempty"`).Comment("The number of the job that may attempt it; earlier jobs do nothing."),
		field.Int("attempt_count").StorageKey("tries").StructTag(`json:"tries,omitempty"`).Comment("The number of attempts since it was enqueued or last retried."),
		field.Time("first_attempt_at").StorageKey("tried_since").StructTag(`json:"tried_since,omitempty"`).Optional().Nillable().Comment("The time of the first of those attempts."),
		field.Time("next_attempt_at").Optional().Nillable(),
		field.JSON("attempts", []domain.WebhookAttempt{}).Optional().Comment("The last attempts, the oldest first."),
		text("error"), // of the last attempt; or why there will be no more
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
