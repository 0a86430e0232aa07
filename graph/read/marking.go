package read

import (
	"context"
	"sync"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/visibility"
)

// MarkingTracker tracks the highest marking of the documents that an operation has read or
// counted. For a filter through a relation it includes all documents of the relation's
// type, since the result reveals something about those too. It is safe for concurrent
// use.
type MarkingTracker struct {
	documents bool // the markings of documents are tracked

	mu       sync.Mutex
	highest  domain.Marking
	filtered map[*Table]bool // tables that filters have referred to
}

type markingTrackerKey struct{}

// WithMarkingTracker returns a context that tracks the markings of what is read. A viewer
// with clearance CLEAR reads nothing else in live, so documents are not tracked for that
// viewer. Staff see all drafts, whatever their clearance.
func WithMarkingTracker(ctx context.Context) (context.Context, *MarkingTracker) {
	viewer, err := domain.ViewerFrom(ctx)
	tracker := &MarkingTracker{filtered: map[*Table]bool{}}
	tracker.documents = err == nil && (viewer.Clearance > domain.Clear || viewer.Role.Staff())
	return context.WithValue(ctx, markingTrackerKey{}, tracker), tracker
}

// RaiseMarking raises the highest marking of the operation of ctx to at least m.
func RaiseMarking(ctx context.Context, m domain.Marking) {
	if tracker, _ := ctx.Value(markingTrackerKey{}).(*MarkingTracker); tracker != nil {
		tracker.Raise(m)
	}
}

// trackerOf returns the tracker of ctx; nil where documents are not tracked.
func trackerOf(ctx context.Context) *MarkingTracker {
	tracker, _ := ctx.Value(markingTrackerKey{}).(*MarkingTracker)
	if tracker == nil || !tracker.documents {
		return nil
	}
	return tracker
}

// Raise raises the highest marking to at least m.
func (s *MarkingTracker) Raise(m domain.Marking) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.highest = max(s.highest, m)
}

// trackRows tracks the markings of rows of a document's type.
func trackRows[T any](ctx context.Context, t *Type[T], rows []*T) {
	tracker := trackerOf(ctx)
	if tracker == nil || !t.Document.IsDocument() {
		return
	}
	column := visibility.MarkingColumn(domain.StageFrom(ctx))
	for _, row := range rows {
		switch m := t.value(row, column).(type) {
		case domain.Marking:
			tracker.Raise(m)
		case int:
			tracker.Raise(domain.Marking(m))
		}
	}
}

// trackFilter records that a filter refers to the rows that its relations lead to.
func trackFilter(ctx context.Context, accesses []*access) {
	for _, a := range accesses {
		if a.target.Document.IsDocument() {
			TrackCounted(ctx, a.target)
		}
	}
}

// TrackCounted records that the response has numbers of documents of some tables that are not read: the markings of all that
// the viewer sees of these count.
func TrackCounted(ctx context.Context, tables ...*Table) {
	tracker := trackerOf(ctx)
	if tracker == nil {
		return
	}
	tracker.mu.Lock()
	defer tracker.mu.Unlock()
	for _, t := range tables {
		tracker.filtered[t] = true
	}
}

// readsMarkings reports whether [MarkingTracker.Highest] of the operation of ctx will read from
// the store, as far as is known by now.
func readsMarkings(ctx context.Context) bool {
	tracker := trackerOf(ctx)
	if tracker == nil {
		return false
	}
	tracker.mu.Lock()
	defer tracker.mu.Unlock()
	return len(tracker.filtered) > 0
}

// Highest returns the highest marking. It reads that of the tables that filters referred
// to from the store.
func (s *MarkingTracker) Highest(ctx context.Context, r *Reader) (domain.Marking, error) {
	s.mu.Lock()
	highest := s.highest
	tables := make([]*Table, 0, len(s.filtered))
	for t := range s.filtered {
		tables = append(tables, t)
	}
	s.mu.Unlock()
	for _, t := range tables {
		DependOnList(ctx, r, t, nil)
		m, err := r.highestMarking(ctx, t)
		if err != nil {
			return highest, err
		}
		highest = max(highest, m)
	}
	return highest, nil
}

// highestMarking reads the highest marking in a table of documents that the viewer may see.
func (r *Reader) highestMarking(ctx context.Context, t *Table) (domain.Marking, error) {
	s, err := r.statement(ctx, t)
	if err != nil {
		return 0, err
	}
	selectMaxMarking(ctx, s.Select())
	query, args := s.Query()
	highest, err := r.numbers(ctx, 1, query, args)
	if err != nil {
		return 0, err
	}
	return domain.Marking(highest[0]), nil
}

// selectMaxMarking adds the highest marking of the rows to a statement that counts them.
func selectMaxMarking(ctx context.Context, s *sql.Selector) {
	s.AppendSelectExpr(sql.Raw("COALESCE(MAX(" + s.C(visibility.MarkingColumn(domain.StageFrom(ctx))) + "), 0)"))
}
