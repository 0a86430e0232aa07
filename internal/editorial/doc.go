// Package editorial has the use cases of the desk and their rules: save, revise, restore,
// publish, schedule, merge, trash, purge.
//
// # Rights
//
// Every exported method of [Desk] asks for the right to act first: AUTHOR to write,
// EDITOR for what changes live. Reads that are no use case of their own go through the
// fenced clients of package store instead.
//
// # One transaction
//
// An act is one transaction on the desk, with its line in the audit log. Desk
// transactions run one after another, so what was checked in one still holds when it
// commits. A refusal is a domain error that names every field, and leaves nothing
// behind.
//
// # Publishing
//
// A release is one sequence ([Desk.Release]): the right to it, the plan (which documents,
// and what must hold), the entries appended to the publication log, and a short wait
// until live shows them. It is planned ahead of the desk's lock and confirmed under
// it. Rules about live are asked of the desk's index of live (liveindex.go): which
// documents are live, with which marking, and what they refer to. No desk transaction
// reads live, or waits for it.
package editorial
