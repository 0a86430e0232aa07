// Package audit writes and reads the audit log of the desk: who did what, when,
// from which network, in which request.
//
// [Append] records an action in the transaction of the action, so that the entry
// exists exactly if the action was committed. A refused action has no
// transaction: [Buffer] collects refusals and writes them a little later, one entry
// per kind with a count, so that clients cannot fill the desk with refusals.
//
// The log is append-only: the database itself refuses to change or delete an
// entry, and the sequence has no gaps.
//
// Of a client's address only the network is stored (see [domain.NetworkOf]), and
// of a credential only its id.
package audit
