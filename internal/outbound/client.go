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

// What applies where [Options] say nothing.
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

// Options say how far a client goes.
type Options struct {
	// AllowPrivate opens the networks that only the neighbours reach, this
	// machine among them, and http to them. Where clouds keep the
	// credentials of their machines stays closed.
	AllowPrivate bool
	// AllowNetworks are open whatever is in them, for http as well.
	AllowNetworks []netip.Prefix

	Timeout time.Duration // of a request from its start to the last byte of the answer; 0: DefaultTimeout
	MaxBody int64         // of an answer, in bytes; 0: DefaultMaxBody

	// Resolver finds the addresses of names; nil is the system's.
	Resolver *net.Resolver
}

// The reasons for which a client itself refuses. Each comes wrapped in an error
// that names the host as the caller, or the redirect, gave it; the address
// that was found is left out, because whoever chose the name may read the
// error, and would learn what is where in the network.
var (
	// ErrPrivateAddress says that a host is at an address that the client
	// may not reach.
	ErrPrivateAddress = errors.New("the host is not at a public address")
	// ErrInsecure says that a URL is not https where that is needed, or is
	// no URL of HTTP at all.
	ErrInsecure = errors.New("the address has to be https")
	// ErrRedirect says that a redirect is not followed: it is one too many,
	// leaves https, has a password in it, or would send a body on.
	ErrRedirect = errors.New("the redirect is not followed")
	// ErrTooLarge says that an answer is longer than Options.MaxBody. It
	// comes from reading the body.
	ErrTooLarge = errors.New("the answer is too large")
)

// NewClient returns a client for addresses that others choose. Its errors are
// those of [http.Client.Do]; errors.Is finds the ones above in them.
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
			// A few bytes can be packed that unpack to many.
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
			host, _, _ := net.SplitHostPort(address) // it is one
			return nil, fmt.Errorf("%s: %w", host, reason)
		}
	}
	return conn, err
}

// control is called with the address that a connection is about to be made
// to, after names have been resolved.
func (d *dialer) control(ctx context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrPrivateAddress
	}
	where := reachOf(to.Addr())
	switch {
	case within(plain(to.Addr()), d.options.AllowNetworks):
		return nil
	case where == reachNobody, where == reachPrivate && !d.options.AllowPrivate:
		return ErrPrivateAddress
	case where == reachPublic && ctx.Value(plaintextKey{}) != nil:
		return ErrInsecure
	}
	return nil
}

// plaintextKey marks the context of a request that is not encrypted. The
// transport dials with the values of the request's context, and never shares
// a connection between http and https.
type plaintextKey struct{}

// transport checks requests and bounds answers.
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

// CloseIdleConnections is what [http.Client.CloseIdleConnections] calls.
func (t *transport) CloseIdleConnections() { t.next.CloseIdleConnections() }

// boundedBody fails where a body goes on past its bound. It doesn't just end
// there: half an answer can look like a whole one.
type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrTooLarge
	}
	// One byte more than is allowed tells the end from too much.
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n - 1, ErrTooLarge
	}
	return n, err
}

// carried are the headers that follow a redirect to another origin. Any other
// may be a credential, whatever it is called.
var carried = map[string]bool{
	"Accept": true, "Accept-Language": true, "Cache-Control": true, "Content-Type": true, "User-Agent": true,
}

func checkRedirect(r *http.Request, via []*http.Request) error {
	// Each hop starts with the headers of the first request, so what matters
	// is whether the way has led elsewhere at any point.
	first, last, elsewhere := via[0], via[len(via)-1], false
	for _, hop := range append(via[1:len(via):len(via)], r) {
		if hop.URL.Scheme != first.URL.Scheme || !strings.EqualFold(hop.URL.Host, first.URL.Host) {
			elsewhere = true
		}
	}
	refuse := func(why string) error { return fmt.Errorf("%s: %s: %w", r.URL.Host, why, ErrRedirect) }
	switch {
	case len(via) > maxRedirects:
		return refuse("it is one too many")
	case last.URL.Scheme == "https" && r.URL.Scheme != "https":
		return refuse("it leaves https")
	case r.URL.User != nil:
		return refuse("it has a name or password in it")
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return refuse("it would send the body on")
	}
	r.Header.Del("Referer") // it may have a secret in its query
	if elsewhere {
		for name := range r.Header {
			if !carried[name] {
				r.Header.Del(name)
			}
		}
	}
	return nil
}
