// Package oidctest runs an OpenID Connect issuer for tests, over HTTP on this
// machine: discovery, keys, and the authorization code flow with PKCE.
//
// It uses the standard library alone, so that no code that verifies tokens is
// used to make them. It behaves as an issuer should. Tests make it misbehave
// with [Issuer.Handle], or sign bad tokens with [Key.Sign].
package oidctest
