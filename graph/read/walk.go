package read

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/visibility"
)

// In live the links of documents have copies of the date and of the effective marking of
// their document: see [Link.Dated]. Lists in the order of publication are read from them.
const (
	copiedDate    = "owner_published" // in microseconds since 1970
	copiedMarking = "owner_marking"
)

// dated reports whether the list is one of live in the order of publication, and its
// cursors have dates that links can have.
func (p *plan) dated() bool {
	if p.order.stage != domain.Live || p.order.Column != "published_at" {
		return false
	}
	for _, at := range []*sortKey{p.after, p.before} {
		if at == nil {
			continue
		}
		if t, ok := at.value.(time.Time); !ok || t.Nanosecond()%1000 != 0 {
			return false
		}
	}
	return true
}

// isDated reports whether the links of the path have copies of the date of the documents
// that the condition is of.
func (a *access) isDated() bool {
	l := a.path.Link
	return l != nil && l.Dated == l.Owner && a.top && a.around == nil
}

// isWalkable reports whether the condition is also about one target: its links are then in
// the order of the list.
func (a *access) isWalkable() bool {
	if !a.isDated() {
		return false
	}
	names, ok := namesIn(a.filter)
	return ok && len(names) == 1
}

// walkedLinks is the table of the links beside which nothing else of a statement is so named.
func (a *access) walkedLinks(s *sql.Selector) *sql.SelectTable {
	return sql.Dialect(s.Dialect()).Table(a.path.Link.Table).As("walked")
}

// only returns the condition through a relation that is the whole filter; nil where the
// filter is something else.
func (p *plan) only(t *Table) *access {
	if len(p.accesses) == 0 || len(p.arguments) != 1 || len(p.accesses[0].inner) != len(p.accesses)-1 {
		return nil
	}
	for name := range p.arguments {
		if _, ok := t.Relations[name]; !ok {
			return nil
		}
	}
	return p.accesses[0]
}

// theTarget writes that the links are of the matching target, if that is one: it is found
// once, so that an index has the links in their order. If several match, no link is.
func (a *access) theTarget(s *sql.Selector, link *sql.SelectTable) *sql.Predicate {
	matching := a.matching(s)
	return sql.P(func(b *sql.Builder) {
		b.WriteString(link.C(a.path.Link.Target) + " = (SELECT CASE WHEN COUNT(*) = 1 THEN MAX(m.id) END FROM (").Join(matching).WriteString(") AS m)")
	})
}

// walkShape shapes a statement over a table so that it reads the page from the links of
// p.walked, which are in its order.
func (p *plan) walkShape(r *Reader, s *sql.Selector) {
	a := p.walked
	link := a.walkedLinks(s)
	s.Join(link).On(link.C(a.path.Link.Owner), s.C("id"))
	s.Where(a.theTarget(s, link))
	for _, other := range p.accesses {
		if other.around == nil {
			other.walked = link.C(a.path.Link.Owner) // tested before the document is read
		}
	}
	p.where(s)
	p.overLinks(r, s, link, a.path.Link.Owner)
}

// mergeShape shapes a statement over a table so that it finds the page among the links of
// p.walked to all matching targets, without reading the documents that are not in it.
func (p *plan) mergeShape(r *Reader, s *sql.Selector) {
	a := p.walked
	link := a.walkedLinks(s)
	owner := link.C(a.path.Link.Owner)
	page := sql.Dialect(s.Dialect()).Select(link.C(copiedDate), owner).Distinct().From(link).WithContext(s.Context())
	page.Where(sql.In(link.C(a.path.Link.Target), a.matching(s)))
	p.overLinks(r, page, link, a.path.Link.Owner)
	page.As("page")
	ids := sql.Dialect(s.Dialect()).Select(page.C(a.path.Link.Owner)).From(page)
	s.Where(r.engine.drive(s.C("id"), ids))
	p.sort(r, s, s.C(p.order.Column))
}

// overLinks puts the fence, the cursors, the order and the limit on a statement over links,
// of which owner is the column of the documents that are listed.
func (p *plan) overLinks(r *Reader, s *sql.Selector, link *sql.SelectTable, owner string) {
	fenceLinks(s, link)
	column, id := link.C(copiedDate), link.C(owner)
	order := p.order
	order.notNull = true
	at := func(k *sortKey, reverse bool) {
		if k == nil {
			return
		}
		date, _ := k.value.(time.Time) // see dated
		s.Where(order.beyond(column, id, sortKey{value: date.UnixMicro(), id: k.id}, reverse))
	}
	at(p.after, false)
	at(p.before, true)
	s.OrderExpr(order.terms(r.engine, column, id, p.backward)...)
	s.Limit(p.limit + 1)
}

// fenceLinks leaves the links of documents that the viewer may not see out of a statement.
func fenceLinks(s *sql.Selector, link *sql.SelectTable) {
	scope, err := visibility.ScopeOf(s.Context())
	if err != nil {
		s.AddError(err)
		return
	}
	s.Where(sql.LTE(link.C(copiedMarking), int(scope.Clearance())))
}

