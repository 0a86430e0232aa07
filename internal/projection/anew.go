package projection

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/visibility"
)

// A live that was lost is made anew by a rebuild, up to what was the last entry of the log at its beginning. As long as no release is
// applied to it, and documents are staged, it is incomplete, and the store refuses readers. So nothing has to be unseen
// until a last transaction, which for a million reports would write most pages of live: documents get the effective markings
// that are their own when they are staged, the others theirs in many transactions behind that. The last one applies what was
// published meanwhile, and says that live is complete.
//
// The history of changes has each document once, at the time of its entry in the log, so that followers which go on by the time
// go on where they were; see [Live.Resume].
//
// Each transaction first looks whether live is as the one before left it. Another process that makes
// live anew as well has then staged what follows, and this one goes on behind it. One that has applied a release has overtaken it.

// errOvertaken reports that another process has applied a release to a live that is made anew.
var errOvertaken = errors.New("another process has projected the publication log")

// hasOwnMarking reports whether the effective marking of documents of a type is their own.
func hasOwnMarking(t domain.Type) bool { return !t.Supporting() && len(aggregate.SpecOf(t).Ends) == 0 }

// stageAnew writes a batch of documents, none of which live has. Those with ends that are not there yet are unseen, as supporting documents are.
func (p *projector) stageAnew(ctx context.Context, batch snapshotBatch) error {
	final := make(map[domain.ID]Entry, len(batch.entries))
	for _, e := range batch.entries {
		final[e.Document] = e.Entry
	}
	if _, err := p.putBatch(ctx, batch, final); err != nil {
		return err
	}
	seen := make(map[domain.ID]domain.Marking, len(batch.entries)) // effective markings
	withEnds := map[domain.Type][]domain.ID{}
	for _, snap := range batch.snaps {
		switch t := snap.Type; {
		case hasOwnMarking(t):
			seen[snap.ID] = domain.Marking(snap.Root.Int("marking"))
		case !t.Supporting():
			withEnds[t] = append(withEnds[t], snap.ID)
		}
	}
	for t, ids := range withEnds {
		if err := p.markWithEnds(ctx, t, ids, seen); err != nil {
			return err
		}
	}
	return p.recordPublished(ctx, batch.entries, seen)
}

// markWithEnds computes the effective markings of documents of a type with ends, also in the search index, and adds them to seen.
func (p *projector) markWithEnds(ctx context.Context, t domain.Type, ids []domain.ID, seen map[domain.ID]domain.Marking) error {
	if err := p.update(ctx, visibility.MarkingWithEnds(p.tx.Dialect(), aggregate.TableOf(t).Name, endsOf(t)), ids); err != nil {
		return err
	}
	return p.markInIndex(ctx, ids, seen)
}

// markInIndex writes the effective markings of documents to the search index, and adds them to seen.
func (p *projector) markInIndex(ctx context.Context, ids []domain.ID, seen map[domain.ID]domain.Marking) error {
	markings := make(map[domain.ID]domain.Marking, len(ids))
	if err := p.effective(ctx, ids, func(id domain.ID, m domain.Marking) { markings[id], seen[id] = m, m }); err != nil {
		return err
	}
	return p.index.Mark(ctx, markings)
}

// recordPublished appends to the history of changes that the documents of some entries of the log were published, for those who see them by
// their effective markings.
func (p *projector) recordPublished(ctx context.Context, entries []lastEntry, seen map[domain.ID]domain.Marking) error {
	last, _, err := lastChange(ctx, p.tx)
	if err != nil {
		return err
	}
	w := changeWriter{tx: p.tx, last: last}
	for _, e := range entries {
		m, ok := seen[e.Document]
		if !ok {
			continue
		}
		change := visibilityChange{before: domain.Unseen, after: m, live: true}
		if kinds, some := change.kinds(); some {
			if err := w.add(ctx, e.Document, e.At.UnixMicro(), kinds); err != nil {
				return err
			}
		}
	}
	return w.flush(ctx)
}

// complete does what is left when all documents are staged, for which a number of indexes was made.
func (s *staging) complete(ctx context.Context, indexed int, progress RebuildProgress) error {
	if err := s.mark(ctx, progress); err != nil {
		return err
	}
	if _, err := s.l.createEach(ctx, anyIndex, indexed, progress); err != nil {
		return err
	}
	return s.inLive(ctx, func(ctx context.Context, p *projector) error {
		live, err := readProjection(ctx, p.tx)
		if err != nil {
			return err
		}
		if err := p.recordSupporting(ctx, s.log.Last); err != nil {
			return err
		}
		at, last := latest(s.l.clock(), live.at.Add(time.Microsecond)), s.last
		since, err := readEntries(ctx, p.desk, "SELECT "+entryColumns+" FROM publication_entries WHERE sequence > ? ORDER BY sequence", s.log.Last)
		if err != nil {
			return err
		}
		if len(since) > 0 {
			last, p.changes, p.existed = &since[len(since)-1], visibilityChanges{}, map[domain.ID]bool{}
			if err := p.apply(ctx, since); err != nil {
				return err
			}
			if err := p.record(ctx, last.At); err != nil {
				return err
			}
		}
		if err := p.forgetSteps(ctx); err != nil {
			return err
		}
		if err := p.setStaged(ctx, "", nil, nil); err != nil {
			return err
		}
		return p.setApplied(ctx, s.log.Identity, last, at)
	})
}

