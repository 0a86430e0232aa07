package app

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"github.com/redthread-api/redthread/internal/domain"
)

// TLSConfig configures encryption: with a certificate that is given, with one that is obtained by ACME (RFC 8555), or
// none, behind a proxy that encrypts.
type TLSConfig struct {
	Cert, Key string // files in PEM

	Domains   []string // of the certificate that is obtained
	Email     string   // where the authority writes when a certificate is in danger; may be empty
	Directory string   // the authority's URL

	// RedirectAddr is where requests without encryption are redirected from; empty: nowhere.
	RedirectAddr string
}

func (c *TLSConfig) flags(f *pflag.FlagSet) {
	f.StringVar(&c.Cert, "tls-cert", "", usage("tls-cert", "`file` with a certificate and its chain in PEM: the server speaks HTTPS; it is read again when it has changed"))
	f.StringVar(&c.Key, "tls-key", "", usage("tls-key", "`file` with the private key of --tls-cert in PEM"))
	f.StringSliceVar(&c.Domains, "acme-domain", nil, usage("acme-domain",
		"`name` of this server, for which a certificate is obtained and renewed by ACME; that accepts the authority's terms; repeat it or separate by commas"))
	f.StringVar(&c.Email, "acme-email", "", usage("acme-email", "`address` for the certificate authority"))
	f.StringVar(&c.Directory, "acme-directory", autocert.DefaultACMEDirectory, usage("acme-directory", "`URL` of the certificate authority's directory"))
	f.StringVar(&c.RedirectAddr, "redirect-addr", "", usage("redirect-addr", "`address` such as :80, from which requests are redirected to https (default none)"))
}

func (c *TLSConfig) check(p *domain.Problems) {
	if (c.Cert == "") != (c.Key == "") {
		p.Add("--tls-cert", "has no effect without --tls-key, nor the other way round")
	}
	if c.Cert != "" && len(c.Domains) > 0 {
		p.Add("--acme-domain", "cannot be used with --tls-cert; give one of them")
	}
	for _, name := range c.Domains {
		if !validName(name) {
			p.Add("--acme-domain", "want a name such as api.example.org, not %q", name)
		}
	}
	if len(c.Domains) == 0 && c.Email != "" {
		p.Add("--acme-email", "has no effect without --acme-domain")
	}
	if u, err := url.Parse(c.Directory); c.Directory != "" && (err != nil || u.Host == "" || u.Scheme != "https" && !isLoopback(u)) {
		p.Add("--acme-directory", "want an https URL")
	}
	if c.RedirectAddr != "" {
		checkAddress("--redirect-addr", c.RedirectAddr, p)
		if !c.enabled() {
			p.Add("--redirect-addr", "has no effect without --tls-cert or --acme-domain")
		}
	}
}

// validName reports whether an authority may certify a name: it has two labels or more, and is no address.
func validName(name string) bool {
	u, err := url.Parse("https://" + name)
	return err == nil && u.Host == name && u.Port() == "" && net.ParseIP(name) == nil && strings.Contains(strings.Trim(name, "."), ".") && !strings.Contains(name, "*")
}

// isLoopback reports whether a URL without encryption leads to this machine, where there is nothing to listen to.
func isLoopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

func (c *TLSConfig) enabled() bool { return c.Cert != "" || len(c.Domains) > 0 }

// certificates gives the server its certificates.
type certificates struct {
	config  *tls.Config
	log     *slog.Logger
	manager *autocert.Manager // nil: the certificate is given
	domains []string
	given   *givenCertificate // nil: it is obtained

	mu       sync.Mutex
	obtained map[string]*tls.Certificate // by domain, as they were last given to a visitor
}

// certificates returns nil if the server does not encrypt. Certificates that are obtained are stored in the folder data.
func (c *TLSConfig) certificates(data string, log *slog.Logger) (*certificates, error) {
	switch {
	case c.Cert != "":
		given := &givenCertificate{certFile: c.Cert, keyFile: c.Key}
		if _, err := given.load(); err != nil {
			return nil, err
		}
		return &certificates{log: log, given: given, config: &tls.Config{
			MinVersion: tls.VersionTLS12, GetCertificate: given.get, NextProtos: []string{"h2", "http/1.1"},
		}}, nil
	case len(c.Domains) > 0:
		manager := &autocert.Manager{
			Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(c.Domains...), Email: c.Email,
			Cache:  autocert.DirCache(filepath.Join(data, "acme")),
			Client: &acme.Client{DirectoryURL: cmp.Or(c.Directory, autocert.DefaultACMEDirectory)},
		}
		config := manager.TLSConfig()
		config.MinVersion = tls.VersionTLS12
		certs := &certificates{log: log, manager: manager, domains: c.Domains, config: config, obtained: map[string]*tls.Certificate{}}
		config.GetCertificate = certs.getObtained
		return certs, nil
	}
	return nil, nil
}

const (
	// certificatePoll is how often files of certificates are looked at.
	certificatePoll = 30 * time.Second
	// certificateRetry is when a certificate is asked for again, which doubles up to certificateRetryMax.
	certificateRetry    = time.Minute
	certificateRetryMax = time.Hour
)

// run obtains certificates ahead of the first visitor, or reads the given one again when it has changed.
func (c *certificates) run(ctx context.Context) error {
	if c.manager != nil {
		for _, name := range c.domains {
			if err := c.obtain(ctx, name); err != nil {
				return err
			}
		}
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(certificatePoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			c.reload(ctx)
		}
	}
}

