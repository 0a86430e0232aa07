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

// RebuildResult is the result of a rebuild: the number of documents in live, and the
// sequence of the last log entry that was applied.
type RebuildResult struct {
	Documents int
	Sequence  int64
}

// RebuildStep is a step of a rebuild.
type RebuildStep string

// The steps of a rebuild.
const (
	RebuildStaging  RebuildStep = "Staging entries"    // of the publication log
	RebuildIndexing RebuildStep = "Making indexes"     // that are missing: some before the markings, some after them
	RebuildMarking  RebuildStep = "Computing markings" // of documents
)

// RebuildProgress is called with the number of things of a step that are done, and of all.
type RebuildProgress func(step RebuildStep, done, of int)

// Rebuild recreates live from the log and the revisions. Readers see the old live until
// the new one is complete. A rebuild that was interrupted goes on where it was.
//
// It first stages the documents, in many transactions: a document that live does not have
// is unseen there, and one that live has in the published version is compared with it, and
// written where it differs. Documents that live has in another version are left as
// they are: their new content may need another effective marking. The last transaction
// writes those, removes what is not published, and computes all effective markings. It
// depends on nothing that was staged: what is missing or differs is written there.
//
// A live that was lost is made anew, for which see anew.go: its readers are refused until it is complete.
//
// Where live has no documents, a rebuild on SQLite makes most indexes when the documents are staged. Those of live that are missing
// for another reason are made first.
//
// progress, if not nil, is called as [RebuildProgress] says.
func (l *Live) Rebuild(ctx context.Context, progress RebuildProgress) (RebuildResult, error) {
	l.writing.Lock()
	defer l.writing.Unlock()
	if progress == nil {
		progress = func(RebuildStep, int, int) {}
	}
	var out RebuildResult
	err := l.stores.RebuildAlone(ctx, func() (err error) {
		out, err = l.rebuild(ctx, false, progress)
		return err
	})
	return out, err
}

// completeLive makes live anew where it is still incomplete, once no other process does.
func (l *Live) completeLive(ctx context.Context) error {
	return l.stores.RebuildAlone(ctx, func() error {
		l.log.InfoContext(ctx, "live was lost and is made anew; readers are refused until that has ended")
		out, err := l.rebuild(ctx, true, func(RebuildStep, int, int) {})
		if err == nil {
			l.log.InfoContext(ctx, "live is complete", "documents", out.Documents, "sequence", out.Sequence)
		}
		return err
	})
}

// rebuild is Rebuild, but for the locks. With incomplete it does nothing to a live that is not.
func (l *Live) rebuild(ctx context.Context, incomplete bool, progress RebuildProgress) (out RebuildResult, err error) {
	if err := l.fillSeries(ctx); err != nil {
		return RebuildResult{}, err
	}
	err = l.stores.WithLargeCache(ctx, func() error {
		for {
			s := &staging{l: l, incomplete: incomplete}
			out, err = s.rebuild(ctx, progress)
			if !errors.Is(err, errOvertaken) {
				return err
			}
			live, err := readProjection(ctx, l.stores.LiveRows())
			if err != nil {
				return err
			}
			if incomplete && !live.incomplete() || live.staged == 0 && live.applied >= s.log.Last { // another process has made it anew
				out, err = l.rebuilt(ctx)
				return err
			}
			// A process that projects the log release by release has begun to: what is there is compared with the log.
		}
	})
	return out, err
}

// rebuild does all of it. It returns errOvertaken if another process has applied a release to a live that is made anew.
func (s *staging) rebuild(ctx context.Context, progress RebuildProgress) (RebuildResult, error) {
	if err := s.all(ctx, progress); err != nil {
		return RebuildResult{}, err
	}
	indexed, err := s.l.createEach(ctx, beforeMarkings, 0, progress)
	if err != nil {
		return RebuildResult{}, err
	}
	if s.anew {
		if err := s.complete(ctx, indexed, progress); err != nil {
			return RebuildResult{}, err
		}
		return s.l.rebuilt(ctx)
	}
	if err := s.l.warm(ctx); err != nil {
		return RebuildResult{}, err
	}
	return s.l.finishRebuild(ctx, indexed, progress)
}

