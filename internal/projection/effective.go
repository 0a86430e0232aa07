package projection

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// markEffective works out the effective markings that a release may have
// changed: those of the documents that came, changed or went, and of those
// that the touched ones refer to.
//
// A report's, narrative's, entity's and edition's is its own marking. A
// relationship's is the highest of its own and both ends', and it is unseen
// while an end is not live. A supporting document's is the higher of its own
// and the lowest of those that refer to it; without one it is unseen.
func (p *projector) markEffective(ctx context.Context, ids []domain.ID, touched map[domain.ID]bool) error {
	groups := aggregate.GroupByType(ids)
	for _, t := range []domain.Type{domain.Report, domain.Narrative, domain.Entity, domain.Edition} {
		if err := p.update(ctx, "UPDATE "+aggregate.TableOf(t).Name+" SET effective_marking = marking", groups[t]); err != nil {
			return err
		}
	}
	relationships, err := p.relationshipsOf(ctx, groups[domain.Relationship], groups[domain.Entity])
	if err != nil {
		return err
	}
	if err := p.noteBefore(ctx, relationships); err != nil {
		return err
	}
	if err := p.update(ctx, relationshipMarking(p.tx.Dialect()), relationships); err != nil {
		return err
	}
	if err := p.collect(ctx, "SELECT DISTINCT source_id FROM citations WHERE relationship_id", relationships, touched); err != nil {
		return err
	}
	supporting := aggregate.GroupByType(append(slices.Collect(maps.Keys(touched)), ids...))
	for _, t := range []domain.Type{domain.Source, domain.Asset} {
		if err := p.noteBefore(ctx, supporting[t]); err != nil {
			return err
		}
		if err := p.update(ctx, supportingMarking(p.tx.Dialect(), t), supporting[t]); err != nil {
			return err
		}
	}
	// A tag is seen where a tag below it is: work upwards.
	level := supporting[domain.Tag]
	for depth := 0; len(level) > 0 && depth <= aggregate.MaxTreeDepth; depth++ {
		if err := p.noteBefore(ctx, level); err != nil {
			return err
		}
		if err := p.update(ctx, supportingMarking(p.tx.Dialect(), domain.Tag), level); err != nil {
			return err
		}
		above := map[domain.ID]bool{}
		if err := p.collect(ctx, "SELECT DISTINCT parent_id FROM tags WHERE parent_id IS NOT NULL AND id", level, above); err != nil {
			return err
		}
		level = slices.Collect(maps.Keys(above))
	}
	return nil
}

// update runs a statement that ends in the condition that the id is in a set.
func (p *projector) update(ctx context.Context, statement string, ids []domain.ID) error {
	if len(ids) == 0 {
		return nil
	}
	engine := p.tx.Dialect()
	_, err := p.tx.Exec(ctx, store.Bind(engine, statement+" WHERE id"+store.InSet(engine)), store.Set(engine, ids))
	if err != nil {
		return fmt.Errorf("work out effective markings: %w", err)
	}
	return nil
}

// collect adds the ids that a query ending in "… <column>" returns for a set.
func (p *projector) collect(ctx context.Context, query string, ids []domain.ID, into map[domain.ID]bool) error {
	if len(ids) == 0 {
		return nil
	}
	engine := p.tx.Dialect()
	return store.QueryRows(ctx, p.tx, query+store.InSet(engine), []any{store.Set(engine, ids)}, func(rows *sql.Rows) error {
		var id domain.ID
		err := rows.Scan(&id)
		into[id] = true
		return err
	})
}

// relationshipsOf adds to the relationships those that tie the entities.
func (p *projector) relationshipsOf(ctx context.Context, relationships, entities []domain.ID) ([]domain.ID, error) {
	all := map[domain.ID]bool{}
	for _, id := range relationships {
		all[id] = true
	}
	for _, end := range []string{"from_id", "to_id"} {
		if err := p.collect(ctx, "SELECT id FROM relationships WHERE "+end, entities, all); err != nil {
			return nil, err
		}
	}
	return slices.Collect(maps.Keys(all)), nil
}

func greatest(engine string) string {
	if engine == dialect.Postgres {
		return "greatest"
	}
	return "max"
}

func relationshipMarking(engine string) string {
	return fmt.Sprintf("UPDATE relationships SET effective_marking = coalesce("+
		"(SELECT %s(relationships.marking, f.effective_marking, t.effective_marking)"+
		" FROM entities f, entities t WHERE f.id = relationships.from_id AND t.id = relationships.to_id), %d)",
		greatest(engine), domain.Unseen)
}

// supportingMarking sets a supporting document's effective marking. Most have
// somebody low enough who refers to them, and one such is enough: the lowest
// of all is looked for only where there is none.
func supportingMarking(engine string, t domain.Type) string {
	name := aggregate.TableOf(t).Name
	var exists, lowest []string
	for _, r := range aggregate.Referrers()[t] {
		where := fmt.Sprintf("FROM %s WHERE %s = %s.id", r.From, r.Column, name)
		exists = append(exists, fmt.Sprintf("EXISTS (SELECT 1 %s AND d.effective_marking <= %s.marking)", where, name))
		lowest = append(lowest, "SELECT min(d.effective_marking) AS m "+where)
	}
	return fmt.Sprintf("UPDATE %[1]s SET effective_marking = CASE WHEN %[2]s THEN marking"+
		" ELSE %[3]s(marking, coalesce((SELECT min(u.m) FROM (%[4]s) u), %[5]d)) END",
		name, strings.Join(exists, " OR "), greatest(engine), strings.Join(lowest, " UNION ALL "), domain.Unseen)
}
