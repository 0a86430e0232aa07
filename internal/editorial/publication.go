package editorial

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
)

// appendRelease appends entries as one release and returns the sequence of
// its last. Desk transactions run one after another, so the sequence has no
// gap and is in order of commit.
func (e *editTx) appendRelease(ctx context.Context, entries []projection.Entry, message string) (int64, error) {
	if err := e.tx.CountDocuments(len(entries)); err != nil {
		return 0, err
	}
	log, err := projection.ReadLog(ctx, e.tx)
	if err != nil {
		return 0, err
	}
	last := log.Last
	release := last + int64(len(entries))
	at, err := e.logTime(ctx)
	if err != nil {
		return 0, err
	}
	var note any
	if message != "" {
		note = message
	}
	const columns = "(sequence, release, action, document_id, revision, at, published_at, actor, message)"
	for i := 0; i < len(entries); {
		n := aggregate.BatchSize(len(entries)-i, 9)
		query := "INSERT INTO publication_entries " + columns + " VALUES "
		args := make([]any, 0, 9*n)
		for j, en := range entries[i : i+n] {
			if j > 0 {
				query += ", "
			}
			query += "(?, ?, ?, ?, ?, ?, ?, ?, ?)"
			args = append(args, last+int64(i+j)+1, release, en.Action, int64(en.Document), int64(en.Revision),
				at, en.PublishedAt, e.viewer.Name, note)
		}
		if err := store.ExecLater(ctx, e.tx, "append to the publication log", query, args...); err != nil {
			return 0, err
		}
		i += n
	}
	e.appended = release
	return release, e.tx.Notify(ctx)
}

// logTime returns the time of entries that are appended now. A clock that was put back does not put them before the
// entries that are there.
func (e *editTx) logTime(ctx context.Context) (time.Time, error) {
	last, err := projection.LastEntryAt(ctx, e.tx)
	if err != nil || last.Before(e.at) {
		return e.at, err
	}
	return last, nil
}

// publication is a release that is to be written.
type publication struct {
	entries []projection.Entry
	// earlier has the published snapshots of documents that are published in another
	// version than the present one.
	earlier map[domain.ID]*aggregate.Snapshot
	message string
	// path is the field of the input to which a document belongs.
	path func(domain.ID) string
	// next is the entry of the log that the release begins with if nothing was
	// published since live's texts were checked; see [releasePlan.checkTextsAhead].
	// It is 0 if they were not checked.
	next int64
}

// publishEntries appends entries to the publication log as one release, updates the
// desk's index of live, and adds text breaches to p (see [editTx.checkTexts]).
func (e *editTx) publishEntries(ctx context.Context, pub publication, p *domain.Problems) (sequence int64, err error) {
	entries := pub.entries
	if sequence, err = e.appendRelease(ctx, entries, pub.message); err != nil {
		return 0, err
	}
	if err := e.markPublished(ctx, entries, sequence-int64(len(entries))); err != nil {
		return 0, err
	}
	var all, current, gone []domain.ID
	for _, en := range entries {
		all = append(all, en.Document)
		switch {
		case en.Action == projection.ActionUnpublish:
			gone = append(gone, en.Document)
		case pub.earlier[en.Document] == nil:
			current = append(current, en.Document)
		}
	}
	if err := e.markUnpublished(ctx, gone); err != nil {
		return 0, err
	}
	if err := unmarkLive(ctx, e.tx, all); err != nil {
		return 0, err
	}
	if err := markLive(ctx, e.tx, current); err != nil {
		return 0, err
	}
	for id, snap := range pub.earlier {
		if err := markRevisionLive(ctx, e.tx, snap.Type, snap.Root, revisionOf(entries, id)); err != nil {
			return 0, err
		}
	}
	if pub.next == sequence-int64(len(entries))+1 {
		return sequence, nil
	}
	return sequence, e.checkTexts(ctx, all, pub.path, p)
}

func revisionOf(entries []projection.Entry, id domain.ID) int {
	for _, en := range entries {
		if en.Document == id {
			return en.Revision
		}
	}
	return 0
}

