// Package aggregate loads, compares, snapshots, writes and deletes a document together
// with the rows that it owns. One mechanism serves every document type.
//
// # Ownership
//
// What owns what is read from the tables themselves: a foreign key that cascades says
// "owned by", any other is a reference ([Table], testdata/ownership.txt). So nothing
// here is written per type but the content model.
//
// # The content model
//
// model.go has a [Spec] of each type: the fields and lists of its inputs, what may be in
// them, what they fill, and what must hold for a document by itself. What must hold
// between documents is for package editorial. [DecodeInput] reads an input after its
// spec, [Lookup] and [ResolveRefs] find the documents that it names.
//
// # Rows and snapshots
//
// A [Row] is a row with all that it owns. [Load] reads one from the desk or from live,
// [WriteOwned] writes what differs, [Diff] compares two. A [Snapshot] is a row as
// canonical JSON, the same bytes on both engines, with the number of its form; earlier
// forms are upgraded as they are read.
//
// The package checks no rights, and knows neither revisions' authors nor the log.
package aggregate
