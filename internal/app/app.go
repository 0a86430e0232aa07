package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/delivery"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/newsletter/mail"
	"github.com/redthread-api/redthread/internal/server"
	"github.com/redthread-api/redthread/internal/server/mailbox"
	"github.com/redthread-api/redthread/internal/server/respcache"
	"github.com/redthread-api/redthread/internal/server/rest"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/tracing"
)

// Dependencies are the arguments of Start besides the configuration.
type Dependencies struct {
	Log  *slog.Logger
	Now  func() time.Time
	Demo DemoContent // of a server with --demo
	// Fault injects database errors, for tests: see [store.Config].
	Fault func(store, query string) error
	// MaxTime, if not 0, is how long any operation may take at most, for tests.
	MaxTime time.Duration
}

// App is a running server.
type App struct {
	log          *slog.Logger
	listener     net.Listener
	backend      *backend
	server       *server.Server
	metrics      *metricsServer // nil: there is none
	replica      *replicaCheck  // nil: live is not read from a replica
	demoKey      string
	demoAdminKey string
	pause        *pause
	tls          *certificates // nil: connections are not encrypted
	redirects    *redirects    // nil: there are none
	origins      *server.Origins
	protection   atomic.Pointer[ProtectionConfig] // as it was started with or reloaded
	messages     *mail.Folder                     // where mail goes in place of readers; nil if there is none
	notReady     string                           // why live could not be brought up to date at the start; empty if it could

	stopWork context.CancelFunc // stops the background tasks
	working  sync.WaitGroup
	failed   chan error
}

// Start listens, opens and migrates the stores, applies the publication log to
// live, starts the background tasks, loads the demo if configured, and serves.
// When it returns, the server handles requests.
//
// ctx only bounds the start. [App.Close] stops the server.
func Start(ctx context.Context, c Config, parts Dependencies) (*App, error) {
	a := &App{log: parts.Log, stopWork: func() {}, failed: make(chan error, 8)}
	if err := a.start(ctx, c, parts); err != nil {
		return nil, errors.Join(err, a.Close(context.WithoutCancel(ctx)))
	}
	return a, nil
}

