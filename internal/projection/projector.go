package projection

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"time"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// projectNext does what is next for live to follow the log: begins its history,
// or applies a release. Another process may be doing the same: what was compared
// is looked at again under live's lock, and where it has changed nothing is done.
func (l *Live) projectNext(ctx context.Context, live projection, log LogState) error {
	if live.history == 0 || live.log == "" {
		return l.stores.Live(ctx, func(ctx context.Context, tx *store.Tx) error {
			return l.beginHistory(ctx, tx, log.Identity)
		})
	}
	entries, err := nextRelease(ctx, l.stores.DeskRows(), live.applied)
	if err != nil || len(entries) == 0 {
		return err
	}
	release := entries[0].Release
	err = l.stores.Live(ctx, func(ctx context.Context, tx *store.Tx) error {
		present, err := readProjection(ctx, tx)
		if err != nil || !present.same(live) {
			return err
		}
		p := &projector{tx: tx, desk: l.stores.DeskRows(), changes: visibilityChanges{}, existed: map[domain.ID]bool{}}
		if err := p.apply(ctx, entries); err != nil {
			return err
		}
		if err := p.record(ctx, entries[0].At); err != nil {
			return err
		}
		return p.setApplied(ctx, log.Identity, &entries[len(entries)-1], l.clock())
	})
	if err != nil {
		return fmt.Errorf("release %d: %w", release, err)
	}
	return nil
}

// projector applies log entries in one transaction on live.
type projector struct {
	tx      *store.Tx
	desk    store.Rows         // where the snapshots are
	changes visibilityChanges  // what the entries did; nil where nobody asks
	existed map[domain.ID]bool // which of the documents were in live before; see before
}

