package storetest

import (
	"context"
	"testing"

	"github.com/redthread-api/redthread/internal/pgtemp"
	"github.com/redthread-api/redthread/internal/store"
)

// Cluster is a PostgreSQL server of a test's own. Most tests do not need one:
// they have a database in the server that all tests of a package share.
type Cluster = pgtemp.Cluster

// StartCluster starts a cluster, whose database "postgres" is empty. The test is
// skipped or fails without a server, as with [PostgresConfig]. The cluster is
// closed when the test ends, but the test may close it earlier.
func StartCluster(tb testing.TB) *Cluster {
	tb.Helper()
	cluster, err := pgtemp.Start(tb.Context())
	pgtemp.SkipOrFail(tb, err)
	tb.Cleanup(func() { _ = cluster.Close() }) // an error if the test has closed it
	return cluster
}

// StartStandby starts two clusters: a primary, whose database "postgres" is
// empty, and a standby that follows it.
func StartStandby(tb testing.TB) (primary, standby *Cluster) {
	tb.Helper()
	primary, standbys := StartStandbys(tb, 1)
	return primary, standbys[0]
}

// StartStandbys is StartStandby with n standbys. What the primary has committed outlives
// its crash.
func StartStandbys(tb testing.TB, n int) (primary *Cluster, standbys []*Cluster) {
	tb.Helper()
	primary, err := pgtemp.Start(tb.Context(), pgtemp.WithStandbys(), pgtemp.WithDurableCommits())
	closeAfter(tb, primary, err)
	for range n {
		standby, err := primary.Standby(tb.Context())
		closeAfter(tb, standby, err)
		standbys = append(standbys, standby)
	}
	return primary, standbys
}

func closeAfter(tb testing.TB, cluster *Cluster, err error) {
	tb.Helper()
	pgtemp.SkipOrFail(tb, err)
	tb.Cleanup(func() {
		if err := cluster.Close(); err != nil {
			tb.Errorf("close a cluster: %v", err)
		}
	})
}

// Program returns the path of a program that comes with PostgreSQL, such as
// pg_dump. The test is skipped or fails without it, as with [PostgresConfig].
func Program(tb testing.TB, name string) string {
	tb.Helper()
	return pgtemp.Program(tb, name)
}

// maxPolls bounds how often a server is polled for a state, 10 ms apart.
const maxPolls = 3000

// CatchUp waits until the standby has replayed all that the primary has written
// so far.
func CatchUp(tb testing.TB, primary, standby *Cluster) {
	tb.Helper()
	// A synchronous commit flushes everything before it to disk, so that it is sent
	// to the standby.
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
	waitUntil(tb, standby, "SELECT pg_last_wal_replay_lsn() >= '"+position+"' FROM (SELECT pg_sleep(0.01)) s")
}

// waitUntil runs a query until it returns true.
func waitUntil(tb testing.TB, cluster *Cluster, query string) {
	tb.Helper()
	for range maxPolls {
		var ok bool
		if err := queryRow(tb.Context(), cluster, &ok, query); err != nil {
			tb.Fatal(err)
		}
		if ok {
			return
		}
	}
	tb.Fatalf("not true after %d polls: %s", maxPolls, query)
}

// PauseReplay stops the replay on the standby, until [ResumeReplay].
func PauseReplay(tb testing.TB, standby *Cluster) {
	tb.Helper()
	var ignored any
	if err := queryRow(tb.Context(), standby, &ignored, "SELECT pg_wal_replay_pause()::text"); err != nil {
		tb.Fatal(err)
	}
	waitUntil(tb, standby, "SELECT pg_get_wal_replay_pause_state() = 'paused' FROM (SELECT pg_sleep(0.01)) s")
}

// ResumeReplay resumes the replay after [PauseReplay].
func ResumeReplay(tb testing.TB, standby *Cluster) {
	tb.Helper()
	var ignored any
	if err := queryRow(tb.Context(), standby, &ignored, "SELECT pg_wal_replay_resume()::text"); err != nil {
		tb.Fatal(err)
	}
}

func queryRow(ctx context.Context, cluster *Cluster, dest any, query string) error {
	db, err := store.OpenPostgres(ctx, cluster.DSN("postgres"), "")
	if err != nil {
		return err
	}
	defer db.Close()
	return db.QueryRowContext(ctx, query).Scan(dest)
}
