package storetest

import (
	"context"
	"testing"

	"github.com/redthread-api/redthread/internal/pgtemp"
	"github.com/redthread-api/redthread/internal/store"
)

// Standby starts two clusters of the test's own: a primary, whose database
// "postgres" is empty, and a standby that follows it.
func Standby(tb testing.TB) (primary, standby *pgtemp.Cluster) {
	tb.Helper()
	primary, err := pgtemp.Start(tb.Context(), pgtemp.WithStandbys())
	keep(tb, primary, err)
	standby, err = primary.Standby(tb.Context())
	keep(tb, standby, err)
	return primary, standby
}

func keep(tb testing.TB, cluster *pgtemp.Cluster, err error) {
	tb.Helper()
	pgtemp.SkipOrFail(tb, err)
	tb.Cleanup(func() {
		if err := cluster.Close(); err != nil {
			tb.Errorf("close a cluster: %v", err)
		}
	})
}

// CatchUp returns when the standby has what the primary has now.
func CatchUp(tb testing.TB, primary, standby *pgtemp.Cluster) {
	tb.Helper()
	var position string
	if err := scan(tb.Context(), primary, &position, "SELECT pg_current_wal_lsn()::text"); err != nil {
		tb.Fatal(err)
	}
	for arrived := false; !arrived; {
		// It looks again after a while in the server.
		err := scan(tb.Context(), standby, &arrived,
			"SELECT pg_last_wal_replay_lsn() >= '"+position+"' FROM (SELECT pg_sleep(0.01)) s")
		if err != nil {
			tb.Fatal(err)
		}
	}
}

// PauseReplay keeps the standby where it is, and ResumeReplay lets it go on.
func PauseReplay(tb testing.TB, standby *pgtemp.Cluster) {
	tb.Helper()
	var nothing any
	if err := scan(tb.Context(), standby, &nothing, "SELECT pg_wal_replay_pause()::text"); err != nil {
		tb.Fatal(err)
	}
	for state := ""; state != "paused"; {
		if err := scan(tb.Context(), standby, &state, "SELECT pg_get_wal_replay_pause_state() FROM (SELECT pg_sleep(0.01)) s"); err != nil {
			tb.Fatal(err)
		}
	}
}

// ResumeReplay is the end of PauseReplay.
func ResumeReplay(tb testing.TB, standby *pgtemp.Cluster) {
	tb.Helper()
	var nothing any
	if err := scan(tb.Context(), standby, &nothing, "SELECT pg_wal_replay_resume()::text"); err != nil {
		tb.Fatal(err)
	}
}

func scan(ctx context.Context, cluster *pgtemp.Cluster, to any, query string) error {
	db, err := store.OpenPostgres(ctx, cluster.DSN("postgres"), "")
	if err != nil {
		return err
	}
	defer db.Close()
	return db.QueryRowContext(ctx, query).Scan(to)
}
