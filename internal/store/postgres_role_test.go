package store_test

import (
	"context"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// A role that reads live and has no rights in this database, as one that was made for another database of the server, is
// not taken on: reads go on with the ordinary role. The statements that are printed mend it.
func TestLiveRoleWithoutRights(t *testing.T) {
	t.Parallel()
	c := storetest.PostgresConfig(t)
	open := func() *store.Stores {
		t.Helper()
		s, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	reader := func(s *store.Stores) (role string) {
		t.Helper()
		if err := store.LiveReadDB(s).QueryRowContext(t.Context(), "SELECT current_user FROM (SELECT count(*) FROM reports) all_of_them").Scan(&role); err != nil {
			t.Fatal(err)
		}
		return role
	}
	s := open()
	if got, err := s.LiveGrants(t.Context()); err != nil || len(got) != 0 || reader(s) != "redthread_live_reader" {
		t.Fatalf("got %v, %v; reads are by %s", got, err, reader(s))
	}
	for _, change := range []string{"REVOKE USAGE ON SCHEMA live FROM redthread_live_reader", "REVOKE SELECT ON live.reports FROM redthread_live_reader"} {
		exec := func(statements ...string) {
			t.Helper()
			for _, statement := range statements {
				if err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error { return store.Exec(ctx, tx, statement) }); err != nil {
					t.Fatal(err)
				}
			}
		}
		exec(change)
		if got := reader(open()); got == "redthread_live_reader" {
			t.Errorf("after %q reads are by %s", change, got)
		}
		grants, err := s.LiveGrants(t.Context())
		if err != nil || len(grants) != 4 || strings.Contains(strings.Join(grants, ";"), "CREATE ROLE") || !strings.Contains(grants[3], "FOR ROLE") {
			t.Errorf("got %q, %v", grants, err)
		}
		exec(grants...)
		if got := reader(open()); got != "redthread_live_reader" {
			t.Errorf("after the statements reads are by %s", got)
		}
	}
}
