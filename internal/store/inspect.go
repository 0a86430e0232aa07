package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/collation"
	"github.com/redthread-api/redthread/internal/domain"
)

// Inspect opens both stores as they are, to examine them: nothing can be written through what it returns, and it
// makes no folder or file and changes no mode. A file of SQLite that is missing or damaged is no error of
// Inspect, but of the reads that follow.
func Inspect(ctx context.Context, c Config) (*Stores, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Stores{log: c.Log, dir: c.Dir, deskDSN: c.DeskDSN, liveMayLag: c.LiveDSN != "", gate: newLiveGate()} // which nobody asks
	open := s.inspectSQLite
	if c.DeskDSN != "" {
		open = s.inspectPostgres
	}
	if err := open(ctx, c); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.deskClient = newClient(s.deskRead, domain.Desk)
	s.liveClient = newClient(s.liveRead, domain.Live)
	return s, nil
}

func (s *Stores) inspectSQLite(_ context.Context, c Config) error {
	s.dialect = dialect.SQLite
	for file, p := range map[string]**pool{deskFile: &s.deskRead, liveFile: &s.liveRead} {
		db, err := c.openSQLiteFile(filepath.Join(c.Dir, file), nil, "mode=rw", "_pragma=query_only(1)")
		if err != nil {
			return fmt.Errorf("open %s: %w", file, err)
		}
		*p = newPool(db, dialect.SQLite, 4)
	}
	s.deskWrite, s.liveWrite = s.deskRead, s.liveRead
	return nil
}

func (s *Stores) inspectPostgres(ctx context.Context, c Config) error {
	s.dialect = dialect.Postgres
	var err error
	if s.deskServer, err = newPostgresServer(c.DeskDSN); err != nil {
		return err
	}
	if s.deskRead, err = s.deskServer.pool(ctx, c, "desk", reading); err != nil {
		return err
	}
	if s.liveWrite, err = s.deskServer.pool(ctx, c, "live", reading); err != nil {
		return err
	}
	s.deskWrite, s.liveRead = s.deskRead, s.liveWrite
	switch replicas := splitDSNs(c.LiveDSN); len(replicas) {
	case 0:
	case 1:
		server, err := newPostgresServer(replicas[0])
		if err != nil {
			return err
		}
		s.liveRead, err = server.pool(ctx, c, "live", readingLive)
		return err
	default:
		s.liveRead, err = s.openReplicas(ctx, c, replicas)
		return err
	}
	return nil
}

// Files returns the files of the SQLite stores that there are, with those that SQLite keeps beside them.
func Files(c Config) ([]string, error) {
	var files []string
	for _, name := range []string{deskFile, liveFile} {
		for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
			file := filepath.Join(c.Dir, name+suffix)
			_, err := os.Lstat(file)
			if err == nil {
				files = append(files, file)
			} else if !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
	}
	return files, nil
}

// FileMode is the mode of the files of the SQLite stores.
const FileMode = fileMode

// EngineVersion returns the name and the version of the engine.
func (s *Stores) EngineVersion(ctx context.Context) (string, error) {
	query, name := "SELECT sqlite_version()", "SQLite "
	if s.postgres() {
		query, name = "SELECT current_setting('server_version')", "PostgreSQL "
	}
	var version string
	if err := s.deskRead.db.QueryRowContext(ctx, query).Scan(&version); err != nil {
		return "", translate(err)
	}
	return name + version, nil
}

// ClockOffset returns how far the clock of the database is ahead of this process's, to the time that a statement
// takes. On SQLite it is 0: both have one clock.
func (s *Stores) ClockOffset(ctx context.Context, now func() time.Time) (time.Duration, error) {
	if !s.postgres() {
		return 0, nil
	}
	asked := now()
	var at time.Time
	if err := s.deskWrite.db.QueryRowContext(ctx, "SELECT clock_timestamp()").Scan(&at); err != nil {
		return 0, translate(err)
	}
	answered := now()
	switch {
	case at.Before(asked):
		return at.Sub(asked), nil
	case at.After(answered):
		return at.Sub(answered), nil
	}
	return 0, nil
}

// SortKeysCurrent reports whether the sort keys of both stores are of this binary's collation version. They are
// written by [Stores.Migrate].
func (s *Stores) SortKeysCurrent(ctx context.Context) (bool, error) {
	for _, t := range s.targets() {
		var had string
		if err := s.readPool(t).db.QueryRowContext(ctx, "SELECT coalesce(max(version), '') FROM sort_keys").Scan(&had); err != nil {
			return false, translate(err)
		}
		if had != collation.Version {
			return false, nil
		}
	}
	return true, nil
}

