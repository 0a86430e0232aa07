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

// Config says where the stores are. With DeskDSN empty they are two SQLite
// files in Dir; otherwise they are two schemas of the PostgreSQL database
// that DeskDSN names, and LiveDSN, where set, is where live is read from (a
// replica, or a role of your own).
type Config struct {
	Dir     string
	DeskDSN string
	LiveDSN string
	Log     *slog.Logger
	// Fault makes the database fail, for tests. Where it is not nil, it is
	// called before each statement with "desk" or "live" and the statement's
	// text ("BEGIN" and "COMMIT" for a transaction, nothing for a connection).
	// An error that it returns is taken for the engine's.
	Fault func(store, query string) error
}

// Stores are the desk and live, opened.
type Stores struct {
	dialect string
	deskDSN string // PostgreSQL only
	log     *slog.Logger

	deskRead, liveRead   *pool
	deskWrite, liveWrite *pool

	deskClient, liveClient *db.Client

	deskServer *postgresServer // PostgreSQL only
	liveMayLag bool
}

// Open opens both stores. It changes nothing in them: see [Stores.Migrate].
func Open(ctx context.Context, c Config) (*Stores, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Stores{log: c.Log, deskDSN: c.DeskDSN}
	open := s.openSQLite
	if c.DeskDSN != "" {
		open = s.openPostgres
	}
	if err := open(ctx, c); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.liveMayLag = c.LiveDSN != ""
	s.deskClient = newClient(s.deskRead, domain.Desk)
	s.liveClient = newClient(s.liveRead, domain.Live)
	return s, nil
}

// Close closes all connections. It waits for running statements.
func (s *Stores) Close() error {
	var errs []error
	for _, p := range []*pool{s.deskRead, s.liveRead, s.deskWrite, s.liveWrite} {
		if p != nil {
			errs = append(errs, p.close())
		}
	}
	return errors.Join(errs...)
}

// Dialect is the engine in ent's words: dialect.SQLite or dialect.Postgres.
func (s *Stores) Dialect() string { return s.dialect }

// Client is the fenced, read-only client of the stage that ctx asks for.
func (s *Stores) Client(ctx context.Context) *db.Client {
	if domain.StageFrom(ctx) == domain.Desk {
		return s.deskClient
	}
	return s.liveClient
}

// LiveMayLag reports whether live is read from somewhere else than it is
// written to: what has been written there may not have arrived here.
func (s *Stores) LiveMayLag() bool { return s.liveMayLag }

// LiveSequence is how far live has come where it is read: in the snapshot of
// ctx, if it has one.
func (s *Stores) LiveSequence(ctx context.Context) (int64, error) {
	row, err := s.liveClient.Projection.Query().Only(ctx)
	if db.IsNotFound(err) {
		return 0, nil // nothing was ever published
	}
	if err != nil {
		return 0, fmt.Errorf("read how far live has come: %w", err)
	}
	return row.AppliedSequence, nil
}

// Ping asks both stores for an answer.
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
