package graph

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
)

// atDesk returns a context that reads the desk, for a viewer with the right
// READ_DESK. Fields that only the desk has can be queried at any stage.
func atDesk(ctx context.Context) (context.Context, error) {
	return withRight(ctx, domain.ReadDesk)
}

// onDesk reads a document of a page as it is on the desk.
func (r *Resolver) onDesk(ctx context.Context, page *model.PageBatch, id domain.ID) (model.Document, error) {
	ctx, err := atDesk(ctx)
	if err != nil {
		return nil, err
	}
	return page.Get(id, func(ids []domain.ID) (map[domain.ID]model.Document, error) { return r.byID(read.AllColumns(ctx), ids) })
}

// withRight returns a context that reads the desk, for a viewer with a right. It
// marks the response as one from the desk.
func withRight(ctx context.Context, right domain.Right) (context.Context, error) {
	if _, err := domain.Require(ctx, right); err != nil {
		return ctx, err
	}
	read.RaiseMarking(ctx, deskMarking)
	return domain.WithStage(ctx, domain.Desk), nil
}

// one reads a row of the desk by its id. The error is of KindNotFound where there
// is none.
func one[T any](ctx context.Context, r *Resolver, t *read.Type[T], id domain.ID) (*T, error) {
	rows, err := read.All(domain.WithStage(ctx, domain.Desk), r.reader, t, func(s *sql.Selector) { s.Where(sql.EQ(s.C("id"), int64(id))) })
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, domain.NotFound("there is nothing with the id %s", id)
	}
	return rows[0], nil
}
