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
	"github.com/redthread-api/redthread/internal/visibility"
)

var trashPlaces = read.Places{List: "trash", Kind: read.DateTime}

// deleted is a document in the trash, with the place that orders it.
type deleted struct {
	*model.TrashedDocument
	id domain.ID
}

// bins read the newest of the trash of each type.
var bins = []struct {
	of   domain.Type
	read func(ctx context.Context, r *read.Reader, limit int, before *time.Time, id domain.ID) ([]deleted, error)
}{
	{domain.Report, binOf(catalog.Reports, "title")},
	{domain.Narrative, binOf(catalog.Narratives, "title")},
	{domain.Entity, binOf(catalog.Entities, "name")},
	{domain.Relationship, binOf(catalog.Relationships, "slug")},
	{domain.Tag, binOf(catalog.Tags, "label")},
	{domain.Source, binOf(catalog.Sources, "title")},
	{domain.Edition, binOf(catalog.Editions, "title")},
	{domain.Asset, binOf(catalog.Assets, "slug")},
}

func binOf[T any](t *read.Type[T], name string) func(context.Context, *read.Reader, int, *time.Time, domain.ID) ([]deleted, error) {
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

// Trash merges the newest of each type: at most as many of each as the page
// has.
func (r queryResolver) Trash(ctx context.Context, types []string, first *int, after *string) (*model.TrashedDocumentConnection, error) {
	ctx, err := atDesk(ctx)
	if err != nil {
		return nil, err
	}
	limit, err := read.PageSize(first)
	if err != nil {
		return nil, err
	}
	value, id, err := trashPlaces.Decode(after)
	if err != nil {
		return nil, err
	}
	var before *time.Time
	if at, ok := value.(time.Time); ok {
		before = &at
	}
	var all []deleted
	for _, bin := range bins {
		if types != nil && !slices.Contains(documentTypes(types), bin.of) {
			continue
		}
		some, err := bin.read(visibility.WithTrash(ctx), r.reader, limit+1, before, id)
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
		cursor, err := trashPlaces.Encode(d.DeletedAt, d.id)
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
