package content

import (
	"context"
	"fmt"
	"maps"
	"slices"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/ent/predicate"
	"github.com/redthread-api/redthread/ent/tag"
	"github.com/redthread-api/redthread/internal/domain"
)

// TagsNamed finds tags in live by their slugs or ids. Those that the viewer of
// ctx does not see are not found.
func (d *Desk) TagsNamed(ctx context.Context, names []string) (map[string]domain.ID, error) {
	if len(names) == 0 {
		return nil, nil
	}
	var ids []domain.ID
	for _, name := range names {
		if id, err := domain.ParseID(name); err == nil {
			ids = append(ids, id)
		}
	}
	ctx = domain.WithStage(ctx, domain.Live)
	tags, err := d.stores.Client(ctx).Tag.Query().Where(tag.Or(tag.SlugIn(names...), tag.IDIn(ids...))).
		Select(tag.FieldID, tag.FieldSlug).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("find tags: %w", err)
	}
	found := map[string]domain.ID{}
	for _, t := range tags {
		found[t.Slug], found[t.ID.String()] = t.ID, t.ID
	}
	return found, nil
}

// Tagged says which of some documents in live carry one of the tags, as far as
// the viewer of ctx sees both.
func (d *Desk) Tagged(ctx context.Context, documents []domain.ID, tags []string) (map[domain.ID]bool, error) {
	known, err := d.TagsNamed(ctx, tags)
	if err != nil || len(known) == 0 {
		return nil, err
	}
	ctx = domain.WithStage(ctx, domain.Live)
	carry := func(table, owner string, ids []domain.ID) func(*entsql.Selector) {
		return func(s *entsql.Selector) {
			links := entsql.Dialect(s.Dialect()).Table(table)
			s.Where(entsql.And(
				entsql.In(s.C("id"), anyOf(ids)...),
				entsql.In(s.C("id"), entsql.Dialect(s.Dialect()).Select(links.C(owner)).From(links).
					Where(entsql.In(links.C("tag_id"), anyOf(slices.Collect(maps.Values(known)))...))),
			))
		}
	}
	client, groups := d.stores.Client(ctx), byType(documents)
	found := map[domain.ID]bool{}
	for t, read := range map[domain.Type]func(ids []domain.ID) ([]domain.ID, error){
		domain.Report: func(ids []domain.ID) ([]domain.ID, error) {
			return client.Report.Query().Where(predicate.Report(carry("report_tags", "report_id", ids))).IDs(ctx)
		},
		domain.Narrative: func(ids []domain.ID) ([]domain.ID, error) {
			return client.Narrative.Query().Where(predicate.Narrative(carry("narrative_tags", "narrative_id", ids))).IDs(ctx)
		},
		domain.Entity: func(ids []domain.ID) ([]domain.ID, error) {
			return client.Entity.Query().Where(predicate.Entity(carry("entity_tags", "entity_id", ids))).IDs(ctx)
		},
	} {
		if len(groups[t]) == 0 {
			continue
		}
		ids, err := read(groups[t])
		if err != nil {
			return nil, fmt.Errorf("find tagged documents: %w", err)
		}
		for _, id := range ids {
			found[id] = true
		}
	}
	return found, nil
}

func anyOf(ids []domain.ID) []any {
	values := make([]any, len(ids))
	for i, id := range ids {
		values[i] = int64(id)
	}
	return values
}
