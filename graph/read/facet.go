package read

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/visibility"
)

// MaxFacet is the most values of one facet.
const MaxFacet = 100

// Facet is what the rows of a list are counted by.
type Facet struct {
	// Field is the field of the filter input whose column has the values. Year counts by the
	// years of the dates or moments in it.
	Field string
	Year  bool
	// Relation is the field of the filter input that leads to the documents which are the
	// values. Either Field or Relation is set.
	Relation string
}

// FacetValue is a value of a facet, with the number of rows that have it.
type FacetValue struct {
	Value, Label string
	Document     domain.ID // where the facet is of a relation; Value and Label are empty then
	Count        int
	Filter       any // a filter input for the rows that have the value

	batch *facetBatch
}

// facetBatch has the documents that are the values of a facet of several lists.
type facetBatch struct {
	stage domain.Stage
	ids   []domain.ID
	once  sync.Once
	rows  any // by id
	err   error
}

// FacetDocuments reads the documents that are the values of a facet, by id; with them those of
// the other lists that were counted in the same statement.
func FacetDocuments[T any](ctx context.Context, r *Reader, t *Type[T], values []*FacetValue) (map[domain.ID]*T, error) {
	if len(values) == 0 {
		return nil, nil
	}
	b := values[0].batch
	b.once.Do(func() { b.rows, b.err = ByIDs(AllColumns(domain.WithStage(ctx, b.stage)), r, t, b.ids) })
	rows, _ := b.rows.(map[domain.ID]*T)
	return rows, b.err
}

// inBatch returns copies of the values of lists in a batch of their own, which is for one request.
func inBatch(ctx context.Context, byOwner map[domain.ID][]*FacetValue) map[domain.ID][]*FacetValue {
	b := &facetBatch{stage: domain.StageFrom(ctx)}
	seen := map[domain.ID]bool{}
	out := make(map[domain.ID][]*FacetValue, len(byOwner))
	for owner, values := range byOwner {
		for _, v := range values {
			c := *v
			c.batch = b
			out[owner] = append(out[owner], &c)
			if id := v.Document; id != 0 && !seen[id] {
				seen[id] = true
				b.ids = append(b.ids, id)
			}
		}
	}
	slices.Sort(b.ids)
	return out
}

// Facets are the facets of a list under its filter.
type Facets struct {
	table *Table
	count func(ctx context.Context, f Facet, limit int) ([]*FacetValue, error)
}

// Facets returns the facets of the whole list. Nothing is counted yet.
func (c *Connection[T]) Facets() *Facets { return c.facets }

// By counts by a facet of the table: the values that most rows have come first, years in their
// order, the last first.
func (f *Facets) By(ctx context.Context, name string, first int) ([]*FacetValue, error) {
	facet, ok := f.table.Facets[name]
	if !ok {
		return nil, fmt.Errorf("read: %s has no facet %q", f.table.Type, name)
	}
	if first < 0 || first > MaxFacet {
		var problems domain.Problems
		problems.Add("first", "%d values; want 0 to %d", first, MaxFacet)
		return nil, problems.Err("the arguments are not right")
	}
	values, err := f.count(ctx, facet, first)
	if err != nil {
		return nil, fmt.Errorf("count %s by %s: %w", f.table.Name, name, err)
	}
	return values, nil
}

// The facets by a column, for the fields of that name in GraphQL.

func (f *Facets) Kinds(ctx context.Context, first int) ([]*FacetValue, error) {
	return f.By(ctx, "kinds", first)
}

func (f *Facets) Statuses(ctx context.Context, first int) ([]*FacetValue, error) {
	return f.By(ctx, "statuses", first)
}

func (f *Facets) Confidences(ctx context.Context, first int) ([]*FacetValue, error) {
	return f.By(ctx, "confidences", first)
}

func (f *Facets) Vocabularies(ctx context.Context, first int) ([]*FacetValue, error) {
	return f.By(ctx, "vocabularies", first)
}

func (f *Facets) Years(ctx context.Context, first int) ([]*FacetValue, error) {
	return f.By(ctx, "years", first)
}

func (f *Facets) Languages(ctx context.Context, first int) ([]*FacetValue, error) {
	return f.By(ctx, "languages", first)
}

func (f *Facets) Countries(ctx context.Context, first int) ([]*FacetValue, error) {
	return f.By(ctx, "countries", first)
}

