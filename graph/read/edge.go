package read

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/domain"
)

// EdgeOf is a relation with the Go types of the rows that it leads between.
type EdgeOf[P, C any] struct {
	Relation
	from *Type[P]
	to   *Type[C]
}

// NewEdge declares an edge. Its name must be its own among those of from.
func NewEdge[P, C any](name string, from *Type[P], to *Type[C], path Path) *EdgeOf[P, C] {
	return &EdgeOf[P, C]{Relation: Relation{name: name, From: from.Table, To: to.Table, path: path}, from: from, to: to}
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

// Once returns the edge for one request: no texts of statements are remembered for it.
func (e *EdgeOf[P, C]) Once() *EdgeOf[P, C] {
	c := *e
	c.once = true
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
	always, err := e.always(ctx, b.reader)
	if err != nil {
		return nil, err
	}
	rows, err := find(ctx, b.reader, e.to, groups, e.listShape(b.reader, always, b.ids()))
	if err != nil {
		return nil, err
	}
	owners, err := e.owners(rows)
	if err != nil {
		return nil, err
	}
	e.dependOnList(ctx, b.reader, b.ids())
	if e.path.forward() {
		dependOnFound(ctx, e.to, rows)
	}
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
