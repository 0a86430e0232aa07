// Package delivery tells others what becomes of documents in live: webhooks.
//
// The publication log is the outbox. [Webhooks.Run] reads, for each webhook
// from a cursor of its own, the changes of live as a viewer with the webhook's
// ceiling sees them, and writes a delivery for each that the webhook wants, in
// the transaction that moves the cursor on. A delivery is attempted by a job,
// which is written in the transaction that makes it due. So nothing is lost
// when the program is killed, and what was under way then is sent again: at
// least once.
//
// # Order
//
// Of the deliveries of one document to one webhook only the first that is
// pending has a job. The next one gets its job when that one is done: accepted,
// dropped, or dead after a day of attempts. Different documents, and different
// webhooks, do not wait for each other.
//
// A job that cannot be attempted, because the database cannot be read, is put off
// and not lost. When a process starts and every hour, a job looks for documents
// whose deliveries have none, and gives them one.
//
// # Requests
//
// They are those of the Standard Webhooks specification: a thin JSON body with
// what happened to which document, an id that stays the same however often it
// is sent, and a signature. They are made by package outbound, so a webhook
// cannot be pointed into the network that the program stands in. Redirects are
// not followed.
//
// What the room does not do: it keeps no copy of documents, and decides
// nothing about who may see them. A body is made of what the fence shows to a
// viewer with the ceiling, and whether it still does is asked again ahead of
// each attempt.
package delivery
