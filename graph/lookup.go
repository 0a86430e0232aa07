package graph

import (
	"context"
	"slices"
	"strconv"

	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/visibility"
)

// byID reads documents of any types; those that are not found are not in the map.
func (r *Resolver) byID(ctx context.Context, ids []domain.ID) (map[domain.ID]model.Document, error) {
	byType := map[domain.Type][]domain.ID{}
	for _, id := range ids {
		byType[id.Type()] = append(byType[id.Type()], id)
	}
	found := map[domain.ID]model.Document{}
	for _, t := range domain.Types() {
		if len(byType[t]) == 0 {
			continue
		}
		if err := loaders[t](ctx, r.reader, byType[t], found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// inOrder reads documents of any types and returns those that are found, in
// the order of the ids.
func (r *Resolver) inOrder(ctx context.Context, ids []domain.ID) ([]model.Document, error) {
	found, err := r.byID(ctx, ids)
	docs := make([]model.Document, 0, len(ids))
	for _, id := range ids {
		if d := found[id]; d != nil {
			docs = append(docs, d)
		}
	}
	return docs, err
}

// alsoInTrash is inOrder for documents that may be in the trash.
func (r *Resolver) alsoInTrash(ctx context.Context, ids []domain.ID) ([]model.Document, error) {
	found, err := r.byID(ctx, ids)
	if err != nil {
		return nil, err
	}
	trashed, err := r.byID(visibility.WithTrash(ctx), ids)
	docs := make([]model.Document, 0, len(ids))
	for _, id := range ids {
		// Outside the trash, the id of a merged document finds its successor.
		if d := trashed[id]; d != nil {
			docs = append(docs, d)
		} else if d := found[id]; d != nil {
			docs = append(docs, d)
		}
	}
	return docs, err
}

type loader func(context.Context, *read.Reader, []domain.ID, map[domain.ID]model.Document) error

// loaders has, for each type, a function that reads documents by id into a map.
var loaders = map[domain.Type]loader{
	domain.Report:       loaderOf(catalog.Reports),
	domain.Narrative:    loaderOf(catalog.Narratives),
	domain.Entity:       loaderOf(catalog.Entities),
	domain.Relationship: loaderOf(catalog.Relationships),
	domain.Tag:          loaderOf(catalog.Tags),
	domain.Source:       loaderOf(catalog.Sources),
	domain.Edition:      loaderOf(catalog.Editions),
	domain.Asset:        loaderOf(catalog.Assets),
	domain.Series:       loaderOf(catalog.Series),
}

func loaderOf[T any](t *read.Type[T]) loader {
	return func(ctx context.Context, r *read.Reader, ids []domain.ID, into map[domain.ID]model.Document) error {
		rows, err := read.ByIDs(ctx, r, t, ids)
		for id, row := range rows {
			into[id] = any(row).(model.Document)
		}
		return err
	}
}

func sorted(ids []domain.ID) []domain.ID {
	slices.Sort(ids)
	return slices.Compact(ids)
}

// named reads documents by ids or slugs, in the order of these, each nil if the viewer sees none. With a path, that is a
// problem of that argument.
func named[T any](ctx context.Context, r *Resolver, t *read.Type[T], problems *domain.Problems, path string, refs []string) ([]*T, error) {
	var ids []domain.ID
	var slugs []string
	for _, ref := range refs {
		if id, err := read.ParseID(ref, t.Document); err == nil {
			ids = append(ids, id)
		} else {
			slugs = append(slugs, ref)
		}
	}
	byID := map[domain.ID]*T{}
	if len(ids) > 0 {
		var err error
		if byID, err = read.ByIDs(ctx, r.reader, t, ids); err != nil {
			return nil, err
		}
	}
	bySlug, err := read.BySlugs(ctx, r.reader, t, slugs)
	if err != nil {
		return nil, err
	}
	found := make([]*T, len(refs))
	for i, ref := range refs {
		found[i] = bySlug[ref]
		if id, err := read.ParseID(ref, t.Document); err == nil {
			found[i] = byID[id]
		}
		if found[i] == nil && path != "" {
			problems.Add(path+"."+strconv.Itoa(i), "there is no such %s", t.Document)
		}
	}
	return found, nil
}

// rowsByID reads rows with all columns, by their ids: documents that the viewer sees, or what such documents own.
func rowsByID[T any](ctx context.Context, r *Resolver, t *read.Type[T], ids []domain.ID) (map[domain.ID]*T, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return read.ByIDs(read.AllColumns(ctx), r.reader, t, sorted(ids))
}
