package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/redthread-api/redthread/internal/domain"
)

// The tables below are for newsletters. They are on the desk only. Addresses are in
// subscribers, and in subscription_requests for two days, and nowhere else: other tables
// have keyed hashes of them.

// NewsletterKey is a secret of package newsletter: of the hashes of addresses, which is
// never replaced, or of the links in mails.
type NewsletterKey struct{ ent.Schema }

func (NewsletterKey) Annotations() []schema.Annotation { return table("newsletter_keys") }
func (NewsletterKey) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.String("purpose"),
		field.Bytes("secret").Sensitive(),
		field.Time("created_at"),
		field.Time("retired_at").Optional().Nillable().Comment("The time from which the key signs nothing; it still verifies."),
	}
}
func (NewsletterKey) Indexes() []ent.Index {
	return []ent.Index{index.Fields("purpose", "created_at")}
}

// Subscriber is a person with an address.
type Subscriber struct{ ent.Schema }

func (Subscriber) Annotations() []schema.Annotation { return table("subscribers") }
func (Subscriber) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.String("email").Sensitive().Comment("The address that mails go to, as it was entered."),
		field.String("email_hash").Comment("A keyed hash of the address in the form in which addresses are compared."),
		field.String("language"),
		field.Int("soft_bounces").Default(0).Comment("Since the last mail without one."),
		field.Time("soft_bounces_since").Optional().Nillable(),
		field.Time("created_at"),
		field.Time("updated_at"),
	}
}
func (Subscriber) Indexes() []ent.Index {
	return []ent.Index{index.Fields("email_hash").Unique(), index.Fields("created_at", "id")}
}

// Subscription is that a subscriber wants, or wanted, a series.
type Subscription struct{ ent.Schema }

func (Subscription) Annotations() []schema.Annotation { return table("subscriptions") }
func (Subscription) Fields() []ent.Field {
	return []ent.Field{
		id(),
		ref("subscriber_id"),
		ref("series_id"),
		field.Int("clearance").GoType(domain.Marking(0)).Comment("The highest marking of editions that it receives."),
		field.String("state"),
		field.Time("created_at"),
		field.Time("confirmed_at").Optional().Nillable(),
		field.Time("ended_at").Optional().Nillable(),
	}
}
func (Subscription) Indexes() []ent.Index {
	return []ent.Index{index.Fields("subscriber_id", "series_id").Unique(), index.Fields("series_id", "state", "id")}
}

// SubscriptionRequest is a sign-up that was not confirmed yet. It is deleted when its
// link has expired.
type SubscriptionRequest struct{ ent.Schema }

func (SubscriptionRequest) Annotations() []schema.Annotation { return table("subscription_requests") }
func (SubscriptionRequest) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.String("email").Sensitive().Comment("The address as it was entered."),
		field.String("email_hash"),
		ref("series_id"),
		field.String("language"),
		text("network"),              // of the request
		field.String("text_version"), // of the words that were shown
		text("token_hash"),           // of the token in the mailed link; null before the mail is made
		field.String("state"),
		field.Time("created_at"),
		field.Time("expires_at"),
		field.Time("ended_at").Optional().Nillable().Comment("When it was confirmed or dropped."),
	}
}
func (SubscriptionRequest) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("token_hash").Unique(),
		index.Fields("email_hash", "created_at"),
		index.Fields("network", "created_at"),
		index.Fields("created_at"),
		index.Fields("expires_at"),
	}
}

// Consent is an agreement to receive a series, or its end.
type Consent struct{ ent.Schema }

func (Consent) Annotations() []schema.Annotation { return table("consents") }
func (Consent) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.String("email_hash"),
		optionalRef("series_id"),
		field.String("act"),
		field.Time("at"),
		text("network"),      // of the request
		text("text_version"), // of the words that were agreed to
		text("language"),     // of those words
		text("source"),       // of an imported one: where the proof is
	}
}
func (Consent) Indexes() []ent.Index { return []ent.Index{index.Fields("email_hash", "at")} }

// Suppression is an address that gets no mail, known by its hash alone.
type Suppression struct{ ent.Schema }

func (Suppression) Annotations() []schema.Annotation { return table("suppressions") }
func (Suppression) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.String("email_hash"),
		field.String("reason"),
		text("code"), // the enhanced status code of the bounce
		field.Time("at"),
	}
}
func (Suppression) Indexes() []ent.Index {
	return []ent.Index{index.Fields("email_hash").Unique(), index.Fields("at", "id")}
}

// Sending is an edition that is sent to the subscribers of its series. There is at most
// one of an edition.
type Sending struct{ ent.Schema }

func (Sending) Annotations() []schema.Annotation { return table("sendings") }
func (Sending) Fields() []ent.Field {
	return []ent.Field{
		id(),
		ref("edition_id"),
		ref("series_id"),
		field.Int("marking").GoType(domain.Marking(0)).Comment("The effective marking of the edition when the list was made."),
		field.String("state"),
		text("reason"), // why it does not run
		field.Time("at").Comment("The time from which it is sent."),
		field.Time("frozen_at").Optional().Nillable().Comment("When the list was made."),
		field.Time("done_at").Optional().Nillable(),
		field.String("worker").Default("").Comment("The lease: the run that sends it."),
		field.Time("worker_until").Optional().Nillable().Comment("When the lease ends."),
		field.Int("failures").Default(0).Comment("The number of failures in a row to reach the mail server."),
		field.Float("rate").Default(0).Comment("Messages a second, while it was last sent."),
		field.String("created_by"),
		field.Time("created_at"),
		field.Time("updated_at"),
	}
}
func (Sending) Indexes() []ent.Index {
	return []ent.Index{index.Fields("edition_id").Unique(), index.Fields("state", "at"), index.Fields("created_at", "id")}
}

// SendingRecipient is a row of the ledger: one subscriber of a sending, and what became of
// the mail. It remains when the subscriber is erased, with the hash alone.
type SendingRecipient struct{ ent.Schema }

func (SendingRecipient) Annotations() []schema.Annotation { return table("sending_recipients") }
func (SendingRecipient) Fields() []ent.Field {
	return []ent.Field{
		id(),
		ref("sending_id"),
		optionalRef("subscriber_id"), // null after the subscriber was erased
		field.String("email_hash"),
		field.String("state"),
		field.String("worker").Default("").Comment("The lease under which it was claimed."),
		field.Int("attempts").Default(0),
		field.Time("next_attempt_at").Optional().Nillable(),
		field.Time("first_attempt_at").Optional().Nillable(),
		field.Time("ended_at").Optional().Nillable(),
		text("code"), // the last reply of the server: "250", "451 4.7.1"
	}
}
func (SendingRecipient) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("sending_id", "email_hash").Unique(),
		index.Fields("sending_id", "state", "next_attempt_at", "id"),
		index.Fields("subscriber_id"),
	}
}
