package read

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/domain"
)

// LoadBatch returns the result of load for the batch of a row. It calls load once for each
// batch and name. load gets the reader that the batch was read with, a context at its
// stage, and all its rows. It must not load edges of these rows.
func LoadBatch[T, V any](ctx context.Context, t *Type[T], row *T, name string, load func(context.Context, *Reader, []*T) (V, error)) (V, error) {
	b := t.batchOf(row)
	if b == nil {
		var none V
		return none, errNoBatch(t.Table)
	}
	return once(b, memoKey{edge: name}, func() (V, error) {
		return load(b.context(ctx), b.reader, b.rows)
	})
}

// Loaded returns the result of an earlier [LoadBatch] for the batch of a row; ok is
// false where there was none.
func Loaded[T, V any](t *Type[T], row *T, name string) (v V, ok bool, err error) {
	b := t.batchOf(row)
	if b == nil {
		return v, false, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	known, ok := b.memo[memoKey{edge: name}].(result[V])
	return known.value, ok, known.err
}

func errNoBatch(t *Table) error {
	return &domain.Error{Message: "read: a " + t.Type + " was not read as part of a batch"}
}

// WithFieldColumns returns the row with the columns that a GraphQL field needs. They are
// there where the look-ahead has found the field in the operation; otherwise they are
// read now, for the whole batch.
func WithFieldColumns[T any](ctx context.Context, t *Type[T], row *T, field string) (*T, error) {
	b := t.batchOf(row)
	need := t.ofField(field)
	if b == nil || b.groups&need == need {
		return row, nil
	}
	whole, err := LoadBatch(ctx, t, row, "all columns", func(ctx context.Context, r *Reader, _ []*T) (map[domain.ID]*T, error) {
		rows, err := find(ctx, r, t, allColumns, func(s *sql.Selector) { s.Where(r.within(s.C(t.key()), b.ids())) })
		byID := make(map[domain.ID]*T, len(rows))
		for _, row := range rows {
			byID[t.ID(row)] = row
		}
		return byID, err
	})
	if w := whole[t.ID(row)]; w != nil || err != nil {
		return w, err
	}
	return row, nil // it was deleted in between
}

// BatchRows returns the rows of the batch of a row.
func BatchRows[T any](t *Type[T], row *T) []*T {
	if b := t.batchOf(row); b != nil {
		return b.rows
	}
	return []*T{row}
}
