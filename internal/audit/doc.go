// Package audit keeps the audit log of the desk: who did what, when, from
// which network, in which request.
//
// An act is recorded in the transaction that carries it out ([Append]), so the
// entry is there exactly if the act is. What was refused is no transaction;
// [Notes] gathers it and writes it a little later, each kind once with how
// often it happened, so that nobody can fill the desk by being refused.
//
// The log is append-only: the database itself refuses to change or delete an
// entry, and its sequence has no gap.
//
// Of a client's address only the network is kept (see [domain.NetworkOf]), and
// of a credential its id, never the credential.
package audit
