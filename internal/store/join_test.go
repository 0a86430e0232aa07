package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func onDesk(t *testing.T) context.Context {
	return domain.WithStage(domain.AsSystem(t.Context(), "test"), domain.Desk)
}

// saveTag writes a tag in a use case of its own.
func saveTag(t *testing.T, ctx context.Context, s *store.Stores, slug string) error {
	return s.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		return insertTag(ctx, tx, domain.NewID(domain.Tag, t0), slug, domain.Clear)
	})
}

func countTags(t *testing.T, ctx context.Context, s *store.Stores) int {
	t.Helper()
	ids, err := store.QueryIDs(ctx, s.DeskRows(), "SELECT id FROM tags")
	if err != nil {
		t.Fatal(err)
	}
	return len(ids)
}

// Use cases under Join see what earlier ones wrote, by each way to read the desk, and
// others do not before the commit.
func TestJoinIsOneTransaction(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		ctx := onDesk(t)
		var called []string
		err := s.Join(ctx, 0, func(joined context.Context) error {
			if !store.Joined(joined) || store.Joined(ctx) {
				t.Error("Joined is wrong")
			}
			called = nil
			if err := saveTag(t, joined, s, "one"); err != nil {
				return err
			}
			store.AfterCommit(joined, func() { called = append(called, "one") })
			own, end := s.ReadOwnWrites(joined)
			defer end()
			if got := slugs(t, own, s); !slices.Equal(got, []string{"one"}) {
				t.Errorf("fenced read: got %v", got)
			}
			if got := countTags(t, joined, s); got != 1 {
				t.Errorf("unfenced read: got %d tags, want 1", got)
			}
			if got := slugs(t, ctx, s); len(got) != 0 {
				t.Errorf("another reader sees %v before the commit", got)
			}
			snapshot, done := s.Snapshot(joined)
			defer done()
			if got := slugs(t, snapshot, s); !slices.Equal(got, []string{"one"}) {
				t.Errorf("read under a snapshot: got %v", got)
			}
			err := s.Join(joined, 0, func(ctx context.Context) error { return saveTag(t, ctx, s, "two") })
			if len(called) > 0 {
				t.Error("a function was called before the commit")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := slugs(t, ctx, s); !slices.Equal(got, []string{"one", "two"}) {
			t.Errorf("after the commit: got %v", got)
		}
		if !slices.Equal(called, []string{"one"}) {
			t.Errorf("called after the commit: %v", called)
		}
		store.AfterCommit(ctx, func() { called = nil })
		if called != nil {
			t.Error("AfterCommit without a transaction did not call")
		}
	})
}

// A use case that fails is undone alone, with its functions, and so are the use cases in
// it. The others go on.
func TestJoinUndoesWhatFails(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		ctx := onDesk(t)
		failed := errors.New("failed")
		var called []string
		after := func(ctx context.Context, name string) {
			store.AfterCommit(ctx, func() { called = append(called, name) })
		}
		err := s.Join(ctx, 0, func(ctx context.Context) error {
			if err := saveTag(t, ctx, s, "first"); err != nil {
				return err
			}
			err := s.Desk(ctx, func(ctx context.Context, _ *store.Tx) error {
				after(ctx, "outer")
				if err := s.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
					tx.AfterCommit(func() { called = append(called, "inner") })
					return saveTag(t, ctx, s, "inner")
				}); err != nil {
					return err
				}
				return failed
			})
			if !errors.Is(err, failed) {
				t.Errorf("got %v, want failed", err)
			}
			// The engine itself refuses this one.
			if err := saveTag(t, ctx, s, "first"); !errors.Is(err, domain.ErrConflict) {
				t.Errorf("got %v, want ErrConflict", err)
			}
			after(ctx, "last")
			return saveTag(t, ctx, s, "last")
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := slugs(t, ctx, s); !slices.Equal(got, []string{"first", "last"}) {
			t.Errorf("got %v", got)
		}
		if !slices.Equal(called, []string{"last"}) {
			t.Errorf("called %v", called)
		}
	})
}

// An error, a panic that a caller recovers from, a read that fails and too many
// documents leave nothing.
func TestJoinIsAllOrNothing(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		ctx := onDesk(t)
		before := storetest.DumpDesk(t, s)
		for name, end := range map[string]func(context.Context) error{
			"an error": func(context.Context) error { return failed },
			"a panic": func(ctx context.Context) error {
				defer func() { _ = recover() }()
				return s.Desk(ctx, func(ctx context.Context, _ *store.Tx) error {
					if err := saveTag(t, ctx, s, "half"); err != nil {
						return err
					}
					panic("half way")
				})
			},
			"a read": func(ctx context.Context) error {
				_, _ = s.DeskRows().Query(ctx, "SELECT nothing FROM nowhere")
				return nil
			},
			"too many": func(ctx context.Context) error {
				_ = s.Desk(ctx, func(_ context.Context, tx *store.Tx) error { return tx.CountDocuments(3) })
				return nil
			},
			"a context": func(ctx context.Context) error {
				ctx, cancel := context.WithCancel(ctx)
				cancel()
				_ = saveTag(t, ctx, s, "late")
				return nil
			},
		} {
			called := false
			err := s.Join(ctx, 2, func(ctx context.Context) error {
				store.AfterCommit(ctx, func() { called = true })
				if err := saveTag(t, ctx, s, "one"); err != nil {
					return err
				}
				if err := end(ctx); err != nil {
					return err
				}
				if err := saveTag(t, ctx, s, "two"); err == nil {
					t.Errorf("%s: a write after it succeeded", name)
				}
				return nil
			})
			if err == nil || called {
				t.Errorf("%s: got error %v, called %v", name, err, called)
			}
			if diff := cmp.Diff(before, storetest.DumpDesk(t, s)); diff != "" {
				t.Errorf("%s left something (-before +after):\n%s", name, diff)
			}
		}
		err := s.Join(ctx, 2, func(ctx context.Context) error {
			return s.Desk(ctx, func(_ context.Context, tx *store.Tx) error {
				return errors.Join(tx.CountDocuments(1), tx.CountDocuments(2))
			})
		})
		if limit, ok := errors.AsType[*store.DocumentLimitError](err); !ok || limit.Max != 2 {
			t.Errorf("too many documents: got %v", err)
		}
		if err := s.Desk(ctx, func(_ context.Context, tx *store.Tx) error { return tx.CountDocuments(1_000_000) }); err != nil {
			t.Errorf("without a limit: got %v", err)
		}
	})
}

// If the commit fails with a lock conflict, or a statement does, the function is run
// again from the start.
func TestJoinRunsAgain(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		s, faults := storetest.OpenFaulty(t, c)
		ctx := onDesk(t)
		for i, word := range []string{"COMMIT", "INSERT INTO"} {
			runs, calls := 0, 0
			if err := s.Join(ctx, 0, func(ctx context.Context) error {
				if runs++; runs == 1 {
					faults.Fail("desk", word, 1, storetest.RecoveryConflict())
				}
				store.AfterCommit(ctx, func() { calls++ })
				_ = saveTag(t, ctx, s, word[:2]) // the error is that of Join, too
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if got := countTags(t, ctx, s); runs != 2 || calls != 1 || got != i+1 {
				t.Errorf("%s: got %d runs, %d calls and %d tags", word, runs, calls, got)
			}
		}
	})
}
