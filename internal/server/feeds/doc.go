// Package feeds serves what is live as feeds and sitemaps.
//
// It reads no store. It asks the API questions of its own ([Executor]), for the
// viewer of the request, so that there is one set of resolvers, one fence and
// one budget; and it writes the answers with package internal/exchange/feeds.
//
// The same request of the same viewer gets the same bytes until the content
// changes: nothing in an answer comes from the clock, from the request's header,
// or from what was asked before. In particular, addresses are made from the
// configuration and never from Host or a Forwarded header, with which anybody
// could have an answer of theirs put into a cache for everybody.
//
// Last-Modified is the time of the last change to anything that the viewer sees
// in live, a withdrawal included. The newest item's own time would not do: when
// that item is unpublished, the answer would become older, and a reader that is
// told "not modified" would keep what was withdrawn. Validators and 304 are the
// business of whoever serves the answers of this package.
package feeds
