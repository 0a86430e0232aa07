package search

import (
	"encoding/binary"
	"errors"
	"sort"
)

// Fields of a unit, in which a term can stand.
const (
	fieldTitle = iota
	fieldNames
	fieldSummary
	fieldBody
	fields
)

// errCorrupt is the error of a part of the index that cannot be read.
var errCorrupt = errors.New("the search index is damaged: run redthread reindex")

// A list of postings is the units in which a term stands, in the order of their numbers: for
// each the difference to the number before, and how often the term stands in each field. Where
// it stands only in the body, that is one number, twice the frequency; else a number whose
// lowest bit is 1 and whose others say which fields, and then the frequency of each of them.
// All numbers are varints.
//
// The positions of the same postings are apart, since most queries do not need them: for each
// posting and field the differences of the positions.

// posting is one unit of a list of postings.
type posting struct {
	number      uint32
	frequencies [fields]uint32
}

// total returns how many positions the posting has.
func (p *posting) total() uint32 {
	return p.frequencies[0] + p.frequencies[1] + p.frequencies[2] + p.frequencies[3]
}

// appendPosting appends a posting to a list whose last number is last.
func appendPosting(dst []byte, last uint32, p *posting) []byte {
	dst = binary.AppendUvarint(dst, uint64(p.number-last))
	if p.frequencies[0]|p.frequencies[1]|p.frequencies[2] == 0 {
		return binary.AppendUvarint(dst, uint64(p.frequencies[fieldBody])<<1)
	}
	var mask uint64
	for f, n := range p.frequencies {
		if n > 0 {
			mask |= 1 << f
		}
	}
	dst = binary.AppendUvarint(dst, mask<<1|1)
	for _, n := range p.frequencies {
		if n > 0 {
			dst = binary.AppendUvarint(dst, uint64(n))
		}
	}
	return dst
}

// postingReader reads a list of postings.
type postingReader struct {
	data []byte
	at   int
	posting
	err error
}

func (r *postingReader) uvarint() uint64 {
	if r.at < len(r.data) && r.data[r.at] < 0x80 { // nearly all are short
		r.at++
		return uint64(r.data[r.at-1])
	}
	n, size := binary.Uvarint(r.data[r.at:])
	if size <= 0 {
		r.err, r.at = errCorrupt, len(r.data)
		return 0
	}
	r.at += size
	return n
}

// next reads the next posting, and reports whether there is one.
func (r *postingReader) next() bool {
	if r.at >= len(r.data) {
		return false
	}
	r.number += uint32(r.uvarint())
	code := r.uvarint()
	if code&1 == 0 {
		r.frequencies = [fields]uint32{fieldBody: uint32(code >> 1)}
		return r.err == nil
	}
	r.frequencies = [fields]uint32{}
	for f := range r.frequencies {
		if code&(2<<f) != 0 {
			r.frequencies[f] = uint32(r.uvarint())
		}
	}
	return r.err == nil
}

// skipVarints returns where a number of varints end in data.
func skipVarints(data []byte, at int, count uint32) int {
	for count > 0 && at < len(data) {
		if data[at] < 0x80 {
			count--
		}
		at++
	}
	if count > 0 {
		return -1
	}
	return at
}

// entry is a term with a list of postings, or a part of it, in a block.
type entry struct {
	count     int // of postings
	postings  []byte
	positions []byte // nil if they were not read
}

// A block has entries in the order of their terms. Of each term only what differs from the one before is
// stored, but for every restartEvery-th, where a reader can begin: a table at the end says where these are, and where
// their positions are. The positions of all entries follow each other in a column of their own.

const restartEvery = 16

// blockBuilder builds blocks.
type blockBuilder struct {
	postings, positions []byte
	restarts            []byte
	first, last         string
	entries             int
}

func (b *blockBuilder) add(term string, count int, postings, positions []byte) {
	shared := 0
	if b.entries == 0 {
		b.first = term
	}
	if b.entries%restartEvery == 0 {
		b.restarts = binary.LittleEndian.AppendUint32(b.restarts, uint32(len(b.postings)))
		b.restarts = binary.LittleEndian.AppendUint32(b.restarts, uint32(len(b.positions)))
	} else {
		for shared < len(term) && shared < len(b.last) && term[shared] == b.last[shared] {
			shared++
		}
	}
	b.postings = binary.AppendUvarint(b.postings, uint64(shared))
	b.postings = binary.AppendUvarint(b.postings, uint64(len(term)-shared))
	b.postings = append(b.postings, term[shared:]...)
	b.postings = binary.AppendUvarint(b.postings, uint64(count))
	b.postings = binary.AppendUvarint(b.postings, uint64(len(postings)))
	b.postings = binary.AppendUvarint(b.postings, uint64(len(positions)))
	b.postings = append(b.postings, postings...)
	b.positions = append(b.positions, positions...)
	b.last = term
	b.entries++
}

