package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/delivery"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/server"
	"github.com/redthread-api/redthread/internal/server/respcache"
	"github.com/redthread-api/redthread/internal/server/rest"
	"github.com/redthread-api/redthread/internal/store"
)

// Parts are what a server takes besides its settings.
type Parts struct {
	Log  *slog.Logger
	Now  func() time.Time
	Demo DemoContent // for a server with --demo
	// Fault makes the databases fail, for tests: see [store.Config].
	Fault func(store, query string) error
}

// App is a server that runs.
type App struct {
	log          *slog.Logger
	listener     net.Listener
	backend      *backend
	server       *server.Server
	replica      *replica // nil where live is read where it is written
	demoKey      string
	demoAdminKey string
	pause        *pause
	notReady     string // why live could not be brought up at the start; empty where it could

	stopWork context.CancelFunc // ends what runs beside the requests
	working  sync.WaitGroup
	failed   chan error
}

// Start listens, opens and migrates the stores, brings live up to the
// publication log, starts what runs beside the requests, loads the demo where
// that is asked for, and serves. When it returns, requests are answered.
//
// ctx is for starting only: a server that runs is ended by [App.Close].
func Start(ctx context.Context, c Config, parts Parts) (*App, error) {
	a := &App{log: parts.Log, stopWork: func() {}, failed: make(chan error, 8)}
	if err := a.start(ctx, c, parts); err != nil {
		return nil, errors.Join(err, a.Close(context.WithoutCancel(ctx)))
	}
	return a, nil
}

func (a *App) start(ctx context.Context, c Config, parts Parts) error {
	// First of all, because it is what goes wrong most often, and before
	// anything has been changed.
	var err error
	if a.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", c.Addr); err != nil {
		return err
	}
	opened := c.stores(a.log)
	opened.Fault = parts.Fault
	stores, err := store.Open(ctx, opened)
	if err != nil {
		return fmt.Errorf("open the stores: %w", err)
	}
	a.backend = newBackend(stores, a.log, parts.Now)
	if err := a.migrate(ctx); err != nil {
		return err
	}
	if n, err := a.backend.desk.IndexNames(ctx); err != nil {
		return fmt.Errorf("index the names of documents: %w", err)
	} else if n > 0 {
		a.log.InfoContext(ctx, "indexed the names of documents that an older version saved", "documents", n)
	}
	if err := a.backend.desk.Project(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		// The desk can be worked on and live read as it was; /readyz says so, and
		// the desk has logged it.
		a.notReady = domain.Detail(err)
	}

	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stopWork = stop
	a.run(work, "the desk's own work", a.backend.desk.Run)
	a.run(work, "writing the use of keys", a.backend.keys.Run)
	a.run(work, "writing notes for the audit log", a.backend.notes.Run)
	maxLag := cmp.Or(c.LiveMaxLag, defaultMaxLag)
	if stores.LiveMayLag() {
		a.replica = &replica{lag: a.backend.desk.ReadLag, most: maxLag, log: a.log}
		a.run(work, "looking how far the replica lags", a.replica.run)
	}
	people := access.NewPeople(stores, a.backend.notes, a.log, parts.Now, c.OIDC.access())
	a.run(work, "writing when people were seen", people.Run)

	webhooks := delivery.New(delivery.Config{
		Stores: stores, Desk: a.backend.desk, Jobs: a.backend.jobs, Log: a.log, Now: parts.Now, AllowPrivate: c.WebhookAllowPrivate, UserAgent: "Redthread/" + version()})
	if a.pause, err = newPause(ctx, c.Paused, stores, a.log); err != nil {
		return err
	}
	a.run(work, "waiting to resume", a.pause.run)
	a.run(work, "dispatching to webhooks", a.pause.during(webhooks.Run))
	a.run(work, "running jobs", a.pause.during(a.backend.jobs.Start))

	door := access.NewDoor(a.backend.keys, people)
	config := graph.Config{
		Stores: stores, Desk: a.backend.desk, Log: a.log, Now: parts.Now,
		Keys: a.backend.keys, People: people, Notes: a.backend.notes, Webhooks: webhooks,
		Registry: a.backend.registry, RegisteredOnly: c.Protection.RegisteredOnly,
		Introspection: c.Protection.Introspection, Limits: c.Protection.limits,
		Meter: access.NewMeter(parts.Now), LiveMaxLag: maxLag,
		EntityURL: c.Site.EntityURL, Site: c.Site.site(a.URL()), RequestID: domain.RequestID,
		Transport: transport.Config{
			Timeout:      server.DefaultTimeout,
			MaxMessage:   server.MaxQuestion,
			Authenticate: server.Authenticate(door),
			CheckOrigin:  server.CheckOrigin(c.CORSOrigins),
		},
	}
	if c.Demo {
		free := config
		free.RegisteredOnly = false // the demo's own documents are not registered
		if err = a.prepareDemo(ctx, c, graph.Handler(free), parts.Demo); err != nil {
			return fmt.Errorf("prepare the demo: %w", err)
		}
	}
	budgets := graph.NewBudgets(config)
	kept := respcache.New(respcache.Config{
		Size: int64(c.Cache.Size), MaxAge: c.Cache.MaxAge, Live: a.backend.desk,
		Budgets: budgets, Log: a.log, Now: parts.Now,
	})
	a.run(work, "dropping answers that are out of date", kept.Run)
	api := graph.Handler(config)
	var files server.Files
	if c.Demo {
		files = parts.Demo.Files
	}
	a.serve(c, server.Config{
		DemoKey: a.offeredKey(c), Files: files, Started: parts.Now(),
		GraphQL: api, REST: rest.New(api, a.log), Feed: a.backend.desk, Streams: api, Budgets: budgets, Keys: door, ResponseCache: kept,
		Feeds: server.FeedsConfig{Content: api, Site: config.Site, PublicURL: c.Site.public(a.URL())},
	}, parts.Now)
	return nil
}

