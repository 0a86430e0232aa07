package search

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Maintenance builds, rebuilds and merges the indexes of both stores.
type Maintenance struct {
	stores  *store.Stores
	targets []*target
}

// NewMaintenance returns the maintenance of the indexes. now is the clock.
func NewMaintenance(stores *store.Stores, now func() time.Time) *Maintenance {
	return &Maintenance{stores: stores, targets: []*target{
		{name: "desk", now: now, rows: stores.DeskRows, write: stores.Desk, desk: true},
		{name: "live", now: now, rows: stores.LiveRows, write: stores.Live},
	}}
}

// Prepare makes the index of a store that has documents and none, or one of an earlier version of the
// analyser, due: [Maintenance.Run] builds it. It is called at start, before anything is written.
func (m *Maintenance) Prepare(ctx context.Context) error {
	for _, t := range m.targets {
		if err := t.prepare(ctx); err != nil {
			return fmt.Errorf("prepare the search index of the %s: %w", t.name, err)
		}
	}
	return nil
}

func (t *target) prepare(ctx context.Context) error {
	_, m, err := readManifest(ctx, plainRows{t.rows()})
	if err != nil || m != nil && (m.analyser == indexVersion || m.building == indexVersion) {
		return err
	}
	documents := false
	if m == nil {
		for _, typ := range Types() {
			if Indexed(typ) && !documents {
				ids, err := store.QueryIDs(ctx, t.rows(), "SELECT id FROM "+aggregate.TableOf(typ).Name+" LIMIT 1")
				if err != nil {
					return err
				}
				documents = len(ids) > 0
			}
		}
	}
	return t.write(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, m, err := readManifest(ctx, plainRows{tx})
		if err != nil {
			return err
		}
		switch {
		case m == nil && !documents:
			m = &manifest{format: manifestFormat, analyser: indexVersion}
		case m == nil:
			m = &manifest{format: manifestFormat, building: indexVersion}
		default:
			m.building, m.reached, m.restart = indexVersion, 0, m.generation
		}
		return writeManifest(ctx, tx, m)
	})
}

// reindexBatch is how many documents a reindex writes in one transaction.
const reindexBatch = 64

// Reindex builds the indexes of both stores anew, while they serve. One that was interrupted goes on where
// it was. progress is called with what was done, also before it was interrupted, of all documents of both.
func (m *Maintenance) Reindex(ctx context.Context, progress func(done, of int)) error {
	for _, t := range m.targets {
		if err := t.restart(ctx); err != nil {
			return err
		}
	}
	of, done := 0, 0
	for _, t := range m.targets {
		all, reached, err := t.documents(ctx)
		if err != nil {
			return err
		}
		of, done = of+all, done+reached
	}
	progress(done, of)
	var mu sync.Mutex
	return m.each(ctx, func(ctx context.Context, t *target) error {
		return t.reindex(ctx, func(n int) {
			mu.Lock()
			defer mu.Unlock()
			done += n
			progress(done, of)
		})
	})
}

