// Package newsletter has the subscribers of the publisher's series, and sends editions to
// them.
//
// [Subscribers] owns the addresses, who agreed to receive what and when (consents), and the
// suppression list. Addresses are in the table subscribers, and in subscription_requests
// until a sign-up is confirmed or its link has expired. All other tables have a keyed hash
// of the address in the form in which addresses are compared. Addresses are in no log, error,
// metric, audit entry or argument of a job.
//
// A sign-up takes the same work and has the same result whether or not the address is known:
// it writes a request, and a job makes the mail. Only that job looks at what is known of the
// address. The request is confirmed by a POST from the page behind the mailed link, so
// programs that follow links subscribe no address.
//
// [Sendings] sends editions: see there for what is durable when.
package newsletter
