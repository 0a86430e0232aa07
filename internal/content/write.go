package content

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

// flatRow is a row of an aggregate with what follows from where it stands.
type flatRow struct {
	row      *Row
	owner    domain.ID
	position int
}

// flatten lists the rows below r by table, with the column of their owner.
func flatten(t *table, r *Row, into map[string]*flatTable) {
	for _, o := range t.owned {
		for i, child := range r.Owned[o.name] {
			key := o.name + "." + o.owner
			ft := into[key]
			if ft == nil {
				ft = &flatTable{owned: o}
				into[key] = ft
			}
			ft.rows = append(ft.rows, flatRow{child, r.ID, i})
			flatten(o.table, child, into)
		}
	}
}

type flatTable struct {
	owned owned
	rows  []flatRow
}

// sortedTables puts the tables in an order in which owners come before what
// they own: the order of depth in the schema.
func sortedTables(t *table, flat map[string]*flatTable) []*flatTable {
	var out []*flatTable
	var walk func(t *table)
	walk = func(t *table) {
		for _, o := range t.owned {
			if ft := flat[o.name+"."+o.owner]; ft != nil {
				out = append(out, ft)
			}
		}
		for _, o := range t.owned {
			walk(o.table)
		}
	}
	walk(t)
	return out
}

// insertRows inserts rows of one table in batches. The sizes are few, so that
// the statements are the same few texts and stay prepared.
func insertRows(ctx context.Context, tx *store.Tx, o owned, rows []flatRow) error {
	names := []string{"id", "position", quote(o.owner)}
	for _, c := range o.columns {
		names = append(names, quote(c.name))
	}
	head := "INSERT INTO " + o.name + " (" + strings.Join(names, ", ") + ") VALUES "
	one := "(" + strings.Repeat("?, ", len(names)-1) + "?)"
	for len(rows) > 0 {
		n := batchSize(len(rows), len(names))
		args := make([]any, 0, n*len(names))
		for _, r := range rows[:n] {
			args = append(args, int64(r.row.ID), int64(r.position), int64(r.owner))
			for _, c := range o.columns {
				args = append(args, toSQL(c, r.row.Fields[c.name]))
			}
		}
		query := head + strings.Repeat(one+", ", n-1) + one
		if _, err := tx.Exec(ctx, store.Bind(tx.Dialect(), query), args...); err != nil {
			return fmt.Errorf("insert %s: %w", o.name, err)
		}
		rows = rows[n:]
	}
	return nil
}

// maxParameters bounds the parameters of one statement: SQLite takes 32,766 and
// PostgreSQL 65,535, and a statement of fewer is read sooner.
const maxParameters = 8_000

// batchSize is how many of n rows are written by one statement.
func batchSize(n, columns int) int {
	for _, size := range []int{512, 128, 32, 8, 2} {
		if n >= size && size*columns <= maxParameters {
			return size
		}
	}
	return 1
}

