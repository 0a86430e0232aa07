// Package outbound makes the HTTP clients for addresses that others choose: an
// issuer of tokens, a receiver of webhooks. Such an address must not lead into
// the network that the program stands in, where services trust whoever
// reaches them (SSRF).
//
// What counts is the address that is dialled, each time: not the name, which
// can resolve differently the next time, and not the URL, which can redirect.
// A client refuses every address that is not public, unless [Options] allow
// it. It speaks https; http only to a private address that is allowed. It
// follows few redirects, and carries no credential to another origin. What
// comes back is bounded in size and in time.
//
// A client never uses a proxy, neither one of the environment: a proxy would
// do the dialling, and nothing would be checked.
package outbound
