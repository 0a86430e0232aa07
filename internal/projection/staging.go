package projection

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/store"
)

// stagingTime is how long a transaction of a rebuild stages documents that live does not have. Each transaction writes
// the pages that it changed to the write-ahead log, among them most pages of the indexes that are there, so that few are better than many.
// Where live has most of a part of the log there is little to write, and the transaction ends with it, so that publications
// do not wait for longer.
const stagingTime = time.Second

// staging is how far a rebuild has staged the documents of the log.
type staging struct {
	l       *Live
	log     LogState             // up to where they are staged; the log may be longer where live is made anew
	done    int64                // the last entry whose document is staged, or that needs none
	batches <-chan snapshotBatch // those after it; nil: nothing is read ahead
	cancel  context.CancelFunc   // ends the reading
	analyse atomic.Bool          // live did not have most of the last batch, or the index not its terms: so it may be with the next

	dropIndexes bool // live was lost: it is filled without them

	incomplete bool // a live that is not incomplete is left as it is

	anew   bool   // live was lost, and is made anew
	marker int64  // what live says of the last entry that is staged
	last   *Entry // of the log, where live is made anew; nil without one
}

// all writes to live the documents that are published, as [Live.Rebuild] says.
func (s *staging) all(ctx context.Context, progress RebuildProgress) error {
	defer s.stop()
	if err := s.begin(ctx); err != nil {
		return err
	}
	if s.done > 0 {
		s.l.log.InfoContext(ctx, "the rebuild of live goes on", "sequence", s.done, "of", s.log.Last)
	} else if !s.dropIndexes {
		if _, err := s.l.createEach(ctx, anyIndex, 0, progress); err != nil {
			return err
		}
	}
	progress(RebuildStaging, int(s.done), int(s.log.Last))
	for s.done < s.log.Last {
		if err := s.next(ctx); err != nil {
			return err
		}
		progress(RebuildStaging, int(s.done), int(s.log.Last))
	}
	return nil
}

// begin reads what there is to be staged, and what is staged already.
func (s *staging) begin(ctx context.Context) error {
	desk := s.l.stores.DeskRows()
	return s.l.stores.Live(ctx, func(ctx context.Context, tx *store.Tx) error {
		log, err := ReadLog(ctx, desk)
		if err != nil {
			return err
		}
		live, err := readProjection(ctx, tx)
		if err != nil {
			return err
		}
		if s.incomplete && !live.incomplete() {
			return errOvertaken
		}
		if live.history == 0 {
			if err := s.l.beginHistory(ctx, tx, log.Identity); err != nil {
				return err
			}
			if live, err = readProjection(ctx, tx); err != nil {
				return err
			}
		}
		if live.applied == 0 {
			s.l.stores.LiveMayBeIncomplete(live.history)
			if err := tx.Notify(ctx); err != nil { // so that other processes look as well
				return err
			}
		}
		p := &projector{tx: tx, desk: desk, index: search.NewWriter(tx)}
		staged, err := p.readStaged(ctx, log.Identity)
		if err != nil {
			return err
		}
		s.log, s.done, s.marker, s.last = log, staged.upTo, staged.upTo, staged.last
		s.anew, s.dropIndexes = live.applied == 0 && s.last != nil, false
		s.analyse.Store(s.anew)
		if s.anew {
			s.log.Last = s.last.Sequence
		}
		if s.done > 0 {
			return nil
		}
		there, err := hasDocuments(ctx, tx)
		if err != nil {
			return err
		}
		if !there {
			s.dropIndexes, s.anew = true, live.applied == 0
			s.analyse.Store(true)
			if s.last, err = entryAt(ctx, desk, log.Last); err != nil {
				return err
			}
			if err := p.setStaged(ctx, "", nil, nil); err != nil {
				return err
			}
		}
		if s.anew {
			if err := p.forgetChanges(ctx); err != nil {
				return err
			}
		}
		if err := p.removeOrphans(ctx); err != nil {
			return err
		}
		return p.index.Flush(ctx)
	})
}

