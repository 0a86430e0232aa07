package read

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"

	"entgo.io/ent/dialect/sql"
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/visibility"
)

// Reader reads from the store of a context's stage.
type Reader struct {
	stores *store.Stores
	tables map[string]*Table
	engine engine
	bounds bounds
	totals totals
	hints  *lru.Cache[uint64, *hint]
	texts  *lru.Cache[textKey, *text]
	// counted has numbers of rows by the key of their list; see counted.
	counted     *lru.Cache[string, counted]
	faceted     *lru.Cache[string, faceted]
	countedFrom int // from how many rows on they are cached
	searcher    Searcher
	seed        maphash.Seed // of the keys of hints
}

// NewReader makes a reader of the tables. It panics where a relation leads to
// a table that is not among them: that is a bug.
func NewReader(stores *store.Stores, tables []*Table) *Reader {
	hints, err := lru.New[uint64, *hint](maxHints)
	if err != nil {
		panic(err) // the size is negative
	}
	texts, err := lru.New[textKey, *text](maxTexts)
	if err != nil {
		panic(err) // the size is negative
	}
	counts, err := lru.New[string, counted](maxCounted)
	if err != nil {
		panic(err) // the size is negative
	}
	facets, err := lru.New[string, faceted](maxCounted)
	if err != nil {
		panic(err) // the size is negative
	}
	r := &Reader{
		texts: texts, counted: counts, faceted: facets, countedFrom: countedFrom,
		stores: stores, tables: map[string]*Table{}, engine: engineOf(stores.Dialect()),
		totals: totals{byType: map[domain.Type]total{}}, bounds: standardBounds, hints: hints, seed: maphash.MakeSeed(),
	}
	for _, t := range tables {
		r.tables[t.Name] = t
	}
	for _, t := range tables {
		for name, path := range t.Relations {
			if r.tables[path.Target] == nil {
				panic(fmt.Sprintf("read: %s.%s leads to the unknown table %q", t.Type, name, path.Target))
			}
		}
	}
	return r
}

// engine writes the SQL that differs between the two engines. Names of columns are
// passed quoted. Texts compare by code point on both: see package ddl.
type engine interface {
	// within writes that the column has one of the values: []int64 or
	// []string, as one parameter.
	within(b *sql.Builder, column string, values any)
	// values returns that parameter.
	values(values any) any
	// drive writes that the column has one of the ids, so that rows are found by them.
	drive(column string, ids *sql.Selector) *sql.Predicate
	// set writes the same, so that rows are found by something else.
	set(column string, ids *sql.Selector) *sql.Predicate
	// unindexed returns a column so that rows are not found by an index of it.
	unindexed(column string) string
	// year returns the year, of four digits, in a column with dates or with moments.
	year(column string, moments bool) string
	// nulls returns what to add to an order by a column that can be null, so
	// that nulls come lowest.
	nulls(descending bool) string
}

func engineOf(name string) engine {
	if name == postgresName {
		return postgres{}
	}
	return sqlite{}
}

func (r *Reader) within(column string, values any) *sql.Predicate {
	return sql.P(func(b *sql.Builder) { r.engine.within(b, column, values) })
}

// among is within for ids. A single id is compared by itself, which costs the engines less.
func (r *Reader) among(column string, ids []int64) *sql.Predicate {
	if len(ids) == 1 {
		return sql.P(func(b *sql.Builder) { b.WriteString(column).WriteString(" = ").Arg(ids[0]) })
	}
	return r.within(column, ids)
}

// All reads rows of a type with all columns, shaped as the caller says, as
// one batch.
func All[T any](ctx context.Context, r *Reader, t *Type[T], shape func(*sql.Selector)) ([]*T, error) {
	return all(ctx, r, t, allColumns, shape)
}

// all reads rows with the columns of some groups as one batch.
func all[T any](ctx context.Context, r *Reader, t *Type[T], groups columns, shape func(*sql.Selector)) ([]*T, error) {
	rows, err := find(ctx, r, t, groups, shape)
	if err != nil {
		return nil, err
	}
	newBatch(ctx, r, t, rows, groups)
	return rows, nil
}

func find[T any](ctx context.Context, r *Reader, t *Type[T], groups columns, shape func(*sql.Selector)) ([]*T, error) {
	names := t.names(groups)
	if column := visibility.MarkingColumn(domain.StageFrom(ctx)); trackerOf(ctx) != nil && t.Document.IsDocument() && !slices.Contains(names, column) {
		names = append(names, column)
	}
	rows, err := t.find(ctx, r.stores.Client(ctx), names, shape)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", t.Name, err)
	}
	trackRows(ctx, t, rows)
	return rows, nil
}

// counts runs a grouped count of the rows of a table that the viewer may see, and returns
// it by group. Shape must select the group and the count, as [selectCount] does.
func (r *Reader) counts(ctx context.Context, t *Table, shape func(*sql.Selector)) (map[domain.ID]int, error) {
	s, err := r.statement(ctx, t)
	if err != nil {
		return nil, err
	}
	shape(s)
	width := 2
	tracker := trackerOf(ctx)
	if tracker != nil && t.Document.IsDocument() {
		selectMaxMarking(ctx, s)
		width = 3
	}
	query, args := s.Query()
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("count %s: %w", t.Name, err)
	}
	values, err := r.stores.ReadValues(ctx, query, args, width)
	if err != nil {
		return nil, fmt.Errorf("count %s: %w", t.Name, err)
	}
	counts := make(map[domain.ID]int, values.Len()/width)
	for i := 0; i < values.Len(); i += width {
		counts[domain.ID(values.At(i).Int())] = int(values.At(i + 1).Int())
		if width == 3 {
			tracker.Raise(domain.Marking(values.At(i + 2).Int()))
		}
	}
	return counts, nil
}

// Columns that a statement adds to those of the rows.
const (
	idAlias    = "rt_id"
	ownerAlias = "rt_owner"
	rankAlias  = "rt_rank"
	countAlias = "rt_count"
	valueAlias = "rt_value"
	sortAlias  = "rt_sort"
)

// extra returns a whole number that a statement added to a row.
func extra(row any, name string) (int64, error) {
	v, err := row.(interface {
		Value(name string) (db.Value, error)
	}).Value(name)
	if err != nil {
		return 0, err
	}
	switch n := v.(type) {
	case int64:
		return n, nil
	case int32:
		return int64(n), nil
	case int:
		return int64(n), nil
	case nil:
		return 0, nil
	}
	return 0, fmt.Errorf("read: column %s is a %T, not a whole number", name, v)
}
