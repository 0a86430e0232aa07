package outbound

import (
	"crypto/x509"
	"net/http"
	"net/netip"
)

// Reach names where an address is.
func Reach(address netip.Addr) string {
	return [...]string{reachNobody: "nobody", reachPrivate: "private", reachPublic: "public"}[reachOf(address)]
}

// Trust makes a client accept a server's certificate.
func Trust(client *http.Client, certificate *x509.Certificate) {
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	client.Transport.(*transport).next.TLSClientConfig.RootCAs = pool
}
