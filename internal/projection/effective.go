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
// A document's is its own marking. One with ends (a relationship) has the highest of
// its own and theirs, and is unseen while an end is not live. A supporting
// document's is the higher of its own and the lowest of those that refer to it;
// without one it is unseen.
func (p *projector) markEffective(ctx context.Context, ids []domain.ID, touched map[domain.ID]bool) error {
	groups := aggregate.GroupByType(ids)
	for _, t := range domain.Types() {
		if t.Supporting() || len(aggregate.SpecOf(t).Ends) > 0 {
			continue
		}
		if err := p.update(ctx, "UPDATE "+aggregate.TableOf(t).Name+" SET effective_marking = marking", groups[t]); err != nil {
			return err
		}
	}
	for _, t := range domain.Types() {
		ends := aggregate.SpecOf(t).Ends
		if len(ends) == 0 {
			continue
		}
		dependent, err := p.dependentsOf(ctx, t, groups)
		if err != nil {
			return err
		}
		if err := p.noteBefore(ctx, dependent); err != nil {
			return err
		}
		if err := p.update(ctx, markingWithEnds(p.tx.Dialect(), t), dependent); err != nil {
			return err
		}
		if err := p.supportOf(ctx, dependent, touched); err != nil {
			return err
		}
	}
	supporting := aggregate.GroupByType(append(slices.Collect(maps.Keys(touched)), ids...))
	for _, t := range domain.Types() {
		if !t.Supporting() {
			continue
		}
		if err := p.markSupporting(ctx, t, supporting[t]); err != nil {
			return err
		}
	}
	return nil
}

// markSupporting works out the effective markings of supporting documents of a type,
// and of their parents, where the type is a tree: a tag is seen where a tag below
// it is.
func (p *projector) markSupporting(ctx context.Context, t domain.Type, level []domain.ID) error {
	for depth := 0; len(level) > 0 && depth <= aggregate.MaxTreeDepth; depth++ {
		if err := p.noteBefore(ctx, level); err != nil {
			return err
		}
		if err := p.update(ctx, supportingMarking(p.tx.Dialect(), t), level); err != nil {
			return err
		}
		above := map[domain.ID]bool{}
		for _, ref := range aggregate.TableOf(t).References {
			if ref.Target == t {
				query := fmt.Sprintf("SELECT DISTINCT %[1]s FROM %[2]s WHERE %[1]s IS NOT NULL AND id", aggregate.Quote(ref.Column), aggregate.TableOf(t).Name)
				if err := p.collect(ctx, query, level, above); err != nil {
					return err
				}
			}
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

// dependentsOf are the documents of a type with ends whose effective marking may have
// changed: those of the groups, and those that have an end in them.
func (p *projector) dependentsOf(ctx context.Context, t domain.Type, groups map[domain.Type][]domain.ID) ([]domain.ID, error) {
	all := map[domain.ID]bool{}
	for _, id := range groups[t] {
		all[id] = true
	}
	for _, end := range endsOf(t) {
		if err := p.collect(ctx, "SELECT id FROM "+aggregate.TableOf(t).Name+" WHERE "+aggregate.Quote(end.Column), groups[end.Target], all); err != nil {
			return nil, err
		}
	}
	return slices.Collect(maps.Keys(all)), nil
}

// endsOf are the references without which live does not show a document of a type.
func endsOf(t domain.Type) []aggregate.Reference {
	columns := aggregate.SpecOf(t).Ends
	return slices.DeleteFunc(slices.Clone(aggregate.TableOf(t).References), func(r aggregate.Reference) bool {
		return !slices.Contains(columns, r.Column)
	})
}

func greatest(engine string) string {
	if engine == dialect.Postgres {
		return "greatest"
	}
	return "max"
}

// markingWithEnds sets the effective marking of a document with ends.
func markingWithEnds(engine string, t domain.Type) string {
	name := aggregate.TableOf(t).Name
	markings, from, where := []string{name + ".marking"}, []string{}, []string{}
	for i, end := range endsOf(t) {
		alias := fmt.Sprintf("e%d", i)
		markings = append(markings, alias+".effective_marking")
		from = append(from, aggregate.TableOf(end.Target).Name+" "+alias)
		where = append(where, fmt.Sprintf("%s.id = %s.%s", alias, name, aggregate.Quote(end.Column)))
	}
	return fmt.Sprintf("UPDATE %s SET effective_marking = coalesce((SELECT %s(%s) FROM %s WHERE %s), %d)",
		name, greatest(engine), strings.Join(markings, ", "), strings.Join(from, ", "), strings.Join(where, " AND "), domain.Unseen)
}

// supportingMarking sets a supporting document's effective marking. Most have
// somebody low enough who refers to them, and one such is enough: the lowest
// of all is looked for only where there is none.
func supportingMarking(engine string, t domain.Type) string {
	name := aggregate.TableOf(t).Name
	var exists, lowest []string
	for _, r := range aggregate.Referrers(t) {
		where := fmt.Sprintf("FROM %s WHERE %s = %s.id", r.From, r.Column, name)
		exists = append(exists, fmt.Sprintf("EXISTS (SELECT 1 %s AND d.effective_marking <= %s.marking)", where, name))
		lowest = append(lowest, "SELECT min(d.effective_marking) AS m "+where)
	}
	return fmt.Sprintf("UPDATE %[1]s SET effective_marking = CASE WHEN %[2]s THEN marking"+
		" ELSE %[3]s(marking, coalesce((SELECT min(u.m) FROM (%[4]s) u), %[5]d)) END",
		name, strings.Join(exists, " OR "), greatest(engine), strings.Join(lowest, " UNION ALL "), domain.Unseen)
}
