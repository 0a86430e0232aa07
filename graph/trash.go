package graph

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/visibility"
)

var trashCursors = read.CursorCodec{List: "trash", Kind: read.DateTime, Stage: domain.Desk}

// deleted is a document in the trash, with the id that orders it.
type deleted struct {
	*model.TrashedDocument
	id domain.ID
}

// trashReaders has, for each type, a function that reads its newest documents in
// the trash.
var trashReaders = []struct {
	of   domain.Type
	read func(ctx context.Context, r *read.Reader, limit int, before *time.Time, id domain.ID) ([]deleted, error)
}{
	{domain.Report, trashReader(catalog.Reports, "title")},
	{domain.Narrative, trashReader(catalog.Narratives, "title")},
	{domain.Entity, trashReader(catalog.Entities, "name")},
	{domain.Relationship, trashReader(catalog.Relationships, "slug")},
	{domain.Tag, trashReader(catalog.Tags, "label")},
	{domain.Source, trashReader(catalog.Sources, "title")},
	{domain.Edition, trashReader(catalog.Editions, "title")},
	{domain.Asset, trashReader(catalog.Assets, "slug")},
	{domain.Series, trashReader(catalog.Series, "title")},
}

func trashReader[T any](t *read.Type[T], name string) func(context.Context, *read.Reader, int, *time.Time, domain.ID) ([]deleted, error) {
	return func(ctx context.Context, r *read.Reader, limit int, before *time.Time, id domain.ID) ([]deleted, error) {
		rows, err := read.All(ctx, r, t, func(s *sql.Selector) {
			if before != nil {
				s.Where(sql.CompositeLT([]string{s.C("deleted_at"), s.C("id")}, *before, int64(id)))
			}
			s.OrderBy(sql.Desc(s.C("deleted_at")), sql.Desc(s.C("id"))).Limit(limit)
		})
		out := make([]deleted, len(rows))
		for i, row := range rows {
			out[i] = deleted{&model.TrashedDocument{
				ID: t.ID(row).String(), Type: strings.ToUpper(t.Document.String()),
				Slug: *t.Text(row, "slug"), Name: *t.Text(row, name), Version: *t.Number(row, "version"),
				DeletedAt: *t.Time(row, "deleted_at"), DeletedBy: t.Text(row, "deleted_by"),
			}, t.ID(row)}
		}
		return out, err
	}
}

// Trash returns a page of the trash. It merges the newest documents of each type,
// of each at most as many as the page has.
func (r queryResolver) Trash(ctx context.Context, types []string, first *int, after *string) (*model.TrashedDocumentConnection, error) {
	ctx, err := atDesk(ctx)
	if err != nil {
		return nil, err
	}
	limit, err := read.PageSize(first)
	if err != nil {
		return nil, err
	}
	value, id, err := trashCursors.Decode(after)
	if err != nil {
		return nil, err
	}
	var before *time.Time
	if at, ok := value.(time.Time); ok {
		before = &at
	}
	var all []deleted
	for _, t := range trashReaders {
		if types != nil && !slices.Contains(documentTypes(types), t.of) {
			continue
		}
		some, err := t.read(visibility.WithTrash(ctx), r.reader, limit+1, before, id)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	slices.SortFunc(all, func(a, b deleted) int {
		return cmp.Or(b.DeletedAt.Compare(a.DeletedAt), cmp.Compare(b.id, a.id))
	})
	out := &model.TrashedDocumentConnection{PageInfo: &read.PageInfo{HasPreviousPage: after != nil}}
	if len(all) > limit {
		all, out.PageInfo.HasNextPage = all[:limit], true
	}
	for _, d := range all {
		cursor, err := trashCursors.Encode(d.DeletedAt, d.id)
		if err != nil {
			return nil, err
		}
		out.Nodes = append(out.Nodes, d.TrashedDocument)
		out.Edges = append(out.Edges, &model.TrashedDocumentEdge{Cursor: cursor, Node: d.TrashedDocument})
	}
	if n := len(out.Edges); n > 0 {
		out.PageInfo.StartCursor, out.PageInfo.EndCursor = &out.Edges[0].Cursor, &out.Edges[n-1].Cursor
	}
	return out, nil
}

func (r mutationResolver) Purge(ctx context.Context, in editorial.PurgeParams) (*model.PurgePayload, error) {
	purged, err := r.desk.Purge(ctx, in)
	ids := make([]string, len(purged))
	for i, id := range purged {
		ids[i] = id.String()
	}
	return orNil(model.PurgePayload{Purged: ids}, err)
}

func (r mutationResolver) Undelete(ctx context.Context, in model.UndeleteInput) (*editorial.SaveResult, error) {
	id, err := r.desk.Undelete(ctx, in.Document)
	return orNil(editorial.SaveResult{ID: id, Changed: true}, err)
}
