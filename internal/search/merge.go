package search

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// The index of a store is merged as it grows, so that a search has few sources to look at: sources that
// follow each other are replaced by one segment with those of their postings that still count. Readers
// see the old sources until the transaction that exchanges them. The blocks before that are written in
// small transactions, so that no lock is held while something slow happens. One process merges at a time:
// the manifest says so. What a merge that did not end left is removed by a later one.

// mergePending is how many rows of pending postings are merged, and mergeSegments how many segments of
// about one size.
const (
	mergePending  = 48
	mergeSegments = 8
)

// level is the class of size of a source: each is mergeSegments times as large as the one before.
func (s *source) level() int {
	l := 0
	for size := s.size / 64; size > 0; size /= mergeSegments {
		l++
	}
	if s.segment == 0 {
		return 0
	}
	return max(l, 1)
}

// mergeable returns the range of sources that should be merged; none if from == to. Only sources that
// follow each other are merged, so that the generations of a source stay a range.
func (m *manifest) mergeable() (from, to int) {
	highest := 0
	for i := range m.sources {
		highest = max(highest, m.sources[i].level())
	}
	for level := 0; level <= highest; level++ {
		least := mergeSegments
		if level == 0 {
			least = mergePending
		}
		// The longest range of sources of this level or below.
		start := 0
		for i := 0; i <= len(m.sources); i++ {
			if i < len(m.sources) && m.sources[i].level() <= level {
				continue
			}
			if i-start >= least && i-start > to-from {
				from, to = start, i
			}
			start = i + 1
		}
		if to > from {
			return from, to
		}
	}
	return 0, 0
}

// target is a store whose index is maintained.
type target struct {
	name  string
	now   func() time.Time
	rows  func() store.Rows
	desk  bool
	write func(ctx context.Context, fn func(ctx context.Context, tx *store.Tx) error) error
}

// blocksPerWrite is how many blocks a merge writes in one transaction.
const blocksPerWrite = 48

// merge merges sources until none should be, or ctx ends.
func (t *target) merge(ctx context.Context) error {
	for {
		_, m, err := readManifest(ctx, plainRows{t.rows()})
		if err != nil || m == nil {
			return err
		}
		from, to := m.mergeable()
		if from == to {
			return nil
		}
		if err := t.mergeSources(ctx, m.sources[from:to]); errors.Is(err, errMerging) {
			return nil
		} else if err != nil {
			return fmt.Errorf("merge the search index of the %s: %w", t.name, err)
		}
	}
}

// mergeAll merges all sources into one.
func (t *target) mergeAll(ctx context.Context) error {
	_, m, err := readManifest(ctx, plainRows{t.rows()})
	if err != nil || m == nil || len(m.sources) < 2 {
		return err
	}
	return t.mergeSources(ctx, m.sources)
}

func (t *target) mergeSources(ctx context.Context, sources []source) error {
	if err := t.clean(ctx); err != nil {
		return err
	}
	out := &mergeOutput{target: t, ctx: ctx}
	if err := out.begin(); err != nil {
		return err
	}
	units, err := t.mergeInto(ctx, sources, out)
	if err == nil {
		err = out.exchange(sources, units)
	}
	if err != nil {
		out.abandon()
	}
	return err
}

// mergeInto writes the postings of sources that still count to out, and returns how many units have any.
func (t *target) mergeInto(ctx context.Context, sources []source, out *mergeOutput) (units uint32, err error) {
	db := plainRows{t.rows()}
	// A unit that was written in the generations of the sources is in a block that has changed since. The others are not
	// read: of a large index that is nearly all, and most merges are of what was written last.
	v, err := openView(ctx, db, nil, sources[0].first)
	if err != nil {
		return 0, err
	}
	for _, b := range v.blocks {
		if b == nil {
			continue
		}
		for i, g := range b.generations {
			if b.ids[i] != 0 && g >= sources[0].first && g <= sources[len(sources)-1].last {
				units++
			}
		}
	}
	var inputs []*mergeInput
	for i := range v.sources {
		if slices.Contains(sources, v.sources[i].source) {
			in := &mergeInput{openSource: v.sources[i], db: db}
			if err := in.next(ctx); err != nil {
				return 0, err
			}
			if !in.ended {
				inputs = append(inputs, in)
			}
		}
	}
	writer := segmentWriter{emit: out.emit}
	var found []mergePosting
	for len(inputs) > 0 {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		term := inputs[0].reader.term
		for _, in := range inputs[1:] {
			if bytes.Compare(in.reader.term, term) < 0 {
				term = in.reader.term
			}
		}
		name := string(term)
		found = found[:0]
		for i := 0; i < len(inputs); {
			in := inputs[i]
			for !in.ended && string(in.reader.term) == name {
				if found, err = in.collect(v, found); err != nil {
					return 0, err
				}
				if err := in.next(ctx); err != nil {
					return 0, err
				}
			}
			if in.ended {
				inputs = slices.Delete(inputs, i, i+1)
				continue
			}
			i++
		}
		slices.SortStableFunc(found, func(a, b mergePosting) int { return cmp.Compare(a.number, b.number) })
		for j := range found {
			if err := writer.add(name, &found[j].posting, found[j].positions); err != nil {
				return 0, err
			}
		}
	}
	return units, writer.close()
}

