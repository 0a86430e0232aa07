package read

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/domain"
)

// EdgeOf leads from rows of one type to rows of another.
type EdgeOf[P, C any] struct {
	name  string
	from  *Type[P]
	to    *Type[C]
	path  Path
	where map[string]any // a filter that always holds
	order *OrderBy       // the standard order of connections
}

// NewEdge declares an edge. Its name must be its own among those of from.
func NewEdge[P, C any](name string, from *Type[P], to *Type[C], path Path) *EdgeOf[P, C] {
	return &EdgeOf[P, C]{name: name, from: from, to: to, path: path}
}

// Ordered returns the edge with a standard order for connections.
func (e *EdgeOf[P, C]) Ordered(field, direction string) *EdgeOf[P, C] {
	c := *e
	c.order = &OrderBy{Field: field, Direction: direction}
	return &c
}

// Where returns the edge with a filter that always holds.
func (e *EdgeOf[P, C]) Where(filter map[string]any) *EdgeOf[P, C] {
	c := *e
	c.where = filter
	return &c
}

// Through returns the edge with another path.
func (e *EdgeOf[P, C]) Through(path Path) *EdgeOf[P, C] {
	c := *e
	c.path = path
	return &c
}

// batch returns the batch of a row and ctx at the batch's stage.
func (e *EdgeOf[P, C]) batch(ctx context.Context, row *P) (context.Context, *Batch[P], error) {
	b := e.from.batchOf(row)
	if b == nil {
		return ctx, nil, errNoBatch(e.from.Table)
	}
	return b.context(ctx), b, nil
}

// One returns the row that a column of row refers to; nil where it is null or
// what it refers to is not visible. Both take the same statement: the
// response time must not distinguish the two.
func (e *EdgeOf[P, C]) One(ctx context.Context, row *P) (*C, error) {
	ctx, b, err := e.batch(ctx, row)
	if err != nil {
		return nil, err
	}
	groups := e.to.selected(ctx)
	found, err := once(b, memoKey{edge: e.name, groups: groups}, func() (map[domain.ID]*C, error) {
		ids := []int64{}
		seen := map[domain.ID]bool{}
		for _, row := range b.rows {
			if id := e.from.reference(row, e.path.Column); id != 0 && !seen[id] {
				seen[id] = true
				ids = append(ids, int64(id))
			}
		}
		rows, err := all(ctx, b.reader, e.to, groups, func(s *sql.Selector) {
			s.Where(b.reader.within(s.C("id"), ids))
		})
		found := make(map[domain.ID]*C, len(rows))
		for _, row := range rows {
			found[e.to.ID(row)] = row
		}
		dependOnFound(ctx, e.to, rows)
		return found, err
	})
	return found[e.from.reference(row, e.path.Column)], err
}

// List returns all rows that the edge leads to, in the owner's order.
func (e *EdgeOf[P, C]) List(ctx context.Context, row *P) ([]*C, error) {
	ctx, b, err := e.batch(ctx, row)
	if err != nil {
		return nil, err
	}
	groups := e.to.selected(ctx)
	lists, err := once(b, memoKey{edge: e.name, groups: groups}, func() (map[domain.ID][]*C, error) {
		return e.lists(ctx, b, groups)
	})
	return lists[e.from.ID(row)], err
}

func (e *EdgeOf[P, C]) lists(ctx context.Context, b *Batch[P], groups columns) (map[domain.ID][]*C, error) {
	var problems domain.Problems
	always, err := b.reader.compile(ctx, e.to.Table, e.where, "", &problems)
	if err != nil {
		return nil, err
	}
	if err := problems.Err("the filter of an edge is not right"); err != nil {
		return nil, err
	}
	rows, err := find(ctx, b.reader, e.to, groups, func(s *sql.Selector) {
		owner, position := e.path.attach(b.reader, s, b.ids())
		if p := always.on(s); p != nil {
			s.Where(p)
		}
		if e.path.Link != nil {
			s.AppendSelectAs(owner, ownerAlias)
		}
		s.OrderExpr(sql.Raw(position), sql.Raw(s.C(e.to.key())))
	})
	if err != nil {
		return nil, err
	}
	owners, err := e.owners(rows)
	if err != nil {
		return nil, err
	}
	e.dependOnList(ctx, b, rows)
	newBatch(ctx, b.reader, e.to, rows, groups).owners = b
	lists := make(map[domain.ID][]*C, len(b.rows))
	for i, row := range rows {
		lists[owners[i]] = append(lists[owners[i]], row)
	}
	return lists, nil
}

// owners returns the ids of the rows that targets belong to, as they were
// read: a batch unites the rows of one target.
func (e *EdgeOf[P, C]) owners(rows []*C) ([]domain.ID, error) {
	owners := make([]domain.ID, len(rows))
	for i, row := range rows {
		if e.path.Link == nil {
			owners[i] = e.to.reference(row, e.path.Back)
			continue
		}
		id, err := extra(row, ownerAlias)
		if err != nil {
			return nil, err
		}
		owners[i] = domain.ID(id)
	}
	return owners, nil
}

// attach restricts a statement over the target's table to the targets of the
// owners, and returns the columns with the owner and with the position. The
// latter is empty where the path has no order of its own.
func (p Path) attach(r *Reader, s *sql.Selector, owners []int64) (owner, position string) {
	if p.Link == nil {
		s.Where(r.within(s.C(p.Back), owners))
		return s.C(p.Back), s.C("position")
	}
	l := p.Link
	if l.Repeats || l.OrOwner != "" {
		pairs := l.pairs(r, s.Dialect(), l.Owner, owners)
		if l.OrOwner != "" {
			other := l.pairs(r, s.Dialect(), l.OrOwner, owners)
			other.Where(sql.ColumnsNEQ(other.C(l.Owner), other.C(l.OrOwner)))
			pairs.UnionAll(other)
		}
		pairs.As("link")
		s.Join(pairs).On(pairs.C("target"), s.C("id"))
		return pairs.C("owner"), ""
	}
	link := sql.Dialect(s.Dialect()).Table(l.Table).As("link")
	s.Join(link).On(link.C(l.Target), s.C("id"))
	s.Where(r.within(link.C(l.Owner), owners))
	if l.Only != "" {
		s.Where(r.within(link.C(l.Only), l.Values))
	}
	if l.Position != "" {
		position = link.C(l.Position)
	}
	return link.C(l.Owner), position
}

// pairs selects the owners and targets of a link, each pair once.
func (l *Link) pairs(r *Reader, dialect, ownerColumn string, owners []int64) *sql.Selector {
	t := sql.Dialect(dialect).Table(l.Table)
	s := sql.Dialect(dialect).Select().From(t)
	s.AppendSelectAs(s.C(ownerColumn), "owner").AppendSelectAs(s.C(l.Target), "target")
	s.Where(r.within(s.C(ownerColumn), owners))
	if l.Only != "" {
		s.Where(r.within(s.C(l.Only), l.Values))
	}
	if l.Repeats {
		s.Distinct()
	}
	return s
}
