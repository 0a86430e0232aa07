package read

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"sync/atomic"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/visibility"
)

// bounds are those of the search for the cheapest way through a filter.
type bounds struct {
	// few is up to how many rows a condition through a relation may hold for, for a
	// list to be read from it: these rows are found, sorted and cut. Where it holds for
	// more, the list is read in its order, and each row tested.
	few int
	// set is the same for a condition within another: it is tested several times a row,
	// so a set pays off earlier.
	set int
	// window is among how many rows, in the order of a list, its page must be found
	// for the list to be read in its order.
	window int
	// links is window where the page can be found among the links of at most set
	// documents. Lists are not read by links at all where it is 0.
	links int
}

// standardBounds were measured: on SQLite with 10,000 to 600,000 reports, a row that is found
// and sorted costs 5 to 10 times a row that is tested.
var standardBounds = bounds{few: 500, set: 4000, window: 4000, links: 500}

const (
	// hintUses is how often a hint is used before it is made anew.
	hintUses = 256
	maxHints = 4096
)

// way is how a condition through a relation is written. Each way holds for the same rows.
type way byte

const (
	// plain is IN with a subquery, and leaves the order of work to the engine.
	plain way = iota
	// drive is plain, but rows are found by it, whatever the engine thinks.
	drive
	// set is plain, but the subquery is read once, and rows found otherwise are looked up
	// in it.
	set
	// test is EXISTS with a subquery that is run for each row that is found otherwise.
	test
	// walk reads the page from the links of the condition's target, which are in its order.
	// The shape of the statement has the condition: see walkShape.
	walk
	// merge finds the page among the links to all targets: see mergeShape.
	merge
	// sample is a bounded part of plain, for hints only.
	sample
)

// access is a condition that at least one row to which a relation leads matches.
type access struct {
	reader  *Reader
	owner   *Table
	target  *Table
	path    Path
	filter  map[string]any // of the target
	matches condition      // filter, compiled
	fence   func(*sql.Selector)
	alias   string
	depth   int       // the number of relations around it
	top     bool      // no row of the list, or of the target of around, matches unless this holds
	named   bool      // filter has the names of its targets, so they are few
	around  *access   // the relation whose filter it is in, nil for the list's own
	inner   []*access // the relations within filter

	way    way
	walked string // the column of the owner in the links that are walked; see walkShape
	owners int    // for how many rows it holds; more than bounds.set stands for any number
}

// on writes the condition into a statement over the owner's table.
func (a *access) on(s *sql.Selector) *sql.Predicate {
	if a.way == walk {
		return matchAll(s)
	}
	column := a.column(s)
	if a.way == test {
		return sql.Exists(a.ofOwner(s, column).Limit(1).Offset(0)) // PostgreSQL makes no join of a subquery with an offset
	}
	sub, owner := a.targets(s)
	if a.path.Back != "" {
		sub.Where(sql.NotNull(owner))
	}
	sub.Select(owner)
	in := sql.In(column, sub)
	switch a.way {
	case drive:
		in = a.reader.engine.drive(column, sub)
	case set:
		in = a.reader.engine.set(column, sub)
	case sample:
		sub.Limit(a.reader.bounds.set + 1)
	}
	if a.path.Column != "" {
		return sql.And(sql.NotNull(column), in) // a null is in no list; without this it would be unknown whether
	}
	return in
}

// column is the column of a statement over the owner's table by which the condition is of
// the owner. Where a link leads to the owner, it is that of the link: what does not match
// is then not read.
func (a *access) column(s *sql.Selector) string {
	if a.path.Column != "" {
		return s.C(a.path.Column)
	}
	if a.walked != "" {
		return a.walked
	}
	if around := a.around; around != nil && around.way == test && !around.named && a.top && around.path.Link != nil {
		return around.link(s).C(around.path.Link.Target)
	}
	return s.C("id")
}

func (a *access) link(s *sql.Selector) *sql.SelectTable {
	return sql.Dialect(s.Dialect()).Table(a.path.Link.Table).As("l" + a.alias)
}

// ofOwner selects the matching targets of the owner in the column of the statement around.
func (a *access) ofOwner(s *sql.Selector, column string) *sql.Selector {
	equal := func(owner string) *sql.Predicate {
		return sql.P(func(b *sql.Builder) { b.WriteString(owner + " = " + column) })
	}
	l := a.path.Link
	if l == nil || !a.named {
		sub, owner := a.targets(s)
		return sub.Where(equal(owner)).Select().AppendSelectExpr(sql.Raw("1"))
	}
	link := a.link(s)
	sub := sql.Dialect(s.Dialect()).Select().From(link).WithContext(s.Context())
	sub.Where(equal(link.C(l.Owner))).Where(a.reader.engine.set(link.C(l.Target), a.matching(s)))
	if l.Only != "" {
		sub.Where(a.reader.within(link.C(l.Only), l.Values))
	}
	return sub.Select().AppendSelectExpr(sql.Raw("1"))
}

