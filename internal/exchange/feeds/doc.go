// Package feeds writes feeds and sitemaps: RSS 2.0, Atom (RFC 4287, with the pages of
// RFC 5005), JSON Feed 1.1, and sitemaps (sitemaps.org 0.9).
//
// Its functions have no side effects and use no clock: the same [Feed] gives the same
// bytes. They write all that a feed contains; the caller decides what a viewer may
// see.
package feeds
