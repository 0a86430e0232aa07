package read

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Listing is the list of a connection, of which [Rows] are read: all rows of a table, or
// those that a relation leads to.
type Listing struct {
	reader *Reader
	table  *Table
	rel    *Relation // nil for all rows of the table
	page   *pageBatch
}

// Listing checks the arguments of a list of all rows of a table.
func (r *Reader) Listing(ctx context.Context, t *Table, a Args) (*Listing, error) {
	p, err := planFor(ctx, r, t, t.Name, a, nil)
	if err != nil {
		return nil, err
	}
	return &Listing{reader: r, table: t, page: &pageBatch{plan: p}}, nil
}

// Listing checks the arguments of the lists that the relation leads to.
func (rel *Relation) Listing(ctx context.Context, r *Reader, a Args) (*Listing, error) {
	p, err := rel.page(ctx, r, a)
	if err != nil {
		return nil, err
	}
	return &Listing{reader: r, table: rel.To, rel: rel, page: p}, nil
}

// Record records what the lists of the owners depend on and whose markings count, whatever
// is read of them. It is called before anything is.
func (l *Listing) Record(ctx context.Context, owners []int64) {
	trackFilter(ctx, l.page.accesses)
	if l.rel == nil {
		DependOnList(ctx, l.reader, l.table, l.page.arguments)
		return
	}
	l.rel.dependOnPages(ctx, l.reader, owners, l.page.arguments, l.page.plan)
}

// Rows reads a page for each of the owners, in the direction of reading, with one row
// more than a page has where there is one. Without a relation there is one page and no
// owner. It returns also which column has what cursors need; 0 where they need none. last is
// that of [Reader.RowsByID]: where the lists take a second statement nevertheless, that returns
// [store.ErrSnapshotEnded].
func (l *Listing) Rows(ctx context.Context, sel *Selection, owners []int64, last bool) (rows *Rows, cursor int, err error) {
	if err := l.page.chooseAccess(ctx, l.reader, l.table, l.rel != nil); err != nil {
		return nil, 0, err
	}
	if !l.page.order.byPosition {
		sel, cursor = sel.including(l.page.order.cursorColumn())
	}
	if l.rel == nil {
		rows, err = l.whole(ctx, sel, last && l.page.isReadOnce())
		return rows, cursor, err
	}
	if rows, err = l.pages(ctx, sel, owners, last); err == nil {
		dependOnRows(ctx, l.table, rows)
	}
	return rows, cursor, err
}

// whole reads a page of the list of all rows of a table.
func (l *Listing) whole(ctx context.Context, sel *Selection, last bool) (*Rows, error) {
	read := func() (*Rows, error) {
		st := l.statement(textPage, sel, nil, 0, l.page.limit, func(subject) func(*sql.Selector) {
			return l.page.shape(l.reader)
		})
		st.last = last
		return l.reader.rows(ctx, st)
	}
	for {
		rows, err := read()
		if err != nil {
			return nil, err
		}
		again, err := l.page.mustReadAgain(ctx, l.reader, rows.Len())
		if err != nil || !again {
			return rows, err
		}
		if err := l.page.chooseAccess(ctx, l.reader, l.table, false); err != nil {
			return nil, err
		}
	}
}

// statement returns the statement that reads rows of the lists of owners.
func (l *Listing) statement(kind textKind, sel *Selection, owners []int64, added, limit int, shape func(subject) func(*sql.Selector)) *statement {
	p := l.page
	filter, ok := p.writtenFilter()
	if !ok || p.after != nil || p.before != nil {
		kind = uncached
	}
	return &statement{
		table: l.table, subject: subject{ids: owners}, added: added, shape: shape,
		key: textKey{selection: sel, kind: kind, rel: l.rel.base(), filter: filter, list: p.order.list, limit: limit, backward: p.backward},
	}
}

// wholeRows is how many rows are read of all lists together before they are ranked by the
// engine. Most lists are about as long as their page, and ranking reads each row twice.
const wholeRows = 500

// pages reads the pages of the owners.
func (l *Listing) pages(ctx context.Context, sel *Selection, owners []int64, last bool) (*Rows, error) {
	if len(owners) > 1 {
		most := wholeRows
		for most < 2*len(owners)*(l.page.limit+1) {
			most *= 2 // few different texts of statements
		}
		whole := l.statement(textWhole, sel, owners, 2, most, func(about subject) func(*sql.Selector) {
			return l.rel.wholeShape(l.reader, l.page, about.ids, most+1)
		})
		whole.last = last
		rows, err := l.reader.untracked(ctx, whole)
		if err != nil {
			return nil, err
		}
		if rows.Len() <= most {
			rows = l.cut(rows)
			trackMarkings(ctx, whole, rows)
			return rows, nil
		}
	}
	page := l.statement(textPage, sel, owners, 1, l.page.limit, func(about subject) func(*sql.Selector) {
		return l.rel.pageShape(l.reader, l.page, about.ids)
	})
	page.last = last
	return l.reader.rows(ctx, page)
}