// OverdueJobs is the jobs of one kind that should have been run long ago.
type OverdueJobs struct {
	Kind      string
	Count     int
	Discarded bool // they were given up after all their attempts
}

// OverdueJobs counts by kind the jobs that have been due for longer than a day and were not run, and those
// that were discarded after all their attempts.
func (s *Stores) OverdueJobs(ctx context.Context) ([]OverdueJobs, error) {
	dayAgo := "datetime('now', '-1 day')"
	if s.postgres() {
		dayAgo = "now() - interval '1 day'"
	}
	var all []OverdueJobs
	rows, err := s.deskRead.db.QueryContext(ctx, "SELECT kind, state = 'discarded', count(*) FROM river_job"+
		" WHERE state IN ('available', 'pending', 'retryable', 'running', 'scheduled') AND scheduled_at < "+dayAgo+
		" OR state = 'discarded' AND attempt >= max_attempts GROUP BY kind, state = 'discarded' ORDER BY 1, 2")
	if err != nil {
		return nil, translate(err)
	}
	defer rows.Close()
	for rows.Next() {
		var j OverdueJobs
		if err := rows.Scan(&j.Kind, &j.Discarded, &j.Count); err != nil {
			return nil, translate(err)
		}
		all = append(all, j)
	}
	return all, translate(rows.Err())
}

// CheckPlans asks the engine how it would read a document of live by its slug, and the newest documents in
// their order, for each type. It returns the reads that would use no index. Nothing is read.
func (s *Stores) CheckPlans(ctx context.Context) ([]string, error) {
	explain := s.explainSQLite
	if s.postgres() {
		explain = s.explainPostgres
	}
	var slow []string
	for _, t := range db.Tables() {
		if !hasColumn(t, "slug") || !hasColumn(t, "effective_marking") || !hasColumn(t, "published_at") {
			continue
		}
		for _, read := range []struct{ what, query, key string }{
			{"by slug", "SELECT id FROM " + t.Name + " WHERE slug = 'a'", "slug"},
			{"the newest", "SELECT id FROM " + t.Name + " WHERE effective_marking <= 0 ORDER BY published_at DESC, id DESC LIMIT 20", ""},
		} {
			ok, err := explain(ctx, read.query, read.key)
			if err != nil {
				return nil, err
			}
			if !ok {
				slow = append(slow, fmt.Sprintf("%s %s are read without an index", t.Name, read.what))
			}
		}
	}
	return slow, nil
}

// explainSQLite reports whether a query on live uses an index: one that finds the rows with a key or, where that is empty, has
// the order of the rows.
func (s *Stores) explainSQLite(ctx context.Context, query, key string) (bool, error) {
	rows, err := s.liveRead.db.QueryContext(ctx, "EXPLAIN QUERY PLAN "+query)
	if err != nil {
		return false, translate(err)
	}
	defer rows.Close()
	ok := false
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return false, translate(err)
		}
		switch {
		case strings.Contains(detail, "TEMP B-TREE"):
			return false, translate(rows.Err())
		case strings.Contains(detail, "INDEX") && (key == "" || strings.Contains(detail, "("+key+"=?)")):
			ok = true
		}
	}
	return ok, translate(rows.Err())
}

// explainPostgres is explainSQLite for PostgreSQL. Small tables are rightly read whole, so it asks what would be done if
// that were to be avoided.
func (s *Stores) explainPostgres(ctx context.Context, query, key string) (ok bool, err error) {
	tx, err := s.liveWrite.db.BeginTx(ctx, nil)
	if err != nil {
		return false, translate(err)
	}
	defer tx.Rollback() // it has set parameters of the transaction, and read
	for _, setting := range []string{"enable_seqscan", "enable_sort", "enable_bitmapscan"} {
		if _, err := tx.ExecContext(ctx, "SET LOCAL "+setting+" = off"); err != nil {
			return false, translate(err)
		}
	}
	rows, err := tx.QueryContext(ctx, "EXPLAIN "+query)
	if err != nil {
		return false, translate(err)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return false, translate(err)
		}
		switch {
		case strings.Contains(line, "Seq Scan") || strings.Contains(line, "Sort"):
			return false, nil
		case key == "" && strings.Contains(line, "Index"), key != "" && strings.Contains(line, "Index Cond: ") && strings.Contains(line, "("+key):
			ok = true
		}
	}
	return ok, translate(rows.Err())
}
