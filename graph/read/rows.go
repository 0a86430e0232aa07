package read

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/tracing"
	"github.com/redthread-api/redthread/internal/visibility"
)

// Rows are rows of a table with some of its columns, as the driver of the database
// returned them. They have no type of their own: package plan writes responses from them,
// and all else reads rows as the types of package db.
//
// The first column is the one with the row's number, those that were asked for follow in
// their order.
type Rows struct {
	width  int
	owner  int // the column with the owner; 0 where there is none
	values *store.Values
}

// Value is a value of a row.
type Value = store.Value

// Len returns the number of rows.
func (r *Rows) Len() int {
	if r == nil || r.width == 0 {
		return 0
	}
	return r.values.Len() / r.width
}

// Value returns the value of a row in a column.
func (r *Rows) Value(row, column int) Value { return r.values.At(row*r.width + column) }

// ID returns the number of a row.
func (r *Rows) ID(row int) int64 { return r.Value(row, 0).Int() }

// Owner returns the number of the row whose relation led to a row.
func (r *Rows) Owner(row int) int64 { return r.Value(row, r.owner).Int() }

// rows reads the rows of a statement, and tracks their markings.
func (r *Reader) rows(ctx context.Context, st *statement) (*Rows, error) {
	rows, err := r.untracked(ctx, st)
	if err == nil {
		trackMarkings(ctx, st, rows)
	}
	return rows, err
}

// untracked is rows, but markings are not tracked.
func (r *Reader) untracked(ctx context.Context, st *statement) (*Rows, error) {
	text, args, err := r.text(ctx, st)
	if err != nil {
		return nil, err
	}
	ctx, span := tracing.Start(ctx, "read "+st.table.Name, tracing.Internal)
	rows := &Rows{width: text.width, owner: text.ownerColumn}
	readValues := r.stores.ReadValues
	if st.last && !readsMarkings(ctx) {
		readValues = r.stores.ReadLastValues
	}
	rows.values, err = readValues(ctx, text.query, args, text.width)
	span.Set("redthread.rows", int64(rows.Len()))
	span.EndWith(err)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", st.table.Name, err)
	}
	return rows, nil
}

func isTracked(ctx context.Context, t *Table) bool {
	return t.Document.IsDocument() && trackerOf(ctx) != nil
}

// trackMarkings tracks the markings of rows, which are in a column if they are tracked.
func trackMarkings(ctx context.Context, st *statement, rows *Rows) {
	if !isTracked(ctx, st.table) {
		return
	}
	tracker := trackerOf(ctx)
	column := len(st.key.selection.columns) + 1
	for i := range rows.Len() {
		tracker.Raise(domain.Marking(rows.Value(i, column).Int()))
	}
}

// statement begins a statement over the rows of a table that the viewer of ctx may see.
// Rows that documents own have no fence: see the package's comment.
func (r *Reader) statement(ctx context.Context, t *Table) (*sql.Selector, error) {
	build := sql.Dialect(r.stores.Dialect())
	s := build.Select().From(build.Table(t.Name)).WithContext(ctx)
	condition, err := visibility.DeskFence(ctx, t.Type)
	if t.Document.IsDocument() {
		condition, err = visibility.Fence(ctx)
	}
	if err != nil {
		return nil, err
	}
	if condition != nil {
		condition(s)
	}
	return s, nil
}

// FindRow is [Find] for some columns. The result has no row where there is none that the
// viewer may see.
func (r *Reader) FindRow(ctx context.Context, t *Table, sel *Selection, id, slug *string, by *By) (*Rows, error) {
	return findOne(ctx, r, t, id, slug, by, func(q lookup) (*Rows, error) {
		return r.rows(ctx, &statement{table: t, key: textKey{selection: sel, kind: q.text}, subject: q.subject, shape: q.shape})
	}, func(rows *Rows) bool { return rows.Len() > 0 })
}

// RowsByID reads the rows with some numbers, in no order. last says that it is the last read
// of the snapshot of ctx (see [store.Stores.ReadLastValues]).
func (r *Reader) RowsByID(ctx context.Context, t *Table, sel *Selection, ids []int64, last bool) (*Rows, error) {
	rows, err := r.rows(ctx, &statement{
		table: t, last: last, key: textKey{selection: sel, kind: textByIDs}, subject: subject{ids: ids},
		shape: func(about subject) func(*sql.Selector) {
			return func(s *sql.Selector) { s.Where(r.among(s.C("id"), about.ids)) }
		},
	})
	if err == nil {
		dependOnRows(ctx, t, rows)
	}
	return rows, err
}

// Rows reads all rows that the relation leads to from the owners, in the owners' order. last
// is that of [Reader.RowsByID].
func (rel *Relation) Rows(ctx context.Context, r *Reader, sel *Selection, owners []int64, last bool) (*Rows, error) {
	always, err := rel.always(ctx, r)
	if err != nil {
		return nil, err
	}
	st := &statement{
		table: rel.To, last: last, key: textKey{selection: sel, rel: rel}, subject: subject{ids: owners}, added: 1,
		shape: func(about subject) func(*sql.Selector) { return rel.listShape(r, always, about.ids) },
	}
	if rel.where == nil {
		st.key.kind = textList
	}
	rows, err := r.rows(ctx, st)
	if err != nil {
		return nil, err
	}
	rel.dependOnList(ctx, r, owners)
	if rel.path.forward() {
		dependOnRows(ctx, rel.To, rows)
	}
	return rows, nil
}

// numbers runs a query that returns at most one row of n whole numbers; without a row they
// are 0. The query has the fence.
func (r *Reader) numbers(ctx context.Context, n int, query string, args []any) ([]int64, error) {
	values, err := r.stores.ReadValues(ctx, query, args, n)
	if err != nil {
		return nil, err
	}
	numbers := make([]int64, n)
	for i := range min(n, values.Len()) {
		numbers[i] = values.At(i).Int()
	}
	return numbers, nil
}