// mustReadAgain reports whether a page must be read in another way: since it was read from
// the links of one target and several match, which has given no rows, or since it was read from the newest
// documents that a search finds and is not full. It is called after each read of a page.
func (p *plan) mustReadAgain(ctx context.Context, r *Reader, found int) (bool, error) {
	if p.searched != nil && p.searched.more && found <= p.limit {
		p.exhausted = true
		return true, nil
	}
	if p.walked == nil || p.walked.way != walk || found > 0 {
		return false, nil
	}
	several, err := p.walked.hasSeveral(ctx, r)
	if several {
		p.several = true
	}
	return several, err
}

// isReadOnce reports whether mustReadAgain is false whatever is found.
func (p *plan) isReadOnce() bool {
	return p.walked == nil && (p.searched == nil || !p.searched.more)
}

// hasSeveral reports whether several targets match.
func (a *access) hasSeveral(ctx context.Context, r *Reader) (bool, error) {
	matching := a.matching(sql.Dialect(r.stores.Dialect()).Select().WithContext(ctx))
	found, err := r.readCounts(ctx, []*sql.Selector{matching.Limit(2)})
	if err != nil {
		return false, fmt.Errorf("count what a filter names: %w", err)
	}
	return found[0] > 1, nil
}

// countLinks counts the list of a filter that is one condition over dated links. ok is
// false where it cannot be counted in this way.
func (r *Reader) countLinks(ctx context.Context, t *Table, p *plan) (n int, ok bool, err error) {
	a := p.only(t)
	if a == nil || r.bounds.links == 0 || !a.isDated() || domain.StageFrom(ctx) != domain.Live {
		return 0, false, nil
	}
	p.accessFreely()
	build := sql.Dialect(r.stores.Dialect())
	s := build.Select().WithContext(ctx)
	link := a.walkedLinks(s)
	s.From(link)
	one := a.isWalkable()
	number := "COUNT(*)"
	if one {
		s.Where(a.theTarget(s, link))
	} else {
		s.Where(sql.In(link.C(a.path.Link.Target), a.matching(s)))
		number = "COUNT(DISTINCT " + link.C(a.path.Link.Owner) + ")"
	}
	fenceLinks(s, link)
	s.Select().AppendSelectExpr(sql.Raw(number), sql.Raw("COALESCE(MAX("+link.C(copiedMarking)+"), 0)"))
	query, args := s.Query()
	if err := s.Err(); err != nil {
		return 0, false, err
	}
	found, err := r.numbers(ctx, 2, query, args)
	if err != nil {
		return 0, false, fmt.Errorf("count %s: %w", t.Name, err)
	}
	if one && found[0] == 0 {
		if several, err := a.hasSeveral(ctx, r); several || err != nil {
			return 0, false, err
		}
	}
	if tracker := trackerOf(ctx); tracker != nil {
		tracker.Raise(domain.Marking(found[1]))
	}
	return int(found[0]), true, nil
}

// isDated reports whether the links of the relation have copies of the date of the
// documents that it leads to.
func (rel *Relation) isDated() bool {
	l := rel.path.Link
	return l != nil && l.Dated == l.Target && l.Dated != ""
}

// countLinks counts the whole lists of owners by their links; ok is false where they cannot
// be counted in this way.
func (rel *Relation) countLinks(ctx context.Context, r *Reader, p *pageBatch, owners []int64) (counts map[domain.ID]int, ok bool, err error) {
	if p.filter != nil || r.bounds.links == 0 || !rel.isDated() || domain.StageFrom(ctx) != domain.Live {
		return nil, false, nil
	}
	l := rel.path.Link
	build := sql.Dialect(r.stores.Dialect())
	link := build.Table(l.Table).As("link")
	s := build.Select().From(link).WithContext(ctx)
	s.Where(r.among(link.C(l.Owner), owners))
	fenceLinks(s, link)
	s.Select().AppendSelectExpr(sql.Raw(link.C(l.Owner)), sql.Raw("COUNT(*)"), sql.Raw("MAX("+link.C(copiedMarking)+")"))
	s.GroupBy(link.C(l.Owner))
	query, args := s.Query()
	if err := s.Err(); err != nil {
		return nil, false, err
	}
	values, err := r.stores.ReadValues(ctx, query, args, 3)
	if err != nil {
		return nil, false, fmt.Errorf("count %s: %w", rel.To.Name, err)
	}
	tracker := trackerOf(ctx)
	counts = make(map[domain.ID]int, values.Len()/3)
	for i := 0; i < values.Len(); i += 3 {
		counts[domain.ID(values.At(i).Int())] = int(values.At(i + 1).Int())
		if tracker != nil {
			tracker.Raise(domain.Marking(values.At(i + 2).Int()))
		}
	}
	return counts, true, nil
}