// facetKey identifies a facet of a list in a batch and among the counts that are cached.
func (f Facet) key(limit int) string { return fmt.Sprintf("facet %+v %d", f, limit) }

// facetAll counts a list of all rows of a table by a facet, or knows the numbers from before:
// see counted.
func (r *Reader) facetAll(ctx context.Context, t *Table, p *plan, f Facet, limit int) ([]*FacetValue, error) {
	r.dependOnFacet(ctx, t, f)
	key, err := p.filterKey(ctx, t)
	if err != nil {
		return nil, err
	}
	if key != "" {
		key = f.key(limit) + key
	}
	about := *p // with the documents that are the values
	if f.Relation != "" {
		about.accesses = append(slices.Clone(p.accesses), &access{target: r.tables[t.Relations[f.Relation].Target]})
	}
	if was, ok := r.faceted.Get(key); ok {
		now, changed, err := r.changedSince(ctx, t, &about, was.at)
		if err != nil {
			return nil, err
		}
		if !changed {
			r.faceted.Add(key, faceted{now, was.values})
			return inBatch(ctx, map[domain.ID][]*FacetValue{0: was.values})[0], nil
		}
	}
	byOwner, err := r.facet(ctx, t, p, f, limit, nil, nil)
	if err != nil {
		return nil, err
	}
	values := inBatch(ctx, byOwner)[0]
	n := 0
	for _, v := range values {
		n += v.Count
	}
	if n < r.countedFrom || key == "" {
		return values, nil
	}
	// In the snapshot of the operation this is the place that the numbers are of.
	now, _, err := r.changedSince(ctx, t, &about, counted{})
	if err == nil && now.history != 0 {
		r.faceted.Add(key, faceted{now, byOwner[0]})
	}
	return values, err
}

// faceted are the values of a facet of a list, as they were at a place in the history of
// changes. They are not changed.
type faceted struct {
	at     counted
	values []*FacetValue
}

// dependOnFacet records what the numbers depend on besides the rows of the list's filter: they
// are of all rows, and of the documents that are the values.
func (r *Reader) dependOnFacet(ctx context.Context, t *Table, f Facet) {
	tables := []*Table{t}
	if f.Relation != "" {
		tables = append(tables, r.tables[t.Relations[f.Relation].Target])
	}
	for _, t := range tables[1:] {
		DependOnList(ctx, r, t, nil)
	}
	TrackCounted(ctx, tables...)
}

// counting is a statement over the rows of lists, to count them by owner: those to which rel leads from the owners, or, without
// rel, all rows of the table, of the owner 0. It returns the column of the owner as well.
func (r *Reader) counting(ctx context.Context, t *Table, p *plan, rel *Relation, owners []int64) (s *sql.Selector, owner string, err error) {
	if s, err = r.statement(ctx, t); err != nil {
		return nil, "", err
	}
	owner = "0"
	if rel != nil {
		owner, _, _ = rel.path.attach(r, s, owners)
	}
	p.where(s)
	return s, owner, nil
}

// facet counts lists by a facet, by owner, with one statement.
func (r *Reader) facet(ctx context.Context, t *Table, p *plan, f Facet, limit int, rel *Relation, owners []int64) (map[domain.ID][]*FacetValue, error) {
	p.accessFreely()
	if rel != nil || f.Relation != "" {
		p.seeks = byNone
	}
	s, owner, err := r.counting(ctx, t, p, rel, owners)
	if err != nil {
		return nil, err
	}
	value, err := r.facetValue(ctx, t, s, f)
	if err != nil {
		return nil, err
	}
	s.Select()
	s.AppendSelectExprAs(sql.Raw(owner), ownerAlias)
	s.AppendSelectExprAs(sql.Raw(value), valueAlias)
	s.AppendSelectExprAs(sql.Raw("COUNT(*)"), countAlias)
	if rel != nil {
		s.GroupBy(owner)
	}
	s.GroupBy(value)
	if f.Relation != "" {
		s = r.mostFrequent(s, limit, len(owners) > 1)
	}
	query, args := s.Query()
	if err := s.Err(); err != nil {
		return nil, err
	}
	const width = 3
	found, err := r.stores.ReadValues(ctx, query, args, width)
	if err != nil {
		return nil, err
	}
	values := map[domain.ID][]*FacetValue{}
	for i := 0; i < found.Len(); i += width {
		v := &FacetValue{Count: int(found.At(i + 2).Int())}
		if of := found.At(i + 1); f.Relation != "" {
			v.Document = domain.ID(of.Int())
		} else if of.Kind != store.Text || len(of.Text) == 0 {
			continue
		} else {
			v.Value = string(of.Text)
		}
		v.complete(t, f)
		id := domain.ID(found.At(i).Int())
		values[id] = append(values[id], v)
	}
	for owner, list := range values {
		slices.SortFunc(list, func(a, b *FacetValue) int {
			if f.Year {
				return strings.Compare(b.Value, a.Value)
			}
			return cmp.Or(b.Count-a.Count, strings.Compare(a.Value, b.Value), cmp.Compare(a.Document, b.Document))
		})
		values[owner] = list[:min(limit, len(list))]
	}
	return values, nil
}

