// Package respcache keeps whole answers of the doors that read live, for the next
// who ask the same.
//
// # When an answer may be used again
//
// Live changes only when something is published, so how far live has come is
// the version of everything read from it. An answer is kept under the version
// that was known before it was made, and it is dropped when that moves on. It
// was then read at that version or a later one: at a later one it is merely
// sooner right than it has to be. Where live is read from somewhere else than
// it is written to, what is read may be behind the version; there the operation
// says how far what it has read had come, and an answer that is behind is not
// kept.
//
// A publish moves the version on before it is answered, so the next read in the
// same process sees it; other processes are told, or look, within a second.
// Where no look has succeeded for ten seconds, nothing kept is used.
//
// # Whose it is
//
// An answer is found by a hash of all that it can depend on: method, host, URL,
// the body and its type, Accept, and of the viewer the role, the clearance and
// the limit of its key, which are told in answers. So nobody gets what was made
// for somebody who may see more or less. A handler inside may not let anything
// else of a request make a difference to an answer that may be kept.
//
// The hash is SHA-256. Answers of all clearances are in one table, so a
// collision would be a leak, and whoever asks chooses what is hashed; with
// SHA-NI it takes half a microsecond.
//
// A viewer that may not read live at all, and the program itself, get nothing
// from here.
//
// # What is kept
//
// What the handler inside says may be, by [transport.Verdict], and nothing that
// is guessed from outside: answers with status 200 made of queries of live that
// have succeeded, smaller than [MaxAnswer]. Errors, mutations, subscriptions,
// streams, and what comes from the desk never are.
//
// # What it tells
//
// A hit is quicker, which tells that a viewer of the same role and clearance
// has asked the same since the last publish. It tells nothing of content: who
// gets the hit may read all that is in it.
package respcache
