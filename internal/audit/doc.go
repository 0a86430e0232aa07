// Package audit keeps the audit log of the desk: who did what, when, from
// which network, in which request.
//
// An act is recorded in the transaction that carries it out ([Append]), so the
// entry is there exactly if the act is. A refusal has no transaction: [Buffer]
// gathers refusals and writes them a little later, equal ones as one entry with
// their number, so that refused requests cannot fill the desk.
//
// The log is append-only: the database itself refuses to change or delete an
// entry, and its sequence has no gap.
//
// Of a client's address only the network is kept (see [domain.NetworkOf]), and
// of a credential its id, never the credential.
package audit