// cut returns the rows that pageShape would have read of whole lists: one more than a page
// of each, in the direction of reading.
func (l *Listing) cut(rows *Rows) *Rows {
	order := make([]int32, rows.Len())
	for i := range order {
		order[i] = int32(i)
	}
	value := rows.width - 2
	direction := 1
	if l.page.order.descending != l.page.backward {
		direction = -1
	}
	slices.SortFunc(order, func(a, b int32) int {
		if c := cmp.Compare(rows.Owner(int(a)), rows.Owner(int(b))); c != 0 {
			return c
		}
		if c := compareValues(rows.Value(int(a), value), rows.Value(int(b), value)); c != 0 {
			return c * direction
		}
		return cmp.Compare(rows.ID(int(a)), rows.ID(int(b))) * direction
	})
	within := order[:0] // their pages
	var owner int64
	n := 0
	for _, i := range order {
		if o := rows.Owner(int(i)); o != owner {
			owner, n = o, 0
		}
		if n++; n <= l.page.limit+1 {
			within = append(within, i)
		}
	}
	return &Rows{width: rows.width, owner: rows.owner, values: rows.values.Pick(rows.width, within)}
}

// compareValues compares values of one column as both engines do: null is lowest, and
// texts compare by code point.
func compareValues(a, b Value) int {
	if a.Kind != b.Kind { // one is null
		return cmp.Compare(a.Kind, b.Kind)
	}
	if a.Kind == store.Text {
		return bytes.Compare(a.Text, b.Text)
	}
	return cmp.Compare(a.Number, b.Number)
}

// Counts counts the list of each of the owners, by owner. Without a relation there is one
// count, that of the owner 0.
func (l *Listing) Counts(ctx context.Context, owners []int64) (map[domain.ID]int, error) {
	if l.rel != nil {
		l.rel.dependOnPages(ctx, l.reader, owners, l.page.arguments, l.page.plan)
		return l.rel.counts(ctx, l.reader, l.page, owners)
	}
	n, err := l.reader.countAll(ctx, l.table, l.page.plan)
	return map[domain.ID]int{0: n}, err
}

// Trim returns the rows of a page of those that [Listing.Rows] returned for it, in the
// order of the list, and whether there are rows beyond it in the direction of reading.
func (l *Listing) Trim(rows []int32) (page []int32, more bool) {
	return trimmed(l.page.plan, rows)
}

// HasNext and HasPrevious are those of [PageInfo], for a page beyond which there are more
// rows in the direction of reading or not.
func (l *Listing) HasNext(more bool) bool {
	if l.page.backward {
		return l.page.before != nil
	}
	return more
}

// HasPrevious is documented with HasNext.
func (l *Listing) HasPrevious(more bool) bool {
	if l.page.backward {
		return more
	}
	return l.page.after != nil
}

// Cursor makes the cursor of a row; column is the one that [Listing.Rows] returned.
func (l *Listing) Cursor(rows *Rows, row, column int) (string, error) {
	at := sortKey{id: domain.ID(rows.ID(row))}
	if !l.page.order.byPosition {
		switch v := rows.Value(row, column); v.Kind {
		case store.Text:
			at.value = string(v.Text)
		case store.Time:
			at.value = v.Time()
		case store.Int:
			at.value = v.Number
		}
		if l.page.order.Kind == Date && at.value == "" {
			at.value = nil
		}
	}
	return l.page.order.encode(at)
}

// shape shapes a statement over a table so that it reads a page.
func (p *plan) shape(r *Reader) func(*sql.Selector) {
	return func(s *sql.Selector) {
		switch {
		case p.walked == nil:
		case p.walked.way == walk:
			p.walkShape(r, s)
			return
		case p.walked.way == merge:
			p.mergeShape(r, s)
			return
		}
		p.where(s)
		p.between(r, s, s.C(p.order.Column))
		p.sort(r, s, s.C(p.order.Column))
	}
}

// countShape shapes a statement over a table so that it counts the list.
func (p *plan) countShape() func(*sql.Selector) {
	return func(s *sql.Selector) {
		p.where(s)
		selectCount(s, "0")
	}
}
