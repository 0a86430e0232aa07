// Package schemaorg writes documents as JSON-LD in the vocabulary of schema.org, as
// search engines and fact-check explorers read it from pages.
//
// Its functions have no side effects: the same values give the same JSON, which
// contains nothing else. If a document lacks what a type of schema.org requires, a
// more general type is written: a narrative without a verdict is a Claim, not a
// ClaimReview.
package schemaorg
