package domain

import "strings"

// Type is the type of what an [ID] identifies: a document, or something else that has
// an id; see [Type.IsDocument]. Its number is the type code inside the id and is stored:
// a number is never given to another type.
type Type uint8

// The types of document. Report, Narrative, Entity, Relationship and Edition
// are drafted, revised and published; Tag, Source, Asset and Series support them and
// go live with the first published document that refers to them.
const (
	Report       Type = 1
	Narrative    Type = 2
	Entity       Type = 3
	Relationship Type = 4
	Tag          Type = 5
	Source       Type = 6
	Edition      Type = 7
	Asset        Type = 8
	Series       Type = 9

	// These are on the desk and have ids, but are not documents.
	Key      Type = 32
	Revision Type = 33
	Schedule Type = 34
	Person   Type = 35
	Query    Type = 36 // a registered GraphQL document
	Webhook  Type = 40
	Delivery Type = 41 // of an event to a webhook

	Subscriber Type = 48
	Sending    Type = 49 // of an edition

	// Row is a row that a document owns: a name, a footnote, a citation.
	Row Type = 64
)

// Types lists the types of document, in a fixed order.
func Types() []Type {
	return []Type{Report, Narrative, Entity, Relationship, Tag, Source, Edition, Asset, Series}
}

type typeName struct{ name, prefix string }

var typeNames = map[Type]typeName{
	Report:       {"report", "rpt"},
	Narrative:    {"narrative", "nar"},
	Entity:       {"entity", "ent"},
	Relationship: {"relationship", "rel"},
	Tag:          {"tag", "tag"},
	Source:       {"source", "src"},
	Edition:      {"edition", "edn"},
	Asset:        {"asset", "ast"},
	Series:       {"series", "ser"},
	Key:          {"key", "key"},
	Revision:     {"revision", "rev"},
	Schedule:     {"schedule", "sch"},
	Person:       {"person", "per"},
	Query:        {"query", "qry"},
	Webhook:      {"webhook", "whk"},
	Delivery:     {"delivery", "dlv"},
	Subscriber:   {"subscriber", "sub"},
	Sending:      {"sending", "snd"},
	Row:          {"row", "row"},
}

// String returns the type's name in lower case, as in "report:harbour-cranes".
func (t Type) String() string { return typeNames[t].name }

// Name returns the type's name in GraphQL: "Report".
func (t Type) Name() string {
	n := typeNames[t].name
	if n == "" {
		return ""
	}
	return strings.ToUpper(n[:1]) + n[1:]
}

// Prefix returns the first part of the type's ids: "rpt".
func (t Type) Prefix() string { return typeNames[t].prefix }

// IsDocument reports whether things of this type are documents.
func (t Type) IsDocument() bool { return t >= Report && t <= Series }

// Supporting reports whether documents of this type have no draft of their
// own: they become visible in live with the documents that refer to them.
func (t Type) Supporting() bool { return t == Tag || t == Source || t == Asset || t == Series }

// ParseType returns the document type with the name ("report"), in any letter
// case.
func ParseType(name string) (Type, bool) {
	for _, t := range Types() {
		if strings.EqualFold(t.String(), name) {
			return t, true
		}
	}
	return 0, false
}
