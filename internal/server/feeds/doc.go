// Package feeds serves live content as feeds and sitemaps. It reads no store: see package
// content for how it reads and what it promises. It writes the results with package
// internal/exchange/feeds.
package feeds