func (a *App) migrate(ctx context.Context) error {
	done, err := a.backend.stores.Migrate(ctx)
	for _, m := range done {
		a.log.InfoContext(ctx, "migrated", "store", m.Store, "version", m.Version, "name", m.Name)
	}
	return err
}

// run does something beside the requests until stopWork.
func (a *App) run(ctx context.Context, what string, fn func(context.Context) error) {
	a.working.Go(func() {
		if err := fn(ctx); err != nil && ctx.Err() == nil {
			a.failed <- fmt.Errorf("%s: %w", what, err)
		}
	})
}

// serve begins to serve the parts that it is given.
func (a *App) serve(c Config, parts server.Config, now func() time.Time) {
	parts.Examples, parts.Checks, parts.Log = openingExamples(), append(checks(a.backend, now, a.replica), a.pause.check()), a.log
	parts.CORSOrigins, parts.TrustedProxies = c.CORSOrigins, c.Protection.proxies()
	a.server = server.New(parts)
	a.working.Go(func() {
		if err := a.server.Serve(a.listener); err != nil {
			a.failed <- fmt.Errorf("serve: %w", err)
		}
	})
}

// URL is where the server is found from this machine, without a slash at the
// end.
func (a *App) URL() string {
	host, port, _ := net.SplitHostPort(a.listener.Addr().String()) // it is one
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// Paused reports whether the server waits for "redthread resume".
func (a *App) Paused() bool { return a.pause.lasts() }

// offeredKey is the key that the explorer offers to browsers on this machine. A
// server that says that it is found elsewhere, or behind a proxy, offers none:
// behind a proxy everybody looks as if they were on this machine.
func (a *App) offeredKey(c Config) string {
	if c.Site.PublicURL != "" || len(c.Protection.proxies()) > 0 {
		return ""
	}
	return a.demoKey
}

// DemoKey is the key of the demo's editor; empty without --demo.
func (a *App) DemoKey() string { return a.demoKey }

// DemoAdminKey is the key of the demo's administrator; empty without --demo.
func (a *App) DemoAdminKey() string { return a.demoAdminKey }

// NotReady is why live could not be brought up to the publication log at the
// start; empty where it could.
func (a *App) NotReady() string { return a.notReady }

// Failed tells of a failure after which the server is of no use any more.
func (a *App) Failed() <-chan error { return a.failed }

// Close ends the server in the reverse order of its start: running requests
// are let go on for a while, then what runs beside them ends, and then the
// stores are closed.
func (a *App) Close(ctx context.Context) error {
	var errs []error
	switch {
	case a.server != nil:
		errs = append(errs, a.server.Close(ctx))
	case a.listener != nil:
		errs = append(errs, a.listener.Close())
	}
	a.stopWork()
	a.working.Wait()
	if a.backend != nil {
		errs = append(errs, a.backend.Close())
	}
	return errors.Join(errs...)
}
