package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/internal/store"
)

// DumpDesk returns the rows of all tables of the desk as text, the tables of the job
// queue included, to compare two states of it.
func DumpDesk(tb testing.TB, s *store.Stores) map[string][]string {
	tb.Helper()
	query := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
	if s.Dialect() == dialect.Postgres {
		query = "SELECT tablename FROM pg_tables WHERE schemaname = 'desk'"
	}
	tables := map[string][]string{}
	for _, row := range dumpRows(tb, s.DeskRows(), query) {
		table := strings.Trim(row, "[]")
		tables[table] = dumpRows(tb, s.DeskRows(), "SELECT * FROM "+table)
	}
	if len(tables) < 10 {
		tb.Fatalf("the desk has the tables %v", tables)
	}
	return tables
}

func dumpRows(tb testing.TB, db store.Rows, query string) []string {
	tb.Helper()
	rows, err := db.Query(tb.Context(), query)
	if err != nil {
		tb.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		tb.Fatal(err)
	}
	lines := []string{}
	for rows.Next() {
		values, dest := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		if err := rows.Scan(dest...); err != nil {
			tb.Fatal(err)
		}
		for i, v := range values {
			if b, ok := v.([]byte); ok {
				values[i] = string(b)
			}
		}
		lines = append(lines, fmt.Sprint(values))
	}
	if err := rows.Err(); err != nil {
		tb.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}
