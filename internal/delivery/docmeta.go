package delivery

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/visibility"
)

// docMeta is the metadata of a document in a message.
type docMeta struct {
	ID      domain.ID
	Slug    string
	Title   string
	Version int
}

// docMetas returns the metadata of those documents that are visible in live to the
// viewer of ctx. If tags is not nil, it returns only documents with one of the
// tags, where the tag is visible too, and the tags themselves.
func (w *Webhooks) docMetas(ctx context.Context, ids, tags []domain.ID) (map[domain.ID]*docMeta, error) {
	fence, err := visibility.Fence(ctx)
	if err != nil {
		return nil, err
	}
	found := map[domain.ID]*docMeta{}
	for t, ofType := range aggregate.GroupByType(ids) {
		err := w.stores.ReadDocuments(ctx, aggregate.TableOf(t).Name, func(s *sql.Selector) {
			title := "''"
			if column := aggregate.SpecOf(t).NameColumn; column != "" {
				title = "coalesce(" + s.C(column) + ", '')"
			}
			s.Select(s.C("id"), s.C("slug"), s.C("version")).AppendSelectExpr(sql.Expr(title))
			s.Where(visibility.HasID(s, ofType))
			if tags != nil {
				s.Where(sql.Or(projection.LinkedToTags(s, t, tags, fence), visibility.HasID(s, tags)))
			}
		}, func(rows *sql.Rows) error {
			var m docMeta
			err := rows.Scan(&m.ID, &m.Slug, &m.Version, &m.Title)
			found[m.ID] = &m
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read the metadata of documents: %w", err)
		}
	}
	return found, nil
}

// visible reports whether a document is visible in live to the viewer of ctx.
func (w *Webhooks) visible(ctx context.Context, id domain.ID) (bool, error) {
	metas, err := w.docMetas(ctx, []domain.ID{id}, nil)
	return metas[id] != nil, err
}

// tagsOf returns the tags of a webhook; nil for all.
func tagsOf(hook *db.Webhook) []domain.ID {
	if hook.Tags == nil {
		return nil
	}
	tags := []domain.ID{}
	for _, text := range hook.Tags {
		if id, err := domain.ParseID(text); err == nil {
			tags = append(tags, id)
		}
	}
	return tags
}
