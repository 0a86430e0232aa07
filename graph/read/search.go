package read

import (
	"context"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/domain"
)

// searchField is the name of the condition that a row is what a search finds.
const searchField = "search"

// Searcher finds documents by the text of a search box.
type Searcher interface {
	// FindAll returns all documents of a type that the viewer of ctx finds in the store of its stage, and the
	// rows that such documents own. It records what the result depends on.
	FindAll(ctx context.Context, t domain.Type, text string) (Found, error)
}

// Found is what a search finds, by ids.
type Found interface {
	// IDs returns all, in no order.
	IDs() []domain.ID
	// Newest returns the first n in the order of publication, what was published last first, then by the higher
	// id: those behind a time in microseconds since 1970 and an id, unless the id is 0. all holds if no more come.
	Newest(published int64, id domain.ID, n int) (ids []domain.ID, all bool)
}

// searched is a condition that a row is what a search finds.
type searched struct {
	found Found
	// only are the ids of a part of what was found that has the page that is read; nil for all.
	only []int64
	more bool // there is more behind these
}

// SearchBy sets by what the field search of filters finds. It is called before anything is read.
func (r *Reader) SearchBy(s Searcher) { r.searcher = s }

// search is the condition that a row is what a search finds. The ids come first, as one parameter. No text is an
// error: what is too long is cut, as everywhere in search.
func (c *compiler) search(ctx context.Context, t *Table, raw any, path string, at scope) condition {
	text, ok := raw.(string)
	if !ok {
		c.problems.Add(path, "want a text, not %s", describe(raw))
		return nil
	}
	if c.reader.searcher == nil {
		c.problems.Add(path, "there is no search here")
		return nil
	}
	found, err := c.reader.searcher.FindAll(ctx, t.Document, text)
	if err != nil {
		c.failed = err
		return nil
	}
	is := &searched{found: found}
	if at.top && at.around == nil && t.Searched.Back == "" && c.searched == nil {
		c.searched = is
	}
	return func(s *sql.Selector) *sql.Predicate {
		id := s.C(t.key())
		if is.only != nil {
			return c.reader.within(id, is.only)
		}
		own, owned := []int64{}, []int64{}
		for _, id := range found.IDs() {
			if id.Type() == t.Document {
				own = append(own, int64(id))
			} else {
				owned = append(owned, int64(id))
			}
		}
		found := c.reader.within(id, own)
		if t.Searched.Back == "" {
			return found
		}
		rows := sql.Dialect(s.Dialect()).Table(t.Searched.Target)
		of := sql.Dialect(s.Dialect()).Select(rows.C(t.Searched.Back)).From(rows).Where(c.reader.within(rows.C("id"), owned))
		return sql.P(func(b *sql.Builder) {
			b.WriteString("(").Join(found).WriteString(" OR ").Join(sql.In(id, of)).WriteString(")")
		})
	}
}

// foundAhead is among how many of the documents that a search finds a page is looked for first, for each row of it, where
// the filter has more conditions.
const foundAhead = 4

// narrow makes what a search finds the newest behind the cursor, for a list in that order: however many
// are found, few are read. See [plan.mustReadAgain] for a page that is not full then. It reports whether it did.
func (p *plan) narrow() bool {
	p.widen()
	if p.searched == nil || p.exhausted || !p.order.descending || p.backward || p.before != nil || !p.dated() {
		return false
	}
	var published int64
	var id domain.ID
	if p.after != nil {
		date, _ := p.after.value.(time.Time) // see dated
		published, id = date.UnixMicro(), p.after.id
	}
	ahead := p.limit + 1
	if len(p.arguments) > 1 {
		ahead *= foundAhead
	}
	ids, all := p.searched.found.Newest(published, id, ahead)
	p.searched.only = []int64{}
	for _, id := range ids {
		p.searched.only = append(p.searched.only, int64(id))
	}
	p.searched.more = !all
	return true
}

// widen makes what a search finds all of it again.
func (p *plan) widen() {
	if p.searched != nil {
		p.searched.only, p.searched.more = nil, false
	}
}

// Searches reports whether a filter has a search in it: what it finds is no constant.
func Searches(filter any) bool {
	switch filter := filter.(type) {
	case map[string]any:
		for name, value := range filter {
			if _, ok := value.(string); name == searchField && ok || Searches(value) {
				return true
			}
		}
	case []any:
		for _, value := range filter {
			if Searches(value) {
				return true
			}
		}
	}
	return false
}

// DependOnTables records that the response depends on all documents of some tables, and that their markings
// count.
func DependOnTables(ctx context.Context, r *Reader, tables ...*Table) {
	for _, t := range tables {
		DependOnList(ctx, r, t, nil)
	}
	TrackCounted(ctx, tables...)
}

// Has is the condition that a column has one of the ids.
func (r *Reader) Has(column string, ids []domain.ID) *sql.Predicate {
	of := make([]int64, len(ids))
	for i, id := range ids {
		of[i] = int64(id)
	}
	return r.within(column, of)
}

// Visible returns which documents of a table the viewer may see, by one statement whatever ids there are.
func (r *Reader) Visible(ctx context.Context, t *Table, ids []domain.ID) (map[domain.ID]bool, error) {
	s, err := r.statement(ctx, t)
	if err != nil {
		return nil, err
	}
	s.Where(r.Has(s.C(t.key()), ids))
	s.Select(s.C(t.key()))
	query, args := s.Query()
	if err := s.Err(); err != nil {
		return nil, err
	}
	values, err := r.stores.ReadValues(ctx, query, args, 1)
	if err != nil {
		return nil, err
	}
	seen := make(map[domain.ID]bool, values.Len())
	for i := range values.Len() {
		seen[domain.ID(values.At(i).Int())] = true
	}
	return seen, nil
}

// IDs returns the ids of the rows of a table that match a filter of the program, in their order.
func (r *Reader) IDs(ctx context.Context, t *Table, filter map[string]any) ([]domain.ID, error) {
	var problems domain.Problems
	matches, accesses, err := r.compile(ctx, t, filter, "filter", new(seeking), &problems)
	if err != nil {
		return nil, err
	}
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	trackFilter(ctx, accesses)
	DependOnList(ctx, r, t, filter)
	s, err := r.statement(ctx, t)
	if err != nil {
		return nil, err
	}
	if p := matches.on(s); p != nil {
		s.Where(p)
	}
	s.Select(s.C(t.key())).OrderBy(s.C(t.key()))
	query, args := s.Query()
	if err := s.Err(); err != nil {
		return nil, err
	}
	values, err := r.stores.ReadValues(ctx, query, args, 1)
	if err != nil {
		return nil, err
	}
	ids := make([]domain.ID, values.Len())
	for i := range ids {
		ids[i] = domain.ID(values.At(i).Int())
	}
	return ids, nil
}
