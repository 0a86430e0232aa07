package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/internal/domain"
)

// migrations holds the migrations of each engine and store. The code generator
// writes them from the ent schema; they are never edited after a release.
//
//go:embed migrations
var migrations embed.FS

// Migration is one migration of a store's schema.
type Migration struct {
	Store   string    // "desk" or "live"
	Version string    // "20260102150405"
	Name    string    // the description in the file name
	Applied time.Time // zero: pending

	Took time.Duration // of one that was just applied
}

// target is a store to be migrated.
type target struct {
	name string
	pool *pool
}

func (s *Stores) targets() []target {
	return []target{{"desk", s.deskWrite}, {"live", s.liveWrite}}
}

// Migrate migrates both stores to the schema of this binary and returns the
// migrations that it applied. It holds a lock, so that of several processes that
// start at the same time one migrates and the others wait. It refuses a database
// that is newer than this binary, or whose applied migrations differ from the
// embedded ones.
//
// The migrations of a store are one transaction: if it fails, is stopped or is
// killed, the store is as it was, and an older binary can use it. The log says
// every ten seconds which is running. Then it writes the sort keys that are missing
// or of another collation version, in batches; the next call continues where one
// was stopped.
func (s *Stores) Migrate(ctx context.Context) ([]Migration, error) {
	var done []Migration
	for _, t := range s.targets() {
		if s.postgres() {
			if err := execWithRetry(ctx, t.pool.db, "CREATE SCHEMA IF NOT EXISTS "+t.name); err != nil {
				return done, fmt.Errorf("migrate %s: %w", t.name, err)
			}
		}
		var applied []Migration
		err := inTx(ctx, t.pool, lockMigrate, func(ctx context.Context, tx *Tx) error {
			applied = nil
			if err := prepareMigrations(ctx, tx, t.name); err != nil {
				return err
			}
			files, err := migrationFiles(s.dialect, t.name)
			if err != nil {
				return err
			}
			known, err := appliedMigrations(ctx, tx, t.name, files)
			if err != nil {
				return err
			}
			if t.name == "live" && len(known) < len(files) {
				stop := whileRunning(ctx, s.log, "indexes are made that an interrupted rebuild has left out", "store", t.name)
				_, err := CreateMissingLiveIndexes(ctx, tx) // migrations may drop or need them
				stop()
				if err != nil {
					return err
				}
			}
			for _, f := range files {
				if !known[f.Version()].IsZero() {
					continue
				}
				began := time.Now()
				stop := whileRunning(ctx, s.log, "a migration is running", "store", t.name, "version", f.Version(), "name", f.Desc())
				err := applyMigration(ctx, tx, f)
				stop()
				if err != nil {
					return fmt.Errorf("%s: %w", f.Name(), err)
				}
				applied = append(applied, Migration{Store: t.name, Version: f.Version(), Name: f.Desc(), Applied: time.Now(), Took: time.Since(began)})
			}
			return nil
		})
		if err != nil {
			return done, fmt.Errorf("migrate %s: %w", t.name, err)
		}
		done = append(done, applied...)
		filled, err := s.fillSortKeys(ctx, t)
		if err != nil {
			return done, fmt.Errorf("migrate %s: %w", t.name, err)
		}
		if filled > 0 {
			s.log.InfoContext(ctx, "sort keys written", "store", t.name, "rows", filled)
		}
	}
	jobs, err := s.migrateJobs(ctx)
	done = append(done, jobs...)
	if err != nil {
		return done, fmt.Errorf("migrate the job tables: %w", err)
	}
	if s.postgres() && len(done) > 0 && s.makeLiveRole(ctx) {
		// Connections that were opened before the role existed do not use it.
		s.liveRead.closeIdle()
	}
	return done, nil
}

// Migrations returns the migrations of both stores, applied and pending.
func (s *Stores) Migrations(ctx context.Context) ([]Migration, error) {
	var all []Migration
	for _, t := range s.targets() {
		files, err := migrationFiles(s.dialect, t.name)
		if err != nil {
			return nil, err
		}
		known := map[string]time.Time{}
		exists, err := s.hasTable(ctx, s.readPool(t), "schema_migrations")
		if err == nil && exists {
			known, err = appliedMigrations(ctx, poolRows{s.readPool(t)}, t.name, files)
		}
		if err != nil {
			return nil, fmt.Errorf("migrations of %s: %w", t.name, err)
		}
		for _, f := range files {
			all = append(all, Migration{Store: t.name, Version: f.Version(), Name: f.Desc(), Applied: known[f.Version()]})
		}
	}
	jobs, err := s.jobMigrations(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrations of the jobs: %w", err)
	}
	return append(all, jobs...), nil
}

