// Package content holds the editorial use cases: what staff do on the desk,
// and how it becomes live.
//
// # Aggregates
//
// A document and the rows that it owns are one aggregate. What owns what is
// read from the tables themselves (a foreign key that cascades), so one
// mechanism loads, compares, snapshots, restores, writes and deletes an
// aggregate of any type: see [table], [Row] and [Snapshot]. What the fields
// are called, and what may be in them, is said once per type in model.go.
//
// # The log
//
// Publishing appends to the publication log, and the projector applies the
// log to live. The log is what happened; live is derived from it, can lag
// behind it by a moment, and can be rebuilt from it.
//
// # Rights
//
// Every exported method of [Desk] asks for the right to act first: AUTHOR to
// write, EDITOR for what changes live. Reads that are no use case of their
// own do not pass here: they go through the fenced clients of package store.
package editorial
