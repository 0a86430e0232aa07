package search

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"

	"github.com/maypok86/otter/v2"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search/names"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/visibility"
)

// view is the index of a store in one version, as far as it is in memory: the units, the pending
// postings, and where the segments' blocks are. It does not change, so that any number of searches
// share it.
type view struct {
	version  int64
	manifest *manifest
	blocks   []*unitBlock // nil for a block without units, and for one that was not read
	sources  []openSource
	stats    [visibility.Clearances]statistics
}

// openSource is a source with what was read of it.
type openSource struct {
	source
	dictionary          *dictionary // of a segment
	postings, positions []byte      // of pending postings
}

// statistics are of the units that viewers of a clearance see.
type statistics struct {
	units  float64
	length [fields]float64 // the average length of a field, over the units that have it
	newest int64           // the latest time of publication
}

// reader reads the index of a store. It keeps the latest view, and blocks of postings that were
// read lately.
type reader struct {
	mu     sync.Mutex // held while a view is made
	latest atomic.Pointer[view]

	blocks *otter.Cache[blockKey, []byte]
	links  *otter.Cache[linkKey, *linkBlock]
	names  *otter.Cache[names.Name, names.PreparedName] // of entities that were compared lately
}

// blockKey is the postings or positions of a block. Blocks do not change, and ids are not used again.
type blockKey struct {
	id        int64
	positions bool
}

// linkKey is the links of a block of units.
type linkKey struct {
	block int
	stamp uint32
}

func newReader(bytes uint64) *reader {
	return &reader{
		blocks: otter.Must(&otter.Options[blockKey, []byte]{MaximumWeight: bytes,
			Weigher: func(_ blockKey, data []byte) uint32 { return uint32(len(data)) + 64 }}),
		links: otter.Must(&otter.Options[linkKey, *linkBlock]{MaximumWeight: bytes / 4,
			Weigher: func(_ linkKey, b *linkBlock) uint32 { return uint32(8*len(b.targets)+4*len(b.at)) + 600 }}),
		names: otter.Must(&otter.Options[names.Name, names.PreparedName]{MaximumSize: 1 << 14}),
	}
}

