package content

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// header is the bookkeeping of a document on the desk.
type header struct {
	ID          domain.ID
	Slug        string
	Marking     domain.Marking
	Version     int
	LiveVersion int // 0 when not live
	CreatedAt   time.Time
	PublishedAt *time.Time
	Deleted     bool
}

func (h *header) live() bool { return h.LiveVersion > 0 }

// name is how messages to staff call the document: "report:harbour-cranes".
func (h *header) name() string { return h.ID.Type().String() + ":" + h.Slug }

// pending reports whether the desk has what live has not.
func (h *header) pending() bool { return h.LiveVersion != h.Version }

// headers reads the bookkeeping of documents by id, of any types. Documents
// that are not there are not in the result.
func headers(ctx context.Context, db store.Rows, ids []domain.ID) (map[domain.ID]*header, error) {
	found := make(map[domain.ID]*header, len(ids))
	for t, ids := range byType(ids) {
		query := "SELECT id, slug, marking, version, live_version, created_at, published_at, deleted_at FROM " +
			tableOf(t).name + " WHERE id" + store.InSet(db.Dialect())
		err := store.QueryRows(ctx, db, query, []any{store.Set(db.Dialect(), ids)}, func(rows *sql.Rows) error {
			var h header
			var live sql.NullInt64
			var published, deleted sql.NullTime
			if err := rows.Scan(&h.ID, &h.Slug, &h.Marking, &h.Version, &live, &h.CreatedAt, &published, &deleted); err != nil {
				return err
			}
			h.CreatedAt = h.CreatedAt.UTC()
			h.LiveVersion = int(live.Int64)
			h.Deleted = deleted.Valid
			if published.Valid {
				at := published.Time.UTC()
				h.PublishedAt = &at
			}
			found[h.ID] = &h
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", tableOf(t).name, err)
		}
	}
	return found, nil
}

// byType groups ids of documents by their type. An id of anything else is
// left out.
func byType(ids []domain.ID) map[domain.Type][]domain.ID {
	groups := map[domain.Type][]domain.ID{}
	for _, id := range ids {
		if t := id.Type(); t.IsDocument() {
			groups[t] = append(groups[t], id)
		}
	}
	return groups
}

// load reads the aggregates of documents of one type, from the desk or from
// live: the root row and all that it owns, one statement per table.
func load(ctx context.Context, db store.Rows, t domain.Type, ids []domain.ID) (map[domain.ID]*Row, error) {
	root := tableOf(t)
	rows, err := loadRows(ctx, db, root, "id", ids)
	if err != nil {
		return nil, err
	}
	found := make(map[domain.ID]*Row, len(rows))
	for _, r := range rows {
		found[r.row.ID] = r.row
	}
	return found, nil
}

type ownedRow struct {
	owner domain.ID
	row   *Row
}

// loadRows reads the rows whose key column is in ids, and what they own.
func loadRows(ctx context.Context, db store.Rows, t *table, key string, ids []domain.ID) ([]ownedRow, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	names := []string{quote(key), "id"}
	for _, c := range t.columns {
		names = append(names, quote(c.name))
	}
	query := "SELECT " + strings.Join(names, ", ") + " FROM " + t.name + " WHERE " + quote(key) + store.InSet(db.Dialect())
	if t.ordered {
		query += " ORDER BY " + quote(key) + ", position, id"
	}
	var loaded []ownedRow
	err := store.QueryRows(ctx, db, query, []any{store.Set(db.Dialect(), ids)}, func(rows *sql.Rows) error {
		r := ownedRow{row: newRow()}
		values := make([]any, len(t.columns))
		dest := []any{&r.owner, &r.row.ID}
		for i := range values {
			dest = append(dest, &values[i])
		}
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		for i, c := range t.columns {
			v, err := fromSQL(c.kind, values[i])
			if err != nil {
				return fmt.Errorf("column %s: %w", c.name, err)
			}
			r.row.set(c.name, v)
		}
		loaded = append(loaded, r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", t.name, err)
	}
	byID := make(map[domain.ID]*Row, len(loaded))
	below := make([]domain.ID, 0, len(loaded))
	for _, r := range loaded {
		byID[r.row.ID] = r.row
		below = append(below, r.row.ID)
	}
	for _, o := range t.owned {
		children, err := loadRows(ctx, db, o.table, o.owner, below)
		if err != nil {
			return nil, err
		}
		for _, child := range children {
			owner := byID[child.owner]
			owner.Owned[o.name] = append(owner.Owned[o.name], child.row)
		}
	}
	return loaded, nil
}

// fromSQL turns what a driver returned into the value of a column.
func fromSQL(kind columnKind, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch kind {
	case intColumn, idColumn:
		n, ok := v.(int64)
		if !ok {
			return nil, fmt.Errorf("got %T, want an integer", v)
		}
		if kind == idColumn {
			return domain.ID(n), nil
		}
		return n, nil
	}
	var text string
	switch s := v.(type) {
	case string:
		text = s
	case []byte:
		text = string(s)
	default:
		return nil, fmt.Errorf("got %T, want text", v)
	}
	if kind == listColumn {
		var list []string
		err := json.Unmarshal([]byte(text), &list)
		return list, err
	}
	return text, nil
}

func quote(name string) string { return `"` + name + `"` }

// nameOf is how messages to staff call a document that the desk has, in the
// trash or not: "report:harbour-cranes". One that the desk has no more is called
// by its id.
func nameOf(ctx context.Context, db store.Rows, id domain.ID) (string, error) {
	if !id.Type().IsDocument() {
		return id.String(), nil
	}
	slug, err := slugOf(ctx, db, id)
	if err != nil || slug == "" {
		return id.String(), err
	}
	return id.Type().String() + ":" + slug, nil
}

func slugOf(ctx context.Context, db store.Rows, id domain.ID) (string, error) {
	var slug string
	err := store.QueryRows(ctx, db, "SELECT slug FROM "+tableOf(id.Type()).name+" WHERE id = ?", []any{int64(id)},
		func(rows *sql.Rows) error { return rows.Scan(&slug) })
	return slug, err
}

// applyBatch is how many documents the projector holds in memory at once.
const applyBatch = 512
