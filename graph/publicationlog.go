package graph

import (
	"context"

	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
)

func (r queryResolver) PublicationLog(ctx context.Context, documents []string, first *int, after *string, last *int, before *string) (*model.PublicationEntryConnection, error) {
	ctx, err := atDesk(ctx)
	if err != nil {
		return nil, err
	}
	by := order{Field: "SEQUENCE", Direction: read.Descending}
	rows, err := read.List(ctx, r.reader, catalog.PublicationLog, args(first, after, last, before, oneOf("document", documents), &by))
	if err != nil {
		return nil, err
	}
	return model.NewPublicationEntryConnection(rows), nil
}

func (r entryResolver) Document(ctx context.Context, obj *model.PublicationEntry) (model.Document, error) {
	return r.onDesk(ctx, obj.Page, obj.DocumentID)
}
