package aggregate

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

// Meta is the bookkeeping columns of a document on the desk.
type Meta struct {
	ID          domain.ID
	Slug        string
	Marking     domain.Marking
	Version     int
	LiveVersion int // 0 when not live
	CreatedAt   time.Time
	PublishedAt *time.Time
	Deleted     bool
}

// IsLive reports whether a version of the document is live.
func (m *Meta) IsLive() bool { return m.LiveVersion > 0 }

// Name is the document's name in messages to staff: "report:harbour-cranes".
func (m *Meta) Name() string { return m.ID.Type().String() + ":" + m.Slug }

// IsPending reports whether the desk has changes that are not live.
func (m *Meta) IsPending() bool { return m.LiveVersion != m.Version }

// ReadMeta reads the bookkeeping of documents by id, of any types. Documents
// that do not exist are not in the result.
func ReadMeta(ctx context.Context, db store.Rows, ids []domain.ID) (map[domain.ID]*Meta, error) {
	found := make(map[domain.ID]*Meta, len(ids))
	for t, ids := range GroupByType(ids) {
		query := "SELECT id, slug, marking, version, live_version, created_at, published_at, deleted_at FROM " +
			TableOf(t).Name + " WHERE id" + store.InSet(db.Dialect())
		err := store.QueryRows(ctx, db, query, []any{store.IDSet(db.Dialect(), ids)}, func(rows *sql.Rows) error {
			var h Meta
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
			sawMarking(ctx, h.Marking)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", TableOf(t).Name, err)
		}
	}
	return found, nil
}

// GroupByType groups ids of documents by their type. Ids that are not those of
// documents are left out.
func GroupByType(ids []domain.ID) map[domain.Type][]domain.ID {
	groups := map[domain.Type][]domain.ID{}
	for _, id := range ids {
		if t := id.Type(); t.IsDocument() {
			groups[t] = append(groups[t], id)
		}
	}
	return groups
}

// Load reads the aggregates of documents of one type, from the desk or from
// live: the root row and all that it owns, one statement per table.
func Load(ctx context.Context, db store.Rows, t domain.Type, ids []domain.ID) (map[domain.ID]*Row, error) {
	root := TableOf(t)
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
func loadRows(ctx context.Context, db store.Rows, t *Table, key string, ids []domain.ID) ([]ownedRow, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	names := []string{Quote(key), "id"}
	for _, c := range t.Columns {
		names = append(names, Quote(c.Name))
	}
	query := "SELECT " + strings.Join(names, ", ") + " FROM " + t.Name + " WHERE " + Quote(key) + store.InSet(db.Dialect())
	if t.ordered {
		query += " ORDER BY " + Quote(key) + ", position, id"
	}
	var loaded []ownedRow
	err := store.QueryRows(ctx, db, query, []any{store.IDSet(db.Dialect(), ids)}, func(rows *sql.Rows) error {
		r := ownedRow{row: NewRow()}
		values := make([]any, len(t.Columns))
		dest := []any{&r.owner, &r.row.ID}
		for i := range values {
			dest = append(dest, &values[i])
		}
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		for i, c := range t.Columns {
			v, err := fromSQL(c.Kind, values[i])
			if err != nil {
				return fmt.Errorf("column %s: %w", c.Name, err)
			}
			r.row.Set(c.Name, v)
		}
		loaded = append(loaded, r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", t.Name, err)
	}
	byID := make(map[domain.ID]*Row, len(loaded))
	below := make([]domain.ID, 0, len(loaded))
	for _, r := range loaded {
		byID[r.row.ID] = r.row
		below = append(below, r.row.ID)
	}
	for _, o := range t.Owned {
		children, err := loadRows(ctx, db, o.Table, o.Owner, below)
		if err != nil {
			return nil, err
		}
		for _, child := range children {
			owner := byID[child.owner]
			owner.Owned[o.Name] = append(owner.Owned[o.Name], child.row)
		}
	}
	return loaded, nil
}

// fromSQL converts a value from the driver to the value of a column.
func fromSQL(kind ColumnKind, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch kind {
	case IntColumn, IDColumn:
		n, ok := v.(int64)
		if !ok {
			return nil, fmt.Errorf("got %T, want an integer", v)
		}
		if kind == IDColumn {
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
	if kind == ListColumn {
		var list []string
		err := json.Unmarshal([]byte(text), &list)
		return list, err
	}
	return text, nil
}

// Quote returns the name of a column, quoted for SQL.
func Quote(name string) string { return `"` + name + `"` }

// NameOf returns the name, in messages to staff, of a document that is on the desk,
// in the trash or not: "report:harbour-cranes". For a document that is no longer on
// the desk it is the id.
func NameOf(ctx context.Context, db store.Rows, id domain.ID) (string, error) {
	if !id.Type().IsDocument() {
		return id.String(), nil
	}
	metas, err := ReadMeta(ctx, db, []domain.ID{id})
	if err != nil || metas[id] == nil {
		return id.String(), err
	}
	return metas[id].Name(), nil
}

// SlugOf returns the slug of a document on the desk, in the trash or not; "" if there
// is no such document.
func SlugOf(ctx context.Context, db store.Rows, id domain.ID) (string, error) {
	var slug string
	err := store.QueryRows(ctx, db, "SELECT slug FROM "+TableOf(id.Type()).Name+" WHERE id = ?", []any{int64(id)},
		func(rows *sql.Rows) error { return rows.Scan(&slug) })
	return slug, err
}

// MaxBatch is how many documents are held in memory at once, where many are read
// one after another.
const MaxBatch = 512
