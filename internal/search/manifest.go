package search

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// manifest is what the index of a store consists of.
type manifest struct {
	format   int
	analyser int // the version of the analyser of all units; 0 while the first index is built
	// building is the version of the analyser that a reindex is bringing units to, and reached the
	// last document that it has done; both 0 without one.
	building int
	reached  domain.ID
	// restart is the generation at which the reindex began: it writes what has not been written since.
	restart uint32

	numbers     uint32 // one more than the highest number of a unit
	generation  uint32 // of the last write
	nextBlock   int64
	nextSegment int64
	sources     []source // in the order of their generations
	builds      []build
	stamps      []uint32 // of each block of units, the generation at which it changed last; 0 if it has no unit
}

// source is what has postings: a segment, or a row of pending postings. It has the postings of the
// units that were written in generations first to last; a unit whose present generation is
// not among them has been written again, or removed, since.
type source struct {
	segment     int64 // 0: pending
	first, last uint32
	units       uint32 // how many it had when it was written
	size        uint32 // bytes of postings and positions, in KiB, rounded up
	blocks      uint32
}

// build is a segment that a merge is writing.
type build struct {
	segment int64
	at      int64 // when its last blocks were written, in seconds since 1970
}

// manifestFormat is the version of how the index is stored.
const manifestFormat = 1

func (m *manifest) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(m.format))
	for _, n := range []uint64{uint64(m.analyser), uint64(m.building), uint64(m.reached), uint64(m.restart), uint64(m.numbers), uint64(m.generation), uint64(m.nextBlock), uint64(m.nextSegment), uint64(len(m.sources))} {
		b = binary.AppendUvarint(b, n)
	}
	for _, s := range m.sources {
		for _, n := range []uint64{uint64(s.segment), uint64(s.first), uint64(s.last - s.first), uint64(s.units), uint64(s.size), uint64(s.blocks)} {
			b = binary.AppendUvarint(b, n)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(m.builds)))
	for _, s := range m.builds {
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(s.segment)), uint64(s.at))
	}
	b = binary.AppendUvarint(b, uint64(len(m.stamps)))
	for _, s := range m.stamps {
		b = binary.AppendUvarint(b, uint64(s))
	}
	return b
}

func decodeManifest(data []byte) (*manifest, error) {
	r := byteReader{data: data}
	next := r.uvarint
	m := &manifest{format: int(next())}
	if m.format != manifestFormat {
		return nil, fmt.Errorf("the search index has form %d, and this program reads %d: run redthread reindex", m.format, manifestFormat)
	}
	m.analyser, m.building, m.reached, m.restart = int(next()), int(next()), domain.ID(next()), uint32(next())
	m.numbers, m.generation, m.nextBlock, m.nextSegment = uint32(next()), uint32(next()), int64(next()), int64(next())
	for range r.count() {
		s := source{segment: int64(next()), first: uint32(next())}
		s.last = s.first + uint32(next())
		s.units, s.size, s.blocks = uint32(next()), uint32(next()), uint32(next())
		m.sources = append(m.sources, s)
	}
	for range r.count() {
		m.builds = append(m.builds, build{int64(next()), int64(next())})
	}
	for range r.count() {
		m.stamps = append(m.stamps, uint32(next()))
	}
	if !r.complete() {
		return nil, errCorrupt
	}
	return m, nil
}

// readManifest reads the version of the index and its manifest; nil if there is no index yet.
func readManifest(ctx context.Context, db rows) (version int64, m *manifest, err error) {
	err = db.read(ctx, "SELECT version, manifest FROM search_state WHERE id = 1", 2, nil, func(n int64, data []byte) (err error) {
		version = n
		m, err = decodeManifest(data)
		return err
	})
	return version, m, err
}

// writeManifest replaces the manifest.
func writeManifest(ctx context.Context, tx *store.Tx, m *manifest) error {
	err := store.ExecLater(ctx, tx, "write the search index", "INSERT INTO search_state (id, version, manifest) VALUES (1, 1, ?)"+
		" ON CONFLICT (id) DO UPDATE SET version = search_state.version + 1, manifest = excluded.manifest", m.encode())
	if err != nil {
		return fmt.Errorf("write the search index: %w", err)
	}
	return nil
}
