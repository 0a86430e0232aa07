package store

import (
	"context"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/visibility"
)

// newClient returns a client that reads a pool through the fence of a stage.
func newClient(p *pool, stage domain.Stage) *db.Client {
	client := db.NewClient(db.Driver(readDriver{p}))
	visibility.Intercept(client, stage)
	return client
}

// stagePool returns the pool for reads of the stage of ctx.
func (s *Stores) stagePool(ctx context.Context) *pool {
	if domain.StageFrom(ctx) == domain.Desk {
		return s.deskRead
	}
	return s.liveRead
}

// ReadDocuments reads rows of a table of documents, of whatever type, as a client of
// the stage of ctx would: through the fence, and in the snapshot of ctx, if there is
// one. modify says which columns and rows; scan is called for each row.
func (s *Stores) ReadDocuments(ctx context.Context, table string, modify func(*entsql.Selector), scan func(*entsql.Rows) error) error {
	fence, err := visibility.Fence(ctx)
	if err != nil {
		return err
	}
	build := entsql.Dialect(s.dialect)
	selector := build.Select().From(build.Table(table)).WithContext(ctx)
	modify(selector)
	fence(selector)
	query, args := selector.Query()
	rows := &entsql.Rows{}
	if err := s.reader(ctx).Query(ctx, query, args, rows); err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // what went wrong is in Err
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// reader returns the driver that reads the store of the stage of ctx.
func (s *Stores) reader(ctx context.Context) readDriver { return readDriver{s.stagePool(ctx)} }
