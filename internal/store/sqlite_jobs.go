package store

import (
	"context"
	"database/sql"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

// sqliteJobs is river on the writing connection of the desk's file. It waits
// for that connection as a write transaction does, and holds it for one
// statement or one short transaction at a time.
type sqliteJobs struct{ *river.Client[*sql.Tx] }

// pollingSQLite keeps river from writing a row of notification for each job.
type pollingSQLite struct{ *riversqlite.Driver }

func (pollingSQLite) SupportsListener() bool     { return false }
func (pollingSQLite) SupportsListenNotify() bool { return false }

func (s *Stores) sqliteJobs(config *river.Config) (jobsClient, error) {
	client, err := river.NewClient(pollingSQLite{riversqlite.New(s.deskWrite.db)}, config)
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
