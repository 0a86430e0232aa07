package store

import (
	"context"
	"database/sql"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

// sqliteJobs is river's client on SQLite. It uses the writing connection of the
// desk: it waits for it as write transactions do, and holds it for one statement
// or one short transaction at a time.
type sqliteJobs struct{ *river.Client[*sql.Tx] }

// notifyingSQLite is river's driver with a jobNotifier in place of river's own
// notifications, which write a row per job.
type notifyingSQLite struct {
	*riversqlite.Driver
	notifier *jobNotifier
}

func (notifyingSQLite) SupportsListener() bool     { return true }
func (notifyingSQLite) SupportsListenNotify() bool { return false }
func (d notifyingSQLite) GetListener(*riverdriver.GetListenenerParams) riverdriver.Listener {
	return d.notifier
}

func (s *Stores) sqliteJobs(config *river.Config, w *jobNotifier, run bool) (jobsClient, error) {
	var db *sql.DB
	if run {
		db = s.deskWrite.db
	}
	client, err := river.NewClient(notifyingSQLite{riversqlite.New(db), w}, config)
	return sqliteJobs{client}, err
}

func (c sqliteJobs) insert(ctx context.Context, tx *Tx, jobs []river.InsertManyParams) error {
	_, err := c.InsertManyFastTx(ctx, tx.tx, jobs)
	return err
}

func migrateSQLiteJobs(ctx context.Context, tx *Tx) ([]Migration, error) {
	return applyNextJobStep(ctx, riversqlite.New(nil), tx.tx)
}

func sqliteJobSteps() ([]rivermigrate.Migration, error) {
	m, err := jobMigrator(riversqlite.New(nil))
	if err != nil {
		return nil, err
	}
	return m.AllVersions(), nil
}