// markPublished records on the documents the versions that the entries publish. The
// entries are those of the log after a sequence.
func (e *editTx) markPublished(ctx context.Context, entries []projection.Entry, after int64) error {
	types := map[domain.Type]bool{}
	for _, en := range entries {
		types[en.Document.Type()] = true
	}
	for t := range types {
		name := aggregate.TableOf(t).Name
		err := store.Exec(ctx, e.tx, "UPDATE "+name+" SET live_version = e.revision, published_at = e.published_at, published_by = ?"+
			" FROM publication_entries e WHERE e.document_id = "+name+".id AND e.sequence > ? AND e.action = '"+projection.ActionPublish+"'",
			e.viewer.Name, after)
		if err != nil {
			return fmt.Errorf("mark as published: %w", err)
		}
	}
	return nil
}

func (e *editTx) markUnpublished(ctx context.Context, ids []domain.ID) error {
	for t, ids := range aggregate.GroupByType(ids) {
		if err := store.ExecSet(ctx, e.tx, "UPDATE "+aggregate.TableOf(t).Name+" SET live_version = NULL WHERE id", ids); err != nil {
			return fmt.Errorf("mark as unpublished: %w", err)
		}
	}
	return nil
}

// republishSupporting logs the new version of a supporting document that is known in
// live. Its texts must still meet the rules on markings in live.
func (e *editTx) republishSupporting(ctx context.Context, meta *aggregate.Meta, r *aggregate.Row, version int) error {
	// What the new version refers to (a tag's parent) goes live with it.
	entries, _, err := supportingClosure(ctx, e.tx, r.Targets(aggregate.TableOf(meta.ID.Type())), map[domain.ID]bool{meta.ID: true})
	if err != nil {
		return err
	}
	entries = append(entries, projection.Entry{Action: projection.ActionPublish, Document: meta.ID, Revision: version, PublishedAt: meta.CreatedAt})
	path := "marking"
	if texts := aggregate.ProseFields(aggregate.SpecOf(meta.ID.Type()).Fields); len(texts) > 0 && meta.Marking == domain.Marking(r.Int("marking")) {
		path = texts[0].Name // the text names an entity that it did not name before
	}
	var p domain.Problems
	for _, f := range incomplete(aggregate.SpecOf(meta.ID.Type()), r) {
		p.Add(f.Path, "%s", f.Message)
	}
	if err := checkSupporting(ctx, e.tx, nil, entries[:len(entries)-1], func(domain.ID) string { return "parent" }, &p); err != nil {
		return err
	}
	if _, err := e.publishEntries(ctx, publication{entries: entries, path: func(domain.ID) string { return path }}, &p); err != nil {
		return err
	}
	return p.Err("the " + meta.ID.Type().String() + " cannot be saved: it is live")
}

// supportingClosure returns an entry for each supporting document among the
// targets, and among what those refer to, that is not live yet; and what was
// read of them, and of those that are live.
func supportingClosure(ctx context.Context, db store.Rows, targets []domain.ID, done map[domain.ID]bool) ([]projection.Entry, map[domain.ID]*aggregate.Meta, error) {
	var entries []projection.Entry
	seen, all := maps.Clone(done), map[domain.ID]*aggregate.Meta{}
	if seen == nil {
		seen = map[domain.ID]bool{}
	}
	for len(targets) > 0 {
		var next []domain.ID
		for _, id := range targets {
			if id.Type().Supporting() && !seen[id] {
				seen[id] = true
				next = append(next, id)
			}
		}
		metas, err := aggregate.ReadMeta(ctx, db, next)
		if err != nil {
			return nil, nil, err
		}
		maps.Copy(all, metas)
		next = slices.DeleteFunc(next, func(id domain.ID) bool { h := metas[id]; return h == nil || h.IsLive() || h.Deleted })
		targets = nil
		for batch := range slices.Chunk(next, aggregate.MaxBatch) {
			numbers := map[domain.ID]int{}
			for _, id := range batch {
				numbers[id] = metas[id].Version
			}
			snaps, err := aggregate.ReadRevisions(ctx, db, numbers)
			if err != nil {
				return nil, nil, err
			}
			for _, id := range batch { // in the order of the references
				snap := snaps[id]
				if snap == nil {
					return nil, nil, errStalePlan // it was saved or purged in the meantime
				}
				// It goes live with the first document that refers to it, which not every
				// viewer may see: its date must not reveal when that happened.
				entries = append(entries, projection.Entry{Action: projection.ActionPublish, Document: id, Revision: numbers[id], PublishedAt: metas[id].CreatedAt})
				targets = append(targets, snap.Root.Targets(aggregate.TableOf(id.Type()))...)
			}
		}
	}
	return entries, all, nil
}
