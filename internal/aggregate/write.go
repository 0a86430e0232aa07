package aggregate

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/collation"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// flatRow is a row of an aggregate with its owner's id and its position in the list.
type flatRow struct {
	row      *Row
	owner    domain.ID
	position int
	document *PublishedRoot // the owner in live, where the table has copies of its columns
}

// flatten adds the rows below r to the lists in into, keyed by table and owner column.
func flatten(t *Table, r *Row, into map[string]*flatTable) {
	for _, o := range t.Owned {
		for i, child := range r.Owned[o.Name] {
			key := o.Name + "." + o.Owner
			ft := into[key]
			if ft == nil {
				ft = &flatTable{owned: o}
				into[key] = ft
			}
			ft.rows = append(ft.rows, flatRow{row: child, owner: r.ID, position: i})
			flatten(o.Table, child, into)
		}
	}
}

type flatTable struct {
	owned OwnedTable
	rows  []flatRow
}

// sortedTables returns the tables ordered so that owners precede the rows they own:
// by depth in the schema.
func sortedTables(t *Table, flat map[string]*flatTable) []*flatTable {
	var out []*flatTable
	var walk func(t *Table)
	walk = func(t *Table) {
		for _, o := range t.Owned {
			if ft := flat[o.Name+"."+o.Owner]; ft != nil {
				out = append(out, ft)
			}
		}
		for _, o := range t.Owned {
			walk(o.Table)
		}
	}
	walk(t)
	return out
}

