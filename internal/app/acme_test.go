package app_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// acmeAuthority is a certificate authority that speaks as much of ACME (RFC 8555) as a client needs that does
// nothing wrong. It looks at servers by the challenge tls-alpn-01 (RFC 8737).
type acmeAuthority struct {
	*authority
	*httptest.Server
	target string // host:port at which all names are

	mu       sync.Mutex
	nonce    int
	name     string // of the order
	verified bool
	issued   *x509.Certificate
	refusals int // how many orders are refused first
}

func newACMEAuthority(t *testing.T) *acmeAuthority {
	a := &acmeAuthority{authority: newAuthority(t)}
	mux := http.NewServeMux()
	mux.HandleFunc("/directory", func(w http.ResponseWriter, _ *http.Request) {
		a.answer(w, http.StatusOK, "", map[string]any{"newNonce": a.URL + "/nonce", "newAccount": a.URL + "/account", "newOrder": a.URL + "/order"})
	})
	mux.HandleFunc("/nonce", func(w http.ResponseWriter, _ *http.Request) { a.answer(w, http.StatusOK, "", nil) })
	mux.HandleFunc("POST /account", func(w http.ResponseWriter, _ *http.Request) {
		a.answer(w, http.StatusCreated, "/account/1", map[string]any{"status": "valid"})
	})
	mux.HandleFunc("POST /order", a.newOrder)
	mux.HandleFunc("POST /order/1", func(w http.ResponseWriter, _ *http.Request) { a.answer(w, http.StatusOK, "/order/1", a.order()) })
	mux.HandleFunc("POST /authorization", func(w http.ResponseWriter, _ *http.Request) {
		status := "pending"
		if a.verified {
			status = "valid"
		}
		a.answer(w, http.StatusOK, "", map[string]any{"status": status, "identifier": map[string]string{"type": "dns", "value": a.name},
			"challenges": []any{map[string]string{"type": "tls-alpn-01", "url": a.URL + "/challenge", "token": "token", "status": status}}})
	})
	mux.HandleFunc("POST /challenge", func(w http.ResponseWriter, _ *http.Request) {
		a.verify()
		a.answer(w, http.StatusOK, "", map[string]string{"type": "tls-alpn-01", "url": a.URL + "/challenge", "token": "token", "status": "processing"})
	})
	mux.HandleFunc("POST /finalize", a.finalize)
	mux.HandleFunc("POST /certificate", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		w.Header().Set("Replay-Nonce", "last")
		for _, cert := range []*x509.Certificate{a.issued, a.cert} {
			_ = pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
		}
	})
	locked := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		mux.ServeHTTP(w, r)
	})
	a.Server = httptest.NewServer(locked)
	t.Cleanup(a.Close)
	return a
}

func (a *acmeAuthority) answer(w http.ResponseWriter, status int, location string, body any) {
	a.nonce++
	w.Header().Set("Replay-Nonce", fmt.Sprintf("nonce%d", a.nonce))
	w.Header().Set("Content-Type", "application/json")
	if location != "" {
		w.Header().Set("Location", a.URL+location)
	}
	w.WriteHeader(status)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body)
	}
}

// payload reads what a request is about; whether it is signed is not checked.
func (a *acmeAuthority) payload(r *http.Request, v any) {
	a.t.Helper()
	var jws struct{ Payload string }
	if err := json.NewDecoder(r.Body).Decode(&jws); err != nil {
		a.t.Error(err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(jws.Payload)
	if err != nil || json.Unmarshal(raw, v) != nil {
		a.t.Errorf("got the payload %q", raw)
	}
}

func (a *acmeAuthority) newOrder(w http.ResponseWriter, r *http.Request) {
	var order struct{ Identifiers []struct{ Value string } }
	a.payload(r, &order)
	if a.refusals > 0 {
		a.refusals--
		a.answer(w, http.StatusForbidden, "", map[string]string{"type": "urn:ietf:params:acme:error:rejectedIdentifier", "detail": "not this name"})
		return
	}
	a.name, a.verified, a.issued = order.Identifiers[0].Value, false, nil
	a.answer(w, http.StatusCreated, "/order/1", a.order())
}

func (a *acmeAuthority) order() map[string]any {
	order := map[string]any{"status": "pending", "identifiers": []any{map[string]string{"type": "dns", "value": a.name}},
		"authorizations": []string{a.URL + "/authorization"}, "finalize": a.URL + "/finalize"}
	switch {
	case a.issued != nil:
		order["status"], order["certificate"] = "valid", a.URL+"/certificate"
	case a.verified:
		order["status"] = "ready"
	}
	return order
}

// verify looks whether the server of the name answers the challenge.
func (a *acmeAuthority) verify() {
	a.t.Helper()
	conn, err := tls.Dial("tcp", a.target, &tls.Config{ServerName: a.name, NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true}) //nolint:gosec // the challenge's certificate is signed by nobody
	if err != nil {
		a.t.Error(err)
		return
	}
	defer func() { _ = conn.Close() }()
	state := conn.ConnectionState()
	cert := state.PeerCertificates[0]
	identifier := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31} // of RFC 8737, section 3
	a.verified = state.NegotiatedProtocol == "acme-tls/1" && slices.Equal(cert.DNSNames, []string{a.name})
	found := false
	for _, extension := range cert.Extensions {
		found = found || extension.Id.Equal(identifier)
	}
	a.verified = a.verified && found
}

func (a *acmeAuthority) finalize(w http.ResponseWriter, r *http.Request) {
	var request struct{ CSR string }
	a.payload(r, &request)
	der, err := base64.RawURLEncoding.DecodeString(request.CSR)
	if err != nil {
		a.t.Error(err)
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil || !a.verified {
		a.t.Errorf("verified: %t, %v", a.verified, err)
		return
	}
	a.issued = a.issue(&x509.Certificate{DNSNames: []string{a.name}}, csr.PublicKey)
	a.answer(w, http.StatusOK, "/order/1", a.order())
}

func TestCertificateByACME(t *testing.T) {
	t.Parallel()
	ca := newACMEAuthority(t)
	c, log := config(t, storetest.Config(t)), &record{}
	c.Addr = freePort(t)
	ca.target = c.Addr
	c.TLS = app.TLSConfig{Domains: []string{"api.redthread.example"}, Email: "ops@redthread.example", Directory: ca.URL + "/directory", RedirectAddr: freePort(t)}
	a := start(t, c, parts(log))
	if want := "https://api.redthread.example:" + port(c.Addr); a.URL() != want {
		t.Errorf("the URL is %s, want %s", a.URL(), want)
	}
	eventually(t, func() bool { return strings.Contains(log.String(), "there is a certificate") })
	conn, err := tls.Dial("tcp", c.Addr, &tls.Config{ServerName: "api.redthread.example", RootCAs: ca.pool, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	// Other names get no certificate, and the authority is not asked for one.
	if conn, err := tls.Dial("tcp", c.Addr, &tls.Config{ServerName: "other.redthread.example", RootCAs: ca.pool}); err == nil {
		t.Error("there is a certificate for another name")
		_ = conn.Close()
	}
	// It is stored, for its owner only.
	files, err := os.ReadDir(filepath.Join(c.Data, "acme"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got %v, %v", files, err)
	}
	for _, file := range files {
		if info, err := file.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", file.Name(), info.Mode(), err)
		}
	}
	res, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Get("http://" + c.TLS.RedirectAddr + "/docs")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusPermanentRedirect || !strings.HasSuffix(res.Header.Get("Location"), ":"+port(c.Addr)+"/docs") {
		t.Errorf("got %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
}
