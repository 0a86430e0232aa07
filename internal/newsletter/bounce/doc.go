// Package bounce reads what comes back for a message that was sent: delivery reports (RFC 3464) and what
// servers send in their place, complaints (ARF, RFC 5965), and the webhooks of two providers.
//
// Each message has a return path of its own with a signed token ([Tokens]). That is the one thing that
// every server sends back, so [Parse] looks for it, and returns the id in it with the class of the
// report. Recipients' addresses are in these reports, too: they are not read, not returned, and in no error.
//
// The package has no database. What follows from a report is for its caller to decide.
package bounce
