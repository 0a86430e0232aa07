package read

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/visibility"
)

// totals are the numbers of documents in live, by type and clearance, as they were at a
// place in the history of changes. They are counted once; from then on, what has changed
// since is added. The history has each document that became visible for a clearance or is
// visible no longer (see package projection), so the sum is exact.
type totals struct {
	mu     sync.Mutex
	byType map[domain.Type]total
}

type total struct {
	history, change int64                        // the history and its last change
	visible         [visibility.Clearances]int64 // for each clearance
}

// countAll counts the rows of a table that a list of all of them has for the viewer of ctx.
func (r *Reader) countAll(ctx context.Context, t *Table, p *plan) (int, error) {
	if p.filter == nil && t.Document.IsDocument() && domain.StageFrom(ctx) == domain.Live {
		return r.total(ctx, t)
	}
	return r.countFiltered(ctx, t, p, func(ctx context.Context) (int, error) {
		if n, ok, err := r.countLinks(ctx, t, p); ok || err != nil {
			return n, err
		}
		p.accessFreely()
		counts, err := r.counts(ctx, t, p.countShape())
		return counts[0], err
	})
}

// total returns how many documents of a type in live the viewer of ctx may see. It takes
// one statement, so that the numbers and their place in the history are of one state.
func (r *Reader) total(ctx context.Context, t *Table) (int, error) {
	viewer, err := domain.Require(ctx, domain.ReadLive)
	if err != nil {
		return 0, err
	}
	r.totals.mu.Lock()
	was, known := r.totals.byType[t.Document]
	r.totals.mu.Unlock()
	now, err := r.advance(ctx, t, was, known)
	if err == nil && known && (now.history != was.history || now.change < was.change) {
		// Live was lost and made anew, or this is a replica that is behind.
		now, err = r.advance(ctx, t, total{}, false)
	}
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", t.Name, err)
	}
	if now.history != 0 {
		r.totals.mu.Lock()
		if last := r.totals.byType[t.Document]; last.history != now.history || last.change < now.change {
			r.totals.byType[t.Document] = now
		}
		r.totals.mu.Unlock()
	}
	clearance := min(viewer.Clearance, domain.Red)
	n := now.visible[clearance]
	if tracker := trackerOf(ctx); tracker != nil {
		highest := clearance
		for highest > domain.Clear && now.visible[highest-1] == n {
			highest--
		}
		tracker.Raise(highest)
	}
	return int(n), nil
}

// advance brings a total up to date, or counts where none is known.
func (r *Reader) advance(ctx context.Context, t *Table, was total, known bool) (total, error) {
	var sums []string
	for c := range visibility.Clearances {
		if known {
			column := visibility.ChangeColumn(domain.Marking(c))
			sums = append(sums, fmt.Sprintf("coalesce(sum(CASE WHEN %[1]s = %[2]d THEN 1 WHEN %[1]s IN (%[3]d, %[4]d) THEN -1 ELSE 0 END), 0)",
				column, projection.Published, projection.Unpublished, projection.NoLongerVisible))
			continue
		}
		sums = append(sums, fmt.Sprintf("coalesce(sum(CASE WHEN %s <= %d THEN 1 ELSE 0 END), 0)", visibility.EffectiveMarking, c))
	}
	from := t.Name
	var args []any
	if known {
		from = "changes WHERE id > ? AND type = ?"
		args = []any{was.change, int64(t.Document)}
	}
	query := "SELECT (SELECT coalesce(max(history), 0) FROM projection), (SELECT coalesce(max(id), 0) FROM changes), " +
		strings.Join(sums, ", ") + " FROM " + from
	numbers, err := r.numbers(ctx, 2+visibility.Clearances, store.Bind(r.stores.Dialect(), query), args)
	if err != nil {
		return total{}, err
	}
	now := total{history: numbers[0], change: numbers[1]}
	for c := range visibility.Clearances {
		now.visible[c] = was.visible[c] + numbers[2+c]
	}
	return now, nil
}