// mergePosting is a posting with its positions.
type mergePosting struct {
	posting
	positions []byte
}

// mergeInput reads the entries of a source in order.
type mergeInput struct {
	openSource
	db     rows
	at     int // of the next block
	reader blockReader
	ended  bool
	ahead  [][2][]byte // blocks that were read: postings and positions
}

// readAheadBlocks is how many blocks of a source a merge reads at once.
const readAheadBlocks = 8

// next goes to the next entry.
func (in *mergeInput) next(ctx context.Context) error {
	for !in.reader.next() {
		if in.reader.err != nil {
			return in.reader.err
		}
		if in.dictionary == nil {
			if in.at > 0 {
				in.ended = true
				return nil
			}
			in.at++
			in.reader = newBlockReader(in.postings, in.positions)
			continue
		}
		if len(in.ahead) == 0 {
			if err := in.readAhead(ctx); err != nil {
				return err
			}
			if len(in.ahead) == 0 {
				in.ended = true
				return nil
			}
		}
		in.reader = newBlockReader(in.ahead[0][0], in.ahead[0][1])
		in.ahead = in.ahead[1:]
	}
	return nil
}

func (in *mergeInput) readAhead(ctx context.Context) error {
	ids := in.dictionary.ids[in.at:min(in.at+readAheadBlocks, len(in.dictionary.ids))]
	if len(ids) == 0 {
		return nil
	}
	in.at += len(ids)
	wanted := make([]domain.ID, len(ids)) // as numbers
	for i, id := range ids {
		wanted[i] = domain.ID(id)
	}
	in.ahead = make([][2][]byte, len(ids))
	engine := in.db.dialect()
	for i, column := range []string{"postings", "positions"} {
		err := in.db.read(ctx, "SELECT id, "+column+" FROM search_blocks WHERE id"+store.InSet(engine), 2, []any{store.IDSet(engine, wanted)}, func(id int64, data []byte) error {
			in.ahead[slices.Index(ids, id)][i] = data
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, b := range in.ahead {
		if b[0] == nil {
			return errCorrupt
		}
	}
	return nil
}

// collect appends the postings of the present entry that still count.
func (in *mergeInput) collect(v *view, dst []mergePosting) ([]mergePosting, error) {
	e, err := in.reader.entry()
	if err != nil {
		return nil, err
	}
	r := postingReader{data: e.postings}
	at := 0
	for r.next() {
		end := skipVarints(e.positions, at, r.total())
		if end < 0 {
			return nil, errCorrupt
		}
		if b := int(r.number >> blockBits); b < len(v.blocks) && v.blocks[b] != nil {
			if g := v.blocks[b].generations[r.number%blockUnits]; g >= in.first && g <= in.last {
				dst = append(dst, mergePosting{r.posting, e.positions[at:end]})
			}
		}
		at = end
	}
	return dst, r.err
}

// mergeOutput writes the blocks of a merge.
type mergeOutput struct {
	*target
	ctx        context.Context
	segment    int64
	waiting    []waitingBlock
	dictionary dictionary
	bytes      int
}

type waitingBlock struct {
	id                  int64
	postings, positions []byte
}

// errMerging is the error of a merge that begins while another process merges.
var errMerging = errors.New("another process merges the index")

// buildLimit is how long after its last write a merge is taken for one that has ended without saying so.
const buildLimit = time.Hour

func (m *manifest) build(segment int64) int {
	return slices.IndexFunc(m.builds, func(b build) bool { return b.segment == segment })
}

// change changes the manifest in a transaction.
func (t *target) change(ctx context.Context, fn func(ctx context.Context, tx *store.Tx, m *manifest) error) error {
	return t.write(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, m, err := readManifest(ctx, plainRows{tx})
		if err != nil || m == nil {
			return cmp.Or(err, errCorrupt)
		}
		if err := fn(ctx, tx, m); err != nil {
			return err
		}
		return writeManifest(ctx, tx, m)
	})
}

// begin reserves the number of a segment.
func (o *mergeOutput) begin() error {
	return o.change(o.ctx, func(_ context.Context, _ *store.Tx, m *manifest) error {
		if len(m.builds) > 0 {
			return errMerging
		}
		m.nextSegment++
		o.segment = m.nextSegment
		m.builds = append(m.builds, build{o.segment, o.now().Unix()})
		return nil
	})
}

// abandon says that the merge has ended. Where that fails too, it is taken for ended after a while.
func (o *mergeOutput) abandon() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(o.ctx), 5*time.Second)
	defer cancel()
	_ = o.change(ctx, func(_ context.Context, _ *store.Tx, m *manifest) error {
		m.builds = slices.DeleteFunc(m.builds, func(b build) bool { return b.segment == o.segment })
		return nil
	})
}

