package projection

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/visibility"
)

// markEffective updates the effective markings that a release may have changed: those of
// the documents that it added, changed or removed (ids), and of the supporting documents
// that those referred to before or refer to now (touched).
//
// The effective marking of a document is its own marking. For a document with ends (a
// relationship, or an edition, whose end is its series) it is the highest of its own and
// theirs, and the document is unseen while an end is not live. Of a series its own marking
// counts. For a supporting document it is the higher of its own and the
// lowest of the documents that refer to it; without a referrer it is unseen.
func (p *projector) markEffective(ctx context.Context, ids []domain.ID, touched map[domain.ID]bool) error {
	groups := aggregate.GroupByType(ids)
	for _, t := range domain.Types() {
		if t.Supporting() || len(aggregate.SpecOf(t).Ends) > 0 {
			continue
		}
		if err := p.update(ctx, visibility.OwnMarking(aggregate.TableOf(t).Name), groups[t]); err != nil {
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
		if err := p.recordBefore(ctx, dependent); err != nil {
			return err
		}
		if err := p.update(ctx, visibility.MarkingWithEnds(p.tx.Dialect(), aggregate.TableOf(t).Name, endsOf(t)), dependent); err != nil {
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
		if err := p.markSupporting(ctx, t, linksTo(t), supporting[t]); err != nil {
			return err
		}
	}
	return nil
}

// markSupporting updates the effective markings of supporting documents of a type and,
// if the type is a tree, of their ancestors: a tag is visible if a tag below it is. links are those to documents of the type.
func (p *projector) markSupporting(ctx context.Context, t domain.Type, links []visibility.Link, level []domain.ID) error {
	for depth := 0; len(level) > 0 && depth <= aggregate.MaxTreeDepth; depth++ {
		if err := p.recordBefore(ctx, level); err != nil {
			return err
		}
		if err := p.update(ctx, visibility.SupportingMarking(p.tx.Dialect(), aggregate.TableOf(t).Name, links), level); err != nil {
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

// update runs a statement that ends in "AND id", for which ids are added.
func (p *projector) update(ctx context.Context, statement string, ids []domain.ID) error {
	if err := store.ExecSet(ctx, p.tx, statement, ids); err != nil {
		return fmt.Errorf("work out effective markings: %w", err)
	}
	return nil
}

// collect adds to into the ids that a query returns. The query ends in "… <column>", to
// which the condition that the column is in ids is added.
func (p *projector) collect(ctx context.Context, query string, ids []domain.ID, into map[domain.ID]bool) error {
	if len(ids) == 0 {
		return nil
	}
	engine := p.tx.Dialect()
	return store.QueryRows(ctx, p.tx, query+store.InSet(engine), []any{store.IDSet(engine, ids)}, func(rows *sql.Rows) error {
		var id domain.ID
		err := rows.Scan(&id)
		into[id] = true
		return err
	})
}

// dependentsOf returns the documents of a type with ends whose effective marking may
// have changed: those of the groups, and those that have an end in them.
func (p *projector) dependentsOf(ctx context.Context, t domain.Type, groups map[domain.Type][]domain.ID) ([]domain.ID, error) {
	all := map[domain.ID]bool{}
	for _, id := range groups[t] {
		all[id] = true
	}
	for _, ref := range aggregate.TableOf(t).References {
		if !slices.Contains(aggregate.SpecOf(t).Ends, ref.Column) {
			continue
		}
		if err := p.collect(ctx, "SELECT id FROM "+aggregate.TableOf(t).Name+" WHERE "+aggregate.Quote(ref.Column), groups[ref.Target], all); err != nil {
			return nil, err
		}
	}
	return slices.Collect(maps.Keys(all)), nil
}

// endsOf returns the references without which a document of a type is not visible in
// live.
func endsOf(t domain.Type) []visibility.End {
	var ends []visibility.End
	for _, ref := range aggregate.TableOf(t).References {
		if slices.Contains(aggregate.SpecOf(t).Ends, ref.Column) {
			end := visibility.End{Column: ref.Column, Table: aggregate.TableOf(ref.Target).Name, Marking: visibility.EffectiveMarking}
			if ref.Target.Supporting() {
				end.Marking = "marking"
			}
			ends = append(ends, end)
		}
	}
	return ends
}

// linksTo returns the links from all types of documents to documents of a type.
func linksTo(t domain.Type) []visibility.Link {
	var links []visibility.Link
	for _, r := range aggregate.Referrers(t) {
		links = append(links, visibility.Link{From: r.From, Column: r.Column})
	}
	return links
}
