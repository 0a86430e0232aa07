package content

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/collation"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// projectNext does what is next for live to follow the log: begins its history,
// or applies a release. Another process may be doing the same: what was compared
// is looked at again under live's lock, and where it has changed nothing is done.
func (l *Live) projectNext(ctx context.Context, live projection, log logState) error {
	if live.history == 0 || live.log == "" {
		return l.stores.Live(ctx, func(ctx context.Context, tx *store.Tx) error {
			return l.beginHistory(ctx, tx, log.identity)
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
		p := &projector{tx: tx, desk: l.stores.DeskRows(), effects: effects{}, present: map[domain.ID]bool{}}
		if err := p.apply(ctx, entries); err != nil {
			return err
		}
		if err := p.record(ctx, entries[0].At); err != nil {
			return err
		}
		return p.setApplied(ctx, log.identity, &entries[len(entries)-1], l.clock())
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
	effects effects            // what the entries did; nil where nobody asks
	present map[domain.ID]bool // which of the documents were in live before; see before
}

// apply makes live what the entries say, and then works out who may see it.
func (p *projector) apply(ctx context.Context, entries []entry) error {
	final := make(map[domain.ID]entry, len(entries)) // the last word on each document
	for _, e := range entries {
		final[e.Document] = e
	}
	ids := slices.Sorted(maps.Keys(final))
	if err := p.before(ctx, ids); err != nil {
		return err
	}
	touched := map[domain.ID]bool{}
	if err := p.supportOf(ctx, ids, touched); err != nil {
		return err
	}
	var gone []domain.ID
	var keys []revisionKey
	for _, id := range ids {
		p.effects.release(id)
		if e := final[id]; e.Action == actionPublish {
			keys = append(keys, revisionKey{id, e.Revision})
		} else {
			gone = append(gone, id)
		}
	}
	// Documents of one type together, since they are written together.
	slices.SortFunc(keys, func(a, b revisionKey) int {
		return cmp.Or(cmp.Compare(a.id.Type(), b.id.Type()), cmp.Compare(a.id, b.id))
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
	keys  []revisionKey
	snaps map[revisionKey]*Snapshot
	err   error
}

// readAhead reads and decodes snapshots while those before them are written, so
// that live is held for the writing alone. It holds two batches at most, and ends
// with ctx or after an error.
func readAhead(ctx context.Context, desk store.Rows, keys []revisionKey) <-chan snapshotBatch {
	batches := make(chan snapshotBatch)
	go func() {
		defer close(batches)
		for batch := range slices.Chunk(keys, applyBatch) {
			snaps, err := readRevisionKeys(ctx, desk, batch)
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
func (p *projector) putBatch(ctx context.Context, batch snapshotBatch, final map[domain.ID]entry) (purged []domain.ID, err error) {
	byType := map[domain.Type][]*Snapshot{}
	for _, key := range batch.keys {
		if snap := batch.snaps[key]; snap != nil {
			byType[snap.Type] = append(byType[snap.Type], snap)
			continue
		}
		left, err := headers(ctx, p.desk, []domain.ID{key.id})
		if err != nil {
			return nil, err
		}
		if left[key.id] != nil {
			return nil, fmt.Errorf("the log refers to revision %d of %s, which is not there", key.number, key.id)
		}
		purged = append(purged, key.id)
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
	groups := byType(ids)
	for target, ways := range referrers() {
		if !target.Supporting() {
			continue
		}
		for _, way := range ways {
			query := "SELECT DISTINCT " + way.column + " FROM " + way.from + " WHERE " + way.column + " IS NOT NULL AND d.id"
			if err := p.collect(ctx, query, groups[way.root], into); err != nil {
				return err
			}
		}
	}
	return nil
}

// remove takes documents out of live.
func (p *projector) remove(ctx context.Context, ids []domain.ID) error {
	for t, ids := range byType(ids) {
		if err := deleteOwned(ctx, p.tx, tableOf(t), ids); err != nil {
			return err
		}
		if err := deleteByID(ctx, p.tx, tableOf(t).name, ids); err != nil {
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
func (p *projector) put(ctx context.Context, t domain.Type, snaps []*Snapshot, final map[domain.ID]entry) error {
	root := tableOf(t)
	ids := make([]domain.ID, len(snaps))
	flat := map[string]*flatTable{}
	for i, snap := range snaps {
		ids[i] = snap.ID
		flatten(root, snap.Root, flat)
	}
	there := slices.DeleteFunc(slices.Clone(ids), func(id domain.ID) bool { return !p.present[id] })
	if err := deleteOwned(ctx, p.tx, root, there); err != nil {
		return err
	}
	if err := p.removeAliases(ctx, there); err != nil {
		return err
	}
	if err := p.putRoots(ctx, root, snaps, final); err != nil {
		return err
	}
	for _, ft := range sortedTables(root, flat) {
		if err := insertRows(ctx, p.tx, ft.owned, ft.rows); err != nil {
			return err
		}
	}
	return p.putAliases(ctx, t, snaps)
}

// putRoots upserts root rows. The effective marking is left as it is: a new
// row is unseen until markEffective has worked it out.
func (p *projector) putRoots(ctx context.Context, t *table, snaps []*Snapshot, final map[domain.ID]entry) error {
	names := []string{"id", "version", "created_at", "updated_at", "published_at"}
	for _, c := range t.columns {
		names = append(names, quote(c.name))
	}
	for _, key := range t.keys {
		names = append(names, quote(key.Column))
	}
	var sets []string
	for _, name := range names[1:] {
		sets = append(sets, name+" = excluded."+name)
	}
	head := "INSERT INTO " + t.name + " (" + strings.Join(names, ", ") + ") VALUES "
	one := "(" + strings.Repeat("?, ", len(names)-1) + "?)"
	tail := " ON CONFLICT (id) DO UPDATE SET " + strings.Join(sets, ", ")
	for len(snaps) > 0 {
		n := batchSize(len(snaps), len(names))
		args := make([]any, 0, n*len(names))
		for _, snap := range snaps[:n] {
			e := final[snap.ID]
			updated := e.At
			if snap.Type.Supporting() {
				updated = snap.savedAt // see supportingClosure
			}
			args = append(args, int64(snap.ID), int64(e.Revision), snap.CreatedAt, updated, e.PublishedAt)
			for _, c := range t.columns {
				args = append(args, toSQL(c, snap.Root.Fields[c.name]))
			}
			for _, key := range t.keys {
				args = append(args, collation.Key(snap.Root.text(key.Text)))
			}
		}
		query := head + strings.Repeat(one+", ", n-1) + one + tail
		if _, err := p.tx.Exec(ctx, store.Bind(p.tx.Dialect(), query), args...); err != nil {
			return fmt.Errorf("put %s: %w", t.name, err)
		}
		snaps = snaps[n:]
	}
	return nil
}

// putAliases writes the former slugs and ids.
func (p *projector) putAliases(ctx context.Context, t domain.Type, snaps []*Snapshot) error {
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

// Rebuilt is what a rebuild of live came to.
type Rebuilt struct {
	Documents int
	Sequence  int64
}

// rebuildBatch is how many documents a rebuild holds in memory at once.
const rebuildBatch = 500

// Rebuild makes live anew from the log and the revisions, in one transaction:
// readers see the old live until it is done.
func (l *Live) Rebuild(ctx context.Context) (Rebuilt, error) {
	l.writing.Lock()
	defer l.writing.Unlock()
	var out Rebuilt
	err := l.stores.Live(ctx, func(ctx context.Context, tx *store.Tx) error {
		desk := l.stores.DeskRows()
		log, err := readLog(ctx, desk)
		if err != nil {
			return err
		}
		last, err := entryAt(ctx, desk, log.last)
		if err != nil {
			return err
		}
		live, err := readProjection(ctx, tx)
		if err != nil {
			return err
		}
		if live.history == 0 {
			if err := l.beginHistory(ctx, tx, log.identity); err != nil {
				return err
			}
		}
		// Live as it was and as it will be should be the same. Where they are
		// not, those who follow its changes have to hear of it.
		recorder := &projector{tx: tx, effects: effects{}}
		if err := recorder.beforeAll(ctx); err != nil {
			return err
		}
		for name := range tables() {
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
				" ON l.last = e.sequence WHERE e.action = 'PUBLISH' ORDER BY e.sequence", log.last)
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
		out = Rebuilt{Documents: len(entries), Sequence: log.last}
		return p.setApplied(ctx, log.identity, last, at)
	})
	return out, err
}