func (o *mergeOutput) emit(first string, postings, positions []byte) error {
	o.waiting = append(o.waiting, waitingBlock{0, bytes.Clone(postings), bytes.Clone(positions)})
	o.bytes += len(postings) + len(positions)
	o.dictionary.add(0, first)
	if len(o.waiting) < blocksPerWrite {
		return nil
	}
	return o.flush()
}

// flush writes the blocks that wait.
func (o *mergeOutput) flush() error {
	if len(o.waiting) == 0 {
		return nil
	}
	start := len(o.dictionary.ids) - len(o.waiting)
	err := o.change(o.ctx, func(ctx context.Context, tx *store.Tx, m *manifest) error {
		at := m.build(o.segment)
		if at < 0 {
			return errMerging
		}
		m.builds[at].at = o.now().Unix()
		for i, b := range o.waiting {
			m.nextBlock++
			o.dictionary.ids[start+i] = m.nextBlock
			if err := insertBlock(ctx, tx, m.nextBlock, o.segment, b.postings, b.positions); err != nil {
				return err
			}
		}
		return nil
	})
	o.waiting = o.waiting[:0]
	return err
}

// exchange replaces the sources by the segment.
func (o *mergeOutput) exchange(sources []source, units uint32) error {
	if err := o.flush(); err != nil {
		return err
	}
	return o.change(o.ctx, func(ctx context.Context, tx *store.Tx, m *manifest) error {
		build := m.build(o.segment)
		at := slices.Index(m.sources, sources[0])
		if build < 0 || at < 0 || len(m.sources)-at < len(sources) || !slices.Equal(m.sources[at:at+len(sources)], sources) {
			return errMerging
		}
		m.builds = slices.Delete(m.builds, build, build+1)
		merged := source{segment: o.segment, first: sources[0].first, last: sources[len(sources)-1].last, units: units,
			size: kib(o.bytes), blocks: uint32(len(o.dictionary.ids))}
		if len(o.dictionary.ids) == 0 {
			m.sources = slices.Delete(m.sources, at, at+len(sources))
		} else {
			m.sources = slices.Replace(m.sources, at, at+len(sources), merged)
			if err := insertSegment(ctx, tx, o.segment, &o.dictionary); err != nil {
				return err
			}
		}
		var pending []domain.ID
		for _, s := range sources {
			if s.segment == 0 {
				pending = append(pending, domain.ID(s.first))
			}
		}
		if err := store.ExecSet(ctx, tx, "DELETE FROM search_pending WHERE id", pending); err != nil {
			return fmt.Errorf("remove pending postings: %w", err)
		}
		return nil
	})
}

// clean removes the segments that the index does not consist of, a few blocks in each transaction, and
// merges that have ended without saying so.
func (t *target) clean(ctx context.Context) error {
	for {
		_, m, err := readManifest(ctx, plainRows{t.rows()})
		if err != nil || m == nil {
			return err
		}
		if ended := func(b build) bool { return t.now().Unix()-b.at > int64(buildLimit/time.Second) }; slices.ContainsFunc(m.builds, ended) {
			if err := t.change(ctx, func(_ context.Context, _ *store.Tx, m *manifest) error {
				m.builds = slices.DeleteFunc(m.builds, ended)
				return nil
			}); err != nil {
				return err
			}
			continue
		}
		old, err := m.leftover(ctx, plainRows{t.rows()})
		if err != nil || old == 0 {
			return err
		}
		err = t.write(ctx, func(ctx context.Context, tx *store.Tx) error {
			if err := store.Exec(ctx, tx, "DELETE FROM search_segments WHERE id = ?", old); err != nil {
				return err
			}
			return store.Exec(ctx, tx, "DELETE FROM search_blocks WHERE id IN (SELECT id FROM search_blocks WHERE segment = ? LIMIT ?)", old, 16*blocksPerWrite)
		})
		if err != nil {
			return fmt.Errorf("remove what is left of a merge: %w", err)
		}
	}
}

// leftover returns a segment with blocks that the index does not consist of and no merge is writing; 0 if there is
// none.
func (m *manifest) leftover(ctx context.Context, db rows) (old int64, err error) {
	var present []domain.ID // as numbers
	for _, s := range m.sources {
		if s.segment != 0 {
			present = append(present, domain.ID(s.segment))
		}
	}
	for _, b := range m.builds {
		present = append(present, domain.ID(b.segment))
	}
	engine := db.dialect()
	err = db.read(ctx, "SELECT segment FROM search_blocks WHERE segment <= ? AND segment"+store.NotInSet(engine)+" LIMIT 1", 1,
		[]any{m.nextSegment, store.IDSet(engine, present)}, func(n int64, _ []byte) error { old = n; return nil })
	return old, err
}
