package search

import (
	"encoding/binary"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/visibility"
)

// blockUnits is how many consecutive numbers share a block of units.
const (
	blockBits  = 7
	blockUnits = 1 << blockBits
)

// unitMeta is what the index knows of a unit beside its postings.
type unitMeta struct {
	ID         domain.ID // 0: the number stands for nothing
	Generation uint32    // of its postings
	Marking    domain.Marking
	Type       domain.Type
	Kind       string
	Language   string
	Published  int64          // microseconds since 1970
	Day        int32          // the date that it is of, in days since 1970
	Lengths    [fields]uint16 // of the fields, in tokens
	Links      []domain.ID    // tags and entities that it refers to
}

// unitBlock is the units of a block, decoded. It does not change.
type unitBlock struct {
	stamp       uint32
	ids         [blockUnits]domain.ID
	generations [blockUnits]uint32
	markings    [blockUnits]uint8
	types       [blockUnits]domain.Type
	kinds       [blockUnits]uint8 // in words
	languages   [blockUnits]uint8
	published   [blockUnits]int64
	days        [blockUnits]int32
	lengths     [blockUnits][fields]uint16
	words       []string // distinct kinds and languages; the first is ""

	// Sums over the units with each marking, for statistics.
	count   [visibility.Clearances]uint32
	having  [visibility.Clearances][fields]uint32 // units that have the field
	tokens  [visibility.Clearances][fields]uint64
	newest  [visibility.Clearances]int64
	present bool // has units
}

// encodeUnits encodes the units of a block, and their links.
func encodeUnits(units *[blockUnits]unitMeta) (data, links []byte) {
	words := []string{""}
	wordAt := map[string]int{"": 0}
	intern := func(w string) uint64 {
		at, ok := wordAt[w]
		if !ok && len(words) < 256 {
			at = len(words)
			wordAt[w] = at
			words = append(words, w)
		}
		return uint64(at)
	}
	var targets []domain.ID
	targetAt := map[domain.ID]int{}
	var body, linked []byte
	for i := range units {
		u := &units[i]
		body = binary.AppendUvarint(body, uint64(u.ID))
		if u.ID == 0 {
			linked = binary.AppendUvarint(linked, 0)
			continue
		}
		body = binary.AppendUvarint(body, uint64(u.Generation))
		body = append(body, byte(u.Marking), byte(u.Type))
		body = binary.AppendUvarint(body, intern(u.Kind))
		body = binary.AppendUvarint(body, intern(u.Language))
		body = binary.AppendVarint(body, u.Published)
		body = binary.AppendVarint(body, int64(u.Day))
		for _, n := range u.Lengths {
			body = binary.AppendUvarint(body, uint64(n))
		}
		linked = binary.AppendUvarint(linked, uint64(len(u.Links)))
		for _, id := range u.Links {
			at, ok := targetAt[id]
			if !ok {
				at = len(targets)
				targetAt[id] = at
				targets = append(targets, id)
			}
			linked = binary.AppendUvarint(linked, uint64(at))
		}
	}
	data = binary.AppendUvarint(nil, uint64(len(words)-1))
	for _, w := range words[1:] {
		data = binary.AppendUvarint(data, uint64(len(w)))
		data = append(data, w...)
	}
	data = append(data, body...)
	links = binary.AppendUvarint(nil, uint64(len(targets)))
	for _, id := range targets {
		links = binary.AppendUvarint(links, uint64(id))
	}
	return data, append(links, linked...)
}

// byteReader reads what encodeUnits wrote.
type byteReader struct {
	data   []byte
	failed bool
}

func (r *byteReader) uvarint() uint64 {
	n, size := binary.Uvarint(r.data)
	if size <= 0 {
		r.failed, r.data = true, nil
		return 0
	}
	r.data = r.data[size:]
	return n
}

// count reads how many elements follow. Each has a byte at least, so that damaged data cannot make a reader
// loop for long.
func (r *byteReader) count() uint64 {
	n := r.uvarint()
	if n > uint64(len(r.data)) {
		r.failed, r.data = true, nil
		return 0
	}
	return n
}