// each does work on the indexes of both stores at the same time: each store has a write lock of its own. The
// first error ends the work on the other.
func (m *Maintenance) each(ctx context.Context, work func(context.Context, *target) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var all sync.WaitGroup
	for _, t := range m.targets {
		all.Go(func() {
			if err := work(ctx, t); err != nil {
				stop(err)
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

// restart makes a reindex due, unless one has begun.
func (t *target) restart(ctx context.Context) error {
	if err := t.prepare(ctx); err != nil {
		return err
	}
	return t.change(ctx, func(_ context.Context, _ *store.Tx, m *manifest) error {
		if m.building != indexVersion {
			m.building, m.reached, m.restart = indexVersion, 0, m.generation
		}
		return nil
	})
}

// Wipe empties the indexes, for one that is damaged. Searches fail until they are built again.
func (m *Maintenance) Wipe(ctx context.Context) error {
	for _, t := range m.targets {
		err := t.write(ctx, func(ctx context.Context, tx *store.Tx) error {
			_, old, err := readManifest(ctx, plainRows{tx})
			fresh := &manifest{format: manifestFormat, building: indexVersion}
			if err == nil && old != nil {
				fresh.nextBlock, fresh.nextSegment = old.nextBlock, old.nextSegment
			} else {
				// Numbers that a reader may have seen are not used again.
				fresh.nextBlock, fresh.nextSegment = t.now().UnixMilli(), t.now().UnixMilli()
			}
			for _, table := range []string{"search_units", "search_unit_blocks", "search_pending", "search_segments", "search_blocks"} {
				if err := store.Exec(ctx, tx, "DELETE FROM "+table); err != nil {
					return err
				}
			}
			return writeManifest(ctx, tx, fresh)
		})
		if err != nil {
			return fmt.Errorf("empty the search index of the %s: %w", t.name, err)
		}
	}
	return nil
}

// documents counts the documents of a reindex, and those of them that it has done.
func (t *target) documents(ctx context.Context) (all, done int, err error) {
	_, m, err := readManifest(ctx, plainRows{t.rows()})
	if err != nil {
		return 0, 0, err
	}
	begun := m != nil && m.building != 0 && m.reached != 0
	for _, typ := range Types() {
		if !Indexed(typ) {
			continue
		}
		table := aggregate.TableOf(typ).Name
		n, err := t.count(ctx, "SELECT count(*) FROM "+table)
		if err != nil {
			return 0, 0, err
		}
		all += n
		if begun && typ == m.reached.Type() {
			if n, err = t.count(ctx, "SELECT count(*) FROM "+table+" WHERE id <= ?", int64(m.reached)); err != nil {
				return 0, 0, err
			}
		}
		if begun {
			done += n
			begun = typ != m.reached.Type()
		}
	}
	return all, done, nil
}

func (t *target) count(ctx context.Context, query string, args ...any) (n int, err error) {
	err = store.QueryRows(ctx, t.rows(), query, args, func(rows *sql.Rows) error { return rows.Scan(&n) })
	return n, err
}

// reindex does what is due, and merges. done is called with the number of documents of each
// transaction.
func (t *target) reindex(ctx context.Context, done func(int)) error {
	for {
		_, m, err := readManifest(ctx, plainRows{t.rows()})
		if err != nil || m == nil || m.building == 0 {
			return err
		}
		ids, err := t.after(ctx, m.reached)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			if err := t.finishReindex(ctx); err != nil {
				return err
			}
			return t.merge(ctx)
		}
		documents, err := t.load(ctx, t.rows(), ids)
		if err != nil {
			return err
		}
		ahead := Analyse(documents...)
		err = t.write(ctx, func(ctx context.Context, tx *store.Tx) error {
			w := NewWriter(tx)
			w.UseAnalysed(ahead)
			documents, err := t.load(ctx, tx, ids)
			if err != nil {
				return err
			}
			if err := w.Put(ctx, documents...); err != nil {
				return err
			}
			w.manifest.reached, w.dirty = ids[len(ids)-1], true
			return w.Flush(ctx)
		})
		if err != nil {
			return fmt.Errorf("build the search index of the %s: %w", t.name, err)
		}
		done(len(ids))
		if len(m.sources) > 3*mergeSegments {
			if err := t.merge(ctx); err != nil {
				return err
			}
		}
	}
}

// after returns the next documents after one, in the order of the types and of their ids.
func (t *target) after(ctx context.Context, reached domain.ID) ([]domain.ID, error) {
	types := slices.DeleteFunc(Types(), func(typ domain.Type) bool { return !Indexed(typ) })
	from := 0
	if reached != 0 {
		from = max(slices.Index(types, reached.Type()), 0)
	}
	for _, typ := range types[from:] {
		ids, err := store.QueryIDs(ctx, t.rows(), "SELECT id FROM "+aggregate.TableOf(typ).Name+" WHERE id > ? ORDER BY id LIMIT ?", int64(reached), reindexBatch)
		if err != nil || len(ids) > 0 {
			return ids, err
		}
		reached = 0
	}
	return nil, nil
}

// load reads documents as they are to be indexed.
func (t *target) load(ctx context.Context, db store.Rows, ids []domain.ID) ([]Document, error) {
	var all []Document
	for typ, ids := range aggregate.GroupByType(ids) {
		roots, err := aggregate.Load(ctx, db, typ, ids)
		if err != nil {
			return nil, err
		}
		columns := "effective_marking, published_at"
		condition := ""
		if t.desk {
			columns, condition = "0, updated_at", " AND deleted_at IS NULL"
		}
		engine := db.Dialect()
		err = store.QueryRows(ctx, db, "SELECT id, "+columns+" FROM "+aggregate.TableOf(typ).Name+" WHERE id"+store.InSet(engine)+condition, []any{store.IDSet(engine, ids)}, func(rows *sql.Rows) error {
			var id domain.ID
			var at sql.NullTime
			d := Document{Type: typ}
			if err := rows.Scan(&id, &d.Marking, &at); err != nil {
				return err
			}
			d.Root, d.Published = roots[id], at.Time
			if d.Root != nil {
				all = append(all, d)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read documents: %w", err)
		}
	}
	slices.SortFunc(all, func(a, b Document) int { return cmp.Compare(a.Root.ID, b.Root.ID) })
	return all, nil
}

// finishReindex is the last transaction of a reindex: what is no longer there is removed.
func (t *target) finishReindex(ctx context.Context) error {
	owners, err := store.QueryIDs(ctx, t.rows(), "SELECT DISTINCT owner_id FROM search_units")
	if err != nil {
		return err
	}
	gone, err := t.gone(ctx, t.rows(), owners)
	if err != nil {
		return err
	}
	return t.write(ctx, func(ctx context.Context, tx *store.Tx) error {
		w := NewWriter(tx)
		if err := w.open(ctx); err != nil {
			return err
		}
		m := w.manifest
		if m.building != indexVersion {
			return nil // another process has finished it
		}
		gone, err := t.gone(ctx, tx, gone) // some may have come back
		if err != nil {
			return err
		}
		if err := w.Remove(ctx, gone...); err != nil {
			return err
		}
		m.sources = slices.DeleteFunc(m.sources, func(s source) bool { return s.last <= m.restart && s.segment != 0 })
		m.analyser, m.building, m.reached, m.restart, w.dirty = m.building, 0, 0, 0, true
		return w.Flush(ctx)
	})
}

// gone returns those of the documents that the store has not.
func (t *target) gone(ctx context.Context, db store.Rows, owners []domain.ID) ([]domain.ID, error) {
	var gone []domain.ID
	for typ, ids := range aggregate.GroupByType(owners) {
		for chunk := range slices.Chunk(ids, 4*aggregate.MaxBatch) {
			condition := ""
			if t.desk {
				condition = " AND deleted_at IS NULL"
			}
			engine := db.Dialect()
			there, err := store.QueryIDs(ctx, db, "SELECT id FROM "+aggregate.TableOf(typ).Name+" WHERE id"+store.InSet(engine)+condition, store.IDSet(engine, chunk))
			if err != nil {
				return nil, err
			}
			present := make(map[domain.ID]bool, len(there))
			for _, id := range there {
				present[id] = true
			}
			for _, id := range chunk {
				if !present[id] {
					gone = append(gone, id)
				}
			}
		}
	}
	return gone, nil
}

// Merge merges what should be merged in the indexes.
func (m *Maintenance) Merge(ctx context.Context) error {
	for _, t := range m.targets {
		if err := t.merge(ctx); err != nil {
			return err
		}
	}
	return nil
}

// MergeAll merges each index into one segment, which makes it smallest and quickest.
func (m *Maintenance) MergeAll(ctx context.Context) error {
	return m.each(ctx, func(ctx context.Context, t *target) error {
		if err := t.mergeAll(ctx); err != nil && !errors.Is(err, errMerging) {
			return err
		}
		return t.clean(ctx)
	})
}
