package read

import (
	"context"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/internal/domain"
)

// Batch is a set of rows that were loaded together, with the memoised results that were
// loaded for them since.
type Batch[T any] struct {
	typ    *Type[T]
	reader *Reader
	stage  domain.Stage
	rows   []*T
	groups columns // of columns that were read
	owners any     // the *Batch of the rows whose edge led here, if one did

	mu   sync.Mutex
	memo map[memoKey]any
}

// memoKey is the key of a memoised result of a batch. Within an operation a
// selected field has the same arguments and selections for all rows of a
// batch, so it stands for them.
type memoKey struct {
	edge   string
	field  *ast.Field // of a connection
	groups columns    // of a list
}

// fieldOf returns the field that is being resolved, nil outside a resolver.
func fieldOf(ctx context.Context) *ast.Field {
	if fc := graphql.GetFieldContext(ctx); fc != nil {
		return fc.Field.Field
	}
	return nil
}

// newBatch makes a batch of rows. A row that is there more than once, as a
// target that several owners share, is kept once: the others are replaced in
// rows by the first.
func newBatch[T any](ctx context.Context, r *Reader, t *Type[T], rows []*T, groups columns) *Batch[T] {
	b := &Batch[T]{typ: t, reader: r, stage: domain.StageFrom(ctx), groups: groups}
	if t.batch < 0 {
		b.rows = rows
		return b
	}
	seen := make(map[domain.ID]*T, len(rows))
	for i, row := range rows {
		id := t.ID(row)
		if first, ok := seen[id]; ok {
			rows[i] = first
			continue
		}
		seen[id] = row
		t.setBatch(row, b)
		b.rows = append(b.rows, row)
	}
	return b
}

// context returns ctx at the stage that the batch was read at: edges of
// a row are read from the store that the row came from.
func (b *Batch[T]) context(ctx context.Context) context.Context {
	if domain.StageFrom(ctx) == b.stage {
		return ctx
	}
	return domain.WithStage(ctx, b.stage)
}

func (b *Batch[T]) ids() []int64 {
	ids := make([]int64, len(b.rows))
	for i, row := range b.rows {
		ids[i] = int64(b.typ.ID(row))
	}
	return ids
}

// OwnerOf returns the row with an id from whose edge a row was reached; nil where
// it was reached in another way.
func OwnerOf[P, C any](from *Type[P], to *Type[C], row *C, id domain.ID) *P {
	b := to.batchOf(row)
	if b == nil {
		return nil
	}
	owners, ok := b.owners.(*Batch[P])
	if !ok || owners.typ != from {
		return nil
	}
	byID, err := once(owners, memoKey{edge: "rows by id"}, func() (map[domain.ID]*P, error) {
		byID := make(map[domain.ID]*P, len(owners.rows))
		for _, row := range owners.rows {
			byID[from.ID(row)] = row
		}
		return byID, nil
	})
	if err != nil {
		return nil
	}
	return byID[id]
}

// result is a loaded value or the error of loading it.
type result[V any] struct {
	value V
	err   error
}

// once returns the result of load for the key, and calls load the first time only. Errors
// are memoised too.
func once[T, V any](b *Batch[T], key memoKey, load func() (V, error)) (V, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if known, ok := b.memo[key].(result[V]); ok {
		return known.value, known.err
	}
	v, err := load()
	if b.memo == nil {
		b.memo = map[memoKey]any{}
	}
	b.memo[key] = result[V]{v, err}
	return v, err
}

// StageOf returns the stage that a row was read at.
func StageOf[T any](t *Type[T], row *T) domain.Stage {
	if b := t.batchOf(row); b != nil {
		return b.stage
	}
	return domain.Live
}