// readPool returns the pool for reads of a target: on SQLite one that does not
// wait for writers.
func (s *Stores) readPool(of target) *pool {
	switch {
	case s.postgres():
		return of.pool
	case of.name == "live":
		return s.liveRead
	}
	return s.deskRead
}

// Pending reports whether there is a migration that is not applied yet.
func (s *Stores) Pending(ctx context.Context) (bool, error) {
	all, err := s.Migrations(ctx)
	return slices.ContainsFunc(all, func(m Migration) bool { return m.Applied.IsZero() }), err
}

var migrationsDDL = map[string]string{
	dialect.SQLite: `CREATE TABLE IF NOT EXISTS schema_migrations (
		version text PRIMARY KEY, checksum text NOT NULL, applied_at datetime NOT NULL)`,
	dialect.Postgres: `CREATE TABLE IF NOT EXISTS schema_migrations (
		version text COLLATE "C" PRIMARY KEY, checksum text COLLATE "C" NOT NULL, applied_at timestamptz NOT NULL)`,
}

// prepareMigrations creates or updates the table of applied migrations, which is
// not in the ent schema.
func prepareMigrations(ctx context.Context, tx *Tx, store string) error {
	if tx.Dialect() == dialect.Postgres {
		if err := checkSchema(ctx, tx, store); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, migrationsDDL[tx.Dialect()]); err != nil {
		return err
	}
	if tx.Dialect() == dialect.Postgres {
		return collateMigrations(ctx, tx)
	}
	return nil
}

func (s *Stores) hasTable(ctx context.Context, p *pool, name string) (bool, error) {
	query := "SELECT count(*) FROM sqlite_master WHERE name = ?"
	if s.postgres() {
		query = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1"
	}
	var n int
	err := p.db.QueryRowContext(ctx, query, name).Scan(&n)
	return n > 0, err
}

// migrationFiles returns the embedded migrations of one engine and store.
func migrationFiles(engine, store string) ([]migrate.File, error) {
	folder := "migrations/" + engineFolder(engine) + "/" + store
	entries, err := fs.ReadDir(migrations, folder)
	if err != nil {
		return nil, err
	}
	dir := &migrate.MemDir{}
	for _, e := range entries {
		body, err := fs.ReadFile(migrations, folder+"/"+e.Name())
		if err != nil {
			return nil, err
		}
		if err := dir.WriteFile(e.Name(), body); err != nil {
			return nil, err
		}
	}
	if err := migrate.Validate(dir); err != nil {
		return nil, fmt.Errorf("%s: %w", folder, err)
	}
	return dir.Files()
}

func engineFolder(engine string) string {
	if engine == dialect.Postgres {
		return "postgres"
	}
	return "sqlite"
}

func checksum(f migrate.File) string {
	sum := sha256.Sum256(f.Bytes())
	return hex.EncodeToString(sum[:])
}

// appliedMigrations returns when each migration was applied. It refuses applied
// migrations that are unknown or differ from the files.
func appliedMigrations(ctx context.Context, db Rows, store string, files []migrate.File) (map[string]time.Time, error) {
	rows, err := db.Query(ctx, "SELECT version, checksum, applied_at FROM schema_migrations ORDER BY version")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	byVersion := map[string]migrate.File{}
	for _, f := range files {
		byVersion[f.Version()] = f
	}
	known := map[string]time.Time{}
	for rows.Next() {
		var version, sum string
		var at time.Time
		if err := rows.Scan(&version, &sum, &at); err != nil {
			return nil, err
		}
		f, ok := byVersion[version]
		if !ok {
			return nil, domain.Conflict(
				"the %s database is newer than this binary: it has migration %s, which this binary does not know; use the newer binary",
				store, version)
		}
		if sum != checksum(f) {
			return nil, domain.Conflict("migration %s of the %s database is not the one in this binary", version, store)
		}
		known[version] = at
	}
	return known, rows.Err()
}

func applyMigration(ctx context.Context, tx *Tx, f migrate.File) error {
	statements, err := f.Stmts()
	if err != nil {
		return err
	}
	for _, statement := range statements {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := tx.tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%.60q: %w", statement, err)
		}
	}
	insert := "INSERT INTO schema_migrations (version, checksum, applied_at) VALUES (?, ?, ?)"
	if tx.Dialect() == dialect.Postgres {
		insert = "INSERT INTO schema_migrations (version, checksum, applied_at) VALUES ($1, $2, $3)"
	}
	_, err = tx.Exec(ctx, insert, f.Version(), checksum(f), time.Now().UTC().Truncate(time.Microsecond))
	return err
}