// insertRows inserts rows of one table in batches; see [BatchSize]. In live, they also get
// the copies of columns of their documents, and take the place of rows that differ.
func insertRows(ctx context.Context, tx *store.Tx, o OwnedTable, rows []flatRow, live bool) error {
	names := []string{"id", "position", Quote(o.Owner)}
	for _, c := range o.Columns {
		names = append(names, Quote(c.Name))
	}
	copies := live && o.copies
	if copies {
		names = append(names, ownerPublished, OwnerMarking)
	}
	var onConflict string
	if live {
		onConflict = updateIfDifferent(o.Name, names[1:])
	}
	head := "INSERT INTO " + o.Name + " (" + strings.Join(names, ", ") + ") VALUES "
	one := "(" + strings.Repeat("?, ", len(names)-1) + "?)"
	for len(rows) > 0 {
		n := BatchSize(len(rows), len(names))
		args := make([]any, 0, n*len(names))
		for _, r := range rows[:n] {
			args = append(args, int64(r.row.ID), int64(r.position), int64(r.owner))
			for _, c := range o.Columns {
				args = append(args, toSQL(c, r.row.Fields[c.Name]))
			}
			if copies {
				args = append(args, r.document.PublishedAt.UnixMicro(), toSQL(Column{Kind: IntColumn}, r.document.Row.Fields["marking"]))
			}
		}
		query := head + strings.Repeat(one+", ", n-1) + one + onConflict
		if err := store.ExecLater(ctx, tx, "insert "+o.Name, query, args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// maxParameters bounds the parameters of one statement: SQLite takes 32,766 and
// PostgreSQL 65,535, and a statement with fewer is parsed faster.
const maxParameters = 8_000

// maxSmallBatch is how many rows are written in one statement whatever their number: the
// rows below one document are seldom more.
const maxSmallBatch = 16

// BatchSize returns how many of n rows with a number of columns to write in one
// statement. Above maxSmallBatch there are few sizes, so few statements to keep prepared.
func BatchSize(n, columns int) int {
	for _, size := range []int{512, 128, 32} {
		if n >= size && size*columns <= maxParameters {
			return size
		}
	}
	return max(1, min(n, maxSmallBatch, maxParameters/columns))
}

// toSQL converts the value of a column to an SQL parameter.
func toSQL(c Column, v any) any {
	switch v := v.(type) {
	case nil:
		if c.Nullable {
			return nil
		}
		if c.Kind == IntColumn {
			return int64(0)
		}
		return ""
	case domain.ID:
		return int64(v)
	case []string:
		return string(canonicalJSON(v))
	}
	return v
}

// WriteOwned replaces the stored rows below a document, which must be those of old, by
// those of next. It writes only the rows that differ. A nil old means that none are
// stored.
func WriteOwned(ctx context.Context, tx *store.Tx, t *Table, old, next *Row) error {
	before, after := map[string]*flatTable{}, map[string]*flatTable{}
	if old != nil {
		flatten(t, old, before)
	}
	flatten(t, next, after)

	// Delete removed and changed rows; the rows that they own are deleted with them.
	removed := map[domain.ID]bool{}
	for _, ft := range sortedTables(t, before) {
		nextState := map[domain.ID]string{}
		if now := after[ft.owned.Name+"."+ft.owned.Owner]; now != nil {
			for _, r := range now.rows {
				nextState[r.row.ID] = rowState(r)
			}
		}
		var gone []domain.ID
		for _, r := range ft.rows {
			if nextState[r.row.ID] != rowState(r) || removed[r.owner] {
				gone = append(gone, r.row.ID)
				removed[r.row.ID] = true
			}
		}
		if err := DeleteByID(ctx, tx, ft.owned.Name, gone); err != nil {
			return err
		}
	}
	for _, ft := range sortedTables(t, after) {
		stored := map[domain.ID]bool{}
		if was := before[ft.owned.Name+"."+ft.owned.Owner]; was != nil {
			for _, r := range was.rows {
				stored[r.row.ID] = !removed[r.row.ID]
			}
		}
		fresh := slices.DeleteFunc(slices.Clone(ft.rows), func(r flatRow) bool { return stored[r.row.ID] })
		if err := insertRows(ctx, tx, ft.owned, fresh, false); err != nil {
			return err
		}
	}
	return nil
}

// rowState returns the stored content of a row as text, without the rows that it owns.
func rowState(r flatRow) string {
	return fmt.Sprintf("%d %d %s", r.owner, r.position, canonicalJSON(r.row.Fields))
}

// DeleteByID deletes rows of a table. It does not delete the rows that they own.
func DeleteByID(ctx context.Context, tx *store.Tx, table string, ids []domain.ID) error {
	if err := store.ExecSet(ctx, tx, "DELETE FROM "+table+" WHERE id", ids); err != nil {
		return fmt.Errorf("delete %s: %w", table, err)
	}
	return nil
}

// DeleteOwned deletes all rows below the owners, without relying on foreign
// keys: live has none.
func DeleteOwned(ctx context.Context, tx *store.Tx, t *Table, owners []domain.ID) error {
	if len(owners) == 0 {
		return nil
	}
	set := store.IDSet(tx.Dialect(), owners)
	for _, o := range t.Owned {
		where := " WHERE " + Quote(o.Owner) + store.InSet(tx.Dialect())
		if len(o.Table.Owned) > 0 {
			var ids []domain.ID
			err := store.QueryRows(ctx, tx, "SELECT id FROM "+o.Name+where, []any{set}, func(rows *sql.Rows) error {
				var id domain.ID
				defer func() { ids = append(ids, id) }()
				return rows.Scan(&id)
			})
			if err != nil {
				return fmt.Errorf("read %s: %w", o.Name, err)
			}
			if err := DeleteOwned(ctx, tx, o.Table, ids); err != nil {
				return err
			}
		}
		if err := store.Exec(ctx, tx, "DELETE FROM "+o.Name+where, set); err != nil {
			return fmt.Errorf("delete %s: %w", o.Name, err)
		}
	}
	return nil
}

// WriteRoot inserts or updates a document's root row on the desk.
func WriteRoot(ctx context.Context, tx *store.Tx, t *Table, row *Row, insert bool, author string, version int, at time.Time) error {
	names := []string{"version", "updated_at", "updated_by"}
	args := []any{int64(version), at, author}
	for _, c := range t.Columns {
		names = append(names, Quote(c.Name))
		args = append(args, toSQL(c, row.Fields[c.Name]))
	}
	for _, key := range t.SortKeys {
		names = append(names, Quote(key.Column))
		args = append(args, collation.Key(row.Text(key.Text)))
	}
	var query string
	if insert {
		names = append(names, "id", "created_at", "created_by")
		args = append(args, int64(row.ID), at, author)
		query = "INSERT INTO " + t.Name + " (" + strings.Join(names, ", ") + ", effective_marking) VALUES (" +
			strings.Repeat("?, ", len(names)) + fmt.Sprint(int(domain.Unseen)) + ")"
	} else {
		query = "UPDATE " + t.Name + " SET " + strings.Join(names, " = ?, ") + " = ? WHERE id = ?"
		args = append(args, int64(row.ID))
	}
	return store.ExecLater(ctx, tx, "write "+t.Name, query, args...)
}

// InsertRoots inserts the root rows of new documents of one type on the desk, as version 1.
func InsertRoots(ctx context.Context, tx *store.Tx, t *Table, rows []*Row, author string, at time.Time) error {
	names := []string{"id", "version", "created_at", "created_by", "updated_at", "updated_by", "effective_marking"}
	for _, c := range t.Columns {
		names = append(names, Quote(c.Name))
	}
	for _, key := range t.SortKeys {
		names = append(names, Quote(key.Column))
	}
	head := "INSERT INTO " + t.Name + " (" + strings.Join(names, ", ") + ") VALUES "
	one := "(" + strings.Repeat("?, ", len(names)-1) + "?)"
	for len(rows) > 0 {
		n := BatchSize(len(rows), len(names))
		args := make([]any, 0, n*len(names))
		for _, row := range rows[:n] {
			args = append(args, int64(row.ID), int64(1), at, author, at, author, int64(domain.Unseen))
			for _, c := range t.Columns {
				args = append(args, toSQL(c, row.Fields[c.Name]))
			}
			for _, key := range t.SortKeys {
				args = append(args, collation.Key(row.Text(key.Text)))
			}
		}
		if err := store.ExecLater(ctx, tx, "write "+t.Name, head+strings.Repeat(one+", ", n-1)+one, args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// InsertOwned inserts all rows below the roots, which are of one type. None of the rows
// may be stored yet.
func InsertOwned(ctx context.Context, tx *store.Tx, t *Table, roots []*Row) error {
	flat := map[string]*flatTable{}
	for _, r := range roots {
		flatten(t, r, flat)
	}
	for _, ft := range sortedTables(t, flat) {
		if err := insertRows(ctx, tx, ft.owned, ft.rows, false); err != nil {
			return err
		}
	}
	return nil
}
