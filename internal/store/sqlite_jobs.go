package store

import (
	"context"
	"database/sql"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

// sqliteJobs is river on the writing connection of the desk's file. It waits
// for that connection as a write transaction does, and holds it for one
// statement or one short transaction at a time.
type sqliteJobs struct{ *river.Client[*sql.Tx] }

// wakenedSQLite is river's driver with our notifications: its own would write a row for
// each job.
type wakenedSQLite struct {
	*riversqlite.Driver
	wakeups *wakeups
}

func (wakenedSQLite) SupportsListener() bool     { return true }
func (wakenedSQLite) SupportsListenNotify() bool { return false }
func (d wakenedSQLite) GetListener(*riverdriver.GetListenenerParams) riverdriver.Listener {
	return d.wakeups
}

func (s *Stores) sqliteJobs(config *river.Config, w *wakeups, run bool) (jobsClient, error) {
	var db *sql.DB
	if run {
		db = s.deskWrite.db
	}
	client, err := river.NewClient(wakenedSQLite{riversqlite.New(db), w}, config)
	return sqliteJobs{client}, err
}

func (c sqliteJobs) insert(ctx context.Context, tx *Tx, jobs []river.InsertManyParams) error {
	_, err := c.InsertManyFastTx(ctx, tx.tx, jobs)
	return err
}

func migrateSQLiteJobs(ctx context.Context, tx *Tx) ([]Migration, error) {
	return nextJobStep(ctx, riversqlite.New(nil), tx.tx)
}

func sqliteJobSteps() ([]rivermigrate.Migration, error) {
	m, err := jobMigrator(riversqlite.New(nil))
	if err != nil {
		return nil, err
	}
	return m.AllVersions(), nil
}