// apply makes live what the entries say, and then works out who may see it.
func (p *projector) apply(ctx context.Context, entries []Entry) error {
	final := make(map[domain.ID]Entry, len(entries)) // the last word on each document
	for _, e := range entries {
		final[e.Document] = e
	}
	ids := slices.Sorted(maps.Keys(final))
	if err := p.noteBefore(ctx, ids); err != nil {
		return err
	}
	touched := map[domain.ID]bool{}
	if err := p.supportOf(ctx, ids, touched); err != nil {
		return err
	}
	var gone []domain.ID
	var keys []aggregate.RevisionKey
	for _, id := range ids {
		p.changes.release(id)
		if e := final[id]; e.Action == ActionPublish {
			keys = append(keys, aggregate.RevisionKey{ID: id, Number: e.Revision})
		} else {
			gone = append(gone, id)
		}
	}
	// Documents of one type together, since they are written together.
	slices.SortFunc(keys, func(a, b aggregate.RevisionKey) int {
		return cmp.Or(cmp.Compare(a.ID.Type(), b.ID.Type()), cmp.Compare(a.ID, b.ID))
	})
	ahead, stop := context.WithCancel(ctx)
	defer stop()
	for batch := range readAhead(ahead, p.desk, keys) {
		if batch.err != nil {
			return batch.err
		}
		purged, err := p.putBatch(ctx, batch, final)
		if err != nil {
			return err
		}
		gone = append(gone, purged...)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := p.remove(ctx, gone); err != nil {
		return err
	}
	if err := p.supportOf(ctx, ids, touched); err != nil {
		return err
	}
	return p.markEffective(ctx, ids, touched)
}

// snapshotBatch is some snapshots that were read from the desk.
type snapshotBatch struct {
	keys  []aggregate.RevisionKey
	snaps map[aggregate.RevisionKey]*aggregate.Snapshot
	err   error
}

// readAhead reads and decodes snapshots while those before them are written, so
// that live is held for the writing alone. It holds two batches at most, and ends
// with ctx or after an error.
func readAhead(ctx context.Context, desk store.Rows, keys []aggregate.RevisionKey) <-chan snapshotBatch {
	batches := make(chan snapshotBatch)
	go func() {
		defer close(batches)
		for batch := range slices.Chunk(keys, aggregate.LoadBatch) {
			snaps, err := aggregate.ReadRevisionKeys(ctx, desk, batch)
			select {
			case batches <- snapshotBatch{batch, snaps, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return batches
}

// putBatch writes some documents to live. It returns those that were purged
// since: the log goes on to say that they are gone.
func (p *projector) putBatch(ctx context.Context, batch snapshotBatch, final map[domain.ID]Entry) (purged []domain.ID, err error) {
	byType := map[domain.Type][]*aggregate.Snapshot{}
	for _, key := range batch.keys {
		if snap := batch.snaps[key]; snap != nil {
			byType[snap.Type] = append(byType[snap.Type], snap)
			continue
		}
		left, err := aggregate.ReadMeta(ctx, p.desk, []domain.ID{key.ID})
		if err != nil {
			return nil, err
		}
		if left[key.ID] != nil {
			return nil, fmt.Errorf("the log refers to revision %d of %s, which is not there", key.Number, key.ID)
		}
		purged = append(purged, key.ID)
	}
	for t, snaps := range byType {
		if err := p.put(ctx, t, snaps, final); err != nil {
			return nil, err
		}
	}
	return purged, nil
}

// supportOf adds the supporting documents that the given documents refer to, as
// live has them now.
func (p *projector) supportOf(ctx context.Context, ids []domain.ID, into map[domain.ID]bool) error {
	groups := aggregate.GroupByType(ids)
	for _, target := range domain.Types() {
		if !target.Supporting() {
			continue
		}
		for _, way := range aggregate.Referrers(target) {
			query := "SELECT DISTINCT " + way.Column + " FROM " + way.From + " WHERE " + way.Column + " IS NOT NULL AND d.id"
			if err := p.collect(ctx, query, groups[way.Type], into); err != nil {
				return err
			}
		}
	}
	return nil
}

// remove takes documents out of live.
func (p *projector) remove(ctx context.Context, ids []domain.ID) error {
	for t, ids := range aggregate.GroupByType(ids) {
		if err := aggregate.DeleteOwned(ctx, p.tx, aggregate.TableOf(t), ids); err != nil {
			return err
		}
		if err := aggregate.DeleteByID(ctx, p.tx, aggregate.TableOf(t).Name, ids); err != nil {
			return err
		}
		if err := p.removeAliases(ctx, ids); err != nil {
			return err
		}
	}
	return nil
}

func (p *projector) removeAliases(ctx context.Context, ids []domain.ID) error {
	if len(ids) == 0 {
		return nil
	}
	engine := p.tx.Dialect()
	_, err := p.tx.Exec(ctx, store.Bind(engine, "DELETE FROM aliases WHERE document_id"+store.InSet(engine)), store.Set(engine, ids))
	return err
}

// put writes documents of one type to live as their snapshots have them.
func (p *projector) put(ctx context.Context, t domain.Type, snaps []*aggregate.Snapshot, final map[domain.ID]Entry) error {
	root := aggregate.TableOf(t)
	ids := make([]domain.ID, len(snaps))
	roots := make([]*aggregate.Row, len(snaps))
	versions := make([]aggregate.PublishedRoot, len(snaps))
	for i, snap := range snaps {
		ids[i], roots[i] = snap.ID, snap.Root
		e := final[snap.ID]
		updated := e.At
		if t.Supporting() {
			updated = snap.SavedAt // the date of its first use would tell of what refers to it
		}
		versions[i] = aggregate.PublishedRoot{Row: snap.Root, Version: e.Revision, CreatedAt: snap.CreatedAt, UpdatedAt: updated, PublishedAt: e.PublishedAt}
	}
	there := slices.DeleteFunc(slices.Clone(ids), func(id domain.ID) bool { return !p.existed[id] })
	if err := aggregate.DeleteOwned(ctx, p.tx, root, there); err != nil {
		return err
	}
	if err := p.removeAliases(ctx, there); err != nil {
		return err
	}
	if err := aggregate.UpsertRoots(ctx, p.tx, root, versions); err != nil {
		return err
	}
	if err := aggregate.InsertOwned(ctx, p.tx, root, roots); err != nil {
		return err
	}
	return p.putAliases(ctx, t, snaps)
}

// putAliases writes the former slugs and ids.
func (p *projector) putAliases(ctx context.Context, t domain.Type, snaps []*aggregate.Snapshot) error {
	query := store.Bind(p.tx.Dialect(), "INSERT INTO aliases (id, document_id, type, slug, former_id) VALUES (?, ?, ?, ?, ?)")
	for _, snap := range snaps {
		for _, slug := range snap.FormerSlugs {
			if _, err := p.tx.Exec(ctx, query, aliasID(snap.ID, slug), int64(snap.ID), int64(t), slug, nil); err != nil {
				return fmt.Errorf("put a former slug: %w", err)
			}
		}
		for _, id := range snap.FormerIDs {
			if _, err := p.tx.Exec(ctx, query, aliasID(snap.ID, id.String()), int64(snap.ID), int64(t), nil, int64(id)); err != nil {
				return fmt.Errorf("put a former id: %w", err)
			}
		}
	}
	return nil
}

// aliasID is the row id of an alias in live. It is made from the alias, so
// that live is the same however often it is made.
func aliasID(document domain.ID, name string) int64 {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d %s", document, name) // a hash takes every write
	return int64(h.Sum64() >> 1)
}

// RebuildResult is what a rebuild of live came to.
type RebuildResult struct {
	Documents int
	Sequence  int64
}

// rebuildBatch is how many documents a rebuild holds in memory at once.
const rebuildBatch = 500

// Rebuild makes live anew from the log and the revisions, in one transaction:
// readers see the old live until it is done.
func (l *Live) Rebuild(ctx context.Context) (RebuildResult, error) {
	l.writing.Lock()
	defer l.writing.Unlock()
	var out RebuildResult
	err := l.stores.Live(ctx, func(ctx context.Context, tx *store.Tx) error {
		desk := l.stores.DeskRows()
		log, err := ReadLog(ctx, desk)
		if err != nil {
			return err
		}
		last, err := entryAt(ctx, desk, log.Last)
		if err != nil {
			return err
		}
		live, err := readProjection(ctx, tx)
		if err != nil {
			return err
		}
		if live.history == 0 {
			if err := l.beginHistory(ctx, tx, log.Identity); err != nil {
				return err
			}
		}
		// Live as it was and as it will be should be the same. Where they are
		// not, those who follow its changes have to hear of it.
		recorder := &projector{tx: tx, changes: visibilityChanges{}}
		if err := recorder.noteAllBefore(ctx); err != nil {
			return err
		}
		for name := range aggregate.Tables() {
			if _, err := tx.Exec(ctx, "DELETE FROM "+name); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, "DELETE FROM aliases"); err != nil {
			return err
		}
		entries, err := readEntries(ctx, desk,
			"SELECT e.sequence, e.release, e.action, e.document_id, e.revision, e.at, e.published_at FROM publication_entries e"+
				" JOIN (SELECT document_id, max(sequence) AS last FROM publication_entries WHERE sequence <= ? GROUP BY document_id) l"+
				" ON l.last = e.sequence WHERE e.action = 'PUBLISH' ORDER BY e.sequence", log.Last)
		if err != nil {
			return err
		}
		p := &projector{tx: tx, desk: desk}
		for done := 0; done < len(entries); done += rebuildBatch {
			if err := p.apply(ctx, entries[done:min(done+rebuildBatch, len(entries))]); err != nil {
				return err
			}
		}
		at := latest(l.clock(), live.at.Add(time.Microsecond))
		if err := recorder.recordAll(ctx, at); err != nil {
			return err
		}
		out = RebuildResult{Documents: len(entries), Sequence: log.Last}
		return p.setApplied(ctx, log.Identity, last, at)
	})
	return out, err
}
