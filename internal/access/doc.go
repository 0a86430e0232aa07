// Package access authenticates requests: it turns the credential of a request,
// an API key or an OpenID Connect token, into a [domain.Viewer]
// ([Authenticator]). It creates, changes, rotates, lists and revokes API keys ([Keys]),
// and manages the people who sign in ([People]).
//
// Keys that replaced each other are a line. What belongs to the holder of a key, such as a
// webhook, belongs to the line, and a key has the id of the first one of its line. A key can
// rotate itself ([Keys.RotateOwn]), without a right: it gains nothing by that.
//
// A key can be granted rights that no role has, and it can be restricted to scopes, origins and networks, and can have an
// expiry and a rate limit of its own ([Restrictions]). Its first use from a
// network is put on the audit log; so is the refusal of a known credential.
//
// The text of a key is returned once, when the key is created; the desk stores
// its SHA-256 hash alone. A slow hash would gain nothing: a key is 160 random
// bits, which cannot be guessed from a hash.
//
// Every authentication reads the desk, so that a revoked key or a disabled
// person is refused from the next request on, in every process. The result of
// that read is not cached. That the signature of a token is valid is cached
// for some minutes, as long as the issuer publishes the key.
//
// The package doesn't decide what a viewer may do: the use cases and the fence
// of package store do that, by rights and clearance. Package limits decides how
// much.
package access
