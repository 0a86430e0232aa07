// Package delivery sends webhooks: it notifies receivers of changes in live, at
// least once and in order per document.
//
// The publication log is the outbox. Each webhook has a cursor in the change
// history of live. [Webhooks.Run] reads the changes after the cursor, as a viewer
// with the webhook's maximum marking (the column ceiling) sees them. It writes a
// delivery for each change that the webhook subscribes to, in the transaction
// that advances the cursor. A job attempts the delivery; it is enqueued in the
// transaction that makes the delivery due. So nothing is lost when the program is
// killed, and a delivery that was being sent then is sent again.
//
// # Order
//
// Of the pending deliveries of one document to one webhook, only the first has a
// job. The next one gets its job when that one is done: delivered, dropped, or
// failed after a day of attempts with exponential back-off: a dead letter (the stored
// state is DEAD). Different documents,
// and different webhooks, do not wait for each other.
//
// A job that fails because the database is unavailable is snoozed, not lost. When
// a process starts, and every hour, a sweep enqueues jobs for documents whose
// deliveries have none.
//
// # Generations
//
// A delivery has a generation (the column turn), which is incremented with each
// job. A job of an earlier generation is void. So a delivery that was restarted,
// or swept, is not attempted twice.
//
// # Owners
//
// A webhook belongs to the publisher or to an owner, the holder of a line of keys. An owner
// manages its own webhooks; those of others do not exist for it. Whether it has the right to
// them, and its clearance, is asked of [Owners] at each dispatch and each attempt. A webhook
// whose owner has not is disabled; its deliveries stay pending.
//
// # Requests
//
// The requests follow the Standard Webhooks specification: a small JSON body with
// the event and the document, an id that is the same for all attempts, and a
// signature. Package outbound makes them, so a webhook cannot reach the private
// network of the program. Redirects are not followed.
//
// The package keeps no copies of documents, and has no rules about who may see
// them. A body has only what the fence shows to a viewer with the maximum marking,
// and the fence is checked again before each attempt.
package delivery
