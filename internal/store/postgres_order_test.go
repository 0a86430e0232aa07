package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// Every text column has the collation "C", except in river's tables.
func TestTextColumnsCompareAsBytes(t *testing.T) {
	t.Parallel()
	wantByteOrder(t, storetest.PostgresICU(t))
}

func wantByteOrder(t *testing.T, s *store.Stores) {
	t.Helper()
	for side, least := range map[string]int{"desk": 100, "live": 50} {
		rows, err := store.WriteDB(s, side).QueryContext(t.Context(), `SELECT c.relname || '.' || a.attname, l.collname
			FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
			JOIN pg_collation l ON l.oid = a.attcollation
			WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'i') AND a.attnum > 0 AND NOT a.attisdropped AND c.relname NOT LIKE 'river\_%'
			ORDER BY 1`, side)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		n := 0
		for rows.Next() {
			var column, collation string
			if err := rows.Scan(&column, &collation); err != nil {
				t.Fatal(err)
			}
			if n++; collation != "C" {
				t.Errorf("%s: %s has the collation %s", side, column, collation)
			}
		}
		if err := rows.Err(); err != nil || n < least {
			t.Errorf("%s: found %d text columns, %v", side, n, err)
		}
	}
}

// The tables of an older version have the database's collation.
func TestTextColumnsOfOlderDatabase(t *testing.T) {
	t.Parallel()
	s, err := store.Open(t.Context(), storetest.PostgresDatabase(t, storetest.ICU))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := store.MigrateBefore(t.Context(), s, `COLLATE "C"`); err != nil {
		t.Fatal(err)
	}
	if _, err := store.WriteDB(s, "desk").ExecContext(t.Context(),
		`ALTER TABLE schema_migrations ALTER COLUMN version TYPE text COLLATE "default", ALTER COLUMN checksum TYPE text COLLATE "default"`); err != nil {
		t.Fatal(err)
	}
	if err := s.Desk(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO tags (id, slug, label, vocabulary, created_at, updated_at)
			VALUES (1, 'b-side', 'b', 'TOPIC', now(), now()), (2, 'B-side', 'B', 'TOPIC', now(), now())`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantByteOrder(t, s)
	ctx := domain.WithStage(domain.AsSystem(t.Context(), "test"), domain.Desk)
	if got, want := slugs(t, ctx, s), []string{"B-side", "b-side"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// orderedTexts has texts whose order in a dictionary differs from that of their
// bytes.
var orderedTexts = []string{"zebra", "Zebra", "öl", "ol", "a-b", "ab", "a_b", "A", "a", "中国", "жук", "10", "9", "é"}

// Lists have the same order on both engines, in a database of any locale.
func TestOrderOfTexts(t *testing.T) {
	t.Parallel()
	want := slices.Sorted(slices.Values(orderedTexts))
	check := func(t *testing.T, s *store.Stores) {
		if err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for _, slug := range orderedTexts {
				tag(t, tx, slug, domain.Clear)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		if got := slugs(t, ctx, s); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	storetest.Each(t, check)
	t.Run("ICU", func(t *testing.T) {
		t.Parallel()
		check(t, storetest.PostgresICU(t))
	})
}

// The order and the range of a list of slugs use the index, in a database of any
// locale.
func TestOrderUsesTheIndexInAnyLocale(t *testing.T) {
	t.Parallel()
	s := storetest.PostgresICU(t)
	if err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO tags (id, slug, label, vocabulary, created_at, updated_at, effective_marking)
			SELECT n, 'tag-' || n, 'Tag', 'TOPIC', now(), now(), 0 FROM generate_series(1, 5000) n`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	db := store.WriteDB(s, "live")
	if _, err := db.ExecContext(t.Context(), "ANALYZE tags"); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"SELECT slug, id FROM tags ORDER BY slug LIMIT 20":                                          "Index Scan using tag_slug",
		"SELECT slug FROM tags WHERE slug >= 'tag-12' AND slug < 'tag-12~' ORDER BY slug LIMIT 500": "Index Cond",
	} {
		rows, err := db.QueryContext(t.Context(), "EXPLAIN "+query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var plan strings.Builder
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&plan, line)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan.String(), want) {
			t.Errorf("%s: want %q in\n%s", query, want, &plan)
		}
	}
}
