// Package exchange speaks other people's formats: it reads them into the desk
// and, in time, writes what is live in them.
//
// Imports go through the editorial use cases of package content, so that
// whatever is refused there is refused here, with the line of the file that it
// came from. They are idempotent: a second run of the same file changes
// nothing, and what editors added in between stays.
package exchange
