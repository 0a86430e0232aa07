package read

import (
	"context"
	"fmt"

	"github.com/redthread-api/redthread/internal/domain"
)

// Sizes of a page.
const (
	DefaultPage = 20
	MaxPage     = 100
)

// Args are the arguments of a connection.
type Args struct {
	First  *int
	After  *string
	Last   *int
	Before *string
	Filter map[string]any
	Order  *OrderBy
}

// plan is what the arguments of a connection come to.
type plan struct {
	key           string // the column with the rows' numbers
	limit         int
	backward      bool
	order         ordering
	after, before *sortKey
	filter        condition
	accesses      []*access      // of filter
	arguments     map[string]any // filter before it was compiled
	walked        *access        // by whose links the page is read; nil where it is not
	seeks         seeking        // how filter finds rows
	several       bool           // what was to be walked has several targets
	searched      *searched      // what all rows are found by; nil where it is not
	exhausted     bool           // the page is not among the newest that were found
}

// window checks first and last.
func (a Args) window(p *domain.Problems) (limit int, backward bool) {
	check := func(name string, n *int) {
		if n != nil {
			switch {
			case *n < 0:
				p.Add(name, "%d is negative; want 0 to %d", *n, MaxPage)
			case *n > MaxPage:
				p.Add(name, "%d is too many; want 0 to %d, and go on from endCursor for more", *n, MaxPage)
			}
		}
	}
	check("first", a.First)
	check("last", a.Last)
	switch {
	case a.First != nil && a.Last != nil:
		p.Add("last", "give first or last, not both")
	case a.First != nil:
		return *a.First, false
	case a.Last != nil:
		return *a.Last, true
	}
	return DefaultPage, false
}

// planFor checks all arguments at once. list names the list; without an order
// in the arguments it has the standard one, and without that it has the order
// of positions.
func planFor(ctx context.Context, r *Reader, t *Table, list string, a Args, standard *OrderBy) (*plan, error) {
	var problems domain.Problems
	p := &plan{key: t.key()}
	p.limit, p.backward = a.window(&problems)

	by := a.Order
	if by == nil {
		by = standard
	}
	if by == nil {
		p.order = ordering{Order: Order{Kind: Int}, list: list, stage: domain.StageFrom(ctx), byPosition: true, notNull: true}
	} else {
		order, ok := t.Orders[by.Field]
		if !ok {
			return nil, fmt.Errorf("read: %s cannot be ordered by %q", t.Type, by.Field)
		}
		p.order = ordering{
			Order:      order,
			list:       list + " " + by.Field + " " + by.Direction + order.mark(),
			stage:      domain.StageFrom(ctx),
			descending: by.Direction == Descending,
			notNull:    !order.Nullable || order.Text != "" || order.LiveNotNull && domain.StageFrom(ctx) == domain.Live,
		}
	}
	at := func(name string, s *string) *sortKey {
		if s == nil {
			return nil
		}
		pl, err := p.order.decode(*s)
		if err != nil {
			problems.Add(name, "%s", err)
		}
		return &pl
	}
	p.after, p.before = at("after", a.After), at("before", a.Before)

	var err error
	p.arguments = a.Filter
	c := &compiler{ctx: ctx, reader: r, seeks: &p.seeks, problems: &problems}
	if p.filter, err = c.compile(t, a.Filter, "filter"); err != nil {
		return nil, err
	}
	p.accesses, p.searched = c.accesses, c.searched
	return p, problems.Err("the arguments are not right")
}