// matching is a statement over the matching targets that the viewer may see.
func (a *access) matching(s *sql.Selector) *sql.Selector {
	build := sql.Dialect(s.Dialect())
	sub := build.Select().From(build.Table(a.target.Name).As(a.alias)).WithContext(s.Context())
	if a.target.Document != 0 {
		a.fence(sub)
	}
	if cond := a.matches.on(sub); cond != nil {
		sub.Where(cond)
	}
	return sub.Select(sub.C("id"))
}

// targets is matching with the column that identifies the owners: that of the path, or
// the owner's id.
func (a *access) targets(s *sql.Selector) (sub *sql.Selector, owner string) {
	sub = a.matching(s)
	switch {
	case a.path.Column != "":
		return sub, sub.C("id")
	case a.path.Back != "":
		return sub, sub.C(a.path.Back)
	}
	l, link := a.path.Link, a.link(s)
	sub.Join(link).On(link.C(l.Target), sub.C("id"))
	if l.Only != "" {
		sub.Where(a.reader.within(link.C(l.Only), l.Values))
	}
	return sub, link.C(l.Owner)
}

// sampled selects a row for each owner, visible to the viewer, for which the condition
// holds, up to one more than bounds.set. An owner may be there more than once.
func (a *access) sampled(ctx context.Context, dialect string) *sql.Selector {
	build := sql.Dialect(dialect)
	sub, column := a.targets(build.Select().WithContext(ctx))
	owner := build.Table(a.owner.Name).As("o" + a.alias)
	key := "id"
	if a.path.Column != "" {
		key = a.path.Column
	}
	sub.Join(owner).On(owner.C(key), column)
	if a.owner.Document != 0 {
		fenced := build.Select().From(owner).WithContext(ctx)
		a.fence(fenced)
		sub.Where(fenced.P())
	}
	return sub.Select().AppendSelectExpr(sql.Raw("1")).Limit(a.reader.bounds.set + 1)
}

// names reports whether a filter of the table has the ids or slugs of what it matches.
func (t *Table) names(filter map[string]any) bool {
	if t.Tree != "" && filter[within] != nil {
		return true
	}
	for name, raw := range filter {
		operators, ok := raw.(map[string]any)
		if f := t.Fields[name]; !ok || f.Former == "" {
			continue
		}
		if operators["eq"] != nil || operators["in"] != nil {
			return true
		}
	}
	return false
}

// testEach sets the ways of accesses for rows that are found by something else.
func testEach(all []*access) {
	for i := 0; i < len(all); i++ {
		a := all[i]
		a.way = test
		if a.owners <= a.reader.bounds.few || a.depth > 0 && a.owners <= a.reader.bounds.set {
			a.way = set
			i += len(a.inner)
		}
	}
}

// chooseAccess chooses how the page of a list is found: by its rarest condition, or in
// its order. rows says where the list is not of the whole table: its rows are found by
// their owners then.
//
// The choice rests on hints, which are counted at most once in hintUses: it changes what a
// page costs, never what it has.
func (p *plan) chooseAccess(ctx context.Context, r *Reader, t *Table, owned bool) error {
	p.walked, p.seeks = nil, byNone
	for _, a := range p.accesses {
		a.walked = ""
	}
	if !owned && p.narrow() {
		for _, a := range p.accesses {
			a.way = test
		}
		return nil
	}
	if len(p.accesses) == 0 && !owned && p.order.Column == "published_at" {
		p.seeks = byEqual
	}
	if len(p.accesses) == 0 || t.Document == 0 {
		return nil
	}
	only, dated := p.only(t), !owned && r.bounds.links > 0 && p.dated()
	if dated && only != nil && len(only.inner) == 0 && only.isWalkable() && !p.several {
		p.walked, only.way = only, walk
		return nil
	}
	if err := r.countOwners(ctx, p.accesses); err != nil {
		return err
	}
	var rarest, walked *access
	for _, a := range p.accesses {
		a.way = plain
		if !a.top || a.around != nil {
			continue
		}
		if rarest == nil || a.owners < rarest.owners {
			rarest = a
		}
		if dated && !p.several && a.isWalkable() && (walked == nil || a.owners < walked.owners) {
			walked = a
		}
	}
	testEach(p.accesses)
	switch {
	case owned:
	case walked != nil && walked.owners <= rarest.owners:
		p.walked = walked
		p.follow(walked, walk)
	case rarest != nil && rarest.owners <= r.bounds.few:
		p.drive(rarest, dated, only)
	default:
		window := r.bounds.window
		if dated && rarest != nil && rarest == only && only.isDated() && only.owners <= r.bounds.set {
			window = min(window, r.bounds.links)
		}
		found, err := p.findsInOrder(ctx, r, t, window)
		if err != nil {
			return err
		}
		if found {
			break
		}
		for _, a := range p.accesses {
			a.way = plain
		}
		if rarest != nil {
			p.drive(rarest, dated, only)
		}
	}
	return nil
}

// follow makes a condition the one by which rows are found, in one of the ways for that.
func (p *plan) follow(a *access, by way) {
	a.way = by
	for _, inner := range a.inner {
		inner.way = plain
	}
}

