package graph

import (
	"context"
	"encoding/json"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
)

// atDesk returns a context that reads the desk, for a member of staff. What
// is on the desk only can be asked for at any stage.
func atDesk(ctx context.Context) (context.Context, error) {
	return withRight(ctx, domain.ReadDesk)
}

func (revisionResolver) Snapshot(_ context.Context, obj *db.Revision) (any, error) {
	return json.RawMessage(obj.Snapshot), nil
}

func (r revisionResolver) Diff(ctx context.Context, obj *db.Revision, against *int) ([]*aggregate.FieldChange, error) {
	from := obj.Number - 1
	if against != nil {
		from = *against
	}
	changes, err := r.desk.Diff(ctx, obj.DocumentID, from, obj.Number)
	return pointers(changes), err
}

func (r queryResolver) Schedules(ctx context.Context, statuses []string, first *int, after *string, last *int, before *string) (*model.ScheduleConnection, error) {
	ctx, err := atDesk(ctx)
	if err != nil {
		return nil, err
	}
	by := order{Field: "AT", Direction: read.Ascending}
	return read.List(ctx, r.reader, catalog.Schedules, args(first, after, last, before, oneOf("status", statuses), &by))
}

func (r queryResolver) PublicationLog(ctx context.Context, documents []string, first *int, after *string, last *int, before *string) (*model.PublicationEntryConnection, error) {
	ctx, err := atDesk(ctx)
	if err != nil {
		return nil, err
	}
	by := order{Field: "SEQUENCE", Direction: read.Descending}
	rows, err := read.List(ctx, r.reader, catalog.Log, args(first, after, last, before, oneOf("document", documents), &by))
	if err != nil {
		return nil, err
	}
	return model.NewPublicationEntryConnection(rows), nil
}

// oneOf is a filter for one of some values; no filter where they are not
// given.
func oneOf(field string, values []string) filter {
	if values == nil {
		return nil
	}
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = v
	}
	return filter{field: map[string]any{"in": list}}
}

func (r entryResolver) Document(ctx context.Context, obj *model.PublicationEntry) (model.Document, error) {
	return r.onDesk(ctx, obj.Page, obj.DocumentID)
}

func (r pendingResolver) Document(ctx context.Context, obj *model.PendingChange) (model.Document, error) {
	return r.onDesk(ctx, obj.Page, obj.ID)
}

// onDesk reads a document of a page as it is on the desk.
func (r *Resolver) onDesk(ctx context.Context, page *model.Together, id domain.ID) (model.Document, error) {
	ctx, err := atDesk(ctx)
	if err != nil {
		return nil, err
	}
	return page.Get(id, func(ids []domain.ID) (map[domain.ID]model.Document, error) { return r.byID(read.AllColumns(ctx), ids) })
}

var pendingPlaces = read.Places{List: "pendingChanges", Kind: read.Int}

func (r queryResolver) PendingChanges(ctx context.Context, types []string, first *int, after *string) (*model.PendingChangeConnection, error) {
	if _, err := atDesk(ctx); err != nil {
		return nil, err
	}
	limit, err := read.PageSize(first)
	if err != nil {
		return nil, err
	}
	_, from, err := pendingPlaces.Decode(after)
	if err != nil {
		return nil, err
	}
	if types != nil && len(types) == 0 {
		return &model.PendingChangeConnection{PageInfo: &read.PageInfo{}}, nil
	}
	changes, err := r.desk.PendingChanges(ctx, documentTypes(types), from, limit+1)
	if err != nil {
		return nil, err
	}
	out := &model.PendingChangeConnection{PageInfo: &read.PageInfo{HasPreviousPage: after != nil}}
	if len(changes) > limit {
		changes, out.PageInfo.HasNextPage = changes[:limit], true
	}
	page := &model.Together{}
	for _, c := range changes {
		cursor, err := pendingPlaces.Encode(int64(0), c.ID)
		if err != nil {
			return nil, err
		}
		change := &model.PendingChange{PendingChange: c, Page: page}
		page.IDs = append(page.IDs, c.ID)
		out.Nodes = append(out.Nodes, change)
		out.Edges = append(out.Edges, &model.PendingChangeEdge{Cursor: cursor, Node: change})
	}
	if n := len(out.Edges); n > 0 {
		out.PageInfo.StartCursor, out.PageInfo.EndCursor = &out.Edges[0].Cursor, &out.Edges[n-1].Cursor
	}
	return out, nil
}

// documentTypes turns values of the enum DocumentType into types; nil where
// none are given.
func documentTypes(names []string) []domain.Type {
	var types []domain.Type
	for _, name := range names {
		if t, ok := domain.ParseType(name); ok {
			types = append(types, t)
		}
	}
	return types
}
