// Package feeds writes what is live in the formats that feed readers and
// crawlers read: RSS 2.0, Atom (RFC 4287, with the pages of RFC 5005), JSON
// Feed 1.1, and sitemaps (sitemaps.org 0.9).
//
// It is pure: a [Feed] comes in and bytes go out, the same bytes for the same
// feed. It asks for nothing, knows no clock, and shows whatever it is given;
// what a viewer may see was decided before.
package feeds