// drive finds the rows by a condition, and if it is the whole filter and its links have the
// dates of a list that is ordered by them, by these.
func (p *plan) drive(a *access, dated bool, only *access) {
	if dated && a == only && a.isDated() {
		p.walked = a
		p.follow(a, merge)
		return
	}
	p.follow(a, drive)
}

// accessFreely leaves to the engine how rows are found, as is right for a count: it reads
// all of them.
func (p *plan) accessFreely() {
	p.walked, p.seeks = nil, byNone
	p.widen()
	for _, a := range p.accesses {
		a.walked = ""
	}
	if len(p.accesses) == 0 {
		p.seeks = byAny
	}
	for _, a := range p.accesses {
		a.way = plain
	}
}

// hint is what was counted for a filter, which may have changed since.
type hint struct {
	count int
	left  atomic.Int64 // how often it may be used
}

// hinted returns a hint that may be used once more.
func (r *Reader) hinted(key uint64) (int, bool) {
	h, ok := r.hints.Get(key)
	if !ok || h.left.Add(-1) < 0 {
		return 0, false
	}
	return h.count, true
}

func (r *Reader) addHint(key uint64, count int) {
	h := &hint{count: count}
	h.left.Store(hintUses)
	r.hints.Add(key, h)
}

// hintKey is a hash of what a hint is of. Keys that collide make a choice worse, and
// nothing wrong.
func (r *Reader) hintKey(ctx context.Context, parts ...any) (uint64, error) {
	viewer, err := domain.Require(ctx, domain.ReadLive)
	if err != nil {
		return 0, err
	}
	text, err := json.Marshal(append(parts, domain.StageFrom(ctx), viewer.Clearance))
	return maphash.Bytes(r.seed, text), err
}

// countOwners sets the number of owners of each access, by one statement for those of
// which there is no hint.
func (r *Reader) countOwners(ctx context.Context, all []*access) error {
	var unknown []*access
	var keys []uint64
	for _, a := range all {
		key, err := r.hintKey(ctx, a.owner.Name, a.path, a.filter)
		if err != nil {
			return err
		}
		var known bool
		if a.owners, known = r.hinted(key); !known {
			unknown, keys = append(unknown, a), append(keys, key)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	for _, a := range all {
		a.way = sample
	}
	var counts []*sql.Selector
	for _, a := range unknown {
		counts = append(counts, a.sampled(ctx, r.stores.Dialect()))
	}
	found, err := r.readCounts(ctx, counts)
	if err != nil {
		return fmt.Errorf("count the rows of a filter: %w", err)
	}
	for i, a := range unknown {
		a.owners = int(found[i])
		r.addHint(keys[i], a.owners)
	}
	return nil
}

// findsInOrder reports whether the page, or all that is left of the list, is among the
// next rows in the order of the list.
func (p *plan) findsInOrder(ctx context.Context, r *Reader, t *Table, rowsAhead int) (bool, error) {
	key, err := r.hintKey(ctx, p.order.list, rowsAhead, p.backward, p.limit, at(p.after), at(p.before), p.arguments)
	if err != nil {
		return false, err
	}
	if found, known := r.hinted(key); known {
		return found == 1, nil
	}
	fence, err := visibility.Fence(ctx)
	if err != nil {
		return false, err
	}
	build := sql.Dialect(r.stores.Dialect())
	window := build.Select().From(build.Table(t.Name).As("next")).WithContext(ctx)
	fence(window)
	column := window.C(p.order.Column)
	p.between(r, window, column)
	window.Select(window.C("id")).OrderExpr(p.order.terms(r.engine, column, window.C("id"), p.backward)...).Limit(rowsAhead)

	rows := build.Select().From(build.Table(t.Name)).WithContext(ctx)
	rows.Where(sql.In(rows.C("id"), window))
	p.where(rows)
	rows.Select().AppendSelectExpr(sql.Raw("1")).Limit(p.limit + 1)
	found, err := r.readCounts(ctx, []*sql.Selector{rows, window})
	if err != nil {
		return false, fmt.Errorf("look ahead in a list: %w", err)
	}
	yes := 0
	if int(found[0]) > p.limit || int(found[1]) < rowsAhead {
		yes = 1
	}
	r.addHint(key, yes)
	return yes == 1, nil
}

func at(k *sortKey) any {
	if k == nil {
		return nil
	}
	return []any{k.value, int64(k.id)}
}

// readCounts reads how many rows several statements select, by one.
func (r *Reader) readCounts(ctx context.Context, counted []*sql.Selector) ([]int64, error) {
	b := &sql.Builder{}
	b.SetDialect(r.stores.Dialect())
	b.WriteString("SELECT ")
	for i, rows := range counted {
		if i > 0 {
			b.Comma()
		}
		b.WriteString("(SELECT COUNT(*) FROM (").Join(rows).WriteString(") AS n)")
	}
	query, args := b.Query()
	return r.numbers(ctx, len(counted), query, args)
}
