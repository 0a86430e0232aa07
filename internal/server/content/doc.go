// Package content has what the endpoints share that serve live content as documents, such
// as feeds and pages of editions: they execute GraphQL queries of their own for the viewer
// of the request ([Runner]), so that there is one set of resolvers, one fence and one
// quota, and write the results in another form ([Writer]).
//
// The same request of the same viewer gets the same bytes until the content changes:
// nothing in a response comes from the clock, from the request's header, or from earlier
// requests. In particular, URLs are made from the configuration and never from Host or a
// Forwarded header, with which any client could poison a cache.
//
// Last-Modified is the time of the last change to anything that the viewer sees in live,
// including withdrawals. The newest item's own time is not enough: when that item is
// unpublished, the time would go back, and a reader that gets 304 Not Modified would
// keep the withdrawn item. The response cache around these endpoints adds ETags and
// responds with 304.
package content
