// Package visibility is the rule for which documents exist for a viewer: the fence (a
// row-level visibility filter, as row-level security is in a database), effective
// markings, and conditions over links between documents. Other packages build their
// statements from these.
//
// In live a row exists for a viewer whose clearance is its effective marking or higher;
// the projector keeps the effective markings (package projection) by the statements
// of effective.go. On the desk a row exists for staff, unless it is in the trash.
//
// [Intercept] adds the condition to every query of a client. It does not reach
// subqueries over documents: a filter through a relation, a count or a link must add the
// condition that [Fence] returns. A context without a viewer is an error, never the anonymous
// viewer.
package visibility
