package server

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/redthread-api/redthread/internal/exchange/site"
	"github.com/redthread-api/redthread/internal/newsletter/render"
	"github.com/redthread-api/redthread/internal/server/content"
	"github.com/redthread-api/redthread/internal/server/explorer"
	"github.com/redthread-api/redthread/internal/server/mailbox"
	"github.com/redthread-api/redthread/internal/server/respcache"
	"github.com/redthread-api/redthread/internal/server/rest"
	"github.com/redthread-api/redthread/internal/tracing"
)

// The defaults of [Config].
const (
	DefaultMaxBody = 4 << 20 // of staff
	DefaultTimeout = 30 * time.Second
	DefaultDrain   = 15 * time.Second
)

// Limits that are not configurable.
const (
	// MaxPublicBody is the largest body, in bytes, of viewers who are not staff.
	MaxPublicBody = 256 << 10

	readHeaderTimeout = 5 * time.Second
	idleTimeout       = 2 * time.Minute
	writeSlack        = 15 * time.Second // for slow clients, after the time of the operation
	maxHeaderBytes    = 64 << 10         // a GET carries its query and variables in the first line
)

// Config configures a [Server].
type Config struct {
	GraphQL     http.Handler                             // the API; its requests carry a viewer and a request id
	Schema      func(notFound http.Handler) http.Handler // serves the schema in the schema definition language; nil: not
	ChangeFeed  ChangeFeed                               // the change feed
	Streams     Streams                                  // opens the streams of the change feed
	Quotas      Quotas                                   // charges for the change feed
	Examples    []explorer.Example                       // the explorer's first tabs
	DemoKey     string                                   // the key that the explorer offers to browsers on this machine; empty: none
	Search      content.Executor                         // what the search page and the pictures query; nil: there are none
	OwnSite     string                                   // the server's URL, where no other site is configured and those of documents begin with it; empty otherwise
	REST        *rest.API                                // the routes at /v1 and their description; nil: there are none
	Feeds       FeedsConfig
	Editions    EditionsConfig // needs Feeds, whose content it shows
	Subscribers http.Handler   // the pages of subscribers; nil: there are none
	Bounces     http.Handler   // takes reports of mails that came back; nil: it is not there
	Started     time.Time      // when the process began with its settings
	Files       Files          // static files; none where its handler is nil
	// Mailbox is the folder to which messages go in place of readers; nil where they are sent. All who reach the server
	// can see its messages.
	Mailbox       mailbox.Folder
	Authenticator Authenticator
	Checks        []Check // readiness checks, in the order in which they are shown
	Log           *slog.Logger

	// Observe, if not nil, is called with each request that was answered.
	Observe func(Answered)
	Tracer  *tracing.Tracer // makes each request a span; nil: none is

	// ResponseCache caches responses that are read from live; nil: no cache.
	ResponseCache *respcache.Cache

	// Origins are those whose pages may call the API from a browser; nil stands for all.
	Origins *Origins

	// TLS is how connections are encrypted, with its certificates; nil: they are not.
	TLS *tls.Config

	// TrustedProxies are the networks of proxies whose X-Forwarded-For is
	// trusted.
	TrustedProxies []netip.Prefix

	MaxBody int64         // of a request of staff, in bytes
	Timeout time.Duration // of one request to the API, which enforces it itself
	Drain   time.Duration // how long running requests may go on after Close

	sockets *sockets
}

// Files are public static files, such as the demo's pictures.
type Files struct {
	Path    string // with a slash at both ends
	Handler func(notFound http.Handler) http.Handler
}

// FeedsConfig configures feeds and sitemaps; there are none where Content is nil.
type FeedsConfig struct {
	Content   content.Executor
	Site      site.Site
	PublicURL string // of the server, without a slash at the end
}

// EditionsConfig configures the pages of editions.
type EditionsConfig struct {
	Enabled      bool
	Templates    *render.Templates
	SubscribeURL string // of the form for readers; empty: there is none
}

// Server is the HTTP server.
type Server struct {
	http   *http.Server
	log    *slog.Logger
	drain  time.Duration
	cancel context.CancelFunc // cancels the contexts of running requests

	sockets *sockets
}

// New returns a server, which does nothing until [Server.Serve].
func New(c Config) *Server {
	c.MaxBody = cmp.Or(c.MaxBody, DefaultMaxBody)
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	c.Drain = cmp.Or(c.Drain, DefaultDrain)
	c.sockets = newSockets()
	if c.Origins == nil {
		c.Origins = NewOrigins(nil)
	}
	base, cut := context.WithCancel(context.Background())
	return &Server{
		sockets: c.sockets,
		log:     c.Log,
		drain:   c.Drain,
		cancel:  cut,
		http: &http.Server{
			Handler:           handler(c),
			ReadHeaderTimeout: min(readHeaderTimeout, c.Timeout),
			ReadTimeout:       c.Timeout,
			WriteTimeout:      c.Timeout + writeSlack,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			BaseContext:       func(net.Listener) context.Context { return base },
			ErrorLog:          log.New(connectionErrors{c.Log}, "", 0),
			TLSConfig:         c.TLS,
			Protocols:         protocols(),
		},
	}
}

// connectionErrors is where net/http writes what went wrong with connections.
type connectionErrors struct{ log *slog.Logger }

// Write logs a message as a warning; but what scanners do to a server that encrypts, at debug level.
func (e connectionErrors) Write(message []byte) (int, error) {
	level := slog.LevelWarn
	if bytes.HasPrefix(message, []byte("http: TLS handshake error")) {
		level = slog.LevelDebug
	}
	e.log.Log(context.Background(), level, string(bytes.TrimSpace(message)))
	return len(message), nil
}

// protocols are HTTP/1.1 and HTTP/2, which a proxy may speak without encryption if it knows that the server does.
func protocols() *http.Protocols {
	p := &http.Protocols{}
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(true)
	return p
}

// Serve serves the connections of the listener until [Server.Close], and then returns
// nil. It closes the listener.
func (s *Server) Serve(l net.Listener) error {
	serve := s.http.Serve
	if s.http.TLSConfig != nil {
		serve = func(l net.Listener) error { return s.http.ServeTLS(l, "", "") }
	}
	if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Close stops listening, lets running requests end for as long as the
// configuration or ctx allow, and aborts those that are left.
func (s *Server) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.drain)
	defer cancel()
	defer s.cancel()
	err := errors.Join(s.http.Shutdown(ctx), s.sockets.wait(ctx))
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		s.log.WarnContext(ctx, "requests were aborted at shutdown", "drain", s.drain.String())
		s.cancel()
		err = s.http.Close()
	}
	return err
}
