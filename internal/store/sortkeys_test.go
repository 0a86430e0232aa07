package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/internal/collation"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestSortKeysOfTheSchema(t *testing.T) {
	t.Parallel()
	var got []string
	for _, k := range store.SortKeys() {
		got = append(got, k.Table+"."+k.Column+" of "+k.Text)
	}
	slices.Sort(got)
	want := []string{
		"assets.title_key of title", "editions.title_key of title", "entities.name_key of name", "narratives.title_key of title",
		"reports.title_key of title", "series.title_key of title", "sources.title_key of title", "tags.label_key of label",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// exec runs a statement on one of the stores.
func exec(t *testing.T, s *store.Stores, side, query string, args ...any) {
	t.Helper()
	if _, err := store.WriteDB(s, side).ExecContext(t.Context(), store.Bind(s.Dialect(), query), args...); err != nil {
		t.Fatal(err)
	}
}

// column reads a column of texts or of numbers.
func column[T any](t *testing.T, s *store.Stores, side, query string) []T {
	t.Helper()
	rows, err := store.WriteDB(s, side).QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		var v T
		if err := rows.Scan(&v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// The migration of an older database writes the keys in both stores, and keeps the
// rows that the documents own.
func TestSortKeysOfOlderDatabase(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, c store.Config) {
		s, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		if err := store.MigrateBefore(t.Context(), s, "name_key"); err != nil {
			t.Fatal(err)
		}
		names := map[int]string{1: "Zebra", 2: "Äpfel", 3: "Łódź", 4: "Mary", 5: "apple", 6: "Lotus"}
		for i := 7; i < 2500; i++ { // more than one batch
			names[i] = fmt.Sprintf("Zz %d", i)
		}
		for _, side := range []string{"desk", "live"} {
			if err := store.InTx(t.Context(), s, side, func(ctx context.Context, tx *store.Tx) error {
				for id, name := range names {
					if _, err := tx.Exec(ctx, store.Bind(s.Dialect(), "INSERT INTO entities (id, slug, kind, name, created_at, updated_at) VALUES (?, ?, 'COMPANY', ?, '2024-01-01 00:00:00+00:00', '2024-01-01 00:00:00+00:00')"),
						id, fmt.Sprint("e-", id), name); err != nil {
						return err
					}
				}
				_, err := tx.Exec(ctx, "INSERT INTO entity_names (id, entity_id, text, kind) VALUES (9, 2, 'Apples', 'ALIAS')")
				if err == nil {
					_, err = tx.Exec(ctx, "INSERT INTO assets (id, slug, url, media_type, created_at, updated_at) VALUES (9, 'a', 'u', 'm', '2024-01-01 00:00:00+00:00', '2024-01-01 00:00:00+00:00')")
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		const inOrder = "SELECT id FROM entities ORDER BY name_key, id LIMIT 6"
		want := []int64{2, 5, 3, 6, 4, 1}
		for _, side := range []string{"desk", "live"} {
			if got := column[int64](t, s, side, inOrder); !slices.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", side, got, want)
			}
			if got := column[int64](t, s, side, "SELECT count(*) FROM entity_names"); got[0] != 1 {
				t.Errorf("%s: got %d other names, want 1", side, got[0])
			}
			if got := column[int64](t, s, side, "SELECT count(*) FROM assets WHERE length(title_key) = 1"); got[0] != 1 {
				t.Errorf("%s: an asset without a title does not have the key of the empty text", side)
			}
			if got := column[string](t, s, side, "SELECT version FROM sort_keys"); !slices.Equal(got, []string{collation.Version}) {
				t.Errorf("%s: got the version %q", side, got)
			}
			// Rows that an older version writes without a key get one; the others keep
			// theirs.
			exec(t, s, side, "UPDATE entities SET name_key = NULL WHERE id IN (2, 3)")
			exec(t, s, side, "UPDATE entities SET name_key = ? WHERE id = 1", []byte("another order"))
		}
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, side := range []string{"desk", "live"} {
			if got, want := column[int64](t, s, side, "SELECT id FROM entities ORDER BY name_key, id LIMIT 3"), []int64{2, 5, 3}; !slices.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", side, got, want)
			}
			if got := column[[]byte](t, s, side, "SELECT name_key FROM entities WHERE id = 1"); string(got[0]) != "another order" {
				t.Errorf("%s: a key of the present version was rewritten", side)
			}
			// Keys of another version are all rewritten.
			exec(t, s, side, "UPDATE sort_keys SET version = 'another'")
		}
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, side := range []string{"desk", "live"} {
			if got := column[int64](t, s, side, inOrder); !slices.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", side, got, want)
			}
		}
	}
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		check(t, store.Config{Dir: t.TempDir()})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		check(t, storetest.PostgresDatabase(t, storetest.ICU))
	})
}

// Each migration runs in a transaction, in which SQLite cannot switch off foreign
// keys: a migration that recreates a table of the desk would delete the rows that
// its rows own. Live has no foreign keys.
func TestMigrationsRecreateNoTable(t *testing.T) {
	t.Parallel()
	for name, text := range store.MigrationTexts(t, dialect.SQLite, "desk") {
		if strings.Contains(text, "DROP TABLE") {
			t.Errorf("%s drops a table; add columns and their indexes in two steps", name)
		}
	}
}

// A page in the order of names uses the index.
func TestNameOrderUsesTheIndex(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		if err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for i := range 3000 {
				label := fmt.Sprintf("Ä %05d", i*7919%3000)
				if _, err := tx.Exec(ctx, store.Bind(s.Dialect(), "INSERT INTO tags (id, slug, label, vocabulary, created_at, updated_at, effective_marking, label_key) VALUES (?, ?, ?, 'TOPIC', '2024-01-01 00:00:00+00:00', '2024-01-01 00:00:00+00:00', 0, ?)"),
					i, fmt.Sprint("t-", i), label, collation.Key(label)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		exec(t, s, "live", "ANALYZE tags")
		explain, want := "EXPLAIN QUERY PLAN ", "USING INDEX tag_label_key_id"
		if s.Dialect() == dialect.Postgres {
			explain, want = "EXPLAIN ", "using tag_label_key_id"
		}
		for _, order := range []string{"label_key, id", "label_key DESC, id DESC"} {
			for _, where := range []string{"", " AND (label_key, id) > (?, 5)"} {
				query := explain + "SELECT * FROM tags WHERE effective_marking <= 0" + where + " ORDER BY " + order + " LIMIT 21"
				if plan := planOf(t, s, query, where != ""); !strings.Contains(plan, want) || strings.Contains(plan, "B-TREE") || strings.Contains(plan, "Sort") {
					t.Errorf("%s: want %q in\n%s", query, want, plan)
				}
			}
		}
	})
}

// planOf returns the query plan of a statement on live.
func planOf(t *testing.T, s *store.Stores, query string, withKey bool) string {
	t.Helper()
	var args []any
	if withKey {
		args = append(args, collation.Key("Ä 00100"))
	}
	rows, err := store.WriteDB(s, "live").QueryContext(t.Context(), store.Bind(s.Dialect(), query), args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var line string
		dest := []any{&line}
		if s.Dialect() != dialect.Postgres {
			dest = []any{new(int), new(int), new(int), &line}
		}
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&plan, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}