// view returns the index as db has it.
func (r *reader) view(ctx context.Context, db rows) (*view, error) {
	var version int64
	err := db.read(ctx, "SELECT version FROM search_state WHERE id = 1", 1, nil, func(n int64, _ []byte) error {
		version = n
		return nil
	})
	if err != nil {
		return nil, err
	}
	if v := r.latest.Load(); v != nil && v.version == version {
		return v, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.latest.Load()
	if before != nil && before.version == version {
		return before, nil
	}
	v, err := openView(ctx, db, before, 0)
	if err != nil {
		return nil, err
	}
	// The view of an older snapshot does not replace the latest one.
	if before == nil || v.version > before.version {
		r.latest.Store(v)
	}
	return v, nil
}

// openView reads the index, but for what an earlier view has already, and for blocks of units that have not changed since a
// generation.
func openView(ctx context.Context, db rows, before *view, since uint32) (*view, error) {
	version, m, err := readManifest(ctx, db)
	if err != nil {
		return nil, err
	}
	if m == nil {
		m = &manifest{}
	}
	v := &view{version: version, manifest: m, blocks: make([]*unitBlock, len(m.stamps)), sources: make([]openSource, len(m.sources))}
	if err := v.openUnits(ctx, db, before, since); err != nil {
		return nil, err
	}
	if err := v.openSources(ctx, db, before); err != nil {
		return nil, err
	}
	v.count()
	return v, nil
}

func (v *view) openUnits(ctx context.Context, db rows, before *view, since uint32) error {
	var wanted []domain.ID // as numbers
	for i, stamp := range v.manifest.stamps {
		switch {
		case stamp == 0, stamp < since:
		case before != nil && i < len(before.blocks) && before.blocks[i] != nil && before.blocks[i].stamp == stamp:
			v.blocks[i] = before.blocks[i]
		default:
			wanted = append(wanted, domain.ID(i))
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	engine := db.dialect()
	found := 0
	err := db.read(ctx, "SELECT id, data FROM search_unit_blocks WHERE id"+store.InSet(engine), 2, []any{store.IDSet(engine, wanted)}, func(id int64, data []byte) error {
		b, err := decodeUnits(data, v.manifest.stamps[id])
		v.blocks[id] = b
		found++
		return err
	})
	if err == nil && found < len(wanted) {
		err = errCorrupt
	}
	return err
}

func (v *view) openSources(ctx context.Context, db rows, before *view) error {
	known := map[source]*openSource{}
	if before != nil {
		for i := range before.sources {
			known[before.sources[i].source] = &before.sources[i]
		}
	}
	pending, segments := map[int64]*openSource{}, map[int64]*openSource{}
	var pendingIDs, segmentIDs []domain.ID
	for i, s := range v.manifest.sources {
		v.sources[i] = openSource{source: s}
		open := &v.sources[i]
		switch k := known[s]; {
		case k != nil:
			*open = *k
		case s.segment == 0:
			pending[int64(s.first)] = open
			pendingIDs = append(pendingIDs, domain.ID(s.first))
		default:
			segments[s.segment] = open
			segmentIDs = append(segmentIDs, domain.ID(s.segment))
		}
	}
	engine := db.dialect()
	read := func(query string, ids []domain.ID, found func(id int64, data []byte) error) error {
		if len(ids) == 0 {
			return nil
		}
		n := 0
		err := db.read(ctx, query+store.InSet(engine), 2, []any{store.IDSet(engine, ids)}, func(id int64, data []byte) error {
			n++
			return found(id, bytes.Clone(data))
		})
		if err == nil && n < len(ids) {
			err = errCorrupt
		}
		return err
	}
	err := read("SELECT id, data FROM search_pending WHERE id", pendingIDs, func(id int64, data []byte) (err error) {
		s := pending[id]
		s.postings, s.positions, err = decodePending(data)
		return err
	})
	if err != nil {
		return err
	}
	return read("SELECT id, dictionary FROM search_segments WHERE id", segmentIDs, func(id int64, data []byte) (err error) {
		segments[id].dictionary, err = decodeDictionary(data)
		return err
	})
}

// count computes the statistics for each clearance.
func (v *view) count() {
	var units [visibility.Clearances]uint64
	var tokens, having [visibility.Clearances][fields]uint64
	var newest [visibility.Clearances]int64
	for _, b := range v.blocks {
		if b == nil {
			continue
		}
		for m := range units {
			units[m] += uint64(b.count[m])
			newest[m] = max(newest[m], b.newest[m])
			for f := range fields {
				tokens[m][f] += b.tokens[m][f]
				having[m][f] += uint64(b.having[m][f])
			}
		}
	}
	var n uint64
	var sum, of [fields]uint64
	var last int64
	for c := range v.stats {
		n += units[c]
		last = max(last, newest[c])
		s := &v.stats[c]
		s.units, s.newest = float64(n), last
		for f := range fields {
			sum[f] += tokens[c][f]
			of[f] += having[c][f]
			s.length[f] = max(float64(sum[f])/max(float64(of[f]), 1), 1)
		}
	}
}

// blockData returns the postings or positions of blocks, in the order of their ids.
func (r *reader) blockData(ctx context.Context, db rows, ids []int64, positions bool) (map[int64][]byte, error) {
	all := make(map[int64][]byte, len(ids))
	var missing []domain.ID // as numbers
	for _, id := range ids {
		if data, ok := r.blocks.GetIfPresent(blockKey{id, positions}); ok {
			all[id] = data
		} else if _, asked := all[id]; !asked {
			all[id] = nil
			missing = append(missing, domain.ID(id))
		}
	}
	if len(missing) == 0 {
		return all, nil
	}
	column := "postings"
	if positions {
		column = "positions"
	}
	engine := db.dialect()
	found := 0
	err := db.read(ctx, "SELECT id, "+column+" FROM search_blocks WHERE id"+store.InSet(engine), 2, []any{store.IDSet(engine, missing)}, func(id int64, data []byte) error {
		data = bytes.Clone(data)
		all[id] = data
		found++
		r.blocks.Set(blockKey{id, positions}, data)
		return nil
	})
	if err == nil && found < len(missing) {
		err = errCorrupt
	}
	return all, err
}

// linksOf returns the links of a block of units.
func (r *reader) linksOf(ctx context.Context, db rows, v *view, blocks []int) (map[int]*linkBlock, error) {
	all := make(map[int]*linkBlock, len(blocks))
	var missing []domain.ID // as numbers
	for _, b := range blocks {
		if l, ok := r.links.GetIfPresent(linkKey{b, v.manifest.stamps[b]}); ok {
			all[b] = l
		} else {
			missing = append(missing, domain.ID(b))
		}
	}
	if len(missing) == 0 {
		return all, nil
	}
	engine := db.dialect()
	err := db.read(ctx, "SELECT id, links FROM search_unit_blocks WHERE id"+store.InSet(engine), 2, []any{store.IDSet(engine, missing)}, func(id int64, data []byte) error {
		l, err := decodeLinks(data)
		if err != nil {
			return err
		}
		all[int(id)] = l
		r.links.Set(linkKey{int(id), v.manifest.stamps[id]}, l)
		return nil
	})
	if err == nil && len(all) < len(blocks) {
		err = errCorrupt
	}
	return all, err
}