// facetValue joins a statement over a table with what a facet counts by, and returns the column
// with the values.
func (r *Reader) facetValue(ctx context.Context, t *Table, s *sql.Selector, f Facet) (string, error) {
	if f.Relation == "" {
		field := t.Fields[f.Field]
		column := s.C(field.Column)
		if f.Year {
			column = r.engine.year(column, field.Kind == DateTime)
		}
		return column, nil
	}
	path := t.Relations[f.Relation]
	l := path.Link
	if l == nil || l.Repeats || l.OrOwner != "" || l.Only != "" {
		return "", fmt.Errorf("read: no facet can be of the relation %q", f.Relation)
	}
	fence, err := visibility.Fence(ctx)
	if err != nil {
		return "", err
	}
	build := sql.Dialect(s.Dialect())
	link := build.Table(l.Table).As("facet")
	s.Join(link).On(link.C(l.Owner), s.C(t.key()))
	visible := build.Select().From(build.Table(path.Target)).WithContext(ctx)
	fence(visible)
	visible.Select(visible.C(r.tables[path.Target].key()))
	s.Where(r.engine.set(link.C(l.Target), visible))
	return link.C(l.Target), nil
}

// mostFrequent leaves the values that most rows have in a statement that counts by them.
func (r *Reader) mostFrequent(counted *sql.Selector, limit int, several bool) *sql.Selector {
	if !several {
		return counted.OrderExpr(sql.Raw("COUNT(*) DESC"), sql.Raw(`"`+valueAlias+`"`)).Limit(limit)
	}
	build := sql.Dialect(counted.Dialect())
	inner := new(sql.Selector)
	*inner = *counted // conditions in it ask for its name when they are written
	counted = inner.As("counted")
	ranked := build.Select().From(counted)
	ranked.AppendSelect(counted.C(ownerAlias), counted.C(valueAlias), counted.C(countAlias))
	ranked.AppendSelectExprAs(sql.RowNumber().PartitionBy(counted.C(ownerAlias)).
		OrderExpr(sql.Raw(counted.C(countAlias)+" DESC"), sql.Raw(counted.C(valueAlias))), rankAlias)
	ranked.As("ranked")
	best := build.Select().From(ranked)
	best.AppendSelect(ranked.C(ownerAlias), ranked.C(valueAlias), ranked.C(countAlias))
	return best.Where(sql.LTE(ranked.C(rankAlias), limit))
}

// complete adds the label and the filter of a value.
func (v *FacetValue) complete(t *Table, f Facet) {
	field := t.Fields[f.Field]
	v.Label = v.Value
	condition := map[string]any{"eq": v.Value}
	switch {
	case f.Relation != "":
		v.Filter = map[string]any{f.Relation: map[string]any{"id": map[string]any{"eq": v.Document.String()}}}
		return
	case f.Year && field.Kind == DateTime:
		condition = map[string]any{"gte": v.Value + "-01-01T00:00:00Z", "lt": nextYear(v.Value) + "-01-01T00:00:00Z"}
	case field.Kind == Enum:
		words := strings.ToLower(strings.ReplaceAll(v.Value, "_", " "))
		v.Label = strings.ToUpper(words[:1]) + words[1:]
	}
	v.Filter = map[string]any{f.Field: condition}
}

func nextYear(year string) string {
	var n int
	_, _ = fmt.Sscan(year, &n) // it is a number of four digits: see engine.year
	return fmt.Sprintf("%04d", n+1)
}
