package graph

import (
	"context"

	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
)

func (r pendingResolver) Document(ctx context.Context, obj *model.PendingChange) (model.Document, error) {
	return r.onDesk(ctx, obj.Page, obj.ID)
}

var pendingCursors = read.CursorCodec{List: "pendingChanges", Kind: read.Int, Stage: domain.Desk}

func (r queryResolver) PendingChanges(ctx context.Context, types []string, first *int, after *string) (*model.PendingChangeConnection, error) {
	if _, err := atDesk(ctx); err != nil {
		return nil, err
	}
	limit, err := read.PageSize(first)
	if err != nil {
		return nil, err
	}
	_, from, err := pendingCursors.Decode(after)
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
	page := &model.PageBatch{}
	for _, c := range changes {
		cursor, err := pendingCursors.Encode(int64(0), c.ID)
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