// recordSupporting appends to the history of changes that supporting documents were published with the entries of the log up to a sequence.
func (p *projector) recordSupporting(ctx context.Context, upTo int64) error {
	for _, t := range domain.Types() {
		if !t.Supporting() {
			continue
		}
		ids, err := store.QueryIDs(ctx, p.tx, "SELECT id FROM "+aggregate.TableOf(t).Name+" ORDER BY id")
		if err != nil {
			return fmt.Errorf("read what is in live: %w", err)
		}
		for ids := range slices.Chunk(ids, markedAtOnce) {
			if err := p.recordLater(ctx, ids, upTo); err != nil {
				return err
			}
		}
	}
	return nil
}

// recordLater is recordPublished for documents whose effective markings were not known when they were staged.
func (p *projector) recordLater(ctx context.Context, ids []domain.ID, upTo int64) error {
	seen := make(map[domain.ID]domain.Marking, len(ids))
	if err := p.effective(ctx, ids, func(id domain.ID, m domain.Marking) { seen[id] = m }); err != nil {
		return err
	}
	var entries []lastEntry
	engine := p.desk.Dialect()
	err := store.QueryRows(ctx, p.desk, "SELECT document_id, at FROM publication_entries WHERE sequence IN (SELECT max(sequence) FROM publication_entries WHERE sequence <= ? AND document_id"+
		store.InSet(engine)+" GROUP BY document_id) ORDER BY sequence", []any{upTo, store.IDSet(engine, ids)}, func(rows *sql.Rows) error {
		var e lastEntry
		err := rows.Scan(&e.Document, &e.At)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return fmt.Errorf("read the publication log: %w", err)
	}
	return p.recordPublished(ctx, entries, seen)
}

// inLive runs fn in a transaction on a live that is made anew. It returns errOvertaken if another process has applied a release.
func (s *staging) inLive(ctx context.Context, fn func(ctx context.Context, p *projector) error) error {
	return s.l.stores.Live(ctx, func(ctx context.Context, tx *store.Tx) error {
		live, err := readProjection(ctx, tx)
		if err != nil {
			return err
		}
		if live.applied > 0 || live.staged != s.marker {
			return errOvertaken
		}
		p := &projector{tx: tx, desk: s.l.stores.DeskRows(), index: search.NewWriter(tx)}
		if err := fn(ctx, p); err != nil {
			return err
		}
		return p.index.Flush(ctx)
	})
}

// mark computes the effective markings that documents did not get when they were staged: of those with ends that were staged
// behind them, and then of supporting documents, by all that refer to them.
func (s *staging) mark(ctx context.Context, progress RebuildProgress) error {
	type step struct {
		t    domain.Type
		ids  []domain.ID
		mark func(ctx context.Context, p *projector, t domain.Type, ids []domain.ID) error
	}
	var steps []step
	all := 0
	add := func(t domain.Type, where string, mark func(ctx context.Context, p *projector, t domain.Type, ids []domain.ID) error) error {
		ids, err := store.QueryIDs(ctx, s.l.stores.LiveRows(), "SELECT id FROM "+aggregate.TableOf(t).Name+where+" ORDER BY id")
		if err != nil {
			return fmt.Errorf("read what is in live: %w", err)
		}
		steps, all = append(steps, step{t, ids, mark}), all+len(ids)
		return nil
	}
	for _, t := range domain.Types() {
		if len(aggregate.SpecOf(t).Ends) == 0 {
			continue
		}
		err := add(t, fmt.Sprintf(" WHERE %s = %d", visibility.EffectiveMarking, domain.Unseen), func(ctx context.Context, p *projector, t domain.Type, ids []domain.ID) error {
			if err := p.markWithEnds(ctx, t, ids, map[domain.ID]domain.Marking{}); err != nil {
				return err
			}
			return p.recordLater(ctx, ids, s.log.Last) // with the marking, and so once
		})
		if err != nil {
			return err
		}
	}
	for _, t := range domain.Types() {
		if !t.Supporting() {
			continue
		}
		err := add(t, "", func(ctx context.Context, p *projector, t domain.Type, ids []domain.ID) error {
			return p.markSupporting(ctx, t, linksTo(t), ids)
		})
		if err != nil {
			return err
		}
		// Behind all of them, since the marking of a tag is also that of those above it.
		err = add(t, "", func(ctx context.Context, p *projector, _ domain.Type, ids []domain.ID) error {
			return p.markInIndex(ctx, ids, map[domain.ID]domain.Marking{})
		})
		if err != nil {
			return err
		}
	}
	done := 0
	for _, step := range steps {
		for ids := range slices.Chunk(step.ids, markedAtOnce) {
			progress(RebuildMarking, done, all)
			if err := s.inLive(ctx, func(ctx context.Context, p *projector) error { return step.mark(ctx, p, step.t, ids) }); err != nil {
				return err
			}
			done += len(ids)
		}
	}
	progress(RebuildMarking, all, all)
	return nil
}