// finish returns the block.
func (b *blockBuilder) finish() (postings, positions []byte) {
	b.postings = append(b.postings, b.restarts...)
	b.postings = binary.LittleEndian.AppendUint32(b.postings, uint32(len(b.restarts)/restartSize))
	return b.postings, b.positions
}

const restartSize = 8

func (b *blockBuilder) reset() {
	*b = blockBuilder{postings: b.postings[:0], positions: b.positions[:0], restarts: b.restarts[:0]}
}

// blockReader reads the entries of a block. The fields that it has after next are valid until
// the next call.
type blockReader struct {
	data      []byte // the entries
	restarts  []byte
	positions []byte // nil: not read
	at        int
	offset    int // of the entry's positions
	term      []byte
	count     int
	list      []byte
	size      int // of the entry's positions
	err       error
}

func newBlockReader(postings, positions []byte) blockReader {
	r := blockReader{positions: positions}
	if len(postings) < 4 {
		r.err = errCorrupt
		return r
	}
	end := len(postings) - 4
	n := int(binary.LittleEndian.Uint32(postings[end:]))
	if n > end/restartSize {
		r.err = errCorrupt
		return r
	}
	r.data, r.restarts = postings[:end-n*restartSize], postings[end-n*restartSize:end]
	return r
}

// seek goes to a place from which next finds the first entry with a term or a later one. It never goes back.
func (r *blockReader) seek(term string) {
	restart := func(i int) (at, offset int) {
		return int(binary.LittleEndian.Uint32(r.restarts[i*restartSize:])), int(binary.LittleEndian.Uint32(r.restarts[i*restartSize+4:]))
	}
	// The last restart whose term is smaller: the term may be in a list that is continued, so an equal one may not be the first.
	n := sort.Search(len(r.restarts)/restartSize, func(i int) bool {
		at, _ := restart(i)
		return string(r.termAt(at)) >= term
	}) - 1
	if n < 0 {
		return
	}
	if at, offset := restart(n); at > r.at {
		r.at, r.offset, r.size, r.term = at, offset, 0, r.term[:0]
	}
}

// termAt returns the term of the entry at a restart.
func (r *blockReader) termAt(at int) []byte {
	if at >= len(r.data) || r.data[at] != 0 {
		r.err = errCorrupt
		return nil
	}
	n, size := binary.Uvarint(r.data[at+1:])
	if size <= 0 || n > uint64(len(r.data)-at-1-size) {
		r.err = errCorrupt
		return nil
	}
	return r.data[at+1+size:][:n]
}

func (r *blockReader) uvarint() int {
	if r.at < len(r.data) && r.data[r.at] < 0x80 {
		r.at++
		return int(r.data[r.at-1])
	}
	n, size := binary.Uvarint(r.data[r.at:])
	if size <= 0 || n > 1<<40 {
		r.err, r.at = errCorrupt, len(r.data)
		return 0
	}
	r.at += size
	return int(n)
}

// next goes to the next entry, and reports whether there is one.
func (r *blockReader) next() bool {
	if r.at >= len(r.data) || r.err != nil {
		return false
	}
	shared, added := r.uvarint(), r.uvarint()
	if shared > len(r.term) || added > len(r.data)-r.at {
		r.err = errCorrupt
		return false
	}
	r.term = append(r.term[:shared], r.data[r.at:r.at+added]...)
	r.at += added
	r.count = r.uvarint()
	length := r.uvarint()
	r.offset += r.size
	r.size = r.uvarint()
	if r.err != nil || length > len(r.data)-r.at {
		r.err = errCorrupt
		return false
	}
	r.list = r.data[r.at : r.at+length]
	r.at += length
	return true
}

// entry returns the present entry.
func (r *blockReader) entry() (entry, error) {
	e := entry{count: r.count, postings: r.list}
	if r.positions != nil {
		if r.offset+r.size > len(r.positions) {
			return e, errCorrupt
		}
		e.positions = r.positions[r.offset : r.offset+r.size]
	}
	return e, nil
}
