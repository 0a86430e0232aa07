package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"

	"github.com/redthread-api/redthread/internal/store/ddl"
)

// LiveReadDB returns the pool behind the client of live.
func LiveReadDB(s *Stores) *sql.DB { return s.liveRead.db }

// LiveWriteDB returns the pool that writes live.
func LiveWriteDB(s *Stores) *sql.DB { return s.liveWrite.db }

// MaxStatements is how many prepared statements a connection keeps.
const MaxStatements = maxCachedStmts

// OpenWithStatements returns a pool whose connections cache so many prepared
// statements.
func OpenWithStatements(inner driver.Connector, statements int) *sql.DB {
	return sql.OpenDB(&connector{Connector: inner, pool: "desk", statements: statements})
}

// WriteDB returns the pool that writes to a store.
func WriteDB(s *Stores, side string) *sql.DB {
	if side == "live" {
		return s.liveWrite.db
	}
	return s.deskWrite.db
}

// InTx runs fn in a transaction of a store.
func InTx(ctx context.Context, s *Stores, side string, fn func(context.Context, *Tx) error) error {
	if side == "live" {
		return s.Live(ctx, fn)
	}
	return s.Desk(ctx, fn)
}

// MigrationTexts returns the migrations of a store by the names of their files.
func MigrationTexts(tb testing.TB, engine, side string) map[string]string {
	tb.Helper()
	files, err := migrationFiles(engine, side)
	if err != nil {
		tb.Fatal(err)
	}
	texts := map[string]string{}
	for _, f := range files {
		texts[f.Name()] = string(f.Bytes())
	}
	return texts
}

// MigrateBefore applies the migrations of both stores that come before the first
// one that contains a text.
func MigrateBefore(ctx context.Context, s *Stores, text string) error {
	for _, side := range s.targets() {
		if s.postgres() {
			if _, err := side.pool.db.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+side.name); err != nil {
				return err
			}
		}
		if err := inTx(ctx, side.pool, lockMigrate, func(ctx context.Context, tx *Tx) error {
			files, err := migrationFiles(s.dialect, side.name)
			if err = errors.Join(err, prepareMigrations(ctx, tx, side.name)); err != nil {
				return err
			}
			for _, f := range files {
				if strings.Contains(string(f.Bytes()), text) {
					return nil
				}
				if err := applyMigration(ctx, tx, f); err != nil {
					return err
				}
			}
			return fmt.Errorf("%s has no step with %q", side.name, text)
		}); err != nil {
			return err
		}
	}
	return nil
}

// LiveSnapshots returns how many snapshots of live may be open at once.
func LiveSnapshots(s *Stores) int { return cap(s.liveRead.snapshotSlots) }

// DeskSnapshots is LiveSnapshots for the desk.
func DeskSnapshots(s *Stores) int { return cap(s.deskRead.snapshotSlots) }

// SchemaDrift returns the statements that would turn the present tables into the
// wanted ones.
func SchemaDrift(ctx context.Context, s *Stores, side string, want []*schema.Table) ([]string, error) {
	p := s.deskWrite
	if side == "live" {
		p = s.liveWrite
	}
	var plan []string
	m, err := schema.NewMigrate(entsql.OpenDB(s.dialect, p.db), append(ddl.Options(s.dialect),
		schema.WithForeignKeys(side == "desk"),
		schema.WithDropColumn(true), schema.WithDropIndex(true),
		schema.WithApplyHook(func(schema.Applier) schema.Applier {
			return schema.ApplyFunc(func(_ context.Context, _ dialect.ExecQuerier, p *migrate.Plan) error {
				for _, change := range p.Changes {
					plan = append(plan, change.Cmd)
				}
				return nil
			})
		}))...)
	if err != nil {
		return nil, err
	}
	return plan, m.Create(ctx, want...)
}

// CloseIdle closes the connections that are not in use.
func CloseIdle(s *Stores) {
	for _, p := range []*pool{s.deskRead, s.liveRead, s.deskWrite, s.liveWrite} {
		p.closeIdle()
	}
}

// SetWait replaces how Start waits between its attempts.
func SetWait(j *Jobs, wait func(context.Context, time.Duration)) { j.wait = wait }
