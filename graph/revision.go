package graph

import (
	"context"
	"encoding/json"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/editorial"
)

func (r mutationResolver) RestoreRevision(ctx context.Context, in editorial.RestoreParams) (*editorial.SaveResult, error) {
	return orNil(r.desk.Restore(ctx, in))
}

func (r revisionResolver) Snapshot(ctx context.Context, obj *db.Revision) (any, error) {
	text, err := r.desk.Snapshot(ctx, obj.DocumentID, obj.Number)
	if err != nil {
		return nil, err
	}
	return json.RawMessage(text), nil
}

func (r revisionResolver) Diff(ctx context.Context, obj *db.Revision, against *int) ([]*aggregate.FieldChange, error) {
	from := obj.Number - 1
	if against != nil {
		from = *against
	}
	changes, err := r.desk.Diff(ctx, obj.DocumentID, from, obj.Number)
	return pointers(changes), err
}