func (a *App) start(ctx context.Context, c Config, parts Dependencies) error {
	// First, because it fails most often, and nothing has been changed yet.
	var err error
	if a.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", c.Addr); err != nil {
		return err
	}
	if a.metrics, err = listenForMetrics(ctx, c, a.log); err != nil {
		return err
	}
	if a.tls, err = c.TLS.certificates(c.Data, a.log); err != nil {
		return err
	}
	if a.redirects, err = listenForRedirects(ctx, c.TLS.RedirectAddr, a.listener, a.tls, a.log); err != nil {
		return err
	}
	a.origins = server.NewOrigins(c.CORSOrigins)
	a.protection.Store(&c.Protection)
	templates, err := c.Editions.templates()
	if err != nil {
		return err
	}
	opened := c.stores(a.log)
	opened.Fault = parts.Fault
	stores, err := store.Open(ctx, opened)
	if err != nil {
		return fmt.Errorf("open the stores: %w", err)
	}
	tracer := tracing.New(c.Tracing, versionNumber(), a.log)
	a.backend = newBackend(stores, a.log, parts.Now)
	a.backend.jobs.Trace(tracer)
	if err := a.migrate(ctx); err != nil {
		return err
	}
	if err := a.backend.searchMaintenance.Prepare(ctx); err != nil {
		return err
	}
	if n, err := a.backend.desk.IndexNames(ctx); err != nil {
		return fmt.Errorf("index the names of documents: %w", err)
	} else if n > 0 {
		a.log.InfoContext(ctx, "names of documents of an older version indexed", "documents", n)
	}
	if err := a.backend.desk.Prepare(ctx); err != nil {
		return err
	}
	if err := a.backend.live.Project(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		// The desk can be edited and live can be read as it was. /readyz reports it,
		// and the desk has logged it.
		a.notReady = domain.Detail(err)
	}

	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stopWork = stop
	if a.redirects != nil {
		a.run(work, "redirect to https", a.redirects.run)
	}
	if tracer != nil {
		a.log.InfoContext(ctx, "traces are sent", "to", c.Tracing.String())
		a.run(work, "send traces", tracer.Run)
	}
	a.run(work, "project the publication log", a.backend.live.Run)
	if c.GraphMemory > 0 {
		a.run(work, "hold relationships in memory", func(ctx context.Context) error {
			return a.backend.knowledge.Hold(ctx, knowledge.HoldParams{Size: int64(c.GraphMemory), Log: a.log,
				Moved: func() <-chan struct{} { return a.backend.live.Advanced(a.backend.live.Version()) }})
		})
	}
	a.run(work, "write the last use of keys", a.backend.keys.Run)
	a.run(work, "maintain the search indexes", func(ctx context.Context) error { return a.backend.searchMaintenance.Run(ctx, a.log) })
	a.run(work, "write refusals to the audit log", a.backend.refusals.Run)
	maxLag := cmp.Or(c.LiveMaxLag, defaultMaxLag)
	if stores.LiveMayLag() {
		a.replica = &replicaCheck{lag: a.backend.live.ReadLag, maxLag: maxLag, log: a.log}
		a.run(work, "check the lag of the replica", a.replica.run)
	}
	people := access.NewPeople(stores, a.backend.refusals, a.log, parts.Now, c.OIDC.access())
	a.run(work, "write when people were last seen", people.Run)

	webhooks := delivery.New(delivery.Config{
		Stores: stores, Live: a.backend.live, Jobs: a.backend.jobs, Log: a.log, Now: parts.Now, AllowPrivate: c.WebhookAllowPrivate, UserAgent: "Redthread/" + versionNumber(),
		Owners: a.backend.keys})
	news, err := a.openNewsletters(c, templates, parts.Now)
	if err != nil {
		return err
	}
	if a.pause, err = newPause(ctx, c.Paused, stores, a.log); err != nil {
		return err
	}
	if a.pause.active() {
		if err := news.sendings.PauseRestored(domain.AsSystem(ctx, "pause sendings")); err != nil {
			return fmt.Errorf("pause the sendings: %w", err)
		}
	}
	a.run(work, "close unused connections to the mail server", news.closeIdle)
	a.run(work, "read bounces", func(ctx context.Context) error { return news.watchBounces(ctx, c.Mail.BounceDir) })
	a.run(work, "wait for resume", a.pause.run)
	a.run(work, "dispatch to webhooks", a.pause.whenResumed(webhooks.Run))

	authenticator := access.NewAuthenticator(a.backend.keys, people)
	failures := &errorCounts{}
	config := graph.Config{
		Knowledge: a.backend.knowledge,
		Stores:    stores, Desk: a.backend.desk, Search: a.backend.search, Log: a.log, Now: parts.Now,
		Keys: a.backend.keys, People: people, Refusals: a.backend.refusals, Webhooks: webhooks, Sendings: news.sendings, Subscribers: news.subscribers,
		Registry: a.backend.registry, RegisteredOnly: c.Protection.RegisteredOnly,
		Introspection: c.Protection.Introspection, Limits: within(a.limits, parts.MaxTime),
		Meter: limits.NewMeter(parts.Now), LiveMaxLag: maxLag, WithoutPlans: c.WithoutPlans,
		Templates: templates, EntityURL: c.Site.EntityURL, Site: c.Site.site(a.URL()), RequestID: domain.RequestID, OnError: failures.add,
		Transport: transport.Config{
			Timeout:      server.DefaultTimeout,
			MaxMessage:   server.MaxPublicBody,
			Authenticate: server.Authenticate(authenticator),
			CheckOrigin:  a.origins.Allowed,

			PartialStatus: c.PartialStatus,
			OnOperation:   server.RecordOperation,
		},
	}
	if c.Demo {
		free := config
		free.RegisteredOnly = false // the demo's own documents are not registered
		if err = a.prepareDemo(ctx, c, graph.Handler(free), parts.Demo); err != nil {
			return fmt.Errorf("prepare the demo: %w", err)
		}
	}
	quotas := limits.NewQuotas(config.Limits, config.Meter)
	cache := respcache.New(respcache.Config{
		Size: a.cacheSize(ctx, c.Cache.Size), MaxAge: c.Cache.MaxAge, Tags: c.Cache.Tags, Live: a.backend.live,
		Quotas: quotas, Log: a.log, Now: parts.Now, OnOperation: server.RecordOperation,
	})
	a.run(work, "drop outdated cache entries", cache.Run)
	api := graph.Handler(config)
	var files server.Files
	if c.Demo {
		files = parts.Demo.Files
	}
	news.setContent(api)
	// Jobs of sendings query.
	a.run(work, "run jobs", a.pause.whenResumed(a.backend.jobs.Start))
	subscriberPages, err := a.pages(news, c)
	if err != nil {
		return err
	}
	editions := server.EditionsConfig{Enabled: c.Editions.Pages || c.Demo, Templates: templates}
	if subscriberPages != nil {
		editions.SubscribeURL = c.Site.public(a.URL()) + "/subscribe"
	}
	var messages mailbox.Folder
	if a.messages != nil {
		messages = a.messages
	}
	a.metrics.serve(a, measured{cache: cache, meter: config.Meter, tracer: tracer, errors: failures})
	a.serve(c, server.Config{
		Mailbox: messages, Subscribers: subscriberPages, Bounces: a.bounceHandler(news),
		DemoKey: a.explorerKey(c), Files: files, Started: parts.Now(),
		GraphQL: api, Schema: api.SDL, REST: rest.New(api, a.log), Search: api, ChangeFeed: a.backend.live, Streams: api, Quotas: quotas, Authenticator: authenticator, ResponseCache: cache,
		Editions: editions, OwnSite: c.Site.own(a.URL()), Observe: a.metrics.observer(), Tracer: tracer,
		Feeds: server.FeedsConfig{Content: api, Site: config.Site, PublicURL: c.Site.public(a.URL())},
	}, parts.Now)
	if a.tls != nil {
		// The authority looks at the server before it gives a certificate.
		a.run(work, "watch the certificates", a.tls.run)
	}
	return nil
}

