package store

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"
)

// migrateJobs migrates river's tables. Each step has its own transaction, because
// PostgreSQL can use a new enum value only after the commit.
func (s *Stores) migrateJobs(ctx context.Context) ([]Migration, error) {
	step := migrateSQLiteJobs
	if s.postgres() {
		step = migratePostgresJobs
	}
	var done []Migration
	for {
		var applied []Migration
		err := inTx(ctx, s.deskWrite, lockMigrate, func(ctx context.Context, tx *Tx) (err error) {
			applied, err = step(ctx, tx)
			return err
		})
		if err != nil || len(applied) == 0 {
			return done, err
		}
		done = append(done, applied...)
	}
}

// applyNextJobStep applies the next pending step of river's tables, if there is
// one.
func applyNextJobStep[T any](ctx context.Context, driver riverdriver.Driver[T], tx T) ([]Migration, error) {
	m, err := jobMigrator(driver)
	if err != nil {
		return nil, err
	}
	//lint:ignore SA1019 Deprecated are several steps in one transaction; this is one.
	result, err := m.MigrateTx(ctx, tx, rivermigrate.DirectionUp, &rivermigrate.MigrateOpts{MaxSteps: 1})
	if err != nil {
		return nil, err
	}
	var done []Migration
	for _, v := range result.Versions {
		done = append(done, Migration{Store: "desk", Version: jobVersion(v.Version), Name: v.Name, Applied: time.Now()})
	}
	return done, nil
}

func jobMigrator[T any](driver riverdriver.Driver[T]) (*rivermigrate.Migrator[T], error) {
	return rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
}

// jobVersion returns the version of a step of river, in a form that no other
// migration has.
func jobVersion(n int) string { return fmt.Sprintf("%s%03d", jobVersions, n) }

// jobVersions begins the versions of the steps of river.
const jobVersions = "river_"

// OfJobs reports whether a migration is one of the tables of jobs, which are river's.
func (m Migration) OfJobs() bool { return strings.HasPrefix(m.Version, jobVersions) }

// jobMigrations returns the steps of river's tables, applied and pending.
func (s *Stores) jobMigrations(ctx context.Context) ([]Migration, error) {
	applied := map[int]time.Time{}
	exists, err := s.hasTable(ctx, s.readPool(target{"desk", s.deskWrite}), "river_migration")
	if err != nil {
		return nil, err
	}
	if exists {
		rows, err := poolRows{s.readPool(target{"desk", s.deskWrite})}.Query(ctx, "SELECT version, created_at FROM river_migration")
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		for rows.Next() {
			var version int
			var at time.Time
			if err := rows.Scan(&version, &at); err != nil {
				return nil, err
			}
			applied[version] = at
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	steps := sqliteJobSteps
	if s.postgres() {
		steps = postgresJobSteps
	}
	known, err := steps()
	if err != nil {
		return nil, err
	}
	var all []Migration
	for _, v := range known {
		all = append(all, Migration{Store: "desk", Version: jobVersion(v.Version), Name: v.Name, Applied: applied[v.Version]})
	}
	return all, nil
}
