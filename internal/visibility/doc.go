// Package visibility says what exists for a viewer. It is the only place where that is
// written.
//
// In live a row exists for a viewer whose clearance is its effective marking or higher;
// the projector keeps the effective markings (package projection) by the statements
// of effective.go. On the desk a row exists for staff, unless it is in the trash.
//
// [Intercept] puts the condition on every query of a client. A subquery over documents
// is not reached by that: a filter through a relation, a count or a link takes the
// condition from [Fence]. A context without a viewer is an error, never the anonymous
// viewer.
package visibility
