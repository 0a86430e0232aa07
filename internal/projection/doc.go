// Package projection applies the publication log to live, and records what each release
// changed for viewers of each clearance.
//
// # From the log to live
//
// The log, on the desk, is what happened; live is derived from it, may lag behind it by a
// moment, and can be made anew ([Live.Rebuild]). [Live.Project] applies each release in
// a transaction of its own, which also records how far live has come, so that a crash
// between the two stores heals itself. One goroutine in each process does this, while
// there is something to apply; [Live.Await] waits for it. Before a release is applied,
// the identity of the log and the hash of the last applied entry are compared: live of
// another log stays as it is until it is rebuilt.
//
// # Effective markings
//
// Each release leaves the effective marking of every document exact (effective.go): that
// is what the fence (package visibility) compares with a viewer's clearance.
//
// # What changed
//
// The projector records what each release changed for viewers of each clearance: a
// document became visible, was updated, or is no longer visible. [Live.Changes] reads this history from a
// [Position], [Live.Poll] and [Live.Follow] read on as it grows. What live shows is the
// same for as long as its [Version] is.
//
// The package asks for the right to read live where a viewer reads, and for none
// where the program itself works.
package projection
