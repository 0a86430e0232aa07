package server

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/redthread-api/redthread/internal/exchange/site"
	"github.com/redthread-api/redthread/internal/server/explorer"
	"github.com/redthread-api/redthread/internal/server/feeds"
	"github.com/redthread-api/redthread/internal/server/respcache"
	"github.com/redthread-api/redthread/internal/server/rest"
)

// What applies where [Config] says nothing.
const (
	DefaultMaxBody = 4 << 20 // of staff
	DefaultTimeout = 30 * time.Second
	DefaultDrain   = 15 * time.Second
)

// Limits that nobody has a reason to change.
const (
	// MaxPublicBody is the largest body, in bytes, of who is not staff.
	MaxPublicBody = 256 << 10

	readHeaderTimeout = 5 * time.Second
	idleTimeout       = 2 * time.Minute
	writeSlack        = 15 * time.Second // for a slow reader of an answer that took its time
	maxHeaderBytes    = 64 << 10         // a GET carries its query and variables in the first line
)

// Config is what a server is made of.
type Config struct {
	GraphQL  http.Handler       // the API; its requests carry a viewer and a request id
	Feed     Feed               // the change feed
	Streams  Streams            // what it is told in
	Quotas  Quotas            // what pays for that
	Examples []explorer.Example // the explorer's first tabs
	DemoKey  string             // what the explorer offers to browsers on this machine; empty: nothing
	REST     *rest.API          // the routes at /v1 and their description; nil: there are none
	Feeds    FeedsConfig
	Started  time.Time // when the process began with its settings
	Files    Files     // what is served besides; none where its handler is nil
	Authenticator     Authenticator
	Checks   []Check // what has to hold to be ready, in the order in which they are shown
	Log      *slog.Logger

	// ResponseCache keeps what the API answers from live; nil keeps nothing.
	ResponseCache *respcache.Cache

	// CORSOrigins are the origins whose pages may call the API from a
	// browser; empty stands for all. See allowOrigins for why that is safe.
	CORSOrigins []string

	// TrustedProxies are the networks of proxies whose X-Forwarded-For says
	// who the client is.
	TrustedProxies []netip.Prefix

	MaxBody int64         // of a request of staff, in bytes
	Timeout time.Duration // that the API takes for one request; it keeps to it by itself
	Drain   time.Duration // how long running requests may go on after Close

	sockets *sockets
}

// Files are files that are there for everybody, such as the demo's pictures.
type Files struct {
	Path    string // with a slash at both ends
	Handler func(notFound http.Handler) http.Handler
}

// FeedsConfig is what feeds and sitemaps are made of; there are none where
// Content is nil.
type FeedsConfig struct {
	Content   feeds.Executor
	Site      site.Site
	PublicURL string // where clients find the server, without a slash at the end
}

// Server answers HTTP requests.
type Server struct {
	http  *http.Server
	log   *slog.Logger
	drain time.Duration
	cancel   context.CancelFunc // ends what still runs

	sockets *sockets
}

// New makes a server, which does nothing until [Server.Serve].
func New(c Config) *Server {
	c.MaxBody = cmp.Or(c.MaxBody, DefaultMaxBody)
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	c.Drain = cmp.Or(c.Drain, DefaultDrain)
	c.sockets = newSockets()
	base, cut := context.WithCancel(context.Background())
	return &Server{
		sockets: c.sockets,
		log:     c.Log,
		drain:   c.Drain,
		cancel:     cut,
		http: &http.Server{
			Handler:           handler(c),
			ReadHeaderTimeout: min(readHeaderTimeout, c.Timeout),
			ReadTimeout:       c.Timeout,
			WriteTimeout:      c.Timeout + writeSlack,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			BaseContext:       func(net.Listener) context.Context { return base },
			ErrorLog:          slog.NewLogLogger(c.Log.Handler(), slog.LevelWarn),
		},
	}
}

// Serve answers what comes to the listener until [Server.Close], and returns
// nil then. It closes the listener.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Close stops listening, lets running requests end for as long as the
// configuration or ctx allow, and cuts those that are left.
func (s *Server) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.drain)
	defer cancel()
	defer s.cancel()
	err := errors.Join(s.http.Shutdown(ctx), s.sockets.wait(ctx))
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		s.log.WarnContext(ctx, "requests were cut at the end", "drain", s.drain.String())
		s.cancel()
		err = s.http.Close()
	}
	return err
}
