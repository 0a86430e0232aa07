package read

import (
	"context"
	"sync"

	"github.com/redthread-api/redthread/internal/domain"
)

// Connection is a page of a list, by Relay's specification. The page and the count are
// read when they are first used.
type Connection[T any] struct {
	plan   *plan
	typ    *Type[T]
	page   func(context.Context) (*page[T], error)
	total  func(context.Context) (int, error)
	facets *Facets
	tally  func(context.Context, Tally) (tallied, error)
}

// page is what was read of a list.
type page[T any] struct {
	rows []*T
	more bool // there are rows beyond the page, in the direction of reading
}

// Edge is a row with its place in the list.
type Edge[T any] struct {
	Node   *T
	Cursor string
}

// PageInfo is Relay's PageInfo.
type PageInfo struct {
	HasNextPage     bool
	HasPreviousPage bool
	StartCursor     *string
	EndCursor       *string
}

// Nodes returns the rows of the page.
func (c *Connection[T]) Nodes(ctx context.Context) ([]*T, error) {
	p, err := c.page(ctx)
	if err != nil {
		return nil, err
	}
	return p.rows, nil
}

// Edges returns the rows of the page with their cursors.
func (c *Connection[T]) Edges(ctx context.Context) ([]*Edge[T], error) {
	p, err := c.page(ctx)
	if err != nil {
		return nil, err
	}
	edges := make([]*Edge[T], len(p.rows))
	for i, row := range p.rows {
		cursor, err := c.cursor(p, i)
		if err != nil {
			return nil, err
		}
		edges[i] = &Edge[T]{Node: row, Cursor: cursor}
	}
	return edges, nil
}

// PageInfo returns the position of the page in the list. Whether there are rows on the
// side from which the page was not read follows from the cursor there: a cursor was a
// row of the list.
func (c *Connection[T]) PageInfo(ctx context.Context) (*PageInfo, error) {
	p, err := c.page(ctx)
	if err != nil {
		return nil, err
	}
	info := &PageInfo{HasNextPage: p.more, HasPreviousPage: c.plan.after != nil}
	if c.plan.backward {
		info.HasNextPage, info.HasPreviousPage = c.plan.before != nil, p.more
	}
	if n := len(p.rows); n > 0 {
		start, err := c.cursor(p, 0)
		if err != nil {
			return nil, err
		}
		end, err := c.cursor(p, n-1)
		if err != nil {
			return nil, err
		}
		info.StartCursor, info.EndCursor = &start, &end
	}
	return info, nil
}

// Stage returns the stage at which the list is read.
func (c *Connection[T]) Stage() domain.Stage { return c.plan.order.stage }

// TotalCount counts the whole list.
func (c *Connection[T]) TotalCount(ctx context.Context) (int, error) { return c.total(ctx) }

func (c *Connection[T]) cursor(p *page[T], i int) (string, error) {
	at := sortKey{id: c.typ.ID(p.rows[i])}
	if !c.plan.order.byPosition {
		at.value = cursorValue(c.typ.value(p.rows[i], c.plan.order.cursorColumn()))
	}
	return c.plan.order.encode(at)
}

// trim makes a page of what was read with a limit of one more than the page,
// in the direction of reading.
func trim[T any](p *plan, rows []*T) *page[T] {
	rows, more := trimmed(p, rows)
	return &page[T]{rows: rows, more: more}
}

func trimmed[E any](p *plan, rows []E) (page []E, more bool) {
	if len(rows) > p.limit {
		rows, more = rows[:p.limit], true
	}
	if p.backward {
		// The rows may share their memory with others: turn a copy round.
		rows = reversed(rows)
	}
	return rows, more
}

func reversed[E any](in []E) []E {
	out := make([]E, len(in))
	for i, e := range in {
		out[len(in)-1-i] = e
	}
	return out
}

// readPage reads a page of all rows of a type.
func readPage[T any](ctx context.Context, r *Reader, t *Type[T], groups columns, p *plan) (*page[T], error) {
	for {
		if err := p.chooseAccess(ctx, r, t.Table, false); err != nil {
			return nil, err
		}
		rows, err := all(ctx, r, t, groups, p.shape(r))
		if err != nil {
			return nil, err
		}
		again, err := p.mustReadAgain(ctx, r, len(rows))
		if err != nil || !again {
			return trim(p, rows), err
		}
	}
}

// List returns a page of all rows of a type that the viewer may see, at the
// stage of ctx.
func List[T any](ctx context.Context, r *Reader, t *Type[T], a Args) (*Connection[T], error) {
	p, err := planFor(ctx, r, t.Table, t.Name, a, nil)
	if err != nil {
		return nil, err
	}
	trackFilter(ctx, p.accesses)
	DependOnList(ctx, r, t.Table, a.Filter)
	groups := t.selected(ctx) | t.ofColumn(p.order.cursorColumn())
	stage := domain.StageFrom(ctx)
	var once sync.Once
	var got *page[T]
	var failed error
	return &Connection[T]{
		plan: p, typ: t,
		page: func(ctx context.Context) (*page[T], error) {
			once.Do(func() {
				ctx := domain.WithStage(ctx, stage)
				got, failed = readPage(ctx, r, t, groups, p)
			})
			return got, failed
		},
		total: func(ctx context.Context) (int, error) {
			return r.countAll(domain.WithStage(ctx, stage), t.Table, p)
		},
		facets: &Facets{table: t.Table, count: func(ctx context.Context, f Facet, limit int) ([]*FacetValue, error) {
			return r.facetAll(domain.WithStage(ctx, stage), t.Table, p, f, limit)
		}},
		tally: func(ctx context.Context, by Tally) (tallied, error) {
			found, err := r.tally(domain.WithStage(ctx, stage), t.Table, p, by, nil, []int64{0})
			return found[0], err
		},
	}, nil
}