// toSQL turns the value of a column into a parameter.
func toSQL(c column, v any) any {
	switch v := v.(type) {
	case nil:
		if c.nullable {
			return nil
		}
		if c.kind == intColumn {
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

// writeOwned makes the stored rows below a document those of next, given that
// they are those of old: only what differs is touched.
func writeOwned(ctx context.Context, tx *store.Tx, t *table, old, next *Row) error {
	before, after := map[string]*flatTable{}, map[string]*flatTable{}
	if old != nil {
		flatten(t, old, before)
	}
	flatten(t, next, after)

	// What is gone, and what changed, goes; owned rows go with their owners.
	removed := map[domain.ID]bool{}
	for _, ft := range sortedTables(t, before) {
		keep := map[domain.ID]string{}
		if now := after[ft.owned.name+"."+ft.owned.owner]; now != nil {
			for _, r := range now.rows {
				keep[r.row.ID] = rowState(r)
			}
		}
		var gone []domain.ID
		for _, r := range ft.rows {
			if keep[r.row.ID] != rowState(r) || removed[r.owner] {
				gone = append(gone, r.row.ID)
				removed[r.row.ID] = true
			}
		}
		if err := deleteByID(ctx, tx, ft.owned.name, gone); err != nil {
			return err
		}
	}
	for _, ft := range sortedTables(t, after) {
		stored := map[domain.ID]bool{}
		if was := before[ft.owned.name+"."+ft.owned.owner]; was != nil {
			for _, r := range was.rows {
				stored[r.row.ID] = !removed[r.row.ID]
			}
		}
		fresh := slices.DeleteFunc(slices.Clone(ft.rows), func(r flatRow) bool { return stored[r.row.ID] })
		if err := insertRows(ctx, tx, ft.owned, fresh); err != nil {
			return err
		}
	}
	return nil
}

// rowState is what is stored of a row itself, without what it owns.
func rowState(r flatRow) string {
	return fmt.Sprintf("%d %d %s", r.owner, r.position, canonicalJSON(r.row.Fields))
}

func deleteByID(ctx context.Context, tx *store.Tx, table string, ids []domain.ID) error {
	if len(ids) == 0 {
		return nil
	}
	query := store.Bind(tx.Dialect(), "DELETE FROM "+table+" WHERE id"+store.InSet(tx.Dialect()))
	if _, err := tx.Exec(ctx, query, store.Set(tx.Dialect(), ids)); err != nil {
		return fmt.Errorf("delete %s: %w", table, err)
	}
	return nil
}

// deleteOwned deletes all rows below the owners, without relying on foreign
// keys: live has none.
func deleteOwned(ctx context.Context, tx *store.Tx, t *table, owners []domain.ID) error {
	if len(owners) == 0 {
		return nil
	}
	set := store.Set(tx.Dialect(), owners)
	for _, o := range t.owned {
		where := " WHERE " + quote(o.owner) + store.InSet(tx.Dialect())
		if len(o.table.owned) > 0 {
			var ids []domain.ID
			err := store.QueryRows(ctx, tx, "SELECT id FROM "+o.name+where, []any{set}, func(rows *sql.Rows) error {
				var id domain.ID
				defer func() { ids = append(ids, id) }()
				return rows.Scan(&id)
			})
			if err != nil {
				return fmt.Errorf("read %s: %w", o.name, err)
			}
			if err := deleteOwned(ctx, tx, o.table, ids); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, store.Bind(tx.Dialect(), "DELETE FROM "+o.name+where), set); err != nil {
			return fmt.Errorf("delete %s: %w", o.name, err)
		}
	}
	return nil
}

// writeRoot inserts or updates a document's root row on the desk.
func writeRoot(ctx context.Context, tx *store.Tx, t *table, row *Row, insert bool, author string, version int, at time.Time) error {
	names := []string{"version", "updated_at", "updated_by"}
	args := []any{int64(version), at, author}
	for _, c := range t.columns {
		names = append(names, quote(c.name))
		args = append(args, toSQL(c, row.Fields[c.name]))
	}
	for _, key := range t.keys {
		names = append(names, quote(key.Column))
		args = append(args, collation.Key(row.text(key.Text)))
	}
	var query string
	if insert {
		names = append(names, "id", "created_at", "created_by")
		args = append(args, int64(row.ID), at, author)
		query = "INSERT INTO " + t.name + " (" + strings.Join(names, ", ") + ", effective_marking) VALUES (" +
			strings.Repeat("?, ", len(names)) + fmt.Sprint(int(domain.Unseen)) + ")"
	} else {
		query = "UPDATE " + t.name + " SET " + strings.Join(names, " = ?, ") + " = ? WHERE id = ?"
		args = append(args, int64(row.ID))
	}
	if _, err := tx.Exec(ctx, store.Bind(tx.Dialect(), query), args...); err != nil {
		return fmt.Errorf("write %s: %w", t.name, err)
	}
	return nil
}
