package graph

import (
	"context"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
)

func (r queryResolver) Changes(ctx context.Context, types []string, first *int, after *string) (*model.ChangeConnection, error) {
	if domain.StageFrom(ctx) != domain.Live {
		return nil, errLiveOnly
	}
	limit, err := read.PageSize(first)
	if err != nil {
		return nil, err
	}
	from, err := position(after)
	if err != nil {
		return nil, err
	}
	raiseToClearance(ctx)
	read.DependOnEverything(ctx)
	changes, err := r.desk.Live().Changes(ctx, projection.ChangesParams{After: from, First: limit + 1, Types: typesOrAll(types)})
	if err != nil {
		return nil, err
	}
	out := &model.ChangeConnection{PageInfo: &read.PageInfo{HasPreviousPage: from != projection.Position{}}}
	if len(changes) > limit {
		changes, out.PageInfo.HasNextPage = changes[:limit], true
	}
	out.Nodes = model.NewChanges(changes)
	if n := len(changes); n > 0 {
		start, end := changes[0].Position.String(), changes[n-1].Position.String()
		out.PageInfo.StartCursor, out.PageInfo.EndCursor = &start, &end
	}
	return out, nil
}

var errLiveOnly = &domain.Error{Kind: domain.KindInvalid, Message: "the change feed is of what is live: ask for it without stage: DESK"}

// raiseToClearance marks the response with the clearance of the viewer: a change
// reveals that its document exists, also where the document is not read with it
// or is gone.
func raiseToClearance(ctx context.Context) {
	if viewer, err := domain.ViewerFrom(ctx); err == nil {
		read.RaiseMarking(ctx, min(viewer.Clearance, domain.Red))
	}
}

// position parses the argument after; nil stands for the beginning.
func position(after *string) (projection.Position, error) {
	if after == nil {
		return projection.Position{}, nil
	}
	from, err := projection.ParsePosition(*after)
	if err != nil || *after == "" {
		var p domain.Problems
		p.Add("after", "want a cursor of the change feed, or %q for its beginning", projection.Start)
		return from, p.Err("the arguments are not right")
	}
	return from, nil
}

func (r changesResolver) Head(ctx context.Context, _ *model.ChangeConnection) (string, error) {
	last, err := r.desk.Live().LastChange(ctx)
	return last.String(), err
}

func (r changeResolver) Document(ctx context.Context, obj *model.Change) (model.Document, error) {
	if obj.Kind.Tombstone() {
		return nil, nil
	}
	document, err := obj.Page.Get(obj.Change.Document, func(ids []domain.ID) (map[domain.ID]model.Document, error) {
		return r.byID(read.AllColumns(ctx), ids)
	})
	// The id of a merged entity finds its successor, which has changes of its own.
	if e, ok := document.(*db.Entity); ok && e.ID != obj.Change.Document {
		return nil, err
	}
	return document, err
}
