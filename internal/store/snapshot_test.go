package store_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func all(vs *store.Values) []store.Value {
	var values []store.Value
	for i := range vs.Len() {
		values = append(values, vs.At(i))
	}
	return values
}

// Values are the same in a snapshot, where the driver is spoken to directly, as outside of
// one; in its first statement, and in later ones.
func TestValuesInSnapshots(t *testing.T) {
	t.Parallel()
	storetest.Each(t, testValuesInSnapshots)
}

// Values are the same also where the DSN says that statements are not prepared, as for a
// pooler.
func TestValuesOfModes(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		if c.DeskDSN == "" {
			return // SQLite has no modes
		}
		for _, mode := range []string{"cache_describe", "describe_exec", "exec", "simple_protocol"} {
			dsn, err := url.Parse(c.DeskDSN)
			if err != nil {
				t.Fatal(err)
			}
			query := dsn.Query()
			query.Set("default_query_exec_mode", mode)
			dsn.RawQuery = query.Encode()
			s, err := store.Open(t.Context(), store.Config{DeskDSN: dsn.String()})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if _, err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			t.Run(mode, func(t *testing.T) { testValuesInSnapshots(t, s) })
		}
	})
}

func testValuesInSnapshots(t *testing.T, s *store.Stores) {
	ctx := domain.WithViewer(t.Context(), domain.Anonymous())
	type query struct {
		width int
		text  string
	}
	queries := []query{
		{8, "SELECT 1, -2, 1.5, 'x', '', x'0102', NULL, true WHERE ? <> '' AND ? < 8 AND ? <= 9"},
		{4, "SELECT id, slug, created_at, effective_marking FROM tags WHERE slug <> ? AND id > ? AND effective_marking <= ?"},
	}
	if s.Dialect() == dialect.Postgres {
		const where = " WHERE $1::text <> '' AND $2::int < 8 AND $3::bigint <= 9"
		queries = []query{
			{9, "SELECT 1::bigint, -2::int, 3::smallint, 1.5::float8, 'x'::text, ''::varchar(9), '\\x0102'::bytea, NULL::text, true" + where},
			{5, "SELECT '2026-11-29 01:02:03.456789+09'::timestamptz, '1999-01-01Z'::timestamptz, NULL::timestamptz," +
				" '[1, \"a\"]'::jsonb, '[ 1]'::json" + where},
			{4, "SELECT id, slug, created_at, effective_marking FROM tags WHERE slug <> $1 AND id > $2 AND effective_marking <= $3"},
		}
	}
	if err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		tag(t, tx, "first", domain.Clear)
		tag(t, tx, "second", domain.Green)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, q := range queries {
		args := []any{"none", 7, int64(3)}
		want, err := s.ReadValues(ctx, q.text, args, q.width)
		if err != nil {
			t.Fatal(err)
		}
		if want.Len() == 0 {
			t.Fatalf("%s: got no rows", q.text)
		}
		snapshot, end := s.Snapshot(ctx)
		for range 2 {
			got, err := s.ReadValues(snapshot, q.text, args, q.width)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(all(want), all(got)); diff != "" {
				t.Errorf("%s (-outside +in the snapshot):\n%s", q.text, diff)
			}
		}
		end()
		if _, err := s.ReadValues(snapshot, q.text, args, q.width); err == nil {
			t.Error("a read after the end: got no error")
		}
	}
}

// A cancelled statement ends, the snapshot with it, and the pool is whole afterwards.
func TestStatementsInSnapshotsAreCancelled(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		viewer := domain.WithViewer(t.Context(), domain.Anonymous())
		forever := "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
		if s.Dialect() == dialect.Postgres {
			forever = "SELECT 1 FROM pg_sleep(3600)"
		}
		for range store.LiveSnapshots(s) + 1 {
			for _, before := range []int{0, 1} { // statements
				ctx, cancel := context.WithCancel(viewer)
				snapshot, end := s.Snapshot(ctx)
				for range before {
					if _, err := s.ReadValues(snapshot, "SELECT 1", nil, 1); err != nil {
						t.Fatal(err)
					}
				}
				time.AfterFunc(time.Millisecond, cancel)
				if _, err := s.ReadValues(snapshot, forever, nil, 1); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v, want Canceled", err)
				}
				end()
			}
		}
		for range store.LiveSnapshots(s) + 1 {
			snapshot, end := s.Snapshot(viewer)
			if got, err := s.ReadValues(snapshot, "SELECT 1", nil, 1); err != nil || got.At(0).Int() != 1 {
				t.Errorf("after it: got %v, %v", got, err)
			}
			end()
		}
	})
}

// A statement that fails for a reason of its own does not end the snapshot.
func TestStatementsOfSnapshotsFail(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		s, faults := storetest.OpenFaulty(t, c)
		storetest.Published(t, s)
		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		snapshot, end := s.Snapshot(ctx)
		defer end()
		for range 2 {
			faults.Fail("live", "SELECT", 1, storetest.SyntaxError())
			if _, err := s.ReadValues(snapshot, "SELECT 1", nil, 1); domain.KindOf(err) != domain.KindInternal {
				t.Errorf("got %v, want an internal error", err)
			}
			if got, err := s.ReadValues(snapshot, "SELECT 1", nil, 1); err != nil || got.At(0).Int() != 1 {
				t.Errorf("the next one: got %v, %v", got, err)
			}
		}
	})
}

// The desk's reads of an operation of live see one state of the desk. Where too many
// snapshots of the desk are open they see the present one, and wait for nothing.
func TestSnapshotOfLiveReadsDesk(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		live := domain.WithViewer(t.Context(), &domain.Viewer{Name: "ada", Role: domain.Admin, Clearance: domain.Red})
		desk := domain.WithStage(live, domain.Desk)
		tags := func(ctx context.Context) int64 {
			t.Helper()
			got, err := s.ReadValues(domain.WithStage(ctx, domain.Desk), "SELECT count(*) FROM tags", nil, 1)
			if err != nil {
				t.Fatal(err)
			}
			return got.At(0).Int()
		}
		write := func(slug string) {
			t.Helper()
			if err := s.Desk(t.Context(), func(_ context.Context, tx *store.Tx) error {
				tag(t, tx, slug, domain.Clear)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range store.DeskSnapshots(s) + 1 { // no slot and no connection is lost
			snapshot, end := s.Snapshot(live)
			before := tags(snapshot)
			write(fmt.Sprintf("tag-%d", i))
			if got, now := tags(snapshot), tags(live); got != before || now != before+1 {
				t.Errorf("got %d tags in the snapshot and %d outside, want %d and %d", got, now, before, before+1)
			}
			end()
		}

		// Reads after the end take no slots.
		for range store.DeskSnapshots(s) + 1 {
			late, end := s.Snapshot(live)
			end()
			tags(late)
		}

		for range store.DeskSnapshots(s) {
			snapshot, end := s.Snapshot(desk)
			defer end()
			tags(snapshot)
		}
		snapshot, end := s.Snapshot(live)
		defer end()
		before := tags(snapshot)
		write("last")
		if got := tags(snapshot); got != before+1 {
			t.Errorf("got %d tags, want %d", got, before+1)
		}
	})
}
