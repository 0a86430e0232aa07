package search

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search/analysis"
)

// The score of a unit is BM25F (Robertson, Zaragoza, Taylor: Simple BM25 extension to multiple weighted
// fields, CIKM 2004; Zaragoza et al.: Microsoft Cambridge at TREC 13): for each part of the query, the
// frequencies in the fields are weighted, each divided by how long the field is beside the average, and
// added up before they saturate:
//
//	w = Σ_f weight_f · tf_f / (1 − b_f + b_f · length_f / average_f)
//	score = Σ idf · w·(k1+1) / (w + k1),  idf = ln(1 + (N − n + 0.5) / (n + 0.5))
//
// N is how many units the viewer sees, n in how many of them the part of the query is found.
const k1 = 1.2

var (
	fieldWeight = [fields]float64{fieldTitle: 4, fieldNames: 3, fieldSummary: 1.8, fieldBody: 1}
	fieldLength = [fields]float64{fieldTitle: 0.3, fieldNames: 0.2, fieldSummary: 0.5, fieldBody: 0.75} // b
)

// evaluation is one search over one view, by viewers of one clearance.
type evaluation struct {
	*view
	ctx       context.Context
	db        stageRows
	reader    *reader
	clearance domain.Marking
	// divisors are 1 − b and b / average of each field.
	constant, slope [fields]float64
}

func (r *reader) evaluation(ctx context.Context, db stageRows, clearance domain.Marking) (*evaluation, error) {
	v, err := r.view(ctx, db)
	if err != nil {
		return nil, err
	}
	e := &evaluation{view: v, ctx: ctx, db: db, reader: r, clearance: clearance}
	for f := range fields {
		e.constant[f] = (1 - fieldLength[f]) / fieldWeight[f]
		e.slope[f] = fieldLength[f] / v.stats[clearance].length[f] / fieldWeight[f]
	}
	return e, nil
}

// visible returns the block and place of a unit, if its postings of a source are those that count and
// the viewer sees it.
func (e *evaluation) visible(number uint32, s *source) (*unitBlock, int, bool) {
	block := int(number >> blockBits)
	if block >= len(e.blocks) || e.blocks[block] == nil {
		return nil, 0, false
	}
	b, i := e.blocks[block], int(number%blockUnits)
	g := b.generations[i]
	ok := g >= s.first && g <= s.last && domain.Marking(b.markings[i]) <= e.clearance && b.ids[i] != 0
	return b, i, ok
}

// weight is the weighted frequency of BM25F.
func (e *evaluation) weight(b *unitBlock, i int, frequencies *[fields]uint32) float32 {
	lengths := &b.lengths[i]
	if n := frequencies[fieldBody]; n > 0 && frequencies[fieldTitle]|frequencies[fieldNames]|frequencies[fieldSummary] == 0 {
		return float32(float64(n) / (e.constant[fieldBody] + e.slope[fieldBody]*float64(lengths[fieldBody])))
	}
	var w float64
	for f, n := range frequencies {
		if n > 0 {
			w += float64(n) / (e.constant[f] + e.slope[f]*float64(lengths[f]))
		}
	}
	return float32(w)
}

// span is a range of terms; all that begin with first if prefix.
type span struct {
	term   string
	prefix bool
}

func (s span) last() string {
	if s.prefix {
		return s.term + "\xff\xff\xff\xff"
	}
	return s.term
}

// each calls found with the entries of the terms in spans, source by source; once for an entry that is in
// several.
func (e *evaluation) each(spans []span, positions bool, found func(source *source, entry entry) error) error {
	if len(spans) == 0 {
		return nil
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.term, b.term) })
	// All blocks that are not in memory are read by one statement.
	wanted := make([][]int64, len(e.sources))
	var all []int64
	for i := range e.sources {
		if d := e.sources[i].dictionary; d != nil {
			wanted[i] = d.blocksOf(spans)
			all = append(all, wanted[i]...)
		}
	}
	postings, err := e.reader.blockData(e.ctx, e.db, all, false)
	if err != nil {
		return err
	}
	var places map[int64][]byte
	if positions {
		if places, err = e.reader.blockData(e.ctx, e.db, all, true); err != nil {
			return err
		}
	}
	for i := range e.sources {
		s := &e.sources[i]
		if s.dictionary == nil {
			if err := e.scan(newBlockReader(s.postings, s.positions), spans, &s.source, found); err != nil {
				return err
			}
			continue
		}
		for _, id := range wanted[i] {
			if err := e.ctx.Err(); err != nil {
				return err
			}
			if err := e.scan(newBlockReader(postings[id], places[id]), spans, &s.source, found); err != nil {
				return err
			}
		}
	}
	return nil
}

// scan calls found with the entries of a block that are in spans, which are in order. A prefix has no limit of
// terms: a limit would count terms of what the viewer does not see.
func (e *evaluation) scan(r blockReader, spans []span, source *source, found func(source *source, entry entry) error) error {
	r.seek(spans[0].term)
	for r.next() {
		behind := false
		for len(spans) > 0 && spans[0].before(r.term) {
			spans, behind = spans[1:], true
		}
		if len(spans) == 0 {
			return nil
		}
		if string(r.term) < spans[0].term {
			if behind {
				r.seek(spans[0].term)
			}
			continue
		}
		entry, err := r.entry()
		if err != nil {
			return err
		}
		if err := found(source, entry); err != nil {
			return err
		}
	}
	return r.err
}

