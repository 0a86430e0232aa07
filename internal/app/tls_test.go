package app_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// authority is a certificate authority of a test.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pool *x509.CertPool
	n    int64
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, pool: x509.NewCertPool()}
	a.key = newKey(t)
	a.cert = a.issue(&x509.Certificate{Subject: pkix.Name{CommonName: "Test"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, a.key.Public())
	a.pool.AddCert(a.cert)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue certifies a public key; the first certificate is the authority's own.
func (a *authority) issue(template *x509.Certificate, public any) *x509.Certificate {
	a.t.Helper()
	a.n++
	template.SerialNumber, template.NotBefore = big.NewInt(a.n), time.Now().Add(-time.Minute)
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(time.Hour)
	}
	parent := a.cert
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert
}

// write writes a certificate for names and its key into a folder.
func (a *authority) write(dir string, names ...string) (certFile, keyFile string) {
	a.t.Helper()
	key := newKey(a.t)
	cert := a.issue(&x509.Certificate{Subject: pkix.Name{CommonName: names[0]}, DNSNames: names, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}, key.Public())
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: cert.Raw}, keyFile: {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// client returns a client that trusts the authority, of HTTP/2 or of HTTP/1.1 only.
func (a *authority) client(http2 bool) *http.Client {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(!http2)
	protocols.SetHTTP2(http2)
	return &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.pool}, Protocols: protocols, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func TestTLSWithACertificate(t *testing.T) {
	t.Parallel()
	ca, dir := newAuthority(t), t.TempDir()
	certFile, keyFile := ca.write(dir, "first.example")
	log := &record{}
	c := config(t, storetest.Config(t))
	c.TLS = app.TLSConfig{Cert: certFile, Key: keyFile, RedirectAddr: freePort(t)}
	a := start(t, c, parts(log))
	if !strings.HasPrefix(a.URL(), "https://127.0.0.1:") {
		t.Fatalf("the URL is %s", a.URL())
	}
	for http2, want := range map[bool]string{true: "HTTP/2.0", false: "HTTP/1.1"} {
		res, err := ca.client(http2).Post(a.URL()+"/graphql", "application/json", strings.NewReader(`{"query":"{ viewer { role } }"}`))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.Proto != want || !strings.Contains(string(body), `{"role":"PUBLIC"}`) {
			t.Errorf("got %s %s, %v", res.Proto, body, err)
		}
	}

	// WebSockets and event streams work.
	socket, _, err := websocket.Dial(t.Context(), a.URL()+"/graphql", &websocket.DialOptions{HTTPClient: ca.client(false), Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = socket.CloseNow()
	stream, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL()+"/changes", nil)
	if err != nil {
		t.Fatal(err)
	}
	stream.Header.Set("Accept", "text/event-stream")
	res, err := ca.client(true).Do(stream)
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(res.Body).ReadString('\n')
	_ = res.Body.Close()
	if err != nil || res.StatusCode != http.StatusOK || line == "" {
		t.Errorf("got %d %q %v", res.StatusCode, line, err)
	}

	// Without encryption there is nothing but a redirect.
	plain := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, x := range []struct {
		method, path, key string
		status            int
		location          string
	}{
		{http.MethodGet, "/v1/reports?first=1&a=%2F", "", http.StatusPermanentRedirect, a.URL() + "/v1/reports?first=1&a=%2F"},
		{http.MethodHead, "//evil.example/", "", http.StatusPermanentRedirect, a.URL() + "//evil.example/"},
		{http.MethodPost, "/graphql", "", http.StatusForbidden, ""},
		{http.MethodGet, "/v1/reports", "Bearer rt_x", http.StatusForbidden, ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), x.method, "http://"+c.TLS.RedirectAddr+x.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if x.key != "" {
			r.Header.Set("Authorization", x.key)
		}
		res, err := plain.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != x.status || res.Header.Get("Location") != x.location {
			t.Errorf("%s %s: got %d to %q, want %d to %q", x.method, x.path, res.StatusCode, res.Header.Get("Location"), x.status, x.location)
		}
	}

	for host, want := range map[string]string{"[::1]:80": "https://[::1]:" + port(a.URL()) + "/p", "site.example": "https://site.example:" + port(a.URL()) + "/p", "a:b:c": "", strings.Repeat("x", 300): ""} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+c.TLS.RedirectAddr+"/p", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		res, err := plain.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if got := res.Header.Get("Location"); got != want || (want == "") != (res.StatusCode == http.StatusBadRequest) {
			t.Errorf("host %.40q: got %d to %q, want %q", host, res.StatusCode, got, want)
		}
	}

	// A certificate that was renewed is used once the settings are reloaded; one that cannot be read is not.
	served := func() string {
		conn, err := tls.Dial("tcp", strings.TrimPrefix(a.URL(), "https://"), &tls.Config{RootCAs: ca.pool})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	ca.write(dir, "renewed.example")
	a.Reload(t.Context(), c)
	if got := served(); got != "renewed.example" {
		t.Errorf("the certificate is that of %s", got)
	}
	if err := os.WriteFile(certFile, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.Reload(t.Context(), c)
	if got := served(); got != "renewed.example" || !strings.Contains(log.String(), "the certificate was not read again") {
		t.Errorf("the certificate is that of %s; logged %s", got, log)
	}
}

// port returns the port of a URL.
func port(url string) string { return url[strings.LastIndex(url, ":")+1:] }

func TestTLSSettings(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		args []string
		want string
	}{
		{[]string{"--tls-cert", "a.pem"}, "--tls-cert: has no effect without --tls-key"},
		{[]string{"--tls-cert", "a", "--tls-key", "b", "--acme-domain", "a.example"}, "--acme-domain: cannot be used with --tls-cert"},
		{[]string{"--acme-domain", "127.0.0.1"}, "--acme-domain: want a name"},
		{[]string{"--acme-domain", "*.a.example"}, "--acme-domain: want a name"},
		{[]string{"--acme-domain", "localhost"}, "--acme-domain: want a name"},
		{[]string{"--acme-email", "a@b.example"}, "--acme-email: has no effect"},
		{[]string{"--acme-domain", "a.example", "--acme-directory", "http://ca.example"}, "--acme-directory: want an https URL"},
		{[]string{"--redirect-addr", ":80"}, "--redirect-addr: has no effect"},
		{[]string{"--redirect-addr", "80"}, "--redirect-addr: want host:port"},
	} {
		if _, err := app.Resolve(x.args, nil); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%v: got %v, want %q", x.args, err, x.want)
		}
	}
	if code, _, errs := run(t, nil, "serve", "--addr", "127.0.0.1:0", "--metrics-addr", "off", "--data", t.TempDir(), "--tls-cert", "none.pem", "--tls-key", "none.pem"); code != 1 || !strings.Contains(errs, "none.pem") || strings.Count(errs, "\n") != 1 {
		t.Errorf("exit %d: %s", code, errs)
	}
}
