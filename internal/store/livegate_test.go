package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// Readers are refused by a live to which no release was applied and in which documents are staged, however they read,
// and by no other one. A live that was seen to be complete is not looked at again, until somebody says that it may be another.
func TestReadersOfIncompleteLive(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		write := func(statements ...string) {
			t.Helper()
			if err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				for _, statement := range statements {
					if err := store.Exec(ctx, tx, statement); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		const query = "SELECT slug FROM tags"
		ways := map[string]func(ctx context.Context) error{
			"values": func(ctx context.Context) error {
				_, err := s.ReadValues(ctx, query, nil, 1)
				return err
			},
			"the last values": func(ctx context.Context) error {
				_, err := s.ReadLastValues(ctx, query, nil, 1)
				return err
			},
			"documents": func(ctx context.Context) error {
				_, err := s.Client(ctx).Tag.Query().All(ctx)
				return err
			},
		}
		wants := func(when string, refused bool) {
			t.Helper()
			for name, read := range ways {
				for range store.LiveSnapshots(s) + 1 { // no slot and no connection is lost
					snapshot, end := s.Snapshot(ctx)
					inside, outside := read(snapshot), read(ctx)
					end()
					for _, err := range []error{inside, outside} {
						if errors.Is(err, store.ErrLiveIncomplete) != refused || err != nil && !refused {
							t.Fatalf("%s, %s: got %v, want to be refused: %t", when, name, err, refused)
						}
					}
				}
			}
			desk := domain.WithStage(domain.WithViewer(t.Context(), &domain.Viewer{Role: domain.Admin, KeyID: 1}), domain.Desk)
			if _, err := s.Client(desk).Tag.Query().All(desk); err != nil {
				t.Errorf("%s: the desk: %v", when, err)
			}
		}
		wants("nothing was published", false)
		write("INSERT INTO projection (id, applied_sequence, applied_at, history) VALUES (1, 0, '2026-06-01 00:00:00+00:00', 1)")
		wants("nothing is staged", false)
		write("UPDATE projection SET rebuild_sequence = 5")
		wants("documents are staged", true)
		write("UPDATE projection SET applied_sequence = 9")
		wants("a release was applied while documents are staged", false)
		write("UPDATE projection SET rebuild_sequence = 0")
		wants("live is complete", false)
		write("UPDATE projection SET applied_sequence = 0, rebuild_sequence = 5")
		wants("live was seen to be complete", false)
		s.LiveMayBeIncomplete(0)
		wants("it may be incomplete", true)
		write("UPDATE projection SET applied_sequence = 9, rebuild_sequence = 0")
		wants("live is complete again", false)
		// As of a replica that lags: the live that was lost, and behind it the one that is made anew.
		s.LiveMayBeIncomplete(2)
		wants("another live is made anew", false)
		write("UPDATE projection SET applied_sequence = 0, rebuild_sequence = 5, history = 2")
		wants("that one, incomplete", true)
		write("UPDATE projection SET applied_sequence = 9, rebuild_sequence = 0")
		wants("that one, complete", false)
		write("UPDATE projection SET applied_sequence = 0, rebuild_sequence = 5")
		wants("that one was seen to be complete", false)
	})
}
