package projection

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/visibility"
)

// MaxWindow is how many documents a [Window] has at most.
const MaxWindow = 2000

// Window is what happened in live between two days, for viewers of one clearance. It has
// nothing that they do not see.
type Window struct {
	From, To domain.Date
	// Changed has the kind of change of the documents that were published or updated:
	// by the history of changes, or by the date of publication that they bear.
	Changed   map[domain.ID]ChangeKind
	Published map[domain.ID]time.Time
	// Documents are those that were changed, that are dated, and that own a dated row.
	Documents map[domain.ID]*aggregate.Row
	// Names are those of the entities that are ends of relationships or platforms of observations.
	Names map[domain.ID]string

	visible map[domain.ID]bool
}

// Sees reports whether the viewers see a document of the window, or one to which it
// refers.
func (w *Window) Sees(id domain.ID) bool { return w.visible[id] }

// Contains reports whether a date is in the window, as far as it says. A year is in none.
func (w *Window) Contains(d domain.Date) bool {
	return len(d) >= len("2006-01") && !d.After(w.To) && !w.From.After(d)
}

// windowTypes are the types of the documents in a window.
var windowTypes = []domain.Type{domain.Report, domain.Narrative, domain.Entity, domain.Relationship}

// dated are the queries for the documents with a date between two texts.
var dated = map[domain.Type]string{
	domain.Entity: "SELECT d.id FROM entities d WHERE d.kind IN ('EVENT', 'LEGAL_INSTRUMENT') AND (d.start_date BETWEEN ? AND ? OR d.end_date BETWEEN ? AND ?)" +
		" UNION SELECT l.entity_id FROM listings l WHERE l.since BETWEEN ? AND ? OR l.until BETWEEN ? AND ?",
	domain.Narrative: "SELECT o.narrative_id FROM observations o WHERE o.observed_on BETWEEN ? AND ?",
}

// Window returns what happened between two days, the last one included, for viewers of a
// clearance. The caller checks that it is no higher than that of its viewer.
//
// Errors: KindInvalid for a window with more than MaxWindow documents.
func (l *Live) Window(ctx context.Context, clearance domain.Marking, from, to domain.Date) (*Window, error) {
	w := &Window{From: from, To: to, Changed: map[domain.ID]ChangeKind{}, Published: map[domain.ID]time.Time{},
		Documents: map[domain.ID]*aggregate.Row{}, Names: map[domain.ID]string{}, visible: map[domain.ID]bool{}}
	start, err := time.Parse(time.DateOnly, string(from))
	if err != nil {
		return nil, fmt.Errorf("the start of a window: %w", err)
	}
	end, err := time.Parse(time.DateOnly, string(to))
	if err != nil {
		return nil, fmt.Errorf("the end of a window: %w", err)
	}
	end = end.AddDate(0, 0, 1)
	db := l.stores.LiveRows()
	if incomplete, err := l.Incomplete(ctx); err != nil || incomplete {
		return nil, cmp.Or(err, error(store.ErrLiveIncomplete))
	}
	if err := w.readChanges(ctx, db, clearance, start, end); err != nil {
		return nil, err
	}
	if err := w.readDated(ctx, db, clearance); err != nil {
		return nil, err
	}
	if len(w.Documents) > MaxWindow {
		return nil, domain.Invalid("more than %d documents are in this time: choose a shorter one", MaxWindow)
	}
	return w, w.load(ctx, db, clearance, start, end)
}

