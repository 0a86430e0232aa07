package store

import (
	"context"
	"database/sql"
	"log/slog"
	"time"
)

// PostgreSQL plans by statistics, which autovacuum makes a minute or two after a table has been
// filled, and a prepared statement keeps its plan until there are new ones. In a new database
// that plan is the one for empty tables: it reads all of them, at each save and each publication
// of an import. So the statistics of tables that have grown are made beside the writers.
const (
	// statisticsPause is the least time between two looks for tables that have grown.
	statisticsPause = 2 * time.Second
	// statisticsLimit bounds a look, with the statistics that it makes.
	statisticsLimit = time.Minute
	// grownTables are the tables of which no more than a third was there when their statistics
	// were made, as far as reltuples says. Those of another owner are left out, since only who has the
	// owner's rights may.
	grownTables = "SELECT coalesce(string_agg(quote_ident(s.schemaname) || '.' || quote_ident(s.relname), ', '), '') FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid" +
		" WHERE s.schemaname IN ('desk', 'live') AND s.n_live_tup > 100 + 3 * greatest(c.reltuples, 0) AND s.n_mod_since_analyze > 100" +
		" AND pg_has_role(c.relowner, 'USAGE')"
)

// A statistician makes the statistics of the tables of both stores.
type statistician struct {
	db      *sql.DB // one connection of its own, outside of faults and counts
	log     *slog.Logger
	commits *afterCommits
}

// startStatistician begins to make statistics after commits.
func startStatistician(server *postgresServer, log *slog.Logger) *statistician {
	s := &statistician{db: server.open(Config{}, "desk", writing), log: log}
	s.db.SetMaxOpenConns(1)
	s.db.SetConnMaxIdleTime(30 * time.Second)
	s.commits = startAfterCommits(func(ctx context.Context) time.Duration {
		if err := s.look(ctx); err != nil && ctx.Err() == nil {
			// Without them everything works, and autovacuum will make them.
			s.log.DebugContext(ctx, "the statistics of the planner were not made", "error", err)
			return time.Minute
		}
		return statisticsPause
	})
	return s
}

// look makes the statistics of the tables that have grown. Neither readers nor writers wait for it.
func (s *statistician) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, statisticsLimit)
	defer cancel()
	var tables string
	if err := s.db.QueryRowContext(ctx, grownTables).Scan(&tables); err != nil || tables == "" {
		return err
	}
	_, err := s.db.ExecContext(ctx, "ANALYZE "+tables)
	return err
}

// afterCommit says that rows were written. It does not block.
func (s *statistician) afterCommit() {
	if s != nil {
		s.commits.committedOne()
	}
}

func (s *statistician) close() error {
	if s == nil {
		return nil
	}
	s.commits.close()
	return s.db.Close()
}
