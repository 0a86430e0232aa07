package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/redthread-api/redthread/internal/domain"
)

// NameKey is a name or title of a document in the form in which names are
// compared: equal for two names that differ in case and spaces only. It is on
// the desk only, and written with each version of the document.
type NameKey struct{ ent.Schema }

func (NameKey) Annotations() []schema.Annotation { return table("name_keys") }
func (NameKey) Fields() []ent.Field {
	return []ent.Field{
		id(),
		ref("document_id"),
		field.Uint8("type").GoType(domain.Type(0)),
		field.String("name").Comment("With the kind of an entity and the vocabulary of a tag before it: only names of the same kind are the same."),
	}
}
func (NameKey) Indexes() []ent.Index {
	return []ent.Index{index.Fields("type", "name", "document_id"), index.Fields("document_id")}
}