// readChanges finds the documents that were published or updated.
func (w *Window) readChanges(ctx context.Context, db store.Rows, clearance domain.Marking, start, end time.Time) error {
	column := aggregate.Quote(visibility.ChangeColumn(clearance))
	query := "SELECT document_id, " + column + " FROM changes WHERE " + column + " > 0 AND at >= ? AND at < ? ORDER BY at"
	err := store.QueryRows(ctx, db, query, []any{start.UnixMicro(), end.UnixMicro()}, func(rows *sql.Rows) error {
		var id domain.ID
		var kind ChangeKind
		if err := rows.Scan(&id, &kind); err != nil {
			return err
		}
		switch {
		case !slices.Contains(windowTypes, id.Type()):
		case kind.Tombstone():
			delete(w.Changed, id)
		case w.Changed[id] != Published:
			w.Changed[id] = kind
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the changes of a window: %w", err)
	}
	for _, t := range windowTypes {
		query := "SELECT id FROM " + aggregate.TableOf(t).Name + " WHERE published_at >= ? AND published_at < ? AND effective_marking <= ? LIMIT ?"
		ids, err := store.QueryIDs(ctx, db, query, start, end, int64(clearance), int64(MaxWindow+1))
		if err != nil {
			return fmt.Errorf("find what was published in a window: %w", err)
		}
		for _, id := range ids {
			w.Changed[id] = Published
		}
	}
	for id := range w.Changed {
		w.Documents[id] = nil
	}
	return nil
}

// readDated finds the documents with a date in the window.
func (w *Window) readDated(ctx context.Context, db store.Rows, clearance domain.Marking) error {
	// A month sorts before its days.
	month := string(w.From)[:len("2006-01")]
	for t, query := range dated {
		args := make([]any, strings.Count(query, "?"))
		for i := range args {
			args[i] = []string{month, string(w.To)}[i%2]
		}
		query := "SELECT v.id FROM " + aggregate.TableOf(t).Name + " v WHERE v.effective_marking <= ? AND v.id IN (" + query + ") LIMIT ?"
		ids, err := store.QueryIDs(ctx, db, query, append(append([]any{int64(clearance)}, args...), int64(MaxWindow+1))...)
		if err != nil {
			return fmt.Errorf("find what is dated in a window: %w", err)
		}
		for _, id := range ids {
			w.Documents[id] = nil
		}
	}
	return nil
}

// load reads the documents, and last which of them and of what they refer to are visible:
// a release in between shows or hides a document with its content.
func (w *Window) load(ctx context.Context, db store.Rows, clearance domain.Marking, start, end time.Time) error {
	wanted := map[domain.ID]bool{}
	ends := map[domain.ID]bool{}
	for t, ids := range aggregate.GroupByType(slices.Collect(maps.Keys(w.Documents))) {
		for batch := range slices.Chunk(ids, aggregate.MaxBatch) {
			loaded, err := aggregate.Load(ctx, db, t, batch)
			if err != nil {
				return err
			}
			for id, row := range loaded {
				w.Documents[id], wanted[id] = row, true
				for _, target := range row.Targets(aggregate.TableOf(t)) {
					wanted[target] = true
					ends[target] = ends[target] || t == domain.Relationship
				}
				for _, o := range row.Owned["observations"] {
					ends[o.Ref("platform_id")] = true
				}
			}
		}
	}
	if err := w.readNames(ctx, db, ends); err != nil {
		return err
	}
	engine := db.Dialect()
	for t, ids := range aggregate.GroupByType(slices.Collect(maps.Keys(wanted))) {
		query := "SELECT id, published_at, updated_at FROM " + aggregate.TableOf(t).Name + " WHERE effective_marking <= ? AND id" + store.InSet(engine)
		err := store.QueryRows(ctx, db, query, []any{int64(clearance), store.IDSet(engine, ids)}, func(rows *sql.Rows) error {
			var id domain.ID
			var published sql.NullTime
			var updated time.Time
			if err := rows.Scan(&id, &published, &updated); err != nil {
				return err
			}
			w.visible[id] = true
			w.Published[id] = published.Time.UTC()
			if w.Changed[id] == Updated && (updated.Before(start) || !updated.Before(end)) {
				delete(w.Changed, id) // something that it refers to changed
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("find what viewers see of a window: %w", err)
		}
	}
	maps.DeleteFunc(w.Documents, func(id domain.ID, row *aggregate.Row) bool { return row == nil || !w.visible[id] })
	maps.DeleteFunc(w.Changed, func(id domain.ID, _ ChangeKind) bool { return w.Documents[id] == nil })
	return nil
}

func (w *Window) readNames(ctx context.Context, db store.Rows, ends map[domain.ID]bool) error {
	maps.DeleteFunc(ends, func(id domain.ID, end bool) bool { return !end || id.Type() != domain.Entity })
	ids := slices.Collect(maps.Keys(ends))
	query := "SELECT id, name FROM entities WHERE id" + store.InSet(db.Dialect())
	err := store.QueryRows(ctx, db, query, []any{store.IDSet(db.Dialect(), ids)}, func(rows *sql.Rows) error {
		var id domain.ID
		var name string
		err := rows.Scan(&id, &name)
		w.Names[id] = name
		return err
	})
	if err != nil {
		return fmt.Errorf("read the names of entities: %w", err)
	}
	return nil
}