// read begins to read ahead what follows an entry.
func (s *staging) read(ctx context.Context, after int64) {
	s.stop()
	ctx, s.cancel = context.WithCancel(ctx)
	desk := s.l.stores.DeskRows()
	s.batches = readAhead(ctx, desk, publishedBatches(publishedParts(ctx, desk, after, s.log.Last, s.l.staged)), s.analyse.Load)
}

// stop ends the reading.
func (s *staging) stop() {
	if s.cancel != nil {
		s.cancel()
		s.batches = nil
	}
}

// next stages the documents of the next entries of the log, in one transaction.
func (s *staging) next(ctx context.Context) error {
	if s.batches == nil {
		s.read(ctx, s.done)
	}
	first, ok := <-s.batches // ahead of the transaction, which holds live's lock
	switch {
	case !ok:
		return cmp.Or(ctx.Err(), fmt.Errorf("the publication log was not read beyond entry %d", s.done))
	case first.err != nil:
		return first.err
	case len(first.entries) == 0:
		s.done = first.upTo
		return nil
	}
	reading, again := ctx, false // the reading outlasts the transaction
	var last *Entry
	overtaken := false
	err := s.l.stores.Live(ctx, func(ctx context.Context, tx *store.Tx) error {
		if again { // after a conflict
			s.read(reading, first.upTo)
		}
		again = true
		if s.anew {
			live, err := readProjection(ctx, tx)
			if err != nil {
				return err
			}
			if live.applied > 0 {
				return errOvertaken
			}
			if overtaken = live.staged != s.marker; overtaken {
				return nil
			}
		}
		p := &projector{tx: tx, desk: s.l.stores.DeskRows(), index: search.NewWriter(tx), anew: s.anew, existed: map[domain.ID]bool{}}
		if s.dropIndexes {
			if there, err := hasDocuments(ctx, tx); err != nil {
				return err
			} else if !there { // by another process meanwhile
				if err := p.dropIndexes(ctx, s.anew); err != nil {
					return err
				}
			}
		}
		until := time.Now().Add(s.l.stagingTime)
		for batch, ok := first, true; ok; batch, ok = s.before(until) {
			if batch.err != nil {
				return batch.err
			}
			s.done = batch.upTo
			n := len(batch.entries)
			if n == 0 {
				continue
			}
			analyses, existed := p.index.Analyses(), len(p.existed)
			stage := p.stage
			if s.anew {
				stage = p.stageAnew
			}
			if err := stage(ctx, batch); err != nil {
				return fmt.Errorf("entries %d to %d: %w", batch.entries[0].Sequence, batch.upTo, err)
			}
			last = &batch.entries[n-1].Entry
			most := len(p.existed)-existed > n/2
			s.analyse.Store(!most || p.index.Analyses()-analyses > n/2)
			if most {
				break
			}
		}
		if err := p.index.Flush(ctx); err != nil {
			return err
		}
		var end *Entry
		if s.anew {
			end = s.last
		}
		return p.setStaged(ctx, s.log.Identity, last, end)
	})
	if err != nil {
		return err
	}
	if overtaken { // another process does the same: this one goes on behind it
		s.stop()
		return s.begin(ctx)
	}
	s.dropIndexes, s.marker = false, last.Sequence
	return nil
}

// before waits for the next batch, but not beyond a time.
func (s *staging) before(until time.Time) (batch snapshotBatch, ok bool) {
	left := time.Until(until)
	if left <= 0 {
		return batch, false
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case batch, ok = <-s.batches:
		return batch, ok
	case <-timer.C:
		return batch, false
	}
}

