// Package editorial implements the use cases of the desk and their rules: save, revise, restore,
// publish, schedule, merge, trash, purge.
//
// # Rights
//
// Every method of [Desk] that serves a viewer first checks their right to the operation: AUTHOR
// to write, EDITOR for what changes live. Prepare and IndexNames run as the program
// itself. Plain reads go through the fenced clients of package store instead.
//
// # One transaction
//
// An operation is one transaction on the desk, which also writes the audit log. Desk
// transactions run one after another, so a check made in one still holds when it commits.
// A refused operation returns a domain error that lists every field, and changes nothing.
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
