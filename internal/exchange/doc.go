// Package exchange imports lists of companies in CSV into the desk. Its
// subpackages write feeds and JSON-LD, and know the addresses of the publisher's
// pages.
//
// Imports use package editorial, so that the same rules hold: what is refused there
// is reported here, with the line of the file. They are idempotent: a second run of
// the same file changes nothing, and what editors added in between stays.
package exchange
