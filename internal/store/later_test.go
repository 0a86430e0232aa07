package store_test

import (
	"context"
	"slices"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// insertTagLater inserts a tag, on PostgreSQL with a later statement.
func insertTagLater(ctx context.Context, tx *store.Tx, slug string) error {
	return store.ExecLater(ctx, tx, "insert a tag", "INSERT INTO tags (id, slug, marking, version, effective_marking, created_at, created_by, updated_at, updated_by, label, vocabulary)"+
		" VALUES (?, ?, 0, 1, 0, ?, 'x', ?, 'x', ?, 'TOPIC')", int64(domain.NewID(domain.Tag, t0)), slug, t0, t0, slug)
}

// Statements of ExecLater are run in order, before reads and before the commit.
func TestExecLater(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		ctx := onDesk(t)
		const n = 150 // more than wait at once
		if err := s.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
			for i := range n {
				if err := insertTagLater(ctx, tx, "tag-"+string(rune('a'+i/26))+string(rune('a'+i%26))); err != nil {
					return err
				}
			}
			ids, err := store.QueryIDs(ctx, tx, "SELECT id FROM tags")
			if len(ids) != n {
				t.Errorf("read in the transaction: got %d tags, want %d", len(ids), n)
			}
			if err == nil {
				err = store.ExecLater(ctx, tx, "delete tags", "DELETE FROM tags WHERE slug > ?", "tag-ab")
			}
			if err == nil {
				err = insertTagLater(ctx, tx, "tag-zz")
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if got, want := slugs(t, ctx, s), []string{"tag-aa", "tag-ab", "tag-zz"}; !slices.Equal(got, want) {
			t.Errorf("after the commit: got %v, want %v", got, want)
		}
	})
}

// A statement of ExecLater that fails undoes its use case, and no other of the transaction.
func TestExecLaterFails(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		ctx := onDesk(t)
		twice := func(ctx context.Context, tx *store.Tx) error {
			if err := insertTagLater(ctx, tx, "two"); err != nil {
				return err
			}
			return insertTagLater(ctx, tx, "one") // is there already
		}
		if err := s.Join(ctx, 0, func(ctx context.Context) error {
			return s.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
				if err := insertTagLater(ctx, tx, "one"); err != nil {
					return err
				}
				if err := s.Desk(ctx, twice); domain.KindOf(err) != domain.KindConflict {
					t.Errorf("in a savepoint: got %v, want a conflict", err)
				}
				return insertTagLater(ctx, tx, "three")
			})
		}); err != nil {
			t.Fatal(err)
		}
		if err := s.Desk(ctx, twice); domain.KindOf(err) != domain.KindConflict {
			t.Errorf("in a transaction: got %v, want a conflict", err)
		}
		if got, want := slugs(t, ctx, s), []string{"one", "three"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}
