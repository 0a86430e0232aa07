package read

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/domain"
)

// Together returns what load gives for the batch of a row, loading it the
// first time. Load gets the reader that the batch was read with, a context at
// its stage, and all its rows. It must not ask for edges of these rows.
func Together[T, V any](ctx context.Context, t *Type[T], row *T, name string, load func(context.Context, *Reader, []*T) (V, error)) (V, error) {
	b := t.batchOf(row)
	if b == nil {
		var none V
		return none, errNoBatch(t.Table)
	}
	return once(b, memoKey{edge: name}, func() (V, error) {
		return load(b.context(ctx), b.reader, b.rows)
	})
}

// Loaded returns what Together has loaded for the batch of a row; ok is false
// where it has loaded nothing yet.
func Loaded[T, V any](t *Type[T], row *T, name string) (v V, ok bool, err error) {
	b := t.batchOf(row)
	if b == nil {
		return v, false, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	known, ok := b.memo[memoKey{edge: name}].(outcome[V])
	return known.value, ok, known.err
}

func errNoBatch(t *Table) error {
	return &domain.Error{Message: "read: a " + t.Type + " was not read as part of a batch"}
}

// With returns the row with the columns that a GraphQL field needs. They were
// read with it where the operation told that they would be needed; where not,
// they are read now, for the whole batch.
func With[T any](ctx context.Context, t *Type[T], row *T, field string) (*T, error) {
	b := t.batchOf(row)
	need := t.ofField(field)
	if b == nil || b.groups&need == need {
		return row, nil
	}
	whole, err := Together(ctx, t, row, "all columns", func(ctx context.Context, r *Reader, _ []*T) (map[domain.ID]*T, error) {
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

// Rows returns the rows of the batch of a row.
func Rows[T any](t *Type[T], row *T) []*T {
	if b := t.batchOf(row); b != nil {
		return b.rows
	}
	return []*T{row}
}