// reload reads a certificate that is given again. If it cannot be read, the one before stays in use.
func (c *certificates) reload(ctx context.Context) {
	if c.given == nil {
		return
	}
	changed, err := c.given.load()
	switch {
	case err != nil:
		c.log.ErrorContext(ctx, "the certificate was not read again: the one before stays in use", "error", err)
	case changed:
		c.log.InfoContext(ctx, "the certificate was read again", "expires", c.expires())
	}
}

// expires returns when the certificate expires that expires first; the zero time if there is none yet.
func (c *certificates) expires() time.Time {
	if c.given != nil {
		c.given.mu.RLock()
		defer c.given.mu.RUnlock()
		return c.given.current.Leaf.NotAfter
	}
	var first time.Time
	for _, name := range c.domains {
		c.mu.Lock()
		cert := c.obtained[name]
		c.mu.Unlock()
		if cert != nil && cert.Leaf != nil && (first.IsZero() || cert.Leaf.NotAfter.Before(first)) {
			first = cert.Leaf.NotAfter
		}
	}
	return first
}

// getObtained returns the certificate for a visitor, and remembers it for expires.
func (c *certificates) getObtained(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	cert, err := c.manager.GetCertificate(hello)
	if err == nil && slices.Contains(c.domains, hello.ServerName) && !slices.Contains(hello.SupportedProtos, acme.ALPNProto) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.obtained[hello.ServerName] = cert
	}
	return cert, err
}

// obtain obtains the certificate of a name, until it has it or ctx is done. autocert renews it.
func (c *certificates) obtain(ctx context.Context, name string) error {
	for pause := certificateRetry; ; pause = min(2*pause, certificateRetryMax) {
		// As a browser of today asks, so that one certificate is obtained and not one for old ones as well.
		_, err := c.getObtained(&tls.ClientHelloInfo{ServerName: name, SupportedVersions: []uint16{tls.VersionTLS13},
			CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}, SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}, SupportedCurves: []tls.CurveID{tls.CurveP256}})
		if err == nil {
			c.log.InfoContext(ctx, "there is a certificate", "domain", name)
			return nil
		}
		if ctx.Err() != nil {
			return nil
		}
		c.log.ErrorContext(ctx, "no certificate was obtained: the authority must reach this server at port 443 of the domain", "domain", name, "error", err, "again_in", pause.String())
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

// givenCertificate is a certificate in files.
type givenCertificate struct {
	certFile, keyFile string

	mu      sync.RWMutex
	current *tls.Certificate
	read    [2]os.FileInfo // as they were when they were read
}

func (g *givenCertificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.current, nil
}

// load reads the files if they are not as they were, and reports whether it did.
func (g *givenCertificate) load() (bool, error) {
	var now [2]os.FileInfo
	same := g.current != nil
	for i, file := range []string{g.certFile, g.keyFile} {
		info, err := os.Stat(file)
		if err != nil {
			return false, fmt.Errorf("read the certificate: %w", err)
		}
		now[i] = info
		same = same && os.SameFile(info, g.read[i]) && info.ModTime().Equal(g.read[i].ModTime()) && info.Size() == g.read[i].Size()
	}
	if same {
		return false, nil
	}
	cert, err := tls.LoadX509KeyPair(g.certFile, g.keyFile)
	if err != nil {
		return false, fmt.Errorf("read the certificate in %s and its key in %s: %w", g.certFile, g.keyFile, err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.current, g.read = &cert, now
	return true, nil
}

// redirects is the server of RedirectAddr.
type redirects struct {
	listener net.Listener
	http     *http.Server
}

// listenForRedirects returns nil if there is no such server. to is the listener to whose port requests are redirected.
func listenForRedirects(ctx context.Context, addr string, to net.Listener, certs *certificates, log *slog.Logger) (*redirects, error) {
	if addr == "" {
		return nil, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen for redirects: %w", err)
	}
	_, port, _ := net.SplitHostPort(to.Addr().String()) // the address of a listener is always valid
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { redirect(w, r, port) })
	if certs.manager != nil {
		h = certs.manager.HTTPHandler(h) // challenges of the authority
	}
	return &redirects{listener: listener, http: &http.Server{
		Handler: h, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}}, nil
}

// maxHost is how long a name and its port may be (RFC 1035, section 2.3.4).
const maxHost = 255 + len(":65535")

// redirect redirects to the same address with encryption. A request with a body or a credential was readable on its way:
// it is refused, so that this is noticed and not repaired each time.
func redirect(w http.ResponseWriter, r *http.Request, port string) {
	at, err := url.Parse("https://" + r.Host)
	switch {
	case err != nil || at.Host != r.Host || at.Hostname() == "" || len(r.Host) > maxHost || strings.Contains(r.Host, "%"):
		http.Error(w, "want the name of this server in the header Host", http.StatusBadRequest)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead, r.Header.Get("Authorization") != "":
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, "use https: this request was sent without encryption", http.StatusForbidden)
		return
	}
	host := net.JoinHostPort(at.Hostname(), port)
	if port == "443" {
		host = strings.TrimSuffix(host, ":443")
	}
	http.Redirect(w, r, (&url.URL{Scheme: "https", Host: host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}).String(), http.StatusPermanentRedirect)
}

func (r *redirects) run(context.Context) error {
	if err := r.http.Serve(r.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (r *redirects) close() error {
	return errors.Join(r.http.Close(), ignoreClosed(r.listener.Close()))
}
