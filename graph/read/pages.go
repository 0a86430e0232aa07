package read

import (
	"context"
	"maps"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/domain"
)

// pages is what is known of an edge's connections for all rows of a batch,
// under one set of arguments.
type pages[C any] struct {
	plan   *plan
	groups columns
}

// Page returns a page of the rows that the edge leads to.
func (e *EdgeOf[P, C]) Page(ctx context.Context, row *P, a Args) (*Connection[C], error) {
	ctx, b, err := e.batch(ctx, row)
	if err != nil {
		return nil, err
	}
	key := memoKey{edge: e.name, field: fieldOf(ctx)}
	all, err := once(b, key, func() (*pages[C], error) {
		if e.where != nil {
			a.Filter = maps.Clone(a.Filter)
			a.Filter = both(a.Filter, e.where)
		}
		p, err := planFor(ctx, b.reader, e.to.Table, e.from.Type+"."+e.name, a, e.order)
		if err != nil {
			return nil, err
		}
		return &pages[C]{plan: p, groups: e.to.selected(ctx) | e.to.ofColumn(p.order.Column)}, nil
	})
	if err != nil {
		return nil, err
	}
	id := e.from.ID(row)
	return &Connection[C]{
		plan: all.plan, typ: e.to,
		page: func(ctx context.Context) (*page[C], error) {
			loaded, err := once(b, memoKey{edge: e.name + " page", field: key.field}, func() (map[domain.ID]*page[C], error) {
				return e.pages(b.context(ctx), b, all)
			})
			if p := loaded[id]; p != nil || err != nil {
				return p, err
			}
			return &page[C]{}, nil
		},
		total: func(ctx context.Context) (int, error) {
			counts, err := once(b, memoKey{edge: e.name + " total", field: key.field}, func() (map[domain.ID]int, error) {
				return tally(b.context(ctx), b.reader, e.to, func(s *sql.Selector) {
					owner, _ := e.path.attach(b.reader, s, b.ids())
					all.plan.where(s)
					selectCount(s, owner)
					s.GroupBy(owner)
				})
			})
			return counts[id], err
		},
	}, nil
}

// both is a filter that holds when both do.
func both(a, b map[string]any) map[string]any {
	if a == nil {
		return b
	}
	return map[string]any{"and": []any{a, b}}
}

// pages reads the pages of all rows of a batch in one statement.
func (e *EdgeOf[P, C]) pages(ctx context.Context, b *Batch[P], all *pages[C]) (map[domain.ID]*page[C], error) {
	p, r := all.plan, b.reader
	rows, err := find(ctx, r, e.to, all.groups, func(s *sql.Selector) {
		owner, column := e.path.attach(r, s, b.ids())
		if !p.order.byPosition {
			column = s.C(p.order.Column)
		}
		p.restrict(r, s, column)
		columns := s.SelectedColumns()
		if e.path.Link != nil {
			s.AppendSelectAs(owner, ownerAlias)
		}
		if p.order.byPosition {
			s.AppendSelectAs(column, positionAlias)
		}
		if len(b.rows) == 1 {
			p.sort(r, s, column)
			return
		}
		p.rank(r, s, owner, column, columns)
	})
	if err != nil {
		return nil, err
	}
	owners, err := e.owners(rows)
	if err != nil {
		return nil, err
	}
	positions := make([]int64, len(rows))
	if p.order.byPosition {
		for i, row := range rows {
			if positions[i], err = extra(row, positionAlias); err != nil {
				return nil, err
			}
		}
	}
	newBatch(ctx, r, e.to, rows, all.groups)
	grouped := map[domain.ID]*page[C]{}
	for i, row := range rows {
		g := grouped[owners[i]]
		if g == nil {
			g = &page[C]{}
			grouped[owners[i]] = g
		}
		g.rows = append(g.rows, row)
		g.positions = append(g.positions, positions[i])
	}
	for owner, g := range grouped {
		grouped[owner] = trim(p, g.rows, g.positions)
	}
	return grouped, nil
}

// where puts the filter on a statement.
func (p *plan) where(s *sql.Selector) {
	if cond := p.filter.on(s); cond != nil {
		s.Where(cond)
	}
}

// restrict puts the filter and the cursors on a statement.
func (p *plan) restrict(r *Reader, s *sql.Selector, column string) {
	p.where(s)
	if p.after != nil {
		s.Where(p.order.beyond(r.engine, column, s.C(p.key), *p.after, false))
	}
	if p.before != nil {
		s.Where(p.order.beyond(r.engine, column, s.C(p.key), *p.before, true))
	}
}

// sort orders a statement in the direction of reading and limits it to one
// row more than the page has.
func (p *plan) sort(r *Reader, s *sql.Selector, column string) {
	s.OrderExpr(p.order.terms(r.engine, column, s.C(p.key), p.backward)...)
	s.Limit(p.limit + 1)
}

// rank turns a statement into one that orders and limits the targets of each
// owner by themselves. The ranking is done on ids alone: most rows are dropped,
// and only those that stay are read whole, with the columns that were selected.
func (p *plan) rank(r *Reader, s *sql.Selector, owner, column string, columns []string) {
	inner := new(sql.Selector)
	*inner = *s
	inner.Select().AppendSelectAs(s.C(p.key), idAlias).AppendSelectAs(owner, ownerAlias)
	if p.order.byPosition {
		inner.AppendSelectAs(column, positionAlias)
	}
	inner.AppendSelectExprAs(
		sql.RowNumber().PartitionBy(owner).OrderExpr(p.order.terms(r.engine, column, s.C(p.key), p.backward)...),
		rankAlias)
	inner.As("page")

	table := sql.Dialect(s.Dialect()).Table(s.TableName())
	outer := sql.Dialect(s.Dialect()).Select(columns...).From(table).WithContext(s.Context())
	outer.Join(inner).On(inner.C(idAlias), outer.C(p.key))
	outer.AppendSelect(inner.C(ownerAlias))
	if p.order.byPosition {
		outer.AppendSelect(inner.C(positionAlias))
	}
	outer.Where(sql.LTE(inner.C(rankAlias), p.limit+1))
	outer.OrderBy(inner.C(rankAlias))
	*s = *outer
}

// selectCount makes a statement count its rows by group.
func selectCount(s *sql.Selector, group string) {
	s.Select()
	s.AppendSelectExprAs(sql.Raw(group), ownerAlias)
	s.AppendSelectExprAs(sql.Raw("COUNT(*)"), countAlias)
}
