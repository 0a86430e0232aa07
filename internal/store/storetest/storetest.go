// Package storetest provides stores for tests: on SQLite always, on PostgreSQL
// if there is a server (see package pgtemp). It also has what other tests need
// with them: injected faults, clusters of their own, and a clock.
//
// Every test gets stores of its own, migrated and empty.
package storetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/pgtemp"
	"github.com/redthread-api/redthread/internal/store"
)

// Each runs fn as a parallel subtest on each engine. If pgtemp.EnvLocale sets a
// locale, which SQLite does not have, it runs fn on PostgreSQL only.
func Each(t *testing.T, fn func(t *testing.T, s *store.Stores)) {
	t.Helper()
	if os.Getenv(pgtemp.EnvLocale) == "" {
		t.Run("SQLite", func(t *testing.T) {
			t.Parallel()
			skipUnderRace(t)
			fn(t, SQLite(t))
		})
	}
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		fn(t, Postgres(t))
	})
}

// EachConfig is Each for tests that open the stores themselves, perhaps more than
// once. The configuration is that of migrated, empty stores.
func EachConfig(t *testing.T, fn func(t *testing.T, c store.Config)) {
	t.Helper()
	if os.Getenv(pgtemp.EnvLocale) == "" {
		t.Run("SQLite", func(t *testing.T) {
			t.Parallel()
			skipUnderRace(t)
			fn(t, SQLiteConfig(t))
		})
	}
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		fn(t, PostgresConfig(t))
	})
}

// Patience is how long tests wait for what takes milliseconds on a machine that is not busy. A test that waits
// for longer has failed.
const Patience = time.Minute

func skipUnderRace(t *testing.T) {
	t.Helper()
	if raceDetector && testing.Short() {
		t.Skip("SQLite is not run under the race detector in a short run")
	}
}

// Main runs the tests of a package and stops the server that they may have
// started: func TestMain(m *testing.M) { storetest.Main(m) }.
func Main(m *testing.M) { os.Exit(Runner{m}.Run()) }

// Runner is Main for packages whose tests have a main of their own.
type Runner struct{ M *testing.M }

// Run runs the tests and returns the exit code.
func (r Runner) Run() int {
	code := r.M.Run()
	if testServer.template {
		// The server may outlive the tests, so the template is dropped.
		_ = execAdmin("DROP DATABASE " + databaseName(0))
	}
	if testServer.stop != nil {
		testServer.stop()
	}
	return code
}

// SQLite opens stores in a temporary folder.
func SQLite(tb testing.TB) *store.Stores {
	tb.Helper()
	return open(tb, SQLiteConfig(tb))
}

// Postgres opens stores in a database of their own.
func Postgres(tb testing.TB) *store.Stores {
	tb.Helper()
	return open(tb, PostgresConfig(tb))
}

func open(tb testing.TB, c store.Config) *store.Stores {
	tb.Helper()
	s, err := store.Open(tb.Context(), c)
	if err != nil {
		tb.Fatalf("open stores: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close stores: %v", err)
		}
	})
	return s
}

var sqliteTemplate struct {
	once  sync.Once
	err   error
	files map[string][]byte
}

