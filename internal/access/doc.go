// Package access knows who somebody is: it makes, rotates, lists and revokes
// API keys, knows the people who sign in with OpenID Connect, and turns the key
// or the token that a request shows into a [domain.Viewer]. It also keeps what
// each of them has spent ([Meter]).
//
// A key can be narrowed to scopes, origins and networks, and have an end and a
// rate limit of its own ([Limits]). From a network that is new for it, its use
// is put on the audit log; so is the refusal of a credential that was known.
//
// A key is shown once, when it is made; the desk keeps its SHA-256 hash only.
// That is enough, and a slow hash would buy nothing: a key is 160 random bits,
// which nobody guesses from a hash.
//
// Every authentication asks the desk, so that a revoked key or a disabled
// person is refused from the next request on, in every process. Nothing that
// the desk says is cached; only that the signature of a token was found to be
// good is, for some minutes, and while the issuer publishes its key.
//
// The package doesn't decide what a viewer may do: the use cases and the fence
// of package store do that, by rights and clearance.
package access
