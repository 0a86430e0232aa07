package projection

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"iter"
	"maps"
	"slices"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/store"
)

// projectNext does the next step of the projection: it starts the history of changes, or
// applies a release. Another process may be doing the same, so the state of live is
// compared again under live's lock, and nothing is done if it has changed.
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
		if present.incomplete() { // a rebuild has begun meanwhile
			return nil
		}
		if present.staged > 0 {
			made, err := store.CreateMissingLiveIndexes(ctx, tx)
			if err != nil {
				return err
			}
			if made > 0 {
				l.log.InfoContext(ctx, "indexes of live were made that an interrupted rebuild had left out", "indexes", made)
			}
		}
		p := &projector{tx: tx, desk: l.stores.DeskRows(), index: search.NewWriter(tx), changes: visibilityChanges{}, existed: map[domain.ID]bool{}}
		if err := p.apply(ctx, entries); err != nil {
			return err
		}
		if err := p.record(ctx, entries[0].At); err != nil {
			return err
		}
		if err := p.index.Flush(ctx); err != nil {
			return err
		}
		last, at := &entries[len(entries)-1], l.clock()
		if present.staged > 0 && last.Sequence >= log.Last { // nothing is left to an interrupted rebuild
			if err := p.setStaged(ctx, "", nil, nil); err != nil {
				return err
			}
		}
		if err := p.writeStep(ctx, present.version(), Version{Sequence: last.Sequence, AppliedAt: at}); err != nil {
			return err
		}
		return p.setApplied(ctx, log.Identity, last, at)
	})
	if err != nil {
		return fmt.Errorf("release %d: %w", release, err)
	}
	return nil
}

// projector applies log entries in one transaction on live.
type projector struct {
	tx         *store.Tx
	desk       store.Rows         // where the snapshots are
	index      *search.Writer     // of live
	everything bool               // that is in live is recorded, and marked in the index
	changes    visibilityChanges  // what the entries change; nil if not recorded
	existed    map[domain.ID]bool // which documents were in live before; see recordBefore
	moment     int64              // the time of the changes; see writeChanges
	before     *facts             // of the documents of a release, if that is not too large; see step
	anew       bool               // live is made anew, and nobody reads it: documents have their own effective markings at once
}

