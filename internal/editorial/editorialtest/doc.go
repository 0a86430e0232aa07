// Package editorialtest makes desks for tests, with documents on them, and checks the
// invariants that hold after any history: live matches the log, and the tables of the
// desk match its revisions.
package editorialtest
