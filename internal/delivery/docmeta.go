package delivery

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/alias"
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

// visibleTags finds tags in live that are visible to the viewer of ctx, by id or slug, also
// by former ones. Names that no such tag has are not in the result. It takes one statement,
// whatever it finds.
func (w *Webhooks) visibleTags(ctx context.Context, refs []string) (map[string]domain.ID, error) {
	var ids, slugs []any
	for _, ref := range refs {
		if id, slug := aggregate.ParseIDOrSlug(domain.Tag, ref); id != 0 {
			ids = append(ids, int64(id))
		} else if slug != "" {
			slugs = append(slugs, slug)
		}
	}
	byID, bySlug := map[domain.ID]domain.ID{}, map[string]domain.ID{}
	err := w.stores.ReadDocuments(ctx, aggregate.TableOf(domain.Tag).Name, func(s *sql.Selector) {
		former := sql.Dialect(s.Dialect()).Table(alias.Table)
		s.LeftJoin(former).On(s.C("id"), former.C(alias.FieldDocumentID))
		s.Select(s.C("id"), s.C("slug"), former.C(alias.FieldSlug), former.C(alias.FieldFormerID))
		s.Where(sql.Or(sql.In(s.C("id"), ids...), sql.In(s.C("slug"), slugs...),
			sql.In(former.C(alias.FieldFormerID), ids...), sql.In(former.C(alias.FieldSlug), slugs...)))
	}, func(rows *sql.Rows) error {
		var id domain.ID
		var slug string
		var formerSlug *string
		var formerID *domain.ID
		if err := rows.Scan(&id, &slug, &formerSlug, &formerID); err != nil {
			return err
		}
		byID[id], bySlug[slug] = id, id // no former name is a present one
		if formerSlug != nil {
			bySlug[*formerSlug] = id
		}
		if formerID != nil {
			byID[*formerID] = id
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find tags: %w", err)
	}
	found := map[string]domain.ID{}
	for _, ref := range refs {
		id, slug := aggregate.ParseIDOrSlug(domain.Tag, ref)
		if tag, ok := byID[id]; ok {
			found[ref] = tag
		} else if tag, ok := bySlug[slug]; ok {
			found[ref] = tag
		}
	}
	return found, nil
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