// apply applies entries to live, and then updates the effective markings.
func (p *projector) apply(ctx context.Context, entries []Entry) error {
	final := make(map[domain.ID]Entry, len(entries)) // the last entry of each document
	for _, e := range entries {
		final[e.Document] = e
	}
	ids := slices.Sorted(maps.Keys(final))
	if err := p.recordBefore(ctx, ids); err != nil {
		return err
	}
	if p.changes != nil && len(ids) <= maxStepDocuments {
		there := slices.DeleteFunc(slices.Clone(ids), func(id domain.ID) bool { return !p.existed[id] })
		before, err := p.factsOf(ctx, there)
		if err != nil {
			return err
		}
		p.before = &before
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
	purged, err := p.putAll(ctx, keys, final)
	if err != nil {
		return err
	}
	gone = append(gone, purged...)
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
	publishedPart // of the log, if they are read for one
	keys          []aggregate.RevisionKey
	snaps         map[aggregate.RevisionKey]*aggregate.Snapshot
	terms         search.Analysed // of the snapshots, or nothing
	err           error
}

// readAhead reads and decodes the snapshots of batches while those before them are written,
// so that live's lock is not held for that. At most three batches are in memory. The
// goroutines end with ctx or after an error. analyse says whether the terms of the next batch are to be found as well.
func readAhead(ctx context.Context, desk store.Rows, of iter.Seq[snapshotBatch], analyse func() bool) <-chan snapshotBatch {
	read := func(yield func(snapshotBatch) bool) {
		for batch := range of {
			if batch.err == nil && len(batch.keys) > 0 {
				batch.snaps, batch.err = aggregate.ReadRevisionKeys(ctx, desk, batch.keys)
			}
			if !yield(batch) || batch.err != nil {
				return
			}
		}
	}
	analysed := func(yield func(snapshotBatch) bool) {
		for batch := range produced(ctx, read) {
			if batch.err == nil && analyse() {
				batch.terms = analyseSnapshots(batch.snaps)
			}
			if !yield(batch) {
				return
			}
		}
	}
	return produced(ctx, analysed)
}

// produced makes batches in a goroutine, which ends with ctx.
func produced(ctx context.Context, of iter.Seq[snapshotBatch]) <-chan snapshotBatch {
	batches := make(chan snapshotBatch)
	go func() {
		defer close(batches)
		for batch := range of {
			select {
			case batches <- batch:
			case <-ctx.Done():
				return
			}
		}
	}()
	return batches
}

// chunks returns the snapshots to be read in batches.
func chunks(keys []aggregate.RevisionKey, size int) iter.Seq[snapshotBatch] {
	return func(yield func(snapshotBatch) bool) {
		for keys := range slices.Chunk(keys, size) {
			if !yield(snapshotBatch{keys: keys}) {
				return
			}
		}
	}
}

func analyseSnapshots(snaps map[aggregate.RevisionKey]*aggregate.Snapshot) search.Analysed {
	documents := make([]search.Document, 0, len(snaps))
	for _, snap := range snaps {
		documents = append(documents, search.Document{Root: snap.Root, Type: snap.Type})
	}
	return search.Analyse(documents...)
}

// putAll writes documents in the published revisions, and returns those that were purged
// since.
func (p *projector) putAll(ctx context.Context, keys []aggregate.RevisionKey, final map[domain.ID]Entry) (purged []domain.ID, err error) {
	// Documents of one type together, since they are written together.
	slices.SortFunc(keys, func(a, b aggregate.RevisionKey) int {
		return cmp.Or(cmp.Compare(a.ID.Type(), b.ID.Type()), cmp.Compare(a.ID, b.ID))
	})
	ahead, stop := context.WithCancel(ctx)
	defer stop()
	for batch := range readAhead(ahead, p.desk, chunks(keys, aggregate.MaxBatch), func() bool { return true }) {
		if batch.err != nil {
			return nil, batch.err
		}
		gone, err := p.putBatch(ctx, batch, final)
		if err != nil {
			return nil, err
		}
		purged = append(purged, gone...)
	}
	return purged, ctx.Err()
}

// putBatch writes a batch of documents to live. It returns the documents that were
// purged since: later entries of the log unpublish them.
func (p *projector) putBatch(ctx context.Context, batch snapshotBatch, final map[domain.ID]Entry) (purged []domain.ID, err error) {
	p.index.UseAnalysed(batch.terms)
	byType := map[domain.Type][]*aggregate.Snapshot{}
	for _, key := range batch.keys {
		if snap := batch.snaps[key]; snap != nil {
			byType[snap.Type] = append(byType[snap.Type], snap)
			continue
		}
		onDesk, err := aggregate.ReadMeta(ctx, p.desk, []domain.ID{key.ID})
		if err != nil {
			return nil, err
		}
		if onDesk[key.ID] != nil {
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
		if err := p.index.Remove(ctx, ids...); err != nil {
			return err
		}
	}
	return nil
}

func (p *projector) removeAliases(ctx context.Context, ids []domain.ID) error {
	return store.ExecSet(ctx, p.tx, "DELETE FROM aliases WHERE document_id", ids)
}

// put writes documents of one type to live as their snapshots have them.
func (p *projector) put(ctx context.Context, t domain.Type, snaps []*aggregate.Snapshot, final map[domain.ID]Entry) error {
	root := aggregate.TableOf(t)
	ids := make([]domain.ID, len(snaps))
	versions := make([]aggregate.PublishedRoot, len(snaps))
	for i, snap := range snaps {
		ids[i] = snap.ID
		e := final[snap.ID]
		updated := e.At
		if t.Supporting() {
			updated = snap.SavedAt // the date of its first use would tell of what refers to it
		}
		versions[i] = aggregate.PublishedRoot{Row: snap.Root, Version: e.Revision, CreatedAt: snap.CreatedAt, UpdatedAt: updated, PublishedAt: e.PublishedAt,
			OwnMarking: p.anew && hasOwnMarking(t)}
	}
	there := slices.DeleteFunc(slices.Clone(ids), func(id domain.ID) bool { return !p.existed[id] })
	if err := p.removeAliases(ctx, there); err != nil {
		return err
	}
	if err := aggregate.WritePublished(ctx, p.tx, root, versions, there); err != nil {
		return err
	}
	if err := p.putAliases(ctx, t, snaps); err != nil {
		return err
	}
	return p.putInIndex(ctx, t, snaps, final)
}

// putInIndex writes documents to the search index. Which viewers find them is known once their effective markings
// are, at once of those that have their own where live is made anew; see [projector.record].
func (p *projector) putInIndex(ctx context.Context, t domain.Type, snaps []*aggregate.Snapshot, final map[domain.ID]Entry) error {
	documents := make([]search.Document, len(snaps))
	for i, snap := range snaps {
		documents[i] = search.Document{Root: snap.Root, Type: t, Marking: domain.Unseen, KeepMarking: true, Published: final[snap.ID].PublishedAt}
		if p.anew && hasOwnMarking(t) {
			documents[i].Marking, documents[i].KeepMarking = domain.Marking(snap.Root.Int("marking")), false
		}
	}
	if err := p.index.Put(ctx, documents...); err != nil {
		return err
	}
	return p.index.Spill(ctx)
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
