// Package outbound provides HTTP clients for URLs that users choose, such as the
// receiver of a webhook or the issuer of tokens. It protects against server-side
// request forgery (SSRF): such a URL must not reach the private network of the
// program, whose services may trust all clients in it.
//
// The check is on the address that is dialled, for each connection: a name can
// resolve differently the next time (DNS rebinding), and a URL can redirect. A
// client refuses every address that is not public, unless [Options] allow it. It
// uses https; http only to allowed private addresses. It follows few redirects,
// and sends no credentials to another origin. Responses are bounded in size and
// time.
//
// A client never uses a proxy, not even one of the environment: a proxy would
// dial the address without the check.
package outbound