// complete reports whether all was read, and nothing was wrong.
func (r *byteReader) complete() bool { return !r.failed && len(r.data) == 0 }

func (r *byteReader) varint() int64 {
	n, size := binary.Varint(r.data)
	if size <= 0 {
		r.failed, r.data = true, nil
		return 0
	}
	r.data = r.data[size:]
	return n
}

func (r *byteReader) bytes(n uint64) []byte {
	if n > uint64(len(r.data)) {
		r.failed, r.data = true, nil
		return make([]byte, 2)
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b
}

// decodeUnits decodes a block for reading.
func decodeUnits(data []byte, stamp uint32) (*unitBlock, error) {
	r := byteReader{data: data}
	b := &unitBlock{stamp: stamp, words: []string{""}}
	for range r.count() {
		b.words = append(b.words, string(r.bytes(r.uvarint())))
	}
	for i := range blockUnits {
		id := domain.ID(r.uvarint())
		if id == 0 {
			continue
		}
		b.ids[i], b.present = id, true
		b.generations[i] = uint32(r.uvarint())
		two := r.bytes(2)
		b.markings[i], b.types[i] = two[0], domain.Type(two[1])
		b.kinds[i], b.languages[i] = uint8(r.uvarint()), uint8(r.uvarint())
		b.published[i], b.days[i] = r.varint(), int32(r.varint())
		for f := range fields {
			b.lengths[i][f] = uint16(r.uvarint())
		}
		if m := int(b.markings[i]); m < visibility.Clearances {
			b.count[m]++
			b.newest[m] = max(b.newest[m], b.published[i])
			for f := range fields {
				b.tokens[m][f] += uint64(b.lengths[i][f])
				if b.lengths[i][f] > 0 {
					b.having[m][f]++
				}
			}
		}
		if int(b.kinds[i]) >= len(b.words) || int(b.languages[i]) >= len(b.words) {
			r.failed = true
		}
	}
	if !r.complete() {
		return nil, errCorrupt
	}
	return b, nil
}

// decodeForWriting decodes a block with its links.
func decodeForWriting(data, links []byte) (*[blockUnits]unitMeta, error) {
	b, err := decodeUnits(data, 0)
	if err != nil {
		return nil, err
	}
	linked, err := decodeLinks(links)
	if err != nil {
		return nil, err
	}
	units := new([blockUnits]unitMeta)
	for i := range units {
		units[i] = b.meta(i)
		units[i].Links = linked.of(i)
	}
	return units, nil
}

// meta returns the unit at a place, without its links.
func (b *unitBlock) meta(i int) unitMeta {
	return unitMeta{ID: b.ids[i], Generation: b.generations[i], Marking: domain.Marking(b.markings[i]), Type: b.types[i],
		Kind: b.words[b.kinds[i]], Language: b.words[b.languages[i]], Published: b.published[i], Day: b.days[i], Lengths: b.lengths[i]}
}

// linkBlock is the links of the units of a block, decoded.
type linkBlock struct {
	targets []domain.ID
	starts  [blockUnits + 1]uint32
	at      []uint32 // in targets
}

func decodeLinks(data []byte) (*linkBlock, error) {
	r := byteReader{data: data}
	b := &linkBlock{}
	for range r.count() {
		b.targets = append(b.targets, domain.ID(r.uvarint()))
	}
	for i := range blockUnits {
		b.starts[i] = uint32(len(b.at))
		for range r.count() {
			at := uint32(r.uvarint())
			if int(at) >= len(b.targets) {
				return nil, errCorrupt
			}
			b.at = append(b.at, at)
		}
	}
	b.starts[blockUnits] = uint32(len(b.at))
	if !r.complete() {
		return nil, errCorrupt
	}
	return b, nil
}

// of returns the links of the unit at a place.
func (b *linkBlock) of(i int) []domain.ID {
	at := b.at[b.starts[i]:b.starts[i+1]]
	if len(at) == 0 {
		return nil
	}
	ids := make([]domain.ID, len(at))
	for j, a := range at {
		ids[j] = b.targets[a]
	}
	return ids
}
