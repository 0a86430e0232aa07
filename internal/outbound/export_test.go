package outbound

import (
	"crypto/x509"
	"net/http"
	"net/netip"
)

// Scope returns the name of the scope of an address.
func Scope(address netip.Addr) string {
	return [...]string{scopeBlocked: "blocked", scopePrivate: "private", scopePublic: "public"}[scopeOf(address)]
}

// Trust makes a client accept a server's certificate.
func Trust(client *http.Client, certificate *x509.Certificate) {
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	client.Transport.(*transport).next.TLSClientConfig.RootCAs = pool
}
