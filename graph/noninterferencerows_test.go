package graph_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	sqlschema "entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"

	"github.com/redthread-api/redthread/ent/db/migrate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/ddl"
	"github.com/redthread-api/redthread/internal/visibility"
)

// row is a row of a table, by column.
type row = map[string]any

// liveRows reads all of live.
func liveRows(t *testing.T, s *store.Stores) map[string][]row {
	t.Helper()
	tables, err := ddl.LiveTables()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]row{}
	for _, table := range tables {
		all[table.Name] = rowsOf(t, s.LiveRows(), table)
	}
	return all
}

func quoted(columns []*sqlschema.Column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = `"` + c.Name + `"`
	}
	return strings.Join(names, ", ")
}

func rowsOf(t *testing.T, db store.Rows, table *sqlschema.Table) []row {
	t.Helper()
	rows, err := db.Query(t.Context(), "SELECT "+quoted(table.Columns)+" FROM "+table.Name+" ORDER BY "+quoted(table.PrimaryKey))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []row
	for rows.Next() {
		values, into := make([]any, len(table.Columns)), make([]any, len(table.Columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		r := row{}
		for i, c := range table.Columns {
			if text, ok := values[i].([]byte); ok && c.Type != field.TypeBytes {
				values[i] = string(text)
			}
			r[c.Name] = values[i]
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// insertLive fills an empty live.
func insertLive(t *testing.T, s *store.Stores, all map[string][]row) {
	t.Helper()
	tables, err := ddl.LiveTables()
	if err != nil {
		t.Fatal(err)
	}
	err = s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		for _, table := range tables {
			if strings.HasPrefix(table.Name, "search_") {
				continue // the index is made of the rest
			}
			if _, err := tx.Exec(ctx, "DELETE FROM "+table.Name); err != nil {
				return err
			}
			marks := strings.Repeat("?, ", len(table.Columns)-1) + "?"
			insert := store.Bind(s.Dialect(), "INSERT INTO "+table.Name+" ("+quoted(table.Columns)+") VALUES ("+marks+")")
			for _, r := range all[table.Name] {
				values := make([]any, len(table.Columns))
				for i, c := range table.Columns {
					values[i] = r[c.Name]
				}
				if _, err := tx.Exec(ctx, insert, values...); err != nil {
					return fmt.Errorf("%s: %w", table.Name, err)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// withoutHidden returns live as if what the clearance does not show did not
// exist, nor what is not live. That is, by the rules that the schema says:
//
//   - A document that is not shown is gone, and with it what it owns, which is
//     what has a foreign key to it that cascades.
//   - What refers to something that is gone, or that was never live, does not
//     refer to it: an optional reference is null; a row that is nothing but the
//     reference, as a link or a citation is, is gone.
//   - So is a row that names the document by a number that is no foreign key, as
//     its former slugs do.
//   - The rows that an owner still has are numbered from the start: had there
//     never been others, there would be no gaps.
//
// Texts stay as they are: publishing refuses one that names what is hidden
// from readers of the text. So do effective markings: that of a tag is revealed by
// the lowest of those that refer to it, who are still there if it is.
func withoutHidden(all map[string][]row, clearance domain.Marking) map[string][]row {
	rest := map[string][]row{}
	live, gone := map[any]bool{}, map[any]bool{}
	for name, rows := range all {
		if strings.HasPrefix(name, "search_") {
			continue // see insertLive
		}
		if name == "changes" {
			rest[name] = changesFor(rows, clearance)
			continue
		}
		for _, r := range rows {
			if marking, ok := r["effective_marking"]; ok && marking.(int64) > int64(clearance) {
				gone[r["id"]] = true
				continue
			}
			live[r["id"]] = true
			rest[name] = append(rest[name], maps.Clone(r))
		}
	}
	for again := true; again; {
		again = false
		for _, table := range migrate.Tables {
			if table.Name == "changes" {
				continue
			}
			rest[table.Name] = slices.DeleteFunc(rest[table.Name], func(r row) bool {
				if stays(table, r, live, gone) {
					return false
				}
				again = true
				delete(live, r["id"])
				gone[r["id"]] = true
				return true
			})
		}
	}
	for _, table := range migrate.Tables {
		renumber(table, rest[table.Name])
	}
	return rest
}

// changesFor is the history of changes as those of a clearance saw it. That
// this is what they should have seen is for tests of the history to show.
func changesFor(rows []row, clearance domain.Marking) []row {
	var seen []row
	for _, r := range rows {
		kind := r[visibility.ChangeColumn(clearance)]
		if number(kind) == 0 {
			continue
		}
		r = maps.Clone(r)
		for m := domain.Clear; m <= domain.Red; m++ {
			r[visibility.ChangeColumn(m)] = int64(0)
		}
		r["id"], r[visibility.ChangeColumn(clearance)] = int64(len(seen)+1), kind
		seen = append(seen, r)
	}
	return seen
}

// stays reports whether a row is still there, and takes out of it what is not.
func stays(table *sqlschema.Table, r row, live, gone map[any]bool) bool {
	keys := map[string]*sqlschema.ForeignKey{}
	for _, fk := range table.ForeignKeys {
		keys[fk.Columns[0].Name] = fk
	}
	for _, c := range table.Columns {
		value, fk := r[c.Name], keys[c.Name]
		if value == nil || c.Name == "id" {
			continue
		}
		if missing := fk != nil && !live[value] || fk == nil && c.Type == field.TypeInt64 && gone[value]; !missing {
			continue
		}
		if !c.Nullable || fk != nil && fk.OnDelete == sqlschema.Cascade {
			return false
		}
		r[c.Name] = nil
	}
	return true
}

// renumber numbers the rows of each owner from the start.
func renumber(table *sqlschema.Table, rows []row) {
	slices.SortStableFunc(rows, func(a, b row) int { return int(number(a["position"]) - number(b["position"])) })
	next := map[string]int64{}
	for _, r := range rows {
		if _, ok := r["position"]; !ok {
			return
		}
		owner := ""
		for _, fk := range table.ForeignKeys {
			if fk.OnDelete == sqlschema.Cascade {
				owner += fmt.Sprint(fk.Columns[0].Name, r[fk.Columns[0].Name], " ")
			}
		}
		r["position"] = next[owner]
		next[owner]++
	}
}

func number(v any) int64 {
	n, _ := v.(int64)
	return n
}