// rebuilt returns how many documents live has, and up to where it shows the log.
func (l *Live) rebuilt(ctx context.Context) (RebuildResult, error) {
	live, err := readProjection(ctx, l.stores.LiveRows())
	if err != nil {
		return RebuildResult{}, err
	}
	out := RebuildResult{Sequence: live.applied}
	for _, t := range domain.Types() {
		if err := store.QueryRows(ctx, l.stores.LiveRows(), "SELECT count(*) FROM "+aggregate.TableOf(t).Name, nil, func(rows *sql.Rows) error {
			var n int
			err := rows.Scan(&n)
			out.Documents += n
			return err
		}); err != nil {
			return RebuildResult{}, fmt.Errorf("count what is in live: %w", err)
		}
	}
	return out, nil
}

// finishRebuild is the last transaction of a rebuild, for which a number of indexes was made.
func (l *Live) finishRebuild(ctx context.Context, indexed int, progress RebuildProgress) (RebuildResult, error) {
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
		// Live should be the same before and after. Differences are recorded in the
		// history, so that followers of its changes receive them.
		index := search.NewWriter(tx)
		recorder := &projector{tx: tx, index: index, everything: true, changes: visibilityChanges{}}
		if err := recorder.recordAllBefore(ctx, live.applied == 0); err != nil {
			return err
		}
		if live.applied == 0 { // nobody has seen what an interrupted rebuild has staged
			if err := recorder.forgetChanges(ctx); err != nil {
				return err
			}
		}
		p := &projector{tx: tx, desk: desk, index: index, existed: map[domain.ID]bool{}}
		if err := p.createMissing(ctx, beforeMarkings, indexed, progress); err != nil { // nothing, but for what another process has done
			return err
		}
		documents, err := p.putDiffering(ctx, log.Last, l.staged, recorder.changes)
		if err != nil {
			return err
		}
		if err := p.markAll(ctx, documents, progress); err != nil {
			return err
		}
		if err := p.createMissing(ctx, anyIndex, indexed, progress); err != nil {
			return err
		}
		at := latest(l.clock(), live.at.Add(time.Microsecond))
		if err := recorder.recordAll(ctx, at); err != nil {
			return err
		}
		if err := index.Flush(ctx); err != nil {
			return err
		}
		if err := p.forgetSteps(ctx); err != nil {
			return err
		}
		if err := p.setStaged(ctx, "", nil, nil); err != nil {
			return err
		}
		out = RebuildResult{Documents: documents, Sequence: log.Last}
		return p.setApplied(ctx, log.Identity, last, at)
	})
	return out, err
}

