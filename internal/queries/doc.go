// Package queries keeps GraphQL documents that clients name instead of sending
// them, and finds the document of a request.
//
// There are two kinds. A registered document ([Registry]) is stored on the
// desk under an id; frontends and partners register theirs with each build,
// which takes the right REGISTER_DOCUMENTS. An automatic persisted query is a
// document that the same credential has sent before, named by its SHA-256 as
// Apollo's clients do; it is cached in memory, and not stored.
//
// [Resolver] finds the document of a request of either kind, and can refuse
// all documents that are not registered. Its results say for how long, and for
// whom, a response made from them may be cached.
//
// The package does not parse GraphQL: what registers a document brings a
// [CheckFunc], which package graph has. docs/persisted-documents.md is the
// manual.
package queries
