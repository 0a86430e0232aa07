package outbound

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// The defaults of [Options].
const (
	DefaultTimeout = 10 * time.Second
	DefaultMaxBody = 1 << 20
)

const (
	maxRedirects   = 3
	maxHeaderBytes = 64 << 10
	dialTimeout    = 5 * time.Second
	idleTimeout    = 30 * time.Second
	idlePerHost    = 2
)

// Options configures a client.
type Options struct {
	// AllowPrivate allows private networks and this machine, and http to them. The
	// metadata services of clouds stay blocked.
	AllowPrivate bool
	// AllowNetworks are always allowed, also with http.
	AllowNetworks []netip.Prefix

	Timeout time.Duration // of a request, from its start to the last byte of the response; 0: DefaultTimeout
	MaxBody int64         // the limit of a response body, in bytes; 0: DefaultMaxBody

	// Resolver resolves names; nil means the system's resolver.
	Resolver *net.Resolver
}

// The errors of the client itself. Each is wrapped in an error that names the host
// of the URL or of the redirect, but not the resolved address: the user who chose
// the name may read the error, and would learn the addresses of private hosts.
var (
	// ErrPrivateAddress means that the address of the host is not allowed.
	ErrPrivateAddress = errors.New("the host is not at a public address")
	// ErrInsecure means that the scheme of a URL is not https where it has to be, or
	// is neither http nor https.
	ErrInsecure = errors.New("the URL must use https")
	// ErrRedirect means that a redirect is not followed: there were too many, or it
	// leaves https, contains a password, or would send the body again.
	ErrRedirect = errors.New("the redirect is not followed")
	// ErrTooLarge means that a response body is longer than Options.MaxBody. It is
	// returned by reads of the body.
	ErrTooLarge = errors.New("the response is too large")
)

// NewClient returns a client for URLs that users choose. Its errors are those of
// [http.Client.Do], and can wrap the errors above.
func NewClient(o Options) *http.Client {
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	o.MaxBody = cmp.Or(o.MaxBody, DefaultMaxBody)
	d := &dialer{options: o}
	d.net = net.Dialer{Timeout: min(dialTimeout, o.Timeout), Resolver: o.Resolver, ControlContext: d.control}
	return &http.Client{
		Timeout:       o.Timeout,
		CheckRedirect: checkRedirect,
		Transport: &transport{maxBody: o.MaxBody, next: &http.Transport{
			DialContext:            d.dial,
			ForceAttemptHTTP2:      true,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    min(dialTimeout, o.Timeout),
			ResponseHeaderTimeout:  o.Timeout,
			MaxResponseHeaderBytes: maxHeaderBytes,
			MaxIdleConnsPerHost:    idlePerHost,
			IdleConnTimeout:        idleTimeout,
			// A small compressed body can decompress to a very large one.
			DisableCompression: true,
		}},
	}
}

type dialer struct {
	options Options
	net     net.Dialer
}

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.net.DialContext(ctx, network, address)
	for _, reason := range []error{ErrPrivateAddress, ErrInsecure} {
		if errors.Is(err, reason) {
			// The error of package net has the address in its text.
			host, _, _ := net.SplitHostPort(address) // always valid
			return nil, fmt.Errorf("%s: %w", host, reason)
		}
	}
	return conn, err
}

// control checks the resolved address of a connection before it is made.
func (d *dialer) control(ctx context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrPrivateAddress
	}
	scope := scopeOf(to.Addr())
	switch {
	case containedIn(normalize(to.Addr()), d.options.AllowNetworks):
		return nil
	case scope == scopeBlocked, scope == scopePrivate && !d.options.AllowPrivate:
		return ErrPrivateAddress
	case scope == scopePublic && ctx.Value(plaintextKey{}) != nil:
		return ErrInsecure
	}
	return nil
}

// plaintextKey marks the context of an http request. The transport dials with the
// values of the request's context, and never shares a connection between http and
// https.
type plaintextKey struct{}

// transport checks requests and bounds responses.
type transport struct {
	maxBody int64
	next    *http.Transport
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	switch r.URL.Scheme {
	case "https":
	case "http":
		r = r.WithContext(context.WithValue(r.Context(), plaintextKey{}, true))
	default:
		return nil, fmt.Errorf("%q: %w", r.URL.Scheme, ErrInsecure)
	}
	response, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if response.ContentLength > t.maxBody {
		_ = response.Body.Close()
		return nil, ErrTooLarge
	}
	response.Body = &boundedBody{ReadCloser: response.Body, left: t.maxBody}
	return response, nil
}

// CloseIdleConnections is called by [http.Client.CloseIdleConnections].
func (t *transport) CloseIdleConnections() { t.next.CloseIdleConnections() }

// boundedBody is a response body whose reads fail after a limit. It does not just
// end there, because a truncated body can look complete.
type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrTooLarge
	}
	// One byte more than the limit shows whether the body is too long.
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n - 1, ErrTooLarge
	}
	return n, err
}

// forwardedHeaders has the headers that are sent on a redirect to another origin.
// Any other header may contain a credential.
var forwardedHeaders = map[string]bool{
	"Accept": true, "Accept-Language": true, "Cache-Control": true, "Content-Type": true, "User-Agent": true,
}

func checkRedirect(r *http.Request, via []*http.Request) error {
	// Each redirect starts with the headers of the first request, so they are removed
	// if any redirect so far has led to another origin.
	first, last, crossOrigin := via[0], via[len(via)-1], false
	for _, hop := range append(via[1:len(via):len(via)], r) {
		if hop.URL.Scheme != first.URL.Scheme || !strings.EqualFold(hop.URL.Host, first.URL.Host) {
			crossOrigin = true
		}
	}
	refuse := func(why string) error { return fmt.Errorf("%s: %s: %w", r.URL.Host, why, ErrRedirect) }
	switch {
	case len(via) > maxRedirects:
		return refuse("too many redirects")
	case last.URL.Scheme == "https" && r.URL.Scheme != "https":
		return refuse("it leaves https")
	case r.URL.User != nil:
		return refuse("it contains a user name or password")
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return refuse("it would send the body again")
	}
	r.Header.Del("Referer") // its query may contain a secret
	if crossOrigin {
		for name := range r.Header {
			if !forwardedHeaders[name] {
				r.Header.Del(name)
			}
		}
	}
	return nil
}
