package read

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/domain"
)

// edgePage is the state of an edge's connections for all rows of a batch, with one set of
// arguments.
type edgePage struct {
	*pageBatch
	groups columns
}

// Page returns a page of the rows that the edge leads to.
func (e *EdgeOf[P, C]) Page(ctx context.Context, row *P, a Args) (*Connection[C], error) {
	ctx, b, err := e.batch(ctx, row)
	if err != nil {
		return nil, err
	}
	key := memoKey{edge: e.name, field: fieldOf(ctx)}
	all, err := once(b, key, func() (*edgePage, error) {
		p, err := e.page(ctx, b.reader, a)
		if err != nil {
			return nil, err
		}
		trackFilter(ctx, p.accesses)
		e.dependOnPages(ctx, b.reader, b.ids(), p.arguments, p.plan)
		return &edgePage{pageBatch: p, groups: e.to.selected(ctx) | e.to.ofColumn(p.order.cursorColumn())}, nil
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
				return e.counts(b.context(ctx), b.reader, all.pageBatch, b.ids())
			})
			return counts[id], err
		},
		facets: &Facets{table: e.To, count: func(ctx context.Context, f Facet, limit int) ([]*FacetValue, error) {
			values, err := once(b, memoKey{edge: e.name + " " + f.key(limit), field: key.field}, func() (map[domain.ID][]*FacetValue, error) {
				ctx := b.context(ctx)
				DependOnList(ctx, b.reader, e.To, nil) // also rows that no page has count
				b.reader.dependOnFacet(ctx, e.To, f)
				values, err := b.reader.facet(ctx, e.To, all.plan, f, limit, &e.Relation, b.ids())
				return inBatch(ctx, values), err
			})
			return values[id], err
		}},
		tally: func(ctx context.Context, by Tally) (tallied, error) {
			found, err := once(b, memoKey{edge: fmt.Sprintf("%s tally %+v", e.name, by), field: key.field}, func() (map[domain.ID]tallied, error) {
				return b.reader.tally(b.context(ctx), e.To, all.plan, by, &e.Relation, b.ids())
			})
			return found[id], err
		},
	}, nil
}

// AllOf is a filter that holds when both do. Errors in either name its conditions as if it were the whole filter: of a
// condition that a list has by itself and what a client has written, the client knows only the latter.
func AllOf(a, b map[string]any) map[string]any {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	return map[string]any{"and": joinedFilters{a, b}}
}

// joinedFilters are filters that hold together; see [AllOf]. No client can send one.
type joinedFilters []any

// pages reads the pages of all rows of a batch in one statement.
func (e *EdgeOf[P, C]) pages(ctx context.Context, b *Batch[P], all *edgePage) (map[domain.ID]*page[C], error) {
	p, r := all.plan, b.reader
	if err := p.chooseAccess(ctx, r, e.To, true); err != nil {
		return nil, err
	}
	rows, err := find(ctx, r, e.to, all.groups, e.pageShape(r, all.pageBatch, b.ids()))
	if err != nil {
		return nil, err
	}
	owners, err := e.owners(rows)
	if err != nil {
		return nil, err
	}
	if e.path.forward() {
		dependOnFound(ctx, e.to, rows)
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
	}
	for owner, g := range grouped {
		grouped[owner] = trim(p, g.rows)
	}
	return grouped, nil
}

// betweenPositions puts the cursors on a statement that is ordered by
// position. A position reveals how many rows are before it, also hidden ones,
// so it is not in the cursor: it is looked up for the row
// that the cursor is of, among those that the viewer may see. By Relay's
// specification, a cursor of a row that is not in the owner's list has no effect.
func (rel *Relation) betweenPositions(s *sql.Selector, all *pageBatch, owner, position string) {
	bound := func(at *sortKey, op, otherwise string) {
		if at == nil {
			return
		}
		row := sql.Dialect(s.Dialect()).Table(rel.To.Name).As("at")
		found := sql.Dialect(s.Dialect()).Select().From(row).WithContext(s.Context())
		if rel.To.Document != 0 {
			all.fence(found)
		}
		found.Where(sql.EQ(found.C(rel.To.key()), int64(at.id)))
		of, column := found.C(rel.path.Back), found.C("position")
		if l := rel.path.Link; l != nil {
			link := sql.Dialect(s.Dialect()).Table(l.Table).As("at_link")
			found.Join(link).On(link.C(l.Target), found.C("id"))
			of, column = link.C(l.Owner), link.C(l.Position)
		}
		found.Select(sql.Min(column)).Where(sql.P(func(b *sql.Builder) { b.WriteString(of + " = " + owner) }))
		s.Where(sql.P(func(b *sql.Builder) {
			b.WriteString(position + op + "coalesce((").Join(found).WriteString("), " + otherwise + ")")
		}))
	}
	bound(all.after, " > ", "-1")
	bound(all.before, " < ", position+" + 1")
}

// where puts the filter on a statement.
func (p *plan) where(s *sql.Selector) {
	if cond := p.filter.on(s); cond != nil {
		s.Where(cond)
	}
}

// between puts the cursors on a statement that is ordered by a column.
func (p *plan) between(r *Reader, s *sql.Selector, column string) {
	if p.after != nil {
		s.Where(p.order.beyond(column, s.C(p.key), *p.after, false))
	}
	if p.before != nil {
		s.Where(p.order.beyond(column, s.C(p.key), *p.before, true))
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
	inner.AppendSelectExprAs(
		sql.RowNumber().PartitionBy(owner).OrderExpr(p.order.terms(r.engine, column, s.C(p.key), p.backward)...),
		rankAlias)
	inner.As("page")

	table := sql.Dialect(s.Dialect()).Table(s.TableName())
	outer := sql.Dialect(s.Dialect()).Select(columns...).From(table).WithContext(s.Context())
	outer.Join(inner).On(inner.C(idAlias), outer.C(p.key))
	outer.AppendSelect(inner.C(ownerAlias))
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
