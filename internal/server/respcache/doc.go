// Package respcache is a cache of whole HTTP responses of the endpoints that read
// live.
//
// # Version
//
// Live changes only when something is published, so the sequence that live has
// applied is the version of everything read from it. Each release is a step from one
// version to the next, and says which keys it changed for viewers of which clearances
// (package dependency); an entry has the keys of what its response depends on. An entry is
// right at the version that was known before its response was made: the response was then
// read at that version or a later one, and a later one only makes it newer than required.
// At each use the steps since are compared with its keys, once each; where one has changed
// a key, or is not known any more, the entry is dropped. That needs no index of keys, and
// holds as well for responses that are being made while a release is applied.
// [Cache.Run] drops such entries also where nobody asks for them.
//
// Where live is read from a replica, what is read may be older than the version; there the
// operation reports the sequence that it has read at, and a response that is older is not
// cached.
//
// A publish advances the version before its response is sent, so the next read in
// the same process sees it; other processes are notified, or poll, within a second. They
// read the steps from the database with the new version. Where no poll has succeeded for
// ten seconds, no entry is used.
//
// # Key
//
// The key is a hash of all that a response may depend on: the method (HEAD counts as
// GET), host, URL, of a POST or QUERY the body with its type and coding, Accept,
// Redthread-Stage, and the viewer's role, clearance and the rate limit of its key, which
// responses state. So a viewer never gets a response that was made for a viewer who may
// see more or less. The wrapped handler must not let a cacheable response depend on
// anything else in the request.
//
// The hash is SHA-256. Entries of all clearances are in one table, so a collision
// would be a leak, and clients choose what is hashed; with SHA-NI it takes half a
// microsecond.
//
// Requests of viewers that may not read live, and of system viewers, bypass the
// cache.
//
// # What is cached
//
// What the wrapped handler allows by [transport.CacheDecision], and nothing that is
// guessed from outside: responses with status 200 made of queries of live that
// have succeeded, smaller than [MaxResponse]. Errors, mutations, subscriptions,
// streams, and what comes from the desk are never cached. The table is bounded by
// bytes; see [Cache]. Requests with the same key that arrive while a response is
// being made share it (single flight).
//
// The ETag of a response is a hash of its content type and body, with the content
// coding appended. Responses to QUERY have one too, and 304 is written here for both:
// http.ServeContent would answer 412 to a QUERY. So two requests have the same ETag only
// if their responses are the same, whatever their bodies were, and a cache that takes
// one for the other does no harm.
//
// # Timing
//
// A hit is faster than a miss, which reveals that a viewer of the same role and
// clearance has sent the same request since something that they may see last changed it. A
// release of what they may not see changes no key of theirs. It reveals no
// content: a viewer that gets the hit may read all that is in it.
package respcache
