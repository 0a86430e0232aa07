// Command migrations writes the migrations of both stores for both engines
// from the ent client. It is a program of its own, since it must be built with the
// package db that the code generator has just written.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"

	"github.com/redthread-api/redthread/internal/pgtemp"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/ddl"
)

func main() {
	if err := generateMigrations(); err != nil {
		fmt.Fprintf(os.Stderr, "codegen: %v\n", err)
		os.Exit(1)
	}
}

// migrationName returns the name of the files of a new migration. The environment
// variable REDTHREAD_MIGRATION sets it; the default is "change".
func migrationName() string {
	if name := os.Getenv("REDTHREAD_MIGRATION"); name != "" {
		return name
	}
	return "change"
}

// generateMigrations compares the ent schema with the schema that the migrations give,
// on each engine and for each store, and writes a migration for the difference.
// Without a PostgreSQL server on the machine it leaves the files of that engine as
// they are, and prints that.
func generateMigrations() error {
	ctx := context.Background()
	for _, name := range []string{"desk", "live"} {
		db, err := sql.Open("sqlite", "file::memory:?_pragma=foreign_keys(1)")
		if err != nil {
			return err
		}
		db.SetMaxOpenConns(1)
		err = writeMigration(ctx, db, dialect.SQLite, name)
		if err = errors.Join(err, db.Close()); err != nil {
			return fmt.Errorf("migrations of SQLite, %s: %w", name, err)
		}
	}
	dsn, stop, err := pgtemp.ForTests()
	if errors.Is(err, pgtemp.ErrNoServer) {
		fmt.Fprintln(os.Stderr, "codegen: no PostgreSQL server found; its migrations were left as they are")
		return nil
	}
	if err != nil {
		return err
	}
	defer stop()
	for _, name := range []string{"desk", "live"} {
		if err := onScratchDatabase(ctx, dsn, func(db *sql.DB) error {
			return writeMigration(ctx, db, dialect.Postgres, name)
		}); err != nil {
			return fmt.Errorf("migrations of PostgreSQL, %s: %w", name, err)
		}
	}
	return nil
}

// writeMigration writes the migration of one store ("desk" or "live") on one engine.
// db must be empty.
func writeMigration(ctx context.Context, db *sql.DB, engine, name string) error {
	folder := map[string]string{dialect.SQLite: "sqlite", dialect.Postgres: "postgres"}[engine]
	path := "internal/store/migrations/" + folder + "/" + name
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	dir, err := migrate.NewLocalDir(path)
	if err != nil {
		return err
	}
	tables, err := ddl.DeskTables()
	if name == "live" {
		tables, err = ddl.LiveTables()
	}
	if err != nil {
		return err
	}
	m, err := schema.NewMigrate(entsql.OpenDB(engine, db), append(ddl.Options(engine),
		schema.WithDir(dir),
		schema.WithMigrationMode(schema.ModeReplay),
		schema.WithDialect(engine),
		schema.WithFormatter(migrate.DefaultFormatter),
		schema.WithForeignKeys(name == "desk"),
		schema.WithDropColumn(true),
		schema.WithDropIndex(true),
	)...)
	if err != nil {
		return err
	}
	err = m.NamedDiff(ctx, migrationName(), tables...)
	if errors.Is(err, migrate.ErrNoPlan) {
		return nil
	}
	return err
}

// onScratchDatabase runs fn on a new database of the server and drops it.
func onScratchDatabase(ctx context.Context, dsn string, fn func(*sql.DB) error) error {
	name := fmt.Sprintf("redthread_codegen_%d", os.Getpid())
	admin, err := store.OpenPostgres(ctx, dsn, "")
	if err != nil {
		return err
	}
	defer admin.Close()
	if _, err := admin.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return err
	}
	scratch, err := store.OpenPostgres(ctx, dsn, name)
	if err == nil {
		err = errors.Join(fn(scratch), scratch.Close())
	}
	_, dropErr := admin.ExecContext(ctx, "DROP DATABASE "+name)
	return errors.Join(err, dropErr)
}
