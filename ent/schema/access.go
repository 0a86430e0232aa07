package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/redthread-api/redthread/internal/domain"
)

// The tables below are for authentication, authorisation and the audit log. They
// are on the desk only.

// ApiKey is a credential of a program or a member of staff.
type ApiKey struct{ ent.Schema }

func (ApiKey) Annotations() []schema.Annotation { return table("api_keys") }
func (ApiKey) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.String("name"),
		field.String("hint").Comment("The first characters of the key, to identify it."),
		field.String("hash").Sensitive(),
		field.Int("role").GoType(domain.Role(0)),
		field.Int("clearance").GoType(domain.Marking(0)),
		field.Strings("scopes").Optional().Comment("Null: all rights of the role. Empty: none."),
		field.Strings("grants").Optional().Comment("Rights that no role has. Null: none."),
		field.Strings("origins").Optional().Comment("Null: any. Empty: no browser."),
		field.Strings("networks").Optional().Comment("Null: any. Empty: from nowhere."),
		field.Int("rate_limit").Optional().Nillable().Comment("Request cost per minute; null: the limit of the role."),
		optionalRef("replaces"), // the key that this one replaces
		optionalRef("line"),     // the key that it goes back to by rotations; null: itself
		field.String("created_by"),
		optionalRef("creator_id"), // the credential that made it; null for the program itself, and for keys of older versions
		field.Time("created_at"),
		field.Time("last_used_at").Optional().Nillable(),
		field.Time("expires_at").Optional().Nillable(),
		field.Time("revoked_at").Optional().Nillable(),
	}
}
func (ApiKey) Indexes() []ent.Index {
	return []ent.Index{index.Fields("hash").Unique(), index.Fields("line")}
}

// KeyNetwork is a network from which a key has been used.
type KeyNetwork struct{ ent.Schema }

func (KeyNetwork) Annotations() []schema.Annotation { return table("key_networks") }
func (KeyNetwork) Fields() []ent.Field {
	return []ent.Field{
		id(),
		ref("key_id"),
		field.String("network"),
		field.Time("first_seen_at"),
	}
}
func (KeyNetwork) Indexes() []ent.Index {
	return []ent.Index{index.Fields("key_id", "network").Unique()}
}

// Person is a person who has signed in.
type Person struct{ ent.Schema }

func (Person) Annotations() []schema.Annotation { return table("people") }
func (Person) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.String("issuer"),
		field.String("subject").Comment("The identifier of the person at the issuer, which never changes."),
		field.String("name"),
		text("email"),
		field.Int("role").GoType(domain.Role(0)).Comment("The role of the last sign-in."),
		field.Int("clearance").GoType(domain.Marking(0)),
		field.Int("assigned_role").GoType(domain.Role(0)).Optional().Nillable().Comment("The role that an ADMIN has set instead."),
		field.Int("assigned_clearance").GoType(domain.Marking(0)).Optional().Nillable(),
		field.Time("created_at"),
		field.Time("last_seen_at"),
		field.Time("disabled_at").Optional().Nillable(),
	}
}
func (Person) Indexes() []ent.Index {
	return []ent.Index{index.Fields("issuer", "subject").Unique()}
}

// AuditEntry is one line of the audit log. Its id is the sequence: 1, 2, 3,
// without a gap. Triggers refuse to change or delete one.
type AuditEntry struct{ ent.Schema }

func (AuditEntry) Annotations() []schema.Annotation { return table("audit_entries") }
func (AuditEntry) Fields() []ent.Field {
	never := false
	return []ent.Field{
		field.Int64("id").StorageKey("sequence").Annotations(entsql.Annotation{Incremental: &never}),
		field.Time("at"),
		field.String("action"),
		field.String("actor"),
		optionalRef("actor_id"), // the key or the person; null for the program itself and for the anonymous
		text("subject"),         // the object of the action: an id, a hint or a name
		field.Strings("documents").Optional(),
		text("detail"),
		text("network"),
		text("request_id"),
		field.Int("times").Comment("How often it happened: refusals of one kind are grouped."),
	}
}
func (AuditEntry) Indexes() []ent.Index {
	return []ent.Index{index.Fields("at"), index.Fields("actor_id"), index.Fields("action")}
}

// RegisteredDocument is a GraphQL document that clients name instead of
// sending it.
type RegisteredDocument struct{ ent.Schema }

func (RegisteredDocument) Annotations() []schema.Annotation { return table("registered_documents") }
func (RegisteredDocument) Fields() []ent.Field {
	return []ent.Field{
		id(),
		field.String("document_id").Unique().Comment("What clients send: the SHA-256 of the text in hex, or an id of their own."),
		text("name"),
		field.Text("text"),
		field.String("registered_by"),
		field.Time("registered_at"),
	}
}

// IdempotencyKey is a key that a credential has sent with a mutation, so that the mutation
// is not done twice, and its response once there is one. See package idempotency.
type IdempotencyKey struct{ ent.Schema }

func (IdempotencyKey) Annotations() []schema.Annotation { return table("idempotency_keys") }
func (IdempotencyKey) Fields() []ent.Field {
	return []ent.Field{
		id(),
		ref("credential_id"), // a key or a person, which may be gone
		field.String("key").Comment("As the client sent it."),
		field.Bytes("request").Comment("The SHA-256 of the request."),
		field.Int("role").GoType(domain.Role(0)),
		field.Int("clearance").GoType(domain.Marking(0)),
		field.Time("created_at"),
		field.Time("finished_at").Optional().Nillable().Comment("Null: the mutation runs, or the process ended while it ran."),
		field.Int("status").Default(0).Comment("The HTTP status of the response; 0 if the response was not stored."),
		text("media_type"),
		text("marking"), // in the header of the response
		field.Int("size").Default(0).Comment("The length of the body, in bytes."),
		field.Bytes("body").Optional().Sensitive(),
	}
}
func (IdempotencyKey) Indexes() []ent.Index {
	return []ent.Index{index.Fields("credential_id", "key").Unique(), index.Fields("created_at")}
}