// SQLiteConfig creates migrated, empty SQLite files. They are migrated once per
// process and copied from then on. Where pgtemp.EnvLocale is set, a test that asks
// for them is skipped.
func SQLiteConfig(tb testing.TB) store.Config {
	tb.Helper()
	skipWithLocale(tb)
	sqliteTemplate.once.Do(func() {
		sqliteTemplate.files, sqliteTemplate.err = migratedFiles(tb.TempDir())
	})
	if sqliteTemplate.err != nil {
		tb.Fatalf("migrate SQLite: %v", sqliteTemplate.err)
	}
	dir := tb.TempDir()
	for name, body := range sqliteTemplate.files {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return store.Config{Dir: dir}
}

// Config is the configuration of migrated, empty stores for tests for which the engine
// does not matter: SQLite, or PostgreSQL where pgtemp.EnvLocale is set.
func Config(tb testing.TB) store.Config {
	tb.Helper()
	if os.Getenv(pgtemp.EnvLocale) != "" {
		return PostgresConfig(tb)
	}
	return SQLiteConfig(tb)
}

// BareSQLiteConfig is SQLiteConfig for a folder that has no files, and is not there yet.
func BareSQLiteConfig(tb testing.TB) store.Config {
	tb.Helper()
	skipWithLocale(tb)
	return store.Config{Dir: filepath.Join(tb.TempDir(), "stores")}
}

func skipWithLocale(tb testing.TB) {
	tb.Helper()
	if os.Getenv(pgtemp.EnvLocale) != "" {
		tb.Skip("SQLite has no locale: this runs where " + pgtemp.EnvLocale + " is not set")
	}
}

func migratedFiles(dir string) (map[string][]byte, error) {
	if err := migrate(store.Config{Dir: dir}); err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, name := range []string{"desk.db", "live.db"} {
		body, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		files[name] = body
	}
	return files, nil
}

func migrate(c store.Config) error {
	ctx := context.Background()
	s, err := store.Open(ctx, c)
	if err != nil {
		return err
	}
	if _, err := s.Migrate(ctx); err != nil {
		return err
	}
	return s.Close()
}

var testServer struct {
	once sync.Once
	err  error
	dsn  string
	stop func()
	last atomic.Int64

	template bool // the template database exists
}

func databaseName(n int64) string { return fmt.Sprintf("redthread_test_%d_%d", os.Getpid(), n) }

func startCluster() {
	testServer.dsn, testServer.stop, testServer.err = pgtemp.ForTests()
	if testServer.err != nil {
		return
	}
	// Database 0 is the template of all others.
	if testServer.err = execAdmin("CREATE DATABASE " + databaseName(0)); testServer.err != nil {
		return
	}
	testServer.template = true
	dsn, err := pgtemp.WithDatabase(testServer.dsn, databaseName(0))
	if err == nil {
		err = migrate(store.Config{DeskDSN: dsn})
	}
	testServer.err = err
}

func execAdmin(statement string) error {
	ctx := context.Background()
	db, err := store.OpenPostgres(ctx, testServer.dsn, "")
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, statement)
	return err
}

// PostgresConfig creates a migrated, empty database. Without a server the test is
// skipped, or fails if pgtemp.EnvRequire is set.
func PostgresConfig(tb testing.TB) store.Config {
	tb.Helper()
	return postgresConfig(tb, " TEMPLATE "+databaseName(0)+" STRATEGY FILE_COPY")
}

// BarePostgresConfig is PostgresConfig for a database without any tables.
func BarePostgresConfig(tb testing.TB) store.Config {
	tb.Helper()
	return postgresConfig(tb, "")
}

// PostgresDatabase is BarePostgresConfig with another encoding or locale: options
// are those of CREATE DATABASE.
func PostgresDatabase(tb testing.TB, options string) store.Config {
	tb.Helper()
	return postgresConfig(tb, " TEMPLATE template0 "+options)
}

// ICU is the options, for [PostgresDatabase], of a database whose locale orders
// texts like a dictionary.
const ICU = "ENCODING UTF8 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"

// PostgresICU opens migrated, empty stores in a database with the options ICU.
func PostgresICU(tb testing.TB) *store.Stores {
	tb.Helper()
	s := open(tb, PostgresDatabase(tb, ICU))
	if _, err := s.Migrate(tb.Context()); err != nil {
		tb.Fatalf("migrate: %v", err)
	}
	return s
}

func postgresConfig(tb testing.TB, options string) store.Config {
	tb.Helper()
	testServer.once.Do(startCluster)
	if testServer.err != nil {
		pgtemp.SkipOrFail(tb, testServer.err)
	}
	name := databaseName(testServer.last.Add(1))
	if err := execAdmin("CREATE DATABASE " + name + options); err != nil {
		tb.Fatalf("create a test database: %v", err)
	}
	tb.Cleanup(func() {
		if err := execAdmin("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			tb.Errorf("drop the test database: %v", err)
		}
	})
	dsn, err := pgtemp.WithDatabase(testServer.dsn, name)
	if err != nil {
		tb.Fatal(err)
	}
	return store.Config{DeskDSN: dsn}
}

// Published says that a release was applied to live, as to one that is in use, and reads that.
func Published(tb testing.TB, s *store.Stores) {
	tb.Helper()
	if err := s.Live(tb.Context(), func(ctx context.Context, tx *store.Tx) error {
		return store.Exec(ctx, tx, "INSERT INTO projection (id, applied_sequence, applied_at, history) VALUES (1, 1, ?, 1)", time.Now().UTC())
	}); err != nil {
		tb.Fatal(err)
	}
	if _, err := s.ReadValues(domain.WithStage(domain.AsSystem(tb.Context(), "test"), domain.Live), "SELECT 1", nil, 1); err != nil {
		tb.Fatal(err)
	}
}
