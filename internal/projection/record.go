package projection

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
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

// visibilityChanges maps the documents that a transaction on live affects to the
// change of each.
type visibilityChanges map[domain.ID]*visibilityChange

// visibilityChange is what a transaction on live does to one document.
type visibilityChange struct {
	before, after domain.Marking // effective markings; Unseen if not in live
	live          bool           // it is in live after the transaction
	released      bool           // its own content is new
	propagated    [visibility.Clearances]bool
	state         liveState // before a rebuild
	published     bool      // its last entry in the log publishes it; set by a rebuild
}

func (f visibilityChanges) release(id domain.ID) {
	if e := f[id]; e != nil {
		e.released = true
	}
}

// recordBefore records the effective markings of documents before the transaction
// changes them.
func (p *projector) recordBefore(ctx context.Context, ids []domain.ID) error {
	if p.changes == nil {
		return nil
	}
	ids = slices.DeleteFunc(slices.Clone(ids), func(id domain.ID) bool { return p.changes[id] != nil })
	for _, id := range ids {
		p.changes[id] = &visibilityChange{before: domain.Unseen, after: domain.Unseen}
	}
	return p.effective(ctx, ids, func(id domain.ID, m domain.Marking) {
		p.changes[id].before = m
		p.existed[id] = true
	})
}

// recordAllBefore records the effective marking and the state of every document in
// live, before a rebuild. unread says that nobody has seen any of them.
func (p *projector) recordAllBefore(ctx context.Context, unread bool) error {
	return p.states(ctx, func(id domain.ID, m domain.Marking, state liveState) {
		if unread {
			m = domain.Unseen
		}
		p.changes[id] = &visibilityChange{before: m, after: domain.Unseen, state: state}
	})
}

// states reads the effective marking and the state of each document in live.
func (p *projector) states(ctx context.Context, found func(id domain.ID, m domain.Marking, state liveState)) error {
	for _, t := range domain.Types() {
		if err := p.statesWhere(ctx, t, "", nil, found); err != nil {
			return err
		}
	}
	return nil
}

// statesWhere is states for the documents of a type that meet a condition.
func (p *projector) statesWhere(ctx context.Context, t domain.Type, where string, args []any, found func(id domain.ID, m domain.Marking, state liveState)) error {
	return statesIn(ctx, p.tx, t, where, args, found)
}

func statesIn(ctx context.Context, live store.Rows, t domain.Type, where string, args []any, found func(id domain.ID, m domain.Marking, state liveState)) error {
	err := store.QueryRows(ctx, live, "SELECT id, effective_marking, version, updated_at, published_at FROM "+aggregate.TableOf(t).Name+where, args, func(rows *sql.Rows) error {
		var id domain.ID
		var m domain.Marking
		var version int64
		var updated time.Time
		var published sql.NullTime
		if err := rows.Scan(&id, &m, &version, &updated, &published); err != nil {
			return err
		}
		found(id, m, stateOf(version, updated, published.Time))
		return nil
	})
	if err != nil {
		return fmt.Errorf("read what live says: %w", err)
	}
	return nil
}

// effective reads the effective markings of documents. It calls found only for those
// that are in live.
func (p *projector) effective(ctx context.Context, ids []domain.ID, found func(domain.ID, domain.Marking)) error {
	for t, ids := range aggregate.GroupByType(ids) {
		query := "SELECT id, effective_marking FROM " + aggregate.TableOf(t).Name + " WHERE id" + store.InSet(p.tx.Dialect())
		if err := p.markings(ctx, query, []any{store.IDSet(p.tx.Dialect(), ids)}, found); err != nil {
			return err
		}
	}
	return nil
}

func (p *projector) markings(ctx context.Context, query string, args []any, found func(domain.ID, domain.Marking)) error {
	err := store.QueryRows(ctx, p.tx, query, args, func(rows *sql.Rows) error {
		var id domain.ID
		var m domain.Marking
		err := rows.Scan(&id, &m)
		found(id, m)
		return err
	})
	if err != nil {
		return fmt.Errorf("read effective markings: %w", err)
	}
	return nil
}

// record appends the changes of the transaction to the history of changes. All have one
// time: at, or a microsecond after the last change in the history if that is later.
func (p *projector) record(ctx context.Context, at time.Time) error {
	err := p.effective(ctx, slices.Collect(maps.Keys(p.changes)), func(id domain.ID, m domain.Marking) {
		p.changes[id].after, p.changes[id].live = m, true
	})
	if err != nil {
		return err
	}
	return p.recordAfter(ctx, at)
}

// recordAfter is the part of record once the effective markings afterwards are known.
func (p *projector) recordAfter(ctx context.Context, at time.Time) error {
	if err := p.markIndex(ctx); err != nil {
		return err
	}
	if err := p.propagate(ctx); err != nil {
		return err
	}
	return p.writeChanges(ctx, at)
}

