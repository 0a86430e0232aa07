package store_test

import (
	"context"
	"errors"
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
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
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
	})
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
