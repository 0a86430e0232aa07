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

// PublishedRoot is the root row of a version of a document in live.
type PublishedRoot struct {
	Row                               *Row
	Version                           int
	CreatedAt, UpdatedAt, PublishedAt time.Time

	// OwnMarking says that the effective marking is the document's own. Otherwise a document that is new in live is unseen until its
	// effective marking is computed.
	OwnMarking bool
}

// WritePublished makes documents of one type in live what the given versions are, and
// writes only the rows that differ. there are those of the documents that live may have
// rows of. Their effective markings stay unchanged.
//
// Rows that link a document to another get copies of the date of its publication and of
// its effective marking, by which lists are read in their order from the other document.
// The effective marking of documents with links is always their own; see package
// projection.
func WritePublished(ctx context.Context, tx *store.Tx, t *Table, roots []PublishedRoot, there []domain.ID) error {
	flat := map[string]*flatTable{}
	for i := range roots {
		flatten(t, roots[i].Row, flat)
		for _, o := range t.Owned {
			if ft := flat[o.Name+"."+o.Owner]; ft != nil && o.copies {
				for j := len(ft.rows) - 1; j >= 0 && ft.rows[j].document == nil; j-- {
					ft.rows[j].document = &roots[i]
				}
			}
		}
	}
	if err := deleteOthers(ctx, tx, t, there, flat); err != nil {
		return err
	}
	if err := upsertRoots(ctx, tx, t, roots); err != nil {
		return err
	}
	for _, ft := range sortedTables(t, flat) {
		if err := insertRows(ctx, tx, ft.owned, ft.rows, true); err != nil {
			return err
		}
	}
	return nil
}

// deleteOthers deletes the rows below the owners that are not among those of flat.
func deleteOthers(ctx context.Context, tx *store.Tx, t *Table, owners []domain.ID, flat map[string]*flatTable) error {
	if len(owners) == 0 {
		return nil
	}
	engine := tx.Dialect()
	for _, o := range t.Owned {
		var next []domain.ID
		if ft := flat[o.Name+"."+o.Owner]; ft != nil {
			next = make([]domain.ID, len(ft.rows))
			for i, r := range ft.rows {
				next[i] = r.row.ID
			}
		}
		where := " WHERE " + Quote(o.Owner) + store.InSet(engine) + " AND id" + store.NotInSet(engine)
		args := []any{store.IDSet(engine, owners), store.IDSet(engine, next)}
		if len(o.Table.Owned) > 0 {
			var gone []domain.ID
			err := store.QueryRows(ctx, tx, "SELECT id FROM "+o.Name+where, args, func(rows *sql.Rows) error {
				gone = append(gone, 0)
				return rows.Scan(&gone[len(gone)-1])
			})
			if err != nil {
				return fmt.Errorf("read %s: %w", o.Name, err)
			}
			if err := deleteOthers(ctx, tx, o.Table, slices.Concat(next, gone), flat); err != nil {
				return err
			}
		}
		if err := store.ExecLater(ctx, tx, "delete "+o.Name, "DELETE FROM "+o.Name+where, args...); err != nil {
			return err
		}
	}
	return nil
}

// upsertRoots writes root rows of one table to live. Those that are there have their effective markings.
func upsertRoots(ctx context.Context, tx *store.Tx, t *Table, roots []PublishedRoot) error {
	names := []string{"effective_marking", "id", "version", "created_at", "updated_at", "published_at"}
	for _, c := range t.Columns {
		names = append(names, Quote(c.Name))
	}
	for _, key := range t.SortKeys {
		names = append(names, Quote(key.Column))
	}
	head := "INSERT INTO " + t.Name + " (" + strings.Join(names, ", ") + ") VALUES "
	one := "(" + strings.Repeat("?, ", len(names)-1) + "?)"
	onConflict := updateIfDifferent(t.Name, names[2:])
	for len(roots) > 0 {
		n := BatchSize(len(roots), len(names))
		args := make([]any, 0, n*len(names))
		for _, r := range roots[:n] {
			effective := any(int64(domain.Unseen))
			if r.OwnMarking {
				effective = toSQL(Column{Kind: IntColumn}, r.Row.Fields["marking"])
			}
			args = append(args, effective, int64(r.Row.ID), int64(r.Version), r.CreatedAt, r.UpdatedAt, r.PublishedAt)
			for _, c := range t.Columns {
				args = append(args, toSQL(c, r.Row.Fields[c.Name]))
			}
			for _, key := range t.SortKeys {
				args = append(args, collation.Key(r.Row.Text(key.Text)))
			}
		}
		query := head + strings.Repeat(one+", ", n-1) + one + onConflict
		if err := store.ExecLater(ctx, tx, "write "+t.Name+" to live", query, args...); err != nil {
			return err
		}
		roots = roots[n:]
	}
	return nil
}

// updateIfDifferent returns the end of an INSERT that updates the columns of a row that is
// there, if one of them differs. A row that is equal costs no write, and none in an index.
func updateIfDifferent(table string, columns []string) string {
	sets, differences := make([]string, len(columns)), make([]string, len(columns))
	for i, name := range columns {
		sets[i] = name + " = excluded." + name
		differences[i] = table + "." + name + " IS DISTINCT FROM excluded." + name
	}
	return " ON CONFLICT (id) DO UPDATE SET " + strings.Join(sets, ", ") + " WHERE " + strings.Join(differences, " OR ")
}