// markedInIndex is how many documents are marked in the search index at once.
const markedInIndex = 4 * aggregate.MaxBatch

// markIndex writes the effective markings of the documents that may have another one to the search index.
func (p *projector) markIndex(ctx context.Context) error {
	if p.index == nil {
		return nil
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(p.changes)), markedInIndex) {
		markings := map[domain.ID]domain.Marking{}
		for _, id := range ids {
			if e := p.changes[id]; e.live && (p.everything || e.released || e.after != e.before) {
				markings[id] = e.after
			}
		}
		if err := p.index.Mark(ctx, markings); err != nil {
			return err
		}
	}
	return nil
}

// recordAll is record for a transaction that may have added or changed any document
// without a call of recordBefore: it compares all of live with the recorded state.
func (p *projector) recordAll(ctx context.Context, at time.Time) error {
	err := p.states(ctx, func(id domain.ID, m domain.Marking, state liveState) {
		e := p.changes[id]
		if e == nil {
			e = &visibilityChange{before: domain.Unseen, after: domain.Unseen}
			p.changes[id] = e
		}
		e.after, e.live = m, true
		e.released = e.released || e.state != state
	})
	if err != nil {
		return err
	}
	return p.recordAfter(ctx, at)
}

// kinds returns the kind of change for viewers of each clearance, 0 for no change, and
// whether there is any.
func (e *visibilityChange) kinds() (kinds [visibility.Clearances]ChangeKind, some bool) {
	for c := range visibility.Clearances {
		before, after := visibility.Includes(domain.Marking(c), e.before), visibility.Includes(domain.Marking(c), e.after)
		switch {
		case after && !before:
			kinds[c] = Published
		case after && (e.released || e.propagated[c]):
			kinds[c] = Updated
		case before && !after && e.live:
			kinds[c] = NoLongerVisible
		case before && !after:
			kinds[c] = Unpublished
		}
		some = some || kinds[c] != 0
	}
	return kinds, some
}

