// Package feeds serves live content as feeds and sitemaps.
//
// It reads no store. It executes GraphQL queries of its own ([Executor]), for the viewer
// of the request, so that there is one set of resolvers, one fence and one quota; and it
// writes the results with package internal/exchange/feeds.
//
// The same request of the same viewer gets the same bytes until the content changes:
// nothing in a response comes from the clock, from the request's header, or from earlier
// requests. In particular, URLs are made from the configuration and never from Host or a
// Forwarded header, with which any client could poison a cache.
//
// Last-Modified is the time of the last change to anything that the viewer sees in live,
// including withdrawals. The newest item's own time is not enough: when that item is
// unpublished, the time would go back, and a reader that gets 304 Not Modified would
// keep the withdrawn item. The response cache around this package adds ETags and
// responds with 304.
package feeds
