package read

import (
	"cmp"
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/visibility"
)

// Relation leads from rows of one table to rows of another.
type Relation struct {
	From, To *Table
	name     string
	path     Path
	where    map[string]any // a filter that always holds
	order    *OrderBy       // the standard order of connections
	once     bool           // for one request
	without  *Relation      // the relation without where; nil for itself
}

// base returns the relation without the filter that always holds.
func (rel *Relation) base() *Relation {
	if rel == nil || rel.without == nil {
		return rel
	}
	return rel.without
}

// Column returns the column of From with the id of the row that the relation leads to;
// empty where a row can have several.
func (rel *Relation) Column() string { return rel.path.Column }

// always returns the filter that always holds.
func (rel *Relation) always(ctx context.Context, r *Reader) (condition, error) {
	var problems domain.Problems
	always, accesses, err := r.compile(ctx, rel.To, rel.where, "", new(seeking), &problems)
	if err != nil {
		return nil, err
	}
	if err := problems.Err("the filter of an edge is not right"); err != nil {
		return nil, err
	}
	trackFilter(ctx, accesses)
	return always, nil
}

// listShape shapes a statement over the relation's target so that it reads all rows that
// the relation leads to from the owners, in the order of each owner, with the owner of each.
func (rel *Relation) listShape(r *Reader, always condition, owners []int64) func(*sql.Selector) {
	return func(s *sql.Selector) {
		owner, position, target := rel.path.attach(r, s, owners)
		if p := always.on(s); p != nil {
			s.Where(p)
		}
		s.AppendSelectAs(owner, ownerAlias)
		s.OrderExpr(sql.Raw(owner), sql.Raw(position), sql.Raw(target)) // as the index of a link has them
	}
}

// pageBatch is what the arguments of the connections of a relation come to, for all
// owners.
type pageBatch struct {
	*plan
	fence func(*sql.Selector) // of the targets
}

// page checks the arguments of the connections of a relation.
func (rel *Relation) page(ctx context.Context, r *Reader, a Args) (*pageBatch, error) {
	if rel.where != nil {
		a.Filter = AllOf(a.Filter, rel.where)
	}
	p, err := planFor(ctx, r, rel.To, rel.From.Type+"."+rel.name, a, rel.order)
	if err != nil {
		return nil, err
	}
	fence, err := visibility.Fence(ctx)
	if err != nil {
		return nil, err
	}
	return &pageBatch{plan: p, fence: fence}, nil
}

// pageShape shapes a statement over the relation's target so that it reads a page for each
// of the owners, with the owner of each row. Of several owners the rows are ranked.
func (rel *Relation) pageShape(r *Reader, p *pageBatch, owners []int64) func(*sql.Selector) {
	return func(s *sql.Selector) {
		if len(owners) == 1 && rel.isDated() && p.dated() {
			owner, _, _ := rel.path.attach(r, s, owners)
			p.where(s)
			s.AppendSelectAs(owner, ownerAlias)
			p.overLinks(r, s, sql.Dialect(s.Dialect()).Table(rel.path.Link.Table).As("link"), rel.path.Link.Target)
			return
		}
		owner, column := rel.between(r, s, p, owners)
		columns := s.SelectedColumns()
		if len(owners) == 1 {
			s.AppendSelectAs(owner, ownerAlias)
			p.sort(r, s, column)
			return
		}
		p.rank(r, s, owner, column, columns)
	}
}

// wholeShape shapes a statement over the relation's target so that it reads all rows between
// the cursors, in no order, with the owner of each and what orders it; but at most so many.
func (rel *Relation) wholeShape(r *Reader, p *pageBatch, owners []int64, limit int) func(*sql.Selector) {
	return func(s *sql.Selector) {
		owner, column := rel.between(r, s, p, owners)
		s.AppendSelectAs(column, sortAlias).AppendSelectAs(owner, ownerAlias)
		s.Limit(limit)
	}
}

// between restricts a statement to the rows of the owners' lists that are between the
// cursors, and returns the columns with the owner and with what orders the list.
func (rel *Relation) between(r *Reader, s *sql.Selector, p *pageBatch, owners []int64) (owner, column string) {
	owner, column, _ = rel.path.attach(r, s, owners)
	p.where(s)
	if p.order.byPosition {
		rel.betweenPositions(s, p, owner, column)
		return owner, column
	}
	column = s.C(p.order.Column)
	p.between(r, s, column)
	return owner, column
}

// counts counts the lists of owners, by owner.
func (rel *Relation) counts(ctx context.Context, r *Reader, p *pageBatch, owners []int64) (map[domain.ID]int, error) {
	if counts, ok, err := rel.countLinks(ctx, r, p, owners); ok || err != nil {
		return counts, err
	}
	p.accessFreely()
	p.seeks = byNone // by the owners
	return r.counts(ctx, rel.To, rel.countShape(r, p, owners))
}

// countShape shapes a statement over the relation's target so that it counts the rows for
// each of the owners.
func (rel *Relation) countShape(r *Reader, p *pageBatch, owners []int64) func(*sql.Selector) {
	return func(s *sql.Selector) {
		owner, _, _ := rel.path.attach(r, s, owners)
		p.where(s)
		selectCount(s, owner)
		s.GroupBy(owner)
	}
}

// attach restricts a statement over the target's table to the targets of the
// owners, and returns the columns with the owner, with the position and with the target.
// The position is empty where the path has no order of its own.
func (p Path) attach(r *Reader, s *sql.Selector, owners []int64) (owner, position, target string) {
	if p.Link == nil {
		s.Where(r.among(s.C(p.Back), owners))
		return s.C(p.Back), s.C(cmp.Or(p.Position, "position")), s.C("id")
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
		return pairs.C("owner"), "", pairs.C("target")
	}
	link := sql.Dialect(s.Dialect()).Table(l.Table).As("link")
	s.Join(link).On(link.C(l.Target), s.C("id"))
	s.Where(r.among(link.C(l.Owner), owners))
	if l.Only != "" {
		s.Where(r.within(link.C(l.Only), l.Values))
	}
	if l.Position != "" {
		position = link.C(l.Position)
	}
	return link.C(l.Owner), position, link.C(l.Target)
}

// pairs selects the owners and targets of a link, each pair once.
func (l *Link) pairs(r *Reader, dialect, ownerColumn string, owners []int64) *sql.Selector {
	t := sql.Dialect(dialect).Table(l.Table)
	s := sql.Dialect(dialect).Select().From(t)
	target := s.C(l.Target)
	if l.Via != "" {
		via := sql.Dialect(dialect).Table(l.Via).As("via")
		s.Join(via).On(via.C("id"), target)
		target = via.C(l.ViaColumn)
	}
	s.AppendSelectAs(s.C(ownerColumn), "owner").AppendSelectAs(target, "target")
	s.Where(r.among(s.C(ownerColumn), owners))
	if l.Only != "" {
		s.Where(r.within(s.C(l.Only), l.Values))
	}
	if l.Repeats {
		s.Distinct()
	}
	return s
}