// before reports whether all terms of the span come before a term.
func (s span) before(term []byte) bool {
	if s.prefix && len(term) >= len(s.term) && string(term[:len(s.term)]) == s.term {
		return false
	}
	return s.term < string(term)
}

// find returns the units in which one of the terms stands. Its memory is bounded by the number of units, however
// many terms a prefix stands for.
func (e *evaluation) find(spans ...span) (list, error) {
	var hits []hit
	var sums unitSums
	units := len(e.blocks) * blockUnits
	err := e.each(spans, false, func(source *source, entry entry) error {
		hits = slices.Grow(hits, entry.count)
		r := postingReader{data: entry.postings}
		for r.next() {
			if b, i, ok := e.visible(r.number, source); ok {
				hits = append(hits, hit{r.number, e.weight(b, i, &r.frequencies)})
			}
		}
		if len(hits) > units {
			hits = sums.add(hits, units)
		}
		return r.err
	})
	if sums == nil {
		return sorted(hits), err
	}
	sums.add(hits, units)
	return sums.list(), err
}

// spansOf returns the terms that may stand at a position.
func spansOf(p analysis.Position) []span {
	spans := make([]span, len(p))
	for i, a := range p {
		spans[i] = span{a.Term, a.Prefix}
	}
	return spans
}

// phrase returns the units in which terms stand in consecutive positions of one field.
func (e *evaluation) phrase(positions []analysis.Position) (list, error) {
	if len(positions) == 0 {
		return nil, nil
	}
	if len(positions) == 1 {
		return e.find(spansOf(positions[0])...)
	}
	var at []places
	for i, p := range positions {
		next, err := e.places(spansOf(p), at, i > 0)
		if err != nil || len(next) == 0 {
			return nil, err
		}
		if at = next; i > 0 {
			continue
		}
	}
	hits := make(list, 0, len(at))
	for _, p := range at {
		var frequencies [fields]uint32
		for _, place := range p.at {
			frequencies[place>>placeBits]++
		}
		b, i := e.blocks[p.number>>blockBits], int(p.number%blockUnits)
		hits = append(hits, hit{p.number, e.weight(b, i, &frequencies)})
	}
	return hits, nil
}

// places is where something ends in a unit: the field in the highest bits, and the position.
type places struct {
	number uint32
	at     []uint32 // in order
}

const placeBits = 30

// places returns where one of the terms stands, and, if following, only directly after the places before
// it.
func (e *evaluation) places(spans []span, before []places, following bool) ([]places, error) {
	var all []places
	var pool []uint32
	err := e.each(spans, true, func(source *source, entry entry) error {
		r := postingReader{data: entry.postings}
		at := 0
		rest := before
		for r.next() {
			_, _, ok := e.visible(r.number, source)
			if ok && following {
				n, found := slices.BinarySearchFunc(rest, r.number, func(p places, n uint32) int { return cmp.Compare(p.number, n) })
				rest, ok = rest[n:], found
			}
			if !ok {
				if at = skipVarints(entry.positions, at, r.total()); at < 0 {
					return errCorrupt
				}
				continue
			}
			start := len(pool)
			for f, n := range r.frequencies {
				var position uint32
				for range n {
					d, size := uvarint(entry.positions[min(at, len(entry.positions)):])
					if size <= 0 {
						return errCorrupt
					}
					at += size
					position += d
					place := uint32(f)<<placeBits | position&(1<<placeBits-1)
					if following && !contains(rest[0].at, place-1) {
						continue
					}
					pool = append(pool, place)
				}
			}
			if len(pool) > start {
				all = append(all, places{r.number, pool[start:len(pool):len(pool)]})
			}
		}
		return r.err
	})
	return joined(all), err
}

func uvarint(data []byte) (uint32, int) {
	var n uint32
	for i, c := range data {
		if i == 5 {
			break
		}
		n |= uint32(c&0x7f) << (7 * i)
		if c < 0x80 {
			return n, i + 1
		}
	}
	return 0, 0
}

func contains(at []uint32, place uint32) bool {
	if len(at) < 16 {
		return slices.Contains(at, place)
	}
	_, ok := slices.BinarySearch(at, place)
	return ok
}

// joined sorts places by number, and joins those of one number.
func joined(all []places) []places {
	if slices.IsSortedFunc(all, func(a, b places) int {
		if a.number < b.number {
			return -1
		}
		return 1
	}) {
		return all
	}
	slices.SortStableFunc(all, func(a, b places) int { return cmp.Compare(a.number, b.number) })
	n := 0
	for _, p := range all {
		if n > 0 && all[n-1].number == p.number {
			both := slices.Concat(all[n-1].at, p.at)
			slices.Sort(both)
			all[n-1].at = slices.Compact(both)
			continue
		}
		all[n] = p
		n++
	}
	return all[:n]
}

// rarity is the idf of something that n units have.
func (e *evaluation) rarity(n int) float64 {
	total := e.stats[e.clearance].units
	return math.Log1p((total - float64(n) + 0.5) / (float64(n) + 0.5))
}

// scored turns the weighted frequencies of a part of a query into scores.
func (e *evaluation) scored(l list) list {
	idf := e.rarity(len(l))
	out := make(list, len(l))
	for i, h := range l {
		w := float64(h.weight)
		out[i] = hit{h.number, float32(idf * w * (k1 + 1) / (w + k1))}
	}
	return out
}
