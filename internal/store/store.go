package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/domain"
)

// Config is the location of the stores. If DeskDSN is empty, they are two SQLite
// files in Dir; otherwise they are two schemas of the PostgreSQL database that
// DeskDSN names. LiveDSN, if set, is where live is read from (a replica, or the
// same server with another role). Several, with semicolons between them, are replicas, of
// which each read is from the nearest that is healthy and does not lag, or from the
// primary where there is none.
type Config struct {
	Dir     string
	DeskDSN string
	LiveDSN string
	Log     *slog.Logger
	// Fault injects errors, for tests. If not nil, it is called before each
	// statement with "desk" or "live" and the text of the statement ("BEGIN" and
	// "COMMIT" for a transaction, "" for a connection). An error that it returns is
	// handled as if the engine had returned it.
	Fault func(store, query string) error

	counts map[string]*statementCounts // by store
	gate   *liveGate                   // of live
}

// Stores is an open pair of stores: the desk and live.
type Stores struct {
	dialect string
	dir     string // SQLite only
	deskDSN string // PostgreSQL only
	log     *slog.Logger
	counts  map[string]*statementCounts // by store

	deskRead, liveRead   *pool
	deskWrite, liveWrite *pool

	deskClient, liveClient *db.Client

	deskServer *postgresServer // PostgreSQL only
	statistics *statistician   // PostgreSQL only
	liveMayLag bool
	gate       *liveGate
}

// Open opens both stores. It does not change their schema: see [Stores.Migrate].
func Open(ctx context.Context, c Config) (*Stores, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.counts = map[string]*statementCounts{"desk": {}, "live": {}}
	s := &Stores{log: c.Log, dir: c.Dir, deskDSN: c.DeskDSN, counts: c.counts, gate: newLiveGate()}
	c.gate = s.gate
	open := s.openSQLite
	if c.DeskDSN != "" {
		open = s.openPostgres
	}
	if err := open(ctx, c); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.liveMayLag = c.LiveDSN != ""
	s.liveRead.gate = s.gate
	s.deskClient = newClient(s.deskRead, domain.Desk)
	s.liveClient = newClient(s.liveRead, domain.Live)
	return s, nil
}

// Close closes all connections. It waits for running statements.
func (s *Stores) Close() error {
	errs := []error{s.statistics.close()}
	for _, p := range []*pool{s.deskRead, s.liveRead, s.deskWrite, s.liveWrite} {
		if p != nil {
			errs = append(errs, p.close())
		}
	}
	return errors.Join(errs...)
}

// Dialect returns ent's name of the engine: dialect.SQLite or dialect.Postgres.
func (s *Stores) Dialect() string { return s.dialect }

// Client returns the fenced, read-only client of the stage that ctx asks for.
func (s *Stores) Client(ctx context.Context) *db.Client {
	if domain.StageFrom(ctx) == domain.Desk {
		return s.deskClient
	}
	return s.liveClient
}

// LiveMayLag reports whether live is read from another server than it is
// written to, so that reads may not see the latest writes.
func (s *Stores) LiveMayLag() bool { return s.liveMayLag }

// LiveSequence returns the sequence of the last log entry that was applied to
// live, as its readers see it: in the snapshot of ctx, if there is one.
func (s *Stores) LiveSequence(ctx context.Context) (int64, error) {
	row, err := s.liveClient.Projection.Query().Only(ctx)
	if db.IsNotFound(err) {
		return 0, nil // nothing was ever published
	}
	if err != nil {
		return 0, fmt.Errorf("read the position of live: %w", err)
	}
	return row.AppliedSequence, nil
}

// Ping checks that both stores answer.
func (s *Stores) Ping(ctx context.Context) error {
	for name, p := range map[string]*pool{"desk": s.deskRead, "live": s.liveRead} {
		if err := p.db.PingContext(ctx); err != nil {
			return fmt.Errorf("ping %s: %w", name, translate(err))
		}
	}
	return nil
}

// postgres reports whether the engine is PostgreSQL.
func (s *Stores) postgres() bool { return s.dialect == dialect.Postgres }