// propagate marks as updated the documents that refer to one that became visible or
// invisible: for viewers who see both, the reference appeared or disappeared.
func (p *projector) propagate(ctx context.Context) error {
	if p.everything && !p.seenBefore() {
		return nil // nobody saw a document in which a reference could appear
	}
	// Documents whose visibility changes for the same clearances share one query.
	groups := map[[visibility.Clearances]bool][]domain.ID{}
	for id, e := range p.changes {
		var changed [visibility.Clearances]bool
		for c := range visibility.Clearances {
			changed[c] = visibility.Includes(domain.Marking(c), e.before) != visibility.Includes(domain.Marking(c), e.after)
		}
		if changed != [visibility.Clearances]bool{} {
			groups[changed] = append(groups[changed], id)
		}
	}
	for changed, ids := range groups {
		for t, ids := range aggregate.GroupByType(ids) {
			for _, r := range aggregate.Referrers(t) {
				if err := p.propagateTo(ctx, r, ids, changed); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// seenBefore reports whether there are readers who saw one of the documents.
func (p *projector) seenBefore() bool {
	for _, e := range p.changes {
		if e.before != domain.Unseen {
			return true
		}
	}
	return false
}

// propagateTo marks as updated, for the changed clearances, the documents that refer to
// those of ids by one reference.
func (p *projector) propagateTo(ctx context.Context, r aggregate.Referrer, ids []domain.ID, changed [visibility.Clearances]bool) error {
	query := "SELECT DISTINCT d.id, d.effective_marking FROM " + r.From + " WHERE " + r.Column + store.InSet(p.tx.Dialect())
	return p.markings(ctx, query, []any{store.IDSet(p.tx.Dialect(), ids)}, func(id domain.ID, m domain.Marking) {
		e := p.changes[id]
		if e == nil {
			e = &visibilityChange{before: m, after: m, live: true}
			p.changes[id] = e
		}
		for c := range visibility.Clearances {
			e.propagated[c] = e.propagated[c] || changed[c]
		}
	})
}

func (p *projector) writeChanges(ctx context.Context, at time.Time) error {
	last, moment, err := lastChange(ctx, p.tx)
	if err != nil {
		return err
	}
	p.moment = max(at.UnixMicro(), moment+1)
	w := changeWriter{tx: p.tx, last: last}
	for _, id := range slices.Sorted(maps.Keys(p.changes)) {
		if kinds, some := p.changes[id].kinds(); some {
			if err := w.add(ctx, id, p.moment, kinds); err != nil {
				return err
			}
		}
	}
	return w.flush(ctx)
}

// changesAtOnce is how many changes are in memory at most until they are written.
const changesAtOnce = 4096

// changeColumns are the columns of the history of changes that a changeWriter writes.
var changeColumns = func() []string {
	columns := []string{"id", "at", "document_id", "type"}
	for c := range visibility.Clearances {
		columns = append(columns, aggregate.Quote(visibility.ChangeColumn(domain.Marking(c))))
	}
	return columns
}()

// changeWriter appends to the history of changes.
type changeWriter struct {
	tx     *store.Tx
	last   int64 // the row id of the last change
	values []any
}

// add appends what changes of a document at a moment, in microseconds since 1970.
func (w *changeWriter) add(ctx context.Context, id domain.ID, moment int64, kinds [visibility.Clearances]ChangeKind) error {
	w.last++
	w.values = append(w.values, w.last, moment, int64(id), int64(id.Type()))
	for _, k := range kinds {
		w.values = append(w.values, int64(k))
	}
	if len(w.values) < changesAtOnce*len(changeColumns) {
		return nil
	}
	return w.flush(ctx)
}

// flush writes what was appended.
func (w *changeWriter) flush(ctx context.Context) error {
	width := len(changeColumns)
	head := "INSERT INTO changes (" + strings.Join(changeColumns, ", ") + ") VALUES "
	one := "(" + strings.Repeat("?, ", width-1) + "?)"
	for len(w.values) > 0 {
		n := aggregate.BatchSize(len(w.values)/width, width)
		query := head + strings.Repeat(one+", ", n-1) + one
		if err := store.ExecLater(ctx, w.tx, "record changes", query, w.values[:n*width]...); err != nil {
			return err
		}
		w.values = w.values[n*width:]
	}
	w.values = nil // what was passed on is not written over
	return nil
}

// forgetChanges deletes the history of changes of a live that nobody has read.
func (p *projector) forgetChanges(ctx context.Context) error {
	if err := store.Exec(ctx, p.tx, "DELETE FROM changes"); err != nil {
		return fmt.Errorf("delete the changes: %w", err)
	}
	return nil
}

// lastChange returns the row id of the last change and its time in microseconds since
// 1970; zeros if there is none.
func lastChange(ctx context.Context, db store.Rows) (id, moment int64, err error) {
	err = store.QueryRows(ctx, db, "SELECT id, at FROM changes ORDER BY id DESC LIMIT 1", nil,
		func(rows *sql.Rows) error { return rows.Scan(&id, &moment) })
	if err != nil {
		return 0, 0, fmt.Errorf("read the last change: %w", err)
	}
	return id, moment, nil
}

// beginHistory starts the history of changes if live has none: live is new, or older
// than such histories. Documents that live already has are recorded as published at the
// time of the first change. The number of the history is random, so that a position in
// an earlier history, which was lost with its live, is not valid in this one. From then
// on live is a projection of the log with the given identity.
func (l *Live) beginHistory(ctx context.Context, tx *store.Tx, identity string) error {
	live, err := readProjection(ctx, tx)
	if err != nil {
		return err
	}
	if live.history != 0 {
		return l.adoptLog(ctx, tx, live, identity)
	}
	at := live.at
	if at.IsZero() {
		at = l.clock()
	}
	p := &projector{tx: tx, changes: visibilityChanges{}}
	if err := p.recordAll(ctx, at); err != nil {
		return err
	}
	var number [4]byte
	rand.Read(number[:]) // never fails: it crashes the program instead
	_, err = tx.Exec(ctx, store.Bind(tx.Dialect(),
		"INSERT INTO projection (id, applied_sequence, applied_at, history) VALUES (1, ?, ?, ?)"+
			" ON CONFLICT (id) DO UPDATE SET history = excluded.history"),
		live.applied, at, int64(binary.BigEndian.Uint32(number[:])|1))
	if err != nil {
		return fmt.Errorf("begin the history of changes: %w", err)
	}
	return l.adoptLog(ctx, tx, live, identity)
}

// adoptLog records which log live is a projection of, unless it is recorded already.
func (l *Live) adoptLog(ctx context.Context, tx *store.Tx, live projection, identity string) error {
	if live.log != "" {
		return nil
	}
	var hash string
	if live.applied > 0 {
		applied, err := entryAt(ctx, l.stores.DeskRows(), live.applied)
		if err != nil || applied == nil {
			return err // a rebuild of a live that is ahead of the log: it goes on to record what it applied
		}
		hash = applied.Hash()
	}
	_, err := tx.Exec(ctx, store.Bind(tx.Dialect(), "UPDATE projection SET log = ?, entry_hash = ? WHERE id = 1"), identity, hash)
	if err != nil {
		return fmt.Errorf("note which log live is of: %w", err)
	}
	return nil
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