func (a *App) migrate(ctx context.Context) error {
	done, err := a.backend.stores.Migrate(ctx)
	for _, m := range done {
		a.log.InfoContext(ctx, "migrated", "store", m.Store, "version", m.Version, "name", m.Name, "ms", m.Took.Milliseconds())
	}
	return err
}

// run runs a background task until stopWork is called. An error of the task stops
// the server.
func (a *App) run(ctx context.Context, what string, fn func(context.Context) error) {
	a.working.Go(func() {
		if err := fn(ctx); err != nil && ctx.Err() == nil {
			a.failed <- fmt.Errorf("%s: %w", what, err)
		}
	})
}

// serve starts the HTTP server.
func (a *App) serve(c Config, parts server.Config, now func() time.Time) {
	parts.Examples, parts.Checks, parts.Log = openingExamples(), append(checks(a.backend, now, a.replica, c.localData()), a.pause.check()), a.log
	parts.Origins, parts.TrustedProxies = a.origins, c.Protection.proxies()
	if a.tls != nil {
		parts.TLS = a.tls.config
	}
	a.server = server.New(parts)
	a.working.Go(func() {
		if err := a.server.Serve(a.listener); err != nil {
			a.failed <- fmt.Errorf("serve: %w", err)
		}
	})
}

// URL returns the address of the server for clients on this machine, without a
// slash at the end.
func (a *App) URL() string {
	host, port, _ := net.SplitHostPort(a.listener.Addr().String()) // the address of a listener is always valid
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	if a.tls == nil {
		return "http://" + net.JoinHostPort(host, port)
	}
	if len(a.tls.domains) > 0 {
		host = a.tls.domains[0]
	}
	if port == "443" {
		return "https://" + host
	}
	return "https://" + net.JoinHostPort(host, port)
}

// limits returns the limits of a role by the settings in force.
func (a *App) limits(role domain.Role) limits.Limit { return a.protection.Load().limits(role) }

// Reload puts those settings in force that a running server can change. They must be valid.
func (a *App) Reload(ctx context.Context, c Config) {
	a.protection.Store(&c.Protection)
	a.origins.Set(c.CORSOrigins)
	if a.tls != nil {
		a.tls.reload(ctx)
	}
}

// MetricsURL returns the address of the metrics; empty if there are none.
func (a *App) MetricsURL() string { return a.metrics.url() }

// Paused reports whether the server waits for "redthread resume".
func (a *App) Paused() bool { return a.pause.active() }

// explorerKey returns the key that the explorer offers to browsers on this
// machine. A server with a public URL or a trusted proxy offers none: behind a
// proxy all clients seem to be on this machine.
func (a *App) explorerKey(c Config) string {
	if c.Site.PublicURL != "" || len(c.Protection.proxies()) > 0 {
		return ""
	}
	return a.demoKey
}

// DemoKey returns the key of the demo's editor; empty without --demo.
func (a *App) DemoKey() string { return a.demoKey }

// DemoAdminKey returns the key of the demo's administrator; empty without --demo.
func (a *App) DemoAdminKey() string { return a.demoAdminKey }

// NotReadyReason returns why live could not be brought up to the publication log at the
// start; empty if it could.
func (a *App) NotReadyReason() string { return a.notReady }

// Failed returns a channel with an error after which the server must be stopped.
func (a *App) Failed() <-chan error { return a.failed }

// Close stops the server in the reverse order of its start: running requests may
// continue for a while, then the background tasks stop, and then the stores are
// closed.
func (a *App) Close(ctx context.Context) error {
	var errs []error
	switch {
	case a.server != nil:
		errs = append(errs, a.server.Close(ctx))
	case a.listener != nil:
		errs = append(errs, a.listener.Close())
	}
	if a.redirects != nil {
		errs = append(errs, a.redirects.close())
	}
	if a.metrics != nil {
		errs = append(errs, a.metrics.close())
	}
	a.stopWork()
	a.working.Wait()
	if a.backend != nil {
		errs = append(errs, a.backend.Close())
	}
	if a.messages != nil {
		errs = append(errs, a.messages.Close())
	}
	return errors.Join(errs...)
}
