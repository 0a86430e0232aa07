// Package schemaorg writes documents as JSON-LD in the vocabulary of
// schema.org, as search engines and fact-check explorers read it from pages.
//
// It is pure: values come in and JSON goes out, the same JSON for the same
// values, and it says nothing that is not in them. Where a document lacks what
// a type of schema.org is for, it writes a lesser type: a narrative without a
// verdict is a Claim and no ClaimReview.
package schemaorg
