package store_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/internal/collation"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// A migration that is interrupted leaves its store as it was, and the next start does all of it.
func TestInterruptedMigration(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, c store.Config) {
		s, faults := storetest.OpenFaulty(t, c)
		applied := 0
		faults.Set(func(side, query string) error {
			if side == "desk" && strings.Contains(query, "INSERT INTO schema_migrations") {
				if applied++; applied == 5 {
					return storetest.UnexpectedError()
				}
			}
			return nil
		})
		if done, err := s.Migrate(t.Context()); err == nil || len(done) > 0 {
			t.Fatalf("got %v, %v, want an error and nothing done", done, err)
		}
		faults.Set(nil)
		all, err := s.Migrations(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range all {
			if !m.Applied.IsZero() {
				t.Errorf("%s %s is applied", m.Store, m.Version)
			}
		}
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Error(err)
		}
		if pending, err := s.Pending(t.Context()); pending || err != nil {
			t.Errorf("pending: %t, %v", pending, err)
		}
	}
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		check(t, store.Config{Dir: filepath.Join(t.TempDir(), "new")})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		check(t, storetest.BarePostgresConfig(t))
	})
}

// A migration of a live that a rebuild has left without some indexes makes those as well.
func TestMigrationAfterInterruptedRebuild(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		for _, index := range []string{"editionitem_occurred_on_id", "listing_since_id", "listing_until_id", "observation_platform_id", "observation_observed_on_id", "observation_reach_id"} {
			exec(t, s, "live", "DROP INDEX "+index)
		}
		for _, statement := range []string{
			"ALTER TABLE observations DROP COLUMN platform_id", "ALTER TABLE observations ADD COLUMN platform varchar",
			"DELETE FROM schema_migrations WHERE version IN ('20261130002909', '20261130002914')",
			"DROP INDEX report_slug", "DROP INDEX entitytag_tag_id_entity_id",
		} {
			exec(t, s, "live", statement)
		}
		before, err := s.CheckIndexes(t.Context())
		if want := []string{"the index entitytag_tag_id_entity_id of the live store is missing", "the index report_slug of the live store is missing"}; !slices.Equal(before, want) || err != nil {
			t.Fatalf("got %q, %v, want %q", before, err, want)
		}
		if done, err := s.Migrate(t.Context()); err != nil || len(done) == 0 {
			t.Fatalf("got %v, %v", done, err)
		}
		if wrong, err := s.CheckIndexes(t.Context()); len(wrong) > 0 || err != nil {
			t.Errorf("got %q, %v", wrong, err)
		}
	})
}

// Keys of another order are written in batches, and a start that was interrupted is continued by the next.
func TestSortKeysContinue(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		s, faults := storetest.OpenFaulty(t, c)
		if err := s.Desk(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for i := range 2500 {
				if err := store.Exec(ctx, tx, "INSERT INTO tags (id, slug, label, vocabulary, created_at, updated_at) VALUES (?, ?, ?, 'TOPIC', '2024-01-01 00:00:00+00:00', '2024-01-01 00:00:00+00:00')",
					i, fmt.Sprint("t-", i), fmt.Sprint("Tag ", i)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		exec(t, s, "desk", "UPDATE sort_keys SET version = 'another'")
		batches := 0
		faults.Set(func(side, query string) error {
			if side == "desk" && strings.Contains(query, "INSERT INTO sort_keys") {
				if batches++; batches == 3 {
					return storetest.UnexpectedError()
				}
			}
			return nil
		})
		if _, err := s.Migrate(t.Context()); err == nil {
			t.Fatal("the error is lost")
		}
		faults.Set(nil)
		const written = "SELECT count(*) FROM tags WHERE label_key IS NOT NULL"
		if got := column[int64](t, s, "desk", written); got[0] != 2000 {
			t.Errorf("%d keys are written, want 2000", got[0])
		}
		if got := column[string](t, s, "desk", "SELECT version FROM sort_keys"); len(got) != 2 {
			t.Errorf("the table has %q", got)
		}
		exec(t, s, "desk", "UPDATE tags SET label_key = ? WHERE id = 5", []byte("as it was"))
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := column[int64](t, s, "desk", written); got[0] != 2500 {
			t.Errorf("%d keys are written, want 2500", got[0])
		}
		if got := column[[]byte](t, s, "desk", "SELECT label_key FROM tags WHERE id = 5"); string(got[0]) != "as it was" {
			t.Error("what was done was done again")
		}
		if got := column[string](t, s, "desk", "SELECT version FROM sort_keys"); !slices.Equal(got, []string{collation.Version}) {
			t.Errorf("at the end the table has %q", got)
		}
	})
}

// Progress is logged every ten seconds, with how long the rest will take.
func TestProgress(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	clock := storetest.NewSteppingClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 4*time.Second)
	p := store.NewProgress(slog.New(slog.NewJSONHandler(&out, nil)), clock.Now, 800, "keys are being written", "store", "desk")
	for range 7 {
		p.Add(t.Context(), 100)
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		var l struct {
			Msg, Store string
			Done, Of   int
			Left       int `json:"seconds_left"`
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(l.Msg, " ", l.Store, " ", l.Done, "/", l.Of, " ", l.Left))
	}
	want := []string{"keys are being written desk 300/800 20", "keys are being written desk 600/800 8"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Migrations change no rows: that takes long in large tables, and begins again after a kill. Go code does it in batches.
func TestMigrationsChangeNoRows(t *testing.T) {
	t.Parallel()
	// Those before it were there when the rule was made.
	const since = "20261202"
	for _, engine := range []string{dialect.SQLite, dialect.Postgres} {
		for _, side := range []string{"desk", "live"} {
			for name, text := range store.MigrationTexts(t, engine, side) {
				if found := regexp.MustCompile(`(?mi)^\s*(UPDATE|INSERT|DELETE)\b.*`).FindString(text); name > since && found != "" {
					t.Errorf("%s %s/%s: %s", engine, side, name, found)
				}
			}
		}
	}
}