// putDiffering writes the documents that live does not have in the state of their entries up
// to a sequence of the log, and removes those that have none. It looks at size entries of the
// log at once. before is what live had. It returns how many documents are published.
func (p *projector) putDiffering(ctx context.Context, last int64, size int, before visibilityChanges) (documents int, err error) {
	ahead, stop := context.WithCancel(ctx)
	defer stop()
	differing := func(yield func(snapshotBatch) bool) {
		for batch := range publishedBatches(publishedParts(ahead, p.desk, 0, last, size)) {
			batch.keys = batch.keys[:0]
			for _, e := range batch.entries {
				had := before[e.Document]
				if had != nil {
					had.published = true
				}
				if had == nil || had.state != e.state() {
					batch.keys = append(batch.keys, aggregate.RevisionKey{ID: e.Document, Number: e.Revision})
				}
			}
			if !yield(batch) {
				return
			}
		}
	}
	var gone []domain.ID
	for batch := range readAhead(ahead, p.desk, differing, func() bool { return true }) {
		if batch.err != nil {
			return 0, batch.err
		}
		documents += len(batch.entries)
		final := make(map[domain.ID]Entry, len(batch.entries))
		for _, e := range batch.entries {
			final[e.Document], p.existed[e.Document] = e.Entry, before[e.Document] != nil
		}
		purged, err := p.putBatch(ctx, batch, final)
		if err != nil {
			return 0, err
		}
		gone = append(gone, purged...)
		clear(p.existed)
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	for id, e := range before {
		if !e.published {
			gone = append(gone, id)
		}
	}
	return documents, p.remove(ctx, gone)
}

// markedAtOnce is how many documents a rebuild computes the effective markings of at once.
const markedAtOnce = 8 * aggregate.MaxBatch

// markAll computes the effective markings of all documents in live, as [projector.markEffective] does for some: each
// once, after those that its own depends on. A tag that most documents have would otherwise be computed with each batch
// of them. of is the number of documents.
func (p *projector) markAll(ctx context.Context, of int, progress RebuildProgress) error {
	engine := p.tx.Dialect()
	done := 0
	own := func(t domain.Type, ids []domain.ID) error {
		return p.update(ctx, visibility.OwnMarking(aggregate.TableOf(t).Name), ids)
	}
	withEnds := func(t domain.Type, ids []domain.ID) error {
		return p.update(ctx, visibility.MarkingWithEnds(engine, aggregate.TableOf(t).Name, endsOf(t)), ids)
	}
	supporting := func(t domain.Type, ids []domain.ID) error {
		links := linksTo(t)
		for i, r := range aggregate.Referrers(t) {
			if r.Type == domain.Report {
				links[i].Marking = "marking" // which becomes the effective one
			}
		}
		return p.markSupporting(ctx, t, links, ids)
	}
	// Reports are the last. SQLite writes their long texts again with another marking, and looks for each page that it reads
	// in all that the transaction has written.
	for _, step := range []struct {
		of   func(t domain.Type, hasEnds bool) bool
		mark func(t domain.Type, ids []domain.ID) error
	}{
		{func(t domain.Type, hasEnds bool) bool { return !t.Supporting() && !hasEnds && t != domain.Report }, own},
		{func(_ domain.Type, hasEnds bool) bool { return hasEnds }, withEnds},
		{func(t domain.Type, _ bool) bool { return t.Supporting() }, supporting},
		{func(t domain.Type, _ bool) bool { return t == domain.Report }, own},
	} {
		for _, t := range domain.Types() {
			if !step.of(t, len(aggregate.SpecOf(t).Ends) > 0) {
				continue
			}
			var all []domain.ID
			query := "SELECT id FROM " + aggregate.TableOf(t).Name + " ORDER BY id"
			if err := store.QueryRows(ctx, p.tx, query, nil, func(rows *sql.Rows) error {
				var id domain.ID
				err := rows.Scan(&id)
				all = append(all, id)
				return err
			}); err != nil {
				return fmt.Errorf("read what is in live: %w", err)
			}
			for ids := range slices.Chunk(all, markedAtOnce) {
				progress(RebuildMarking, min(done, of), of)
				if err := step.mark(t, ids); err != nil {
					return err
				}
				done += len(ids)
			}
		}
	}
	progress(RebuildMarking, of, of)
	return nil
}

// removeOrphans deletes the rows below documents that are not in live. A damaged live may
// have such rows.
func (p *projector) removeOrphans(ctx context.Context) error {
	orphans := func(table, column, owners, more string) error {
		if err := store.Exec(ctx, p.tx, "DELETE FROM "+table+" WHERE "+more+column+" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "+owners+" o WHERE o.id = "+table+"."+column+")"); err != nil {
			return fmt.Errorf("delete rows of %s without an owner: %w", table, err)
		}
		return nil
	}
	var below func(t *aggregate.Table) error
	below = func(t *aggregate.Table) error {
		for _, o := range t.Owned {
			if err := orphans(o.Name, aggregate.Quote(o.Owner), t.Name, ""); err != nil {
				return err
			}
			if err := below(o.Table); err != nil {
				return err
			}
		}
		return nil
	}
	for _, t := range domain.Types() {
		if err := below(aggregate.TableOf(t)); err != nil {
			return err
		}
		if err := orphans("aliases", "document_id", aggregate.TableOf(t).Name, fmt.Sprintf("type = %d AND ", t)); err != nil {
			return err
		}
	}
	return nil
}
