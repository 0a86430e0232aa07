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

// looks bounds how often something in a server is looked for, 10 ms apart.
const looks = 3000

// CatchUp returns when the standby has what the primary has now.
func CatchUp(tb testing.TB, primary, standby *pgtemp.Cluster) {
	tb.Helper()
	// What comes before this is on disk with it, and so on its way.
	var position string
	db, err := store.OpenPostgres(tb.Context(), primary.DSN("postgres")+"&synchronous_commit=on", "")
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(tb.Context(), "SELECT pg_logical_emit_message(true, 'storetest', '')"); err != nil {
		tb.Fatal(err)
	}
	if err := db.QueryRowContext(tb.Context(), "SELECT pg_current_wal_flush_lsn()::text").Scan(&position); err != nil {
		tb.Fatal(err)
	}
	until(tb, standby, "SELECT pg_last_wal_replay_lsn() >= '"+position+"' FROM (SELECT pg_sleep(0.01)) s")
}

// until asks a server until it says yes.
func until(tb testing.TB, cluster *pgtemp.Cluster, query string) {
	tb.Helper()
	for range looks {
		var yes bool
		if err := scan(tb.Context(), cluster, &yes, query); err != nil {
			tb.Fatal(err)
		}
		if yes {
			return
		}
	}
	tb.Fatalf("it never came to: %s", query)
}

// PauseReplay keeps the standby where it is, and ResumeReplay lets it go on.
func PauseReplay(tb testing.TB, standby *pgtemp.Cluster) {
	tb.Helper()
	var nothing any
	if err := scan(tb.Context(), standby, &nothing, "SELECT pg_wal_replay_pause()::text"); err != nil {
		tb.Fatal(err)
	}
	until(tb, standby, "SELECT pg_get_wal_replay_pause_state() = 'paused' FROM (SELECT pg_sleep(0.01)) s")
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