// publishedBatches returns the snapshots to be read of each part of the log.
func publishedBatches(parts iter.Seq2[publishedPart, error]) iter.Seq[snapshotBatch] {
	return func(yield func(snapshotBatch) bool) {
		for part, err := range parts {
			batch := snapshotBatch{publishedPart: part, err: err}
			for _, e := range part.entries {
				batch.keys = append(batch.keys, aggregate.RevisionKey{ID: e.Document, Number: e.Revision})
			}
			if !yield(batch) {
				return
			}
		}
	}
}

// stage writes those of a batch of documents that live does not have, as unseen, and those
// that it has in this state.
func (p *projector) stage(ctx context.Context, batch snapshotBatch) error {
	final := make(map[domain.ID]Entry, len(batch.entries))
	wanted := make(map[domain.ID]liveState, len(batch.entries))
	for _, e := range batch.entries {
		final[e.Document], wanted[e.Document] = e.Entry, e.state()
	}
	differ := map[domain.ID]bool{}
	engine := p.tx.Dialect()
	for t, ids := range aggregate.GroupByType(slices.Collect(maps.Keys(final))) {
		err := p.statesWhere(ctx, t, " WHERE id"+store.InSet(engine), []any{store.IDSet(engine, ids)}, func(id domain.ID, _ domain.Marking, state liveState) {
			p.existed[id] = true
			differ[id] = state != wanted[id]
		})
		if err != nil {
			return err
		}
	}
	batch.keys = slices.DeleteFunc(slices.Clone(batch.keys), func(key aggregate.RevisionKey) bool { return differ[key.ID] })
	_, err := p.putBatch(ctx, batch, final)
	return err
}

// stagedPart is the part of the log that an unfinished rebuild has staged.
type stagedPart struct {
	upTo int64  // the last entry that is staged; 0: there is no such rebuild
	last *Entry // of the log when live began to be made anew; nil if it was not
}

// readStaged returns what an unfinished rebuild from this log has staged.
func (p *projector) readStaged(ctx context.Context, identity string) (stagedPart, error) {
	var sequence int64
	var stored string
	err := store.QueryRows(ctx, p.tx, "SELECT rebuild_sequence, rebuild_hash FROM projection", nil,
		func(rows *sql.Rows) error { return rows.Scan(&sequence, &stored) })
	if err != nil || sequence == 0 {
		return stagedPart{}, err
	}
	done, err := entryAt(ctx, p.desk, sequence)
	if err != nil || done == nil {
		return stagedPart{}, err // of another log
	}
	rest, ok := strings.CutPrefix(stored, stagedHash(identity, done))
	switch {
	case !ok:
		return stagedPart{}, nil
	case rest == "":
		return stagedPart{upTo: sequence}, nil
	}
	var end int64
	var hash string
	if _, err := fmt.Sscanf(rest, stagedEnd, &end, &hash); err != nil {
		return stagedPart{}, nil // of another version of the program
	}
	last, err := entryAt(ctx, p.desk, end)
	if err != nil || last == nil || last.Hash() != hash {
		return stagedPart{}, err
	}
	return stagedPart{sequence, last}, nil
}

func stagedHash(identity string, last *Entry) string { return identity + " " + last.Hash() }

// stagedEnd is what follows the stagedHash where live is made anew: the last entry of the log, and its hash.
const stagedEnd = " %d %s"

// setStaged stores the last entry that was staged, and end, that up to which live is made anew, if it is; nil says that no rebuild goes on.
func (p *projector) setStaged(ctx context.Context, identity string, last, end *Entry) error {
	var sequence int64
	var hash string
	if last != nil {
		sequence, hash = last.Sequence, stagedHash(identity, last)
	}
	if last != nil && end != nil {
		hash += fmt.Sprintf(stagedEnd, end.Sequence, end.Hash())
	}
	if err := store.Exec(ctx, p.tx, "UPDATE projection SET rebuild_sequence = ?, rebuild_hash = ? WHERE id = 1", sequence, hash); err != nil {
		return fmt.Errorf("note how far the rebuild has come: %w", err)
	}
	return nil
}
