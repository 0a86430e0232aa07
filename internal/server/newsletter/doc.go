// Package newsletter serves the pages of subscribers: signing up, confirming that, preferences,
// and unsubscribing.
//
// The pages have no scripts and no cookies. Their links are tokens in the query, which the
// access log leaves out; they are not stored by caches and send no referrer. A GET changes
// nothing, because programs follow links. A POST to a link to unsubscribe ends the
// subscription whatever its body is (RFC 8058, section 3.2).
package newsletter
