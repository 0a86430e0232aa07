package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// liveRole is the PostgreSQL role of reads of live: it may read the schema live
// and nothing else.
const liveRole = "redthread_live_reader"

// openPostgres opens four pools on one database (reads of live possibly on
// another server). They differ in their schema, in being read-only, and in the
// role.
func (s *Stores) openPostgres(ctx context.Context, c Config) error {
	s.dialect = dialect.Postgres
	var err error
	if s.deskServer, err = newPostgresServer(c.DeskDSN); err != nil {
		return err
	}
	liveServer := s.deskServer
	replicas := splitDSNs(c.LiveDSN)
	if len(replicas) == 1 {
		if liveServer, err = newPostgresServer(replicas[0]); err != nil {
			return err
		}
	}
	if s.deskWrite, err = s.deskServer.pool(ctx, c, "desk", writing); err != nil {
		return err
	}
	if s.liveWrite, err = s.deskServer.pool(ctx, c, "live", writing); err != nil {
		return err
	}
	s.statistics = startStatistician(s.deskServer, c.Log)
	s.deskWrite.statistics, s.liveWrite.statistics = s.statistics, s.statistics
	if s.deskRead, err = s.deskServer.pool(ctx, c, "desk", reading); err != nil {
		return err
	}
	if len(replicas) > 1 {
		s.liveRead, err = s.openReplicas(ctx, c, replicas)
		return err
	}
	s.liveRead, err = liveServer.pool(ctx, c, "live", readingLive)
	return err
}

// open returns a database handle for connections to a schema. It connects later.
func (p *postgresServer) open(c Config, schema string, use poolUse) *sql.DB {
	inner := stdlib.GetConnector(*p.settings(schema), stdlib.OptionAfterConnect(p.prepare(schema, use)))
	wrapped := &connector{Connector: inner, pool: schema, fault: c.Fault, counts: c.counts[schema]}
	if use == readingLive {
		wrapped.live = c.gate.server()
	}
	db := sql.OpenDB(wrapped)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db
}

// pool opens connections to a schema.
func (p *postgresServer) pool(ctx context.Context, c Config, schema string, use poolUse) (*pool, error) {
	db := p.open(c, schema, use)
	if err := db.PingContext(ctx); err != nil {
		var parse *pgconn.ParseConfigError
		if errors.As(err, &parse) {
			err = errors.New("the DSN cannot be read")
		}
		return nil, errors.Join(fmt.Errorf("connect to PostgreSQL (%s): %w", schema, withDetail(err)), db.Close())
	}
	return newPool(db, dialect.Postgres, max(8, 4*runtime.GOMAXPROCS(0))+1), nil
}

// permanentCause returns the cause of an error that only an operator can remove:
// the database does not exist or is not usable, or the login is refused.
func permanentCause(err error) (error, bool) {
	if e, ok := errors.AsType[*unusableError](err); ok {
		return e, true
	}
	if cause, ok := permanentSQLite(err); ok {
		return cause, true
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	if ok && (e.Code == "3D000" || strings.HasPrefix(e.Code, "28")) {
		return errors.New(e.Message), true
	}
	return nil, false
}

// LiveGrants returns the statements that are still needed for reads of live to have a role of their own; none if it has
// all rights. A database administrator runs them if Redthread's own role may not. Roles are the server's: where another
// database of it has made the role, it is not made again.
func (s *Stores) LiveGrants(ctx context.Context) ([]string, error) {
	db := s.liveWrite.db
	var usable, exists bool
	var user string
	if err := db.QueryRowContext(ctx, liveRoleUsable).Scan(&usable); err != nil || usable {
		return nil, translate(err)
	}
	if err := db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1), quote_ident(current_user)", liveRole).Scan(&exists, &user); err != nil {
		return nil, translate(err)
	}
	var grants []string
	if !exists {
		grants = append(grants, "CREATE ROLE "+liveRole+" NOLOGIN")
	}
	return append(grants,
		"GRANT "+liveRole+" TO "+user,
		"GRANT USAGE ON SCHEMA live TO "+liveRole,
		"GRANT SELECT ON ALL TABLES IN SCHEMA live TO "+liveRole,
		"ALTER DEFAULT PRIVILEGES FOR ROLE "+user+" IN SCHEMA live GRANT SELECT ON TABLES TO "+liveRole,
	), nil
}

// makeLiveRole runs LiveGrants. It reports whether the role exists now and has
// its grants.
func (s *Stores) makeLiveRole(ctx context.Context) bool {
	grants, err := s.LiveGrants(ctx)
	if err != nil {
		return false
	}
	for _, g := range grants {
		if err := execWithRetry(ctx, s.liveWrite.db, g); err != nil {
			s.log.WarnContext(ctx, "reads of live have no role of their own; run the statements that \"migrate status\" prints",
				"statement", g, "error", err)
			return false
		}
	}
	return true
}

// execWithRetry runs a statement on a catalogue that all databases of a server
// share, where another process may change the same row at the same time.
func execWithRetry(ctx context.Context, db *sql.DB, statement string) error {
	var err error
	for range 5 {
		if _, err = db.ExecContext(ctx, statement); err == nil {
			return nil
		}
		e, ok := errors.AsType[*pgconn.PgError](err)
		switch {
		case ok && e.Code == "42710": // duplicate_object: another process created it
			return nil
		case ok && (e.Code == "23505" || strings.Contains(e.Message, "concurrently updated")):
			time.Sleep(20 * time.Millisecond)
		default:
			return err
		}
	}
	return err
}

// postgresErrClass classifies errors of PostgreSQL by their SQLSTATE
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
func postgresErrClass(err error) errClass {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
			return unavailable
		}
		if _, ok := errors.AsType[*unusableError](err); ok {
			return unavailable
		}
		if errors.Is(err, pgconn.ErrConnClosed) || pgconn.SafeToRetry(err) {
			return connectionLost
		}
		return unclassified
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return unavailable // whatever the code: no connection was made
	}
	switch e.Code {
	case "40001", "40P01", "55P03":
		return lockConflict
	case "23505":
		return uniqueIndex
	case "23503":
		return foreignKey
	case "57P01", "57P02", "57P05", "25P03": // admin_shutdown, crash_shutdown, idle_session_timeout, idle_in_transaction_session_timeout
		return connectionLost
	case "25006": // read_only_sql_transaction: the server has become a standby
		return unavailable
	case "XX001", "XX002": // data_corrupted, index_corrupted
		return damaged
	}
	switch e.Code[:min(2, len(e.Code))] {
	// connection exception; insufficient resources; operator intervention;
	// system error
	case "08", "53", "57", "58":
		return unavailable
	}
	return unclassified
}

// OpenPostgres opens a plain pool on a database of the DSN's server (the DSN's
// own database if name is empty), for the code generator and for tests that
// create databases.
func OpenPostgres(ctx context.Context, dsn, name string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("the PostgreSQL DSN cannot be read: want postgres://user@host:5432/database")
	}
	if name != "" {
		config.Database = name
	}
	db := stdlib.OpenDB(*config)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("connect to PostgreSQL: %w", err), db.Close())
	}
	return db, nil
}
