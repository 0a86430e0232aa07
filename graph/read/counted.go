package read

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/visibility"
)

const (
	// countedFrom is from how many rows on a count is cached. Fewer are counted as quickly as
	// a cached count is confirmed.
	countedFrom = 2000
	maxCounted  = 512
	// maxCountedFilter bounds the filters of cached counts, in bytes of JSON.
	maxCountedFilter = 2 << 10
)

// counted is the number of rows of a filtered list of live, as it was at a place in the
// history of changes. It is right until a document of one of the types that the filter is
// about changes for viewers of the clearance: the history has each such change.
type counted struct {
	history, change int64 // the history and its last change
	rows            int
	highest         domain.Marking // of the rows
}

// filterKey identifies the filtered list of a viewer's clearance; it is empty where its
// count is not to be cached.
func (p *plan) filterKey(ctx context.Context, t *Table) (string, error) {
	if !t.Document.IsDocument() || domain.StageFrom(ctx) != domain.Live || Searches(p.arguments) {
		return "", nil
	}
	viewer, err := domain.Require(ctx, domain.ReadLive)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal([]any{t.Name, p.arguments, min(viewer.Clearance, domain.Red), trackerOf(ctx) != nil})
	if err != nil || len(text) > maxCountedFilter {
		return "", err
	}
	return string(text), nil
}

// countFiltered counts a filtered list by count, or knows the number from before.
func (r *Reader) countFiltered(ctx context.Context, t *Table, p *plan, count func(context.Context) (int, error)) (int, error) {
	key, err := p.filterKey(ctx, t)
	if err != nil {
		return 0, err
	}
	outer := trackerOf(ctx)
	if was, ok := r.counted.Get(key); ok {
		now, changed, err := r.changedSince(ctx, t, p, was)
		if err != nil {
			return 0, err
		}
		if !changed {
			r.counted.Add(key, now)
			if outer != nil {
				outer.Raise(was.highest)
			}
			return was.rows, nil
		}
	}
	inner := &MarkingTracker{documents: true, filtered: map[*Table]bool{}}
	tracked := ctx
	if outer != nil {
		tracked = context.WithValue(ctx, markingTrackerKey{}, inner)
	}
	n, err := count(tracked)
	if err != nil {
		return 0, err
	}
	if outer != nil {
		outer.Raise(inner.highest)
	}
	if n < r.countedFrom || key == "" {
		return n, nil
	}
	// In the snapshot of the operation this is the place that the number is of.
	now, _, err := r.changedSince(ctx, t, p, counted{})
	if err == nil && now.history != 0 {
		now.rows, now.highest = n, inner.highest
		r.counted.Add(key, now)
	}
	return n, err
}

// changedSince reports whether the number of rows may have changed since it was counted. It
// returns what was counted with the place in the history that it is confirmed for.
func (r *Reader) changedSince(ctx context.Context, t *Table, p *plan, was counted) (now counted, changed bool, err error) {
	viewer, err := domain.Require(ctx, domain.ReadLive)
	if err != nil {
		return was, true, err
	}
	types := []string{fmt.Sprint(int(t.Document))}
	for _, a := range p.accesses {
		if of := fmt.Sprint(int(a.target.Document)); a.target.Document.IsDocument() && !slices.Contains(types, of) {
			types = append(types, of)
		}
	}
	query := "SELECT (SELECT coalesce(max(history), 0) FROM projection), (SELECT coalesce(max(id), 0) FROM changes)," +
		" (SELECT count(*) FROM (SELECT 1 FROM changes WHERE id > ? AND " + visibility.ChangeColumn(viewer.Clearance) + " > 0" +
		" AND type IN (" + strings.Join(types, ", ") + ") LIMIT 1) AS c)"
	since := was.change
	if was.history == 0 {
		since = math.MaxInt64 // only the place is asked for
	}
	found, err := r.numbers(ctx, 3, store.Bind(r.stores.Dialect(), query), []any{since})
	if err != nil {
		return was, true, fmt.Errorf("count %s: %w", t.Name, err)
	}
	now = was
	now.history, now.change = found[0], found[1]
	// Live was lost and made anew, or this is a replica that is behind.
	other := was.history != found[0] || found[1] < was.change
	return now, other || found[2] > 0, nil
}
