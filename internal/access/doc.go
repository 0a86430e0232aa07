// Package access knows who somebody is: it makes, rotates, lists and revokes
// API keys, and turns the credential that a request shows into a
// [domain.Viewer].
//
// A key can be narrowed to scopes, origins and networks, and have an end and a
// rate limit of its own ([Limits]). From a network that is new for it, its use
// is put on the audit log; so is the refusal of a credential that was known.
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
