package graph

import (
	"context"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
)

// documentResolver resolves what all documents have and only the desk shows.
type documentResolver[T any] struct {
	*Resolver
	typ       *read.Type[T]
	revisions *read.EdgeOf[T, db.Revision]
}

func documentOf[T any](r *Resolver, t *read.Type[T], revisions *read.EdgeOf[T, db.Revision]) documentResolver[T] {
	return documentResolver[T]{r, t, revisions}
}

func (r documentResolver[T]) onDesk(obj *T) bool {
	return read.StageOf(r.typ, obj) == domain.Desk
}

func (r documentResolver[T]) CreatedBy(_ context.Context, obj *T) (*string, error) {
	if !r.onDesk(obj) {
		return nil, nil
	}
	return r.typ.Text(obj, "created_by"), nil
}

func (r documentResolver[T]) UpdatedBy(_ context.Context, obj *T) (*string, error) {
	if !r.onDesk(obj) {
		return nil, nil
	}
	return r.typ.Text(obj, "updated_by"), nil
}

func (r documentResolver[T]) LiveVersion(_ context.Context, obj *T) (*int, error) {
	if !r.onDesk(obj) {
		return nil, nil
	}
	return r.typ.Number(obj, "live_version"), nil
}

func (r documentResolver[T]) FormerSlugs(ctx context.Context, obj *T) ([]string, error) {
	if !r.onDesk(obj) {
		return nil, nil
	}
	return read.FormerSlugs(ctx, r.typ, obj)
}

func (r documentResolver[T]) Revisions(ctx context.Context, obj *T, first *int, after *string, last *int, before *string) (*model.RevisionConnection, error) {
	if !r.onDesk(obj) {
		return nil, nil
	}
	return r.revisions.Page(ctx, obj, args(first, after, last, before, nil, nil))
}

func (r documentResolver[T]) LiveDiff(ctx context.Context, obj *T) ([]*aggregate.FieldChange, error) {
	if !r.onDesk(obj) {
		return nil, nil
	}
	changes, err := r.desk.LiveDiff(ctx, r.typ.ID(obj))
	return pointers(changes), err
}

// pointers returns pointers to the elements. It is never nil.
func pointers[E any](in []E) []*E {
	out := make([]*E, len(in))
	for i := range in {
		out[i] = &in[i]
	}
	return out
}
