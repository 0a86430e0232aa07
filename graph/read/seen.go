package read

import (
	"context"
	"sync"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/visibility"
)

// Seen is the highest marking among what an operation has read: of each
// document, of those that it has counted, and, for a filter that goes through
// a relation, of all that the relation could lead to, since the answer tells of
// those too. It is safe for concurrent use.
type Seen struct {
	rows bool // documents are noted

	mu      sync.Mutex
	highest domain.Marking
	asked   map[*Table]bool // whose rows a filter has asked about
}

type seenKey struct{}

// WithSeen returns a context whose reads are noted. In live, a viewer who sees
// CLEAR alone reads nothing else, so documents are not noted there. Staff see
// all drafts, whatever their clearance.
func WithSeen(ctx context.Context) (context.Context, *Seen) {
	viewer, err := domain.ViewerFrom(ctx)
	seen := &Seen{asked: map[*Table]bool{}}
	seen.rows = err == nil && (viewer.Clearance > domain.Clear || viewer.Role.Staff())
	return context.WithValue(ctx, seenKey{}, seen), seen
}

// Raise notes, for the operation of ctx, a marking that is of no document.
func Raise(ctx context.Context, m domain.Marking) {
	if seen, _ := ctx.Value(seenKey{}).(*Seen); seen != nil {
		seen.Raise(m)
	}
}

// seenOf is where documents are noted; nil where they are not.
func seenOf(ctx context.Context) *Seen {
	seen, _ := ctx.Value(seenKey{}).(*Seen)
	if seen == nil || !seen.rows {
		return nil
	}
	return seen
}

// Raise notes a marking.
func (s *Seen) Raise(m domain.Marking) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.highest = max(s.highest, m)
}

// noteRows notes the markings of rows of a document's type.
func noteRows[T any](ctx context.Context, t *Type[T], rows []*T) {
	seen := seenOf(ctx)
	if seen == nil || !t.Document.IsDocument() {
		return
	}
	column := visibility.MarkingColumn(domain.StageFrom(ctx))
	for _, row := range rows {
		switch m := t.value(row, column).(type) {
		case domain.Marking:
			seen.Raise(m)
		case int:
			seen.Raise(domain.Marking(m))
		}
	}
}

// noteFilter notes that a filter asks about the rows of a table.
func noteFilter(ctx context.Context, t *Table) {
	seen := seenOf(ctx)
	if seen == nil || !t.Document.IsDocument() {
		return
	}
	seen.mu.Lock()
	defer seen.mu.Unlock()
	seen.asked[t] = true
}

// Highest returns the highest marking that was noted. It asks the store about
// what filters went through.
func (s *Seen) Highest(ctx context.Context, r *Reader) (domain.Marking, error) {
	s.mu.Lock()
	highest := s.highest
	tables := make([]*Table, 0, len(s.asked))
	for t := range s.asked {
		tables = append(tables, t)
	}
	s.mu.Unlock()
	for _, t := range tables {
		m, err := t.highest(ctx, r)
		if err != nil {
			return highest, err
		}
		highest = max(highest, m)
	}
	return highest, nil
}

// highestOf reads the highest marking in a type's table that the viewer may
// see.
func highestOf[T any](ctx context.Context, r *Reader, t *Type[T]) (domain.Marking, error) {
	rows, err := t.find(ctx, r.stores.Client(ctx), []string{t.key()}, func(s *sql.Selector) {
		s.Select()
		s.AppendSelectExprAs(sql.Raw("COALESCE(MAX("+s.C(visibility.MarkingColumn(domain.StageFrom(ctx)))+"), 0)"), markingAlias)
	})
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	m, err := extra(rows[0], markingAlias)
	return domain.Marking(m), err
}

// maxMarking adds the highest marking of the rows that a statement counts.
func maxMarking(ctx context.Context, t *Table, s *sql.Selector) {
	if seenOf(ctx) != nil && t.Document.IsDocument() {
		s.AppendSelectExprAs(sql.Raw("COALESCE(MAX("+s.C(visibility.MarkingColumn(domain.StageFrom(ctx)))+"), 0)"), markingAlias)
	}
}

// noteCount notes the highest marking of rows that were counted.
func noteCount(ctx context.Context, t *Table, row any) error {
	seen := seenOf(ctx)
	if seen == nil || !t.Document.IsDocument() {
		return nil
	}
	m, err := extra(row, markingAlias)
	seen.Raise(domain.Marking(m))
	return err
}
