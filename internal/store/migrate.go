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

// The migrations of each engine and store. They are written by the code
// generator from the ent schema, and never edited once they have landed.
//
//go:embed migrations
var migrations embed.FS

// Migration is one step of a store's schema.
type Migration struct {
	Store   string    // "desk" or "live"
	Version string    // "20260102150405"
	Name    string    // what it does, from the file's name
	Applied time.Time // zero where it is pending
}

// side is one store, to be migrated.
type side struct {
	name string
	pool *pool
}

func (s *Stores) sides() []side {
	return []side{{"desk", s.deskWrite}, {"live", s.liveWrite}}
}

// Migrate brings both stores to the schema of this binary and returns the
// steps that it applied. It holds a lock meanwhile, so that of several
// processes that start at once one migrates and the others wait. A database
// that is newer than this binary is refused, and so is one whose history is
// not the one embedded here. It writes the keys of the order of texts where they
// are missing, or of another version.
func (s *Stores) Migrate(ctx context.Context) ([]Migration, error) {
	var done []Migration
	for _, side := range s.sides() {
		if s.postgres() {
			if err := execPatiently(ctx, side.pool.db, "CREATE SCHEMA IF NOT EXISTS "+side.name); err != nil {
				return done, fmt.Errorf("migrate %s: %w", side.name, err)
			}
		}
		var applied []Migration
		err := inTx(ctx, side.pool, lockMigrate, func(ctx context.Context, tx *Tx) error {
			applied = nil
			if err := prepareMigrations(ctx, tx, side.name); err != nil {
				return err
			}
			files, err := migrationFiles(s.dialect, side.name)
			if err != nil {
				return err
			}
			known, err := appliedMigrations(ctx, tx, side.name, files)
			if err != nil {
				return err
			}
			for _, f := range files {
				if !known[f.Version()].IsZero() {
					continue
				}
				if err := applyMigration(ctx, tx, f); err != nil {
					return fmt.Errorf("%s: %w", f.Name(), err)
				}
				applied = append(applied, Migration{side.name, f.Version(), f.Desc(), time.Now()})
			}
			return nil
		})
		if err != nil {
			return done, fmt.Errorf("migrate %s: %w", side.name, err)
		}
		done = append(done, applied...)
		filled, err := s.fillSortKeys(ctx, side)
		if err != nil {
			return done, fmt.Errorf("migrate %s: %w", side.name, err)
		}
		if filled > 0 {
			s.log.InfoContext(ctx, "wrote the keys by which lists are ordered", "store", side.name, "rows", filled)
		}
	}
	jobs, err := s.migrateJobs(ctx)
	done = append(done, jobs...)
	if err != nil {
		return done, fmt.Errorf("migrate the tables of the jobs: %w", err)
	}
	if s.postgres() && len(done) > 0 && s.makeLiveRole(ctx) {
		// Connections that were opened before there was the role are not in it.
		s.liveRead.renew()
	}
	return done, nil
}

// Migrations lists the steps of both stores, applied and pending.
func (s *Stores) Migrations(ctx context.Context) ([]Migration, error) {
	var all []Migration
	for _, side := range s.sides() {
		files, err := migrationFiles(s.dialect, side.name)
		if err != nil {
			return nil, err
		}
		known := map[string]time.Time{}
		exists, err := s.hasTable(ctx, s.looking(side), "schema_migrations")
		if err == nil && exists {
			known, err = appliedMigrations(ctx, poolRows{s.looking(side)}, side.name, files)
		}
		if err != nil {
			return nil, fmt.Errorf("migrations of %s: %w", side.name, err)
		}
		for _, f := range files {
			all = append(all, Migration{side.name, f.Version(), f.Desc(), known[f.Version()]})
		}
	}
	jobs, err := s.jobMigrations(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrations of the jobs: %w", err)
	}
	return append(all, jobs...), nil
}

// looking is the pool with which a store is looked at: on SQLite one that does not
// wait for who writes.
func (s *Stores) looking(of side) *pool {
	switch {
	case s.postgres():
		return of.pool
	case of.name == "live":
		return s.liveRead
	}
	return s.deskRead
}

// Pending reports whether a step of the schema has yet to be applied.
func (s *Stores) Pending(ctx context.Context) (bool, error) {
	all, err := s.Migrations(ctx)
	return slices.ContainsFunc(all, func(m Migration) bool { return m.Applied.IsZero() }), err
}

var revisionsDDL = map[string]string{
	dialect.SQLite: `CREATE TABLE IF NOT EXISTS schema_migrations (
		version text PRIMARY KEY, checksum text NOT NULL, applied_at datetime NOT NULL)`,
	dialect.Postgres: `CREATE TABLE IF NOT EXISTS schema_migrations (
		version text COLLATE "C" PRIMARY KEY, checksum text COLLATE "C" NOT NULL, applied_at timestamptz NOT NULL)`,
}

// prepareMigrations makes the table of what was applied, or brings it up to
// date: it is not in the ent schema.
func prepareMigrations(ctx context.Context, tx *Tx, store string) error {
	if tx.Dialect() == dialect.Postgres {
		if err := checkSchema(ctx, tx, store); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, revisionsDDL[tx.Dialect()]); err != nil {
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

// migrationFiles reads the embedded directory of one engine and store.
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

// appliedMigrations returns when each step was applied, and refuses a history
// that is not a prefix of the files.
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
