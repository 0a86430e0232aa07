package graph

import (
	"context"

	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/graph/scalar"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

type input = scalar.Input

func (r *Resolver) save(ctx context.Context, t domain.Type, m editorial.Mode, in input) (*editorial.SaveResult, error) {
	saved, err := r.desk.Save(ctx, editorial.SaveParams{Type: t, Mode: m, Fields: in})
	return orNil(saved, err)
}

func (r *Resolver) delete(ctx context.Context, t domain.Type, in editorial.DeleteParams) (*model.DeletePayload, error) {
	in.Type = t
	id, err := r.desk.Delete(ctx, in)
	return orNil(model.DeletePayload{DeletedID: id.String()}, err)
}

// orNil returns a pointer to v, or nil and the error.
func orNil[V any](v V, err error) (*V, error) {
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// saved reads the document that was saved, as it is on the desk now.
func saved[T any](ctx context.Context, r *Resolver, t *read.Type[T], obj *editorial.SaveResult) (*T, error) {
	found, err := read.ByIDs(ctx, r.reader, t, []domain.ID{obj.ID})
	return found[obj.ID], err
}

// Document reads the document that was saved, of whichever type.
func (r savedResolver) Document(ctx context.Context, obj *editorial.SaveResult) (model.Document, error) {
	found, err := r.byID(ctx, []domain.ID{obj.ID})
	return found[obj.ID], err
}

func (savedResolver) Warnings(_ context.Context, obj *editorial.SaveResult) ([]*model.Warning, error) {
	return model.NewWarnings(obj.Warnings), nil
}

// nilIfZero returns a pointer to v, or nil for the zero value.
func nilIfZero[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}

// inputField returns a field of an input; nil where it is absent or null.
func inputField[T any](in input, name string) *T {
	if v, ok := in[name].(T); ok {
		return &v
	}
	return nil
}

// inputList returns a list of texts in an input: nil where it is absent, and a nil
// list where it is null.
func inputList(in input, name string) *[]string {
	v, some := in[name]
	if !some {
		return nil
	}
	var list []string
	if items, ok := v.([]any); ok {
		list = []string{}
		for _, item := range items {
			text, _ := item.(string) // as the schema has it
			list = append(list, text)
		}
	}
	return &list
}
