// Package mail makes e-mail messages and hands them to an SMTP server.
//
// [Message] is an RFC 5322 message in parts, and [Message.Bytes] composes it. [Signer]
// adds DKIM signatures to the bytes. [Client] submits them over SMTP, and [Folder] stores
// them in a folder in place of that, for developers. [Records] and [Check] are what
// "redthread mail doctor" prints.
//
// The package has no database, and knows nothing of subscribers: who gets a message, when,
// and whether it was sent before, is the business of its caller. It writes no logs, and no
// error or [Result] of it has an address in it, but for [Folder], whose messages are files
// that developers read.
package mail
