// Package access knows who somebody is: it makes, lists and revokes API keys,
// and turns the key that a request shows into a [domain.Viewer].
//
// A key is shown once, when it is made; the desk keeps its SHA-256 hash only.
// That is enough, and a slow hash would buy nothing: a key is 160 random bits,
// which nobody guesses from a hash.
//
// Every authentication asks the desk, so that a revoked key is refused from
// the next request on, in every process. Nothing is cached.
//
// The package doesn't decide what a viewer may do: the use cases and the fence
// of package store do that, by role and clearance.
package access
