// Package oidctest runs an OpenID Connect issuer for tests, over HTTP on this
// machine: discovery, keys, and the authorization code flow with PKCE.
//
// It is written on the standard library alone, so that nothing of what checks
// tokens is used to make them. It does what a good issuer does; what a bad one
// does is put in the way of it with [Issuer.Handle], or signed with
// [Key.Sign].
package oidctest
