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

// The last statement of a snapshot reads what others read, whether it is the first one too or
// not; the snapshot has ended then, and its connection is as good as new.
func TestLastStatementEndsSnapshot(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		write := func(slug string) {
			if err := s.Live(t.Context(), func(_ context.Context, tx *store.Tx) error {
				tag(t, tx, slug, domain.Clear)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		const query = "SELECT slug FROM tags ORDER BY slug"
		write("first")
		for range store.LiveSnapshots(s) + 1 { // no slot and no connection is lost
			for before := range 3 {
				snapshot, end := s.Snapshot(ctx)
				for range before {
					if _, err := s.ReadValues(snapshot, query, nil, 1); err != nil {
						t.Fatal(err)
					}
				}
				got, err := s.ReadLastValues(snapshot, query, nil, 1)
				if err != nil {
					t.Fatal(err)
				}
				if want := []store.Value{{Kind: store.Text, Text: []byte("first")}}; !cmp.Equal(all(got), want) {
					t.Errorf("got %v, want %v", all(got), want)
				}
				if _, err := s.ReadValues(snapshot, query, nil, 1); !errors.Is(err, store.ErrSnapshotEnded) {
					t.Errorf("after the last statement: got %v, want ErrSnapshotEnded", err)
				}
				end()
			}
		}
		// The last statement sees the state of the first.
		snapshot, end := s.Snapshot(ctx)
		defer end()
		if _, err := s.ReadValues(snapshot, query, nil, 1); err != nil {
			t.Fatal(err)
		}
		write("second")
		if got, err := s.ReadLastValues(snapshot, query, nil, 1); err != nil || got.Len() != 1 {
			t.Errorf("in the snapshot: got %v, %v, want one tag", all(got), err)
		}
		if got, err := s.ReadLastValues(ctx, query, nil, 1); err != nil || got.Len() != 2 {
			t.Errorf("outside of one: got %v, %v, want two tags", all(got), err)
		}
	})
}

// Where the last statement fails, or is cancelled, the snapshot can go on or be ended as after
// any other.
func TestLastStatementFails(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		s, faults := storetest.OpenFaulty(t, c)
		storetest.Published(t, s)
		viewer := domain.WithViewer(t.Context(), domain.Anonymous())
		forever := "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
		if s.Dialect() == dialect.Postgres {
			forever = "SELECT 1 FROM pg_sleep(3600)"
		}
		for range store.LiveSnapshots(s) + 1 {
			for before := range 2 {
				ctx, cancel := context.WithCancel(viewer)
				snapshot, end := s.Snapshot(ctx)
				for range before {
					if _, err := s.ReadValues(snapshot, "SELECT 1", nil, 1); err != nil {
						t.Fatal(err)
					}
				}
				faults.Fail("live", "SELECT", 1, storetest.SyntaxError())
				if _, err := s.ReadLastValues(snapshot, "SELECT 1", nil, 1); domain.KindOf(err) != domain.KindInternal {
					t.Errorf("got %v, want an internal error", err)
				}
				time.AfterFunc(time.Millisecond, cancel)
				if _, err := s.ReadLastValues(snapshot, forever, nil, 1); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v, want Canceled", err)
				}
				end()
			}
		}
		if got, err := s.ReadLastValues(viewer, "SELECT 1", nil, 1); err != nil || got.At(0).Int() != 1 {
			t.Errorf("after it: got %v, %v", got, err)
		}
		snapshot, end := s.Snapshot(viewer)
		defer end()
		if got, err := s.ReadLastValues(snapshot, "SELECT 1", nil, 1); err != nil || got.At(0).Int() != 1 {
			t.Errorf("in a snapshot: got %v, %v", got, err)
		}
	})
}
