package projection

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/ent/db/alias"
	"github.com/redthread-api/redthread/ent/db/tag"
	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/visibility"
)

// TagsNamed finds tags in live by present or former slugs or ids. The result is keyed by
// the names that were given; tags that the viewer of ctx does not see are left out.
func (l *Live) TagsNamed(ctx context.Context, names []string) (map[string]domain.ID, error) {
	if len(names) == 0 {
		return nil, nil
	}
	var ids []domain.ID
	var slugs []string
	for _, name := range names {
		if id, slug := aggregate.ParseIDOrSlug(domain.Tag, name); id != 0 {
			ids = append(ids, id)
		} else if slug != "" {
			slugs = append(slugs, slug)
		}
	}
	ctx = domain.WithStage(ctx, domain.Live)
	// Former ones first: those that are in use now take precedence.
	bySlug, byID, err := l.former(ctx, domain.Tag, slugs, ids)
	if err != nil {
		return nil, err
	}
	tags, err := l.stores.Client(ctx).Tag.Query().Where(tag.Or(tag.SlugIn(slugs...), tag.IDIn(ids...))).
		Select(tag.FieldID, tag.FieldSlug).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("find tags: %w", err)
	}
	for _, t := range tags {
		bySlug[t.Slug], byID[t.ID] = t.ID, t.ID
	}
	found := map[string]domain.ID{}
	for _, name := range names {
		id, slug := aggregate.ParseIDOrSlug(domain.Tag, name)
		if is := cmp.Or(byID[id], bySlug[slug]); is != 0 {
			found[name] = is
		}
	}
	return found, nil
}

// former returns the documents of a type that formerly had the slugs, and those that
// documents with the ids were merged into. It reads at the stage of ctx, and leaves out
// what its viewer does not see.
func (l *Live) former(ctx context.Context, t domain.Type, slugs []string, ids []domain.ID) (map[string]domain.ID, map[domain.ID]domain.ID, error) {
	fence, err := visibility.Fence(ctx)
	if err != nil {
		return nil, nil, err
	}
	aliases, err := l.stores.Client(ctx).Alias.Query().
		Where(alias.TypeEQ(t), alias.Or(alias.SlugIn(slugs...), alias.FormerIDIn(ids...)), func(s *entsql.Selector) {
			build := entsql.Dialect(s.Dialect())
			documents := build.Select("id").From(build.Table(aggregate.TableOf(t).Name)).WithContext(ctx)
			fence(documents)
			s.Where(entsql.In(s.C("document_id"), documents))
		}).All(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("find documents by what they were called: %w", err)
	}
	bySlug, byID := map[string]domain.ID{}, map[domain.ID]domain.ID{}
	for _, a := range aliases {
		if a.Slug != nil {
			bySlug[*a.Slug] = a.DocumentID
		}
		if a.FormerID != nil {
			byID[*a.FormerID] = a.DocumentID
		}
	}
	return bySlug, byID, nil
}

// Successors returns the documents in live that those with the ids were merged into,
// without those that the viewer of ctx does not see.
func (l *Live) Successors(ctx context.Context, ids []domain.ID) ([]domain.ID, error) {
	ctx = domain.WithStage(ctx, domain.Live)
	var found []domain.ID
	for t, ids := range aggregate.GroupByType(ids) {
		_, byID, err := l.former(ctx, t, nil, ids)
		if err != nil {
			return nil, err
		}
		found = append(found, slices.Collect(maps.Values(byID))...)
	}
	return found, nil
}

// Tagged returns the given documents that are in live and have at least one of the tags.
// A document or tag that the viewer of ctx does not see does not count. See
// [LinkedToTags].
func (l *Live) Tagged(ctx context.Context, documents []domain.ID, tags []string) (map[domain.ID]bool, error) {
	known, err := l.TagsNamed(ctx, tags)
	if err != nil || len(known) == 0 {
		return nil, err
	}
	ctx = domain.WithStage(ctx, domain.Live)
	fence, err := visibility.Fence(ctx)
	if err != nil {
		return nil, err
	}
	ids := slices.Collect(maps.Values(known))
	found := map[domain.ID]bool{}
	for t, documents := range aggregate.GroupByType(documents) {
		err := l.stores.ReadDocuments(ctx, aggregate.TableOf(t).Name, func(s *entsql.Selector) {
			s.Select(s.C("id")).Where(entsql.And(visibility.HasID(s, documents), LinkedToTags(s, t, ids, fence)))
		}, func(rows *entsql.Rows) error {
			var id domain.ID
			err := rows.Scan(&id)
			found[id] = true
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("find tagged documents: %w", err)
		}
	}
	return found, nil
}

// LinkedToTags returns the condition that a document of a type, a row of s, has at least
// one of the tags: itself, or in a row that it owns (an edition in its items). Tags that
// do not pass the fence do not count. A tag has no tags.
func LinkedToTags(s *entsql.Selector, t domain.Type, tags []domain.ID, fence func(*entsql.Selector)) *entsql.Predicate {
	if t == domain.Tag {
		return entsql.False() // its reference to a tag is to its parent
	}
	var links []visibility.Link
	for _, r := range aggregate.Referrers(domain.Tag) {
		if r.Type == t {
			links = append(links, visibility.Link{From: r.From, Column: r.Column})
		}
	}
	return visibility.Linked(s, links, aggregate.TableOf(domain.Tag).Name, tags, fence)
}
