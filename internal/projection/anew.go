package projection

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/visibility"
)

// A live that was lost is made anew by a rebuild up to what was the last entry of the log at its beginning. As long as no release is
// applied to it, and documents are staged, it is incomplete, and the store refuses readers. So nothing has to be unseen
// until a last transaction, which for a million reports would write most pages of live: documents get the effective markings
// that are their own when they are staged, the others their markings in many transactions behind that, and the last one says that live is complete.
//
// Each transaction of it first looks whether live is as the one before left it. Another process that makes
// live anew as well stages what follows, and this one goes on behind it. One that has applied a release has overtaken it.

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
	for t, ids := range aggregate.GroupByType(slices.Collect(maps.Keys(final))) {
		if len(aggregate.SpecOf(t).Ends) == 0 {
			continue
		}
		if err := p.markWithEnds(ctx, t, ids); err != nil {
			return err
		}
	}
	return nil
}

// markWithEnds computes the effective markings of documents of a type with ends, also in the search index.
func (p *projector) markWithEnds(ctx context.Context, t domain.Type, ids []domain.ID) error {
	if err := p.update(ctx, visibility.MarkingWithEnds(p.tx.Dialect(), aggregate.TableOf(t).Name, endsOf(t)), ids); err != nil {
		return err
	}
	return p.markInIndex(ctx, t, ids)
}

// markInIndex writes the effective markings of documents of a type to the search index.
func (p *projector) markInIndex(ctx context.Context, t domain.Type, ids []domain.ID) error {
	if !search.Indexed(t) {
		return nil
	}
	markings := make(map[domain.ID]domain.Marking, len(ids))
	if err := p.effective(ctx, ids, func(id domain.ID, m domain.Marking) { markings[id] = m }); err != nil {
		return err
	}
	return p.index.Mark(ctx, markings)
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
		at := latest(s.l.clock(), live.at.Add(time.Microsecond))
		if err := p.recordPublished(ctx, at); err != nil {
			return err
		}
		if err := p.forgetSteps(ctx); err != nil {
			return err
		}
		if err := p.setStaged(ctx, "", nil, nil); err != nil {
			return err
		}
		return p.setApplied(ctx, s.log.Identity, s.last, at)
	})
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
			return p.markWithEnds(ctx, t, ids)
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
		err = add(t, "", func(ctx context.Context, p *projector, t domain.Type, ids []domain.ID) error {
			return p.markInIndex(ctx, t, ids)
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

// recordPublished appends to the history of changes that all documents of live were published, for those who see them: documents of
// each type after those of the types that they refer to.
func (p *projector) recordPublished(ctx context.Context, at time.Time) error {
	last, moment, err := lastChange(ctx, p.tx)
	if err != nil {
		return err
	}
	moment = max(at.UnixMicro(), moment+1)
	columns, kinds := []string{"id", "at", "document_id", "type"}, make([]string, visibility.Clearances)
	for c := range visibility.Clearances {
		columns = append(columns, aggregate.Quote(visibility.ChangeColumn(domain.Marking(c))))
		kinds[c] = fmt.Sprintf("CASE WHEN %s <= %d THEN %d ELSE 0 END", visibility.EffectiveMarking, c, Published)
	}
	for _, t := range referredFirst() {
		n, err := p.tx.Exec(ctx, store.Bind(p.tx.Dialect(), fmt.Sprintf("INSERT INTO changes (%s) SELECT row_number() OVER (ORDER BY id) + ?, ?, id, %d, %s FROM %s WHERE %s <= %d",
			strings.Join(columns, ", "), t, strings.Join(kinds, ", "), aggregate.TableOf(t).Name, visibility.EffectiveMarking, domain.Red)), last, moment)
		if err != nil {
			return fmt.Errorf("record changes: %w", err)
		}
		last += n
	}
	return nil
}

// referredFirst returns all types, supporting ones first and those with ends last.
func referredFirst() []domain.Type {
	rank := func(t domain.Type) int {
		switch {
		case t.Supporting():
			return 0
		case hasOwnMarking(t):
			return 1
		}
		return 2
	}
	return slices.SortedStableFunc(slices.Values(domain.Types()), func(a, b domain.Type) int { return rank(a) - rank(b) })
}
