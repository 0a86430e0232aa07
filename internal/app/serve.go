package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
)

func (p *program) serveCommand() *cobra.Command {
	serve := &cobra.Command{
		Use:   "serve",
		Short: "Serve the API and the explorer",
		Long: `Serve the API and the explorer.

It migrates the stores, applies the publication log to live, and then prints where
it listens. It stops on SIGINT or SIGTERM, after the running requests; a second
signal stops it at once.

  /graphql         the API
  /schema.graphql  its schema
  /v1              the API as JSON
  /docs            the documentation of /v1
  /                the explorer
  /changes         what changes in live, as it happens
  /feeds           RSS, Atom and JSON feeds
  /sitemap.xml     the pages of your site
  /demo/           the pictures of the demo, with --demo
  /healthz         200 while the process runs
  /readyz          200 while it is ready, or 503 with the failed checks

/metrics, for Prometheus, is at an address of its own (--metrics-addr).`,
		Example: `  redthread serve --demo
  redthread serve --data /var/lib/redthread --addr :8080 --cors-origin https://site.example
  REDTHREAD_DESK_DSN=postgres://redthread@db/redthread redthread serve`,
		GroupID: groupServe,
		Args:    exactly(),
		RunE:    p.run(slog.LevelInfo, p.serve),
	}
	p.config.commonFlags(serve.Flags())
	p.config.serveFlags(serve.Flags())
	return serve
}

func (p *program) serve(ctx context.Context, log *slog.Logger, _ []string) error {
	began := time.Now()
	// From now on, so that a reload that comes while it starts does not end it.
	var hangups <-chan os.Signal
	if p.Hangups != nil {
		hangups = p.Hangups()
	}
	a, err := Start(ctx, p.config, Dependencies{Log: log, Now: p.now, Demo: p.demo})
	if err != nil {
		if ctx.Err() != nil {
			return errors.New("interrupted while starting")
		}
		return err
	}
	log.InfoContext(ctx, "serving", "url", a.URL(), "stores", p.config.location(),
		"started_in_ms", time.Since(began).Milliseconds(), "version", version())
	p.welcome(a)
	defer time.AfterFunc(startSettles, releaseStart).Stop()
	err = p.untilStopped(ctx, log, a, hangups)
	err = errors.Join(err, a.Close(context.WithoutCancel(ctx)))
	if err == nil {
		log.InfoContext(ctx, "stopped")
	}
	return err
}

// untilStopped returns when the server is to stop. Meanwhile it reloads the settings when it is asked to.
func (p *program) untilStopped(ctx context.Context, log *slog.Logger, a *App, hangups <-chan os.Signal) error {
	started := p.config
	for {
		select {
		case <-ctx.Done():
			log.InfoContext(ctx, "stopping")
			return nil
		case err := <-a.Failed():
			return err
		case <-hangups:
			p.reload(ctx, log, a, started)
		}
	}
}

// welcome prints the addresses of the server and first requests.
func (p *program) welcome(a *App) {
	state := "Redthread is ready."
	if why := a.NotReadyReason(); why != "" {
		state = "Redthread is not ready and serves an old state of live: " + why
	}
	printf(p.Stdout, `
%[2]s

  API       %[1]s/graphql
  JSON      %[1]s/v1
  Docs      %[1]s/docs
  Explorer  %[1]s/
  Feeds     %[1]s/feeds
`, a.URL(), state)
	if key := a.DemoKey(); key != "" {
		printf(p.Stdout, "  Staff key %s  (EDITOR; kept in %s)\n", key, filepath.Join(p.config.Data, demoEditor.file))
		printf(p.Stdout, "  Admin key %s  (ADMIN; kept in %s)\n", a.DemoAdminKey(), filepath.Join(p.config.Data, demoAdmin.file))
	}
	if a.Paused() {
		printf(p.Stdout, "\nIt is paused: no webhook is sent and no schedule is carried out until \"redthread resume\".\n")
	}
	printf(p.Stdout, `
Read what is published:

  curl -s %s/graphql -H 'Content-Type: application/json' \
    -d '{"query":"{ reports(first: 3) { totalCount nodes { slug title publishedAt tags { label } } } }"}'
`, a.URL())
	if key := a.DemoKey(); key != "" {
		printf(p.Stdout, `
Read the drafts as well, with the staff key:

  curl -s %s/graphql -H 'Content-Type: application/json' \
    -H 'Authorization: Bearer %s' \
    -d '{"query":"query @inContext(stage: DESK) { reports(first: 3) { totalCount nodes { slug title version } } }"}'
`, a.URL(), key)
	}
	printf(p.Stdout, "\n")
}
