package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/knowledge"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/queries"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/store"
)

// backend has the open stores and the services on top of them, for commands.
type backend struct {
	stores   *store.Stores
	log      *slog.Logger
	jobs     *store.Jobs
	live     *projection.Live
	desk     *editorial.Desk
	refusals *audit.Buffer
	keys     *access.Keys

	registry *queries.Registry

	search            *search.Index
	searchMaintenance *search.Maintenance

	knowledge *knowledge.Graph
}

func newBackend(stores *store.Stores, log *slog.Logger, now func() time.Time) *backend {
	refusals := audit.NewBuffer(stores, log, now)
	jobs, live := stores.Jobs(log), projection.New(stores, log, now)
	desk := editorial.New(stores, live, log, now)
	desk.UseJobs(jobs)
	return &backend{
		stores:   stores,
		log:      log,
		jobs:     jobs,
		live:     live,
		desk:     desk,
		refusals: refusals,
		keys:     access.NewKeys(stores, refusals, log, now),

		registry: graph.NewRegistry(stores, now),

		search:            search.New(stores),
		searchMaintenance: search.NewMaintenance(stores, now),

		knowledge: knowledge.New(stores),
	}
}

// openBackend opens the stores for a command other than serve. It migrates new
// stores. It refuses stores with an older schema, which only "migrate up" and
// serve migrate, because processes of an older binary may be running.
func (p *program) openBackend(ctx context.Context, log *slog.Logger) (*backend, error) {
	stores, err := store.Open(ctx, p.config.stores(log))
	if err != nil {
		return nil, fmt.Errorf("open the stores: %w", err)
	}
	if err := migrateIfNew(ctx, stores); err != nil {
		return nil, errors.Join(err, stores.Close())
	}
	b := newBackend(stores, log, p.now)
	if err := b.searchMaintenance.Prepare(ctx); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func (b *backend) Close() error {
	b.live.Close()
	return b.stores.Close()
}

// migrateIfNew migrates stores that are new, and a live that was lost and is new beside its desk.
func migrateIfNew(ctx context.Context, stores *store.Stores) error {
	steps, err := stores.Migrations(ctx)
	if err != nil {
		return err
	}
	var applied, pending, pendingOnDesk, appliedToLive bool
	for _, m := range steps {
		if m.Applied.IsZero() {
			pending = true
			pendingOnDesk = pendingOnDesk || m.Store == "desk"
		} else {
			applied = true
			appliedToLive = appliedToLive || m.Store == "live"
		}
	}
	if !pending {
		return nil
	}
	if applied && (pendingOnDesk || appliedToLive) {
		return errors.New("the stores are older than this binary: run \"redthread migrate up\" first")
	}
	_, err = stores.Migrate(ctx)
	return err
}

// mustExist returns an error if there is no data folder, for commands that have
// nothing to do in a new one: otherwise a mistyped --data would create it.
func (c *Config) mustExist() error {
	if c.DeskDSN != "" {
		return nil
	}
	if _, err := os.Stat(c.Data); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("there is no data folder %s: set it with --data, or create it with \"redthread migrate up\"", c.Data)
	}
	if !store.Exists(c.stores(nil)) {
		return fmt.Errorf("there are no stores of Redthread in %s: set their folder with --data, or create them with \"redthread migrate up\"", c.Data)
	}
	return nil
}

// withExisting is with for commands that have nothing to do in new stores: it
// refuses an empty folder or database, which is probably the wrong one.
func (p *program) withExisting(ctx context.Context, log *slog.Logger, fn func(*backend) error) error {
	if err := p.config.mustExist(); err != nil {
		return err
	}
	stores, err := store.Open(ctx, p.config.stores(log))
	if err != nil {
		return fmt.Errorf("open the stores: %w", err)
	}
	steps, err := stores.Migrations(ctx)
	if err == nil && !slices.ContainsFunc(steps, func(m store.Migration) bool { return !m.Applied.IsZero() }) {
		err = fmt.Errorf("there are no stores of Redthread in %s: create them with \"redthread migrate up\"", p.config.location())
	}
	if err = errors.Join(err, stores.Close()); err != nil {
		return err
	}
	return p.with(ctx, log, fn)
}

// with calls fn with open stores.
func (p *program) with(ctx context.Context, log *slog.Logger, fn func(*backend) error) error {
	b, err := p.openBackend(ctx, log)
	if err != nil {
		return err
	}
	return errors.Join(fn(b), b.Close())
}
