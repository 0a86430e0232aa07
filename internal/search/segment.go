package search

import (
	"encoding/binary"
	"sort"
)

// blockSize is how large the postings, or a quarter of the positions, of a block are, in bytes, before the
// next one begins.
const blockSize = 16 << 10

// listSize is the size in bytes at which a list of postings is continued in another entry.
const listSize = 8 << 10

// segmentWriter makes the blocks of a segment from postings in the order of their terms and numbers.
type segmentWriter struct {
	block blockBuilder
	// unbounded says that there is one block, however large.
	unbounded bool
	// emit receives each block that is full. The slices are valid until it returns.
	emit func(first string, postings, positions []byte) error

	term      string
	count     int
	last      uint32
	postings  []byte
	positions []byte
}

// add adds a posting. positions are encoded.
func (w *segmentWriter) add(term string, p *posting, positions []byte) error {
	if term != w.term || len(w.postings) >= listSize || len(w.positions) >= 4*listSize {
		if err := w.endList(); err != nil {
			return err
		}
		w.term, w.last = term, 0
	}
	w.postings = appendPosting(w.postings, w.last, p)
	w.positions = append(w.positions, positions...)
	w.last = p.number
	w.count++
	return nil
}

// endList writes the present list to the block.
func (w *segmentWriter) endList() error {
	if w.count == 0 {
		return nil
	}
	w.block.add(w.term, w.count, w.postings, w.positions)
	w.count, w.postings, w.positions = 0, w.postings[:0], w.positions[:0]
	if !w.unbounded && (len(w.block.postings) >= blockSize || len(w.block.positions) >= 4*blockSize) {
		return w.endBlock()
	}
	return nil
}

func (w *segmentWriter) endBlock() error {
	if w.block.entries == 0 {
		return nil
	}
	first := w.block.first
	postings, positions := w.block.finish()
	err := w.emit(first, postings, positions)
	w.block.reset()
	return err
}

// close writes what is left.
func (w *segmentWriter) close() error {
	if err := w.endList(); err != nil {
		return err
	}
	return w.endBlock()
}

// dictionary says where the terms of a segment are: its blocks, in order, each with the first of
// its terms.
type dictionary struct {
	ids   []int64
	first []string
}

func (d *dictionary) add(id int64, first string) {
	d.ids, d.first = append(d.ids, id), append(d.first, first)
}

func (d *dictionary) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(len(d.ids)))
	var last int64
	for i, id := range d.ids {
		b = binary.AppendUvarint(b, uint64(id-last))
		b = binary.AppendUvarint(b, uint64(len(d.first[i])))
		b = append(b, d.first[i]...)
		last = id
	}
	return b
}

func decodeDictionary(data []byte) (*dictionary, error) {
	r := byteReader{data: data}
	d := &dictionary{}
	var id int64
	for range r.count() {
		id += int64(r.uvarint())
		d.add(id, string(r.bytes(r.uvarint())))
	}
	if !r.complete() {
		return nil, errCorrupt
	}
	return d, nil
}

// blocks returns the range of blocks, as indexes, that may have terms from first to last, both
// included.
func (d *dictionary) blocks(first, last string) (from, to int) {
	// The block before the first one that begins with the term or later may end with it.
	from = sort.SearchStrings(d.first, first) - 1
	to = sort.Search(len(d.first), func(i int) bool { return d.first[i] > last })
	return max(from, 0), to
}

// blocksOf returns the ids of the blocks that may have terms of spans, which are in order.
func (d *dictionary) blocksOf(spans []span) []int64 {
	var ids []int64
	done := 0
	for _, s := range spans {
		from, to := d.blocks(s.term, s.last())
		if from = max(from, done); from < to {
			ids = append(ids, d.ids[from:to]...)
			done = to
		}
	}
	return ids
}

// pendingBlock is the form of a row of pending postings: one block with its positions.
func encodePending(postings, positions []byte) []byte {
	b := binary.AppendUvarint(make([]byte, 0, len(postings)+len(positions)+8), uint64(len(postings)))
	b = append(b, postings...)
	return append(b, positions...)
}

func decodePending(data []byte) (postings, positions []byte, err error) {
	n, size := binary.Uvarint(data)
	if size <= 0 || n > uint64(len(data)-size) {
		return nil, nil, errCorrupt
	}
	return data[size : size+int(n)], data[size+int(n):], nil
}
