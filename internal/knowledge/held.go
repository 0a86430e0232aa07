package knowledge

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
)

// held is the relationships of live at one moment, in memory, as adjacency lists. Of a relationship it has what a walk
// asks for: its ends, its kind, its confidence and its effective marking. It is not changed: the next moment of live
// is another one, which shares the tables.
type held struct {
	moment projection.Moment
	tables *tables

	// The rest is what is not as in the tables.
	gone   map[uint64]struct{}  // relationships that are not as they are there, by their packed ids
	loose  map[uint64]heldEdge  // those that are not there
	near   map[uint32][]word    // the words of loose, by each of their ends
	places map[domain.ID]uint32 // entities that are not there
	extra  []domain.ID          // the same, from the place after the last of the tables on
}

// tables are adjacency lists in the form of compressed sparse rows. An entity is a place in ids.
type tables struct {
	ids []domain.ID // in order
	// Of each entity, where the relationships begin that it is the start of, and those that it is the end of; they go on
	// to where those of the next one begin.
	outAt, inAt []uint32
	// The relationships by their start.
	words []word
	to    []uint32
	// The same by their end. A walk that passes a hub reads these one after the other, and only of those that it
	// takes the word, which is anywhere.
	from    []uint32
	classes []uint16
	out     []uint32 // where they are in words

	unused sync.Pool // of *[]spot
}

// heldEdge is a relationship in memory.
type heldEdge struct {
	word     word
	from, to uint32
}

// word is the packed id of a relationship, and in its low bits what filters ask for.
type word uint64

// The parts of a word. One of 55 bits and one of 9 are the 64.
const (
	classBits   = 9
	classCount  = 1 << classBits
	confidences = 3
	markings    = int(domain.Red) + 1
)

func (w word) packed() uint64 { return uint64(w >> classBits) }
func (w word) id() domain.ID  { return domain.UnpackID(domain.Relationship, w.packed()) }
func (w word) class() int     { return int(w & (classCount - 1)) }
func (w word) weakness() int  { return w.class() / markings % confidences }

var (
	kindPlaces       = places(domain.RelationshipKinds)
	confidencePlaces = places(domain.Confidences)
)

func places(words []string) map[string]int {
	m := make(map[string]int, len(words))
	for i, w := range words {
		m[w] = i
	}
	return m
}

// wordOf returns the word of a relationship.
func wordOf(id domain.ID, kind, confidence []byte, marking int64) (word, error) {
	k, ok := kindPlaces[string(kind)]
	c, known := confidencePlaces[string(confidence)]
	class := (k*confidences+c)*markings + int(marking)
	if !ok || !known || marking < 0 || marking >= int64(markings) || id.Type() != domain.Relationship || class >= classCount {
		return 0, fmt.Errorf("%s cannot be held in memory: kind %q, confidence %q, effective marking %d", id, kind, confidence, marking)
	}
	return word(id.Packed()<<classBits | uint64(class)), nil
}

// passing says of each class whether its relationships pass a filter and are seen at a clearance.
type passing [classCount]bool

func passingOf(f Filter, clearance domain.Marking) *passing {
	var p passing
	most := len(domain.Confidences) - 1
	if i := slices.Index(domain.Confidences, f.MinConfidence); i >= 0 {
		most = i
	}
	for k, kind := range domain.RelationshipKinds {
		if f.Kinds != nil && !slices.Contains(f.Kinds, kind) {
			continue
		}
		for c := 0; c <= most; c++ {
			for m := 0; m < markings && m <= int(clearance); m++ {
				p[(k*confidences+c)*markings+m] = true
			}
		}
	}
	return &p
}

// tablesBuilder makes tables of relationships in any order.
type tablesBuilder struct {
	places   map[domain.ID]uint32
	ids      []domain.ID
	words    []word
	from, to []uint32
}

func newTablesBuilder(relationships int) *tablesBuilder {
	return &tablesBuilder{places: map[domain.ID]uint32{},
		words: make([]word, 0, relationships), from: make([]uint32, 0, relationships), to: make([]uint32, 0, relationships)}
}

func (b *tablesBuilder) add(w word, from, to domain.ID) {
	b.words = append(b.words, w)
	b.from, b.to = append(b.from, b.place(from)), append(b.to, b.place(to))
}

func (b *tablesBuilder) place(id domain.ID) uint32 {
	at, ok := b.places[id]
	if !ok {
		at = uint32(len(b.ids))
		b.places[id] = at
		b.ids = append(b.ids, id)
	}
	return at
}

// build returns the tables. The builder cannot be used after it.
func (b *tablesBuilder) build() *tables {
	n := len(b.words)
	t := &tables{ids: b.ids, outAt: make([]uint32, len(b.ids)+1), inAt: make([]uint32, len(b.ids)+1),
		words: make([]word, n), to: make([]uint32, n), from: make([]uint32, n), classes: make([]uint16, n), out: make([]uint32, n)}
	slices.Sort(t.ids)
	rank := make([]uint32, len(b.ids))
	for i, id := range t.ids {
		rank[b.places[id]] = uint32(i)
	}
	b.places = nil
	for i := range b.words {
		b.from[i], b.to[i] = rank[b.from[i]], rank[b.to[i]]
		t.outAt[b.from[i]+1]++
		t.inAt[b.to[i]+1]++
	}
	for i := range t.ids {
		t.outAt[i+1] += t.outAt[i]
		t.inAt[i+1] += t.inAt[i]
	}
	next := append([]uint32(nil), t.outAt...)
	for i, w := range b.words {
		at := next[b.from[i]]
		next[b.from[i]]++
		t.words[at], t.to[at] = w, b.to[i]
	}
	copy(next, t.inAt)
	for from := range t.ids {
		for out := t.outAt[from]; out < t.outAt[from+1]; out++ {
			at := &next[t.to[out]]
			t.from[*at], t.classes[*at], t.out[*at] = uint32(from), uint16(t.words[out].class()), out
			*at++
		}
	}
	return t
}

// The bytes of a relationship and an entity in tables.
const (
	edgeBytes = 8 + 3*4 + 2
	nodeBytes = 8 + 2*4
	// looseBytes is what a relationship takes that is not in the tables, with its share of the maps.
	looseBytes = 160
)

func (h *held) relationships() int { return len(h.tables.words) - len(h.gone) + len(h.loose) }

// bytes returns how much memory it takes.
func (h *held) bytes() int64 {
	return int64(len(h.tables.words)*edgeBytes + len(h.tables.ids)*nodeBytes + (len(h.gone)+len(h.loose))*looseBytes)
}

// place returns the place of an entity; false if it has no relationships.
func (h *held) place(id domain.ID) (uint32, bool) {
	if at, ok := h.places[id]; ok {
		return at, true
	}
	at, ok := slices.BinarySearch(h.tables.ids, id)
	return uint32(at), ok
}

// entity returns the entity at a place.
func (h *held) entity(at uint32) domain.ID {
	if n := uint32(len(h.tables.ids)); at >= n {
		return h.extra[at-n]
	}
	return h.tables.ids[at]
}

// with returns the relationships at a later moment, at which those of ids are as rows has them, or not there.
func (h *held) with(moment projection.Moment, ids []domain.ID, rows []heldRow) *held {
	next := *h
	next.moment = moment
	if len(ids) == 0 {
		return &next
	}
	next.gone, next.loose, next.places = cloned(h.gone), cloned(h.loose), cloned(h.places)
	next.extra = slices.Clip(h.extra)
	for _, id := range ids {
		next.gone[id.Packed()] = struct{}{}
		delete(next.loose, id.Packed())
	}
	for _, r := range rows {
		next.loose[r.word.packed()] = heldEdge{r.word, next.add(r.from), next.add(r.to)}
	}
	next.near = map[uint32][]word{}
	for _, e := range next.loose {
		next.near[e.from] = append(next.near[e.from], e.word)
		if e.to != e.from {
			next.near[e.to] = append(next.near[e.to], e.word)
		}
	}
	return &next
}

// heldRow is a relationship as it was read.
type heldRow struct {
	word     word
	from, to domain.ID
}

// add returns the place of an entity, which it gets if it has none.
func (h *held) add(id domain.ID) uint32 {
	at, ok := h.place(id)
	if !ok {
		at = uint32(len(h.tables.ids) + len(h.extra))
		h.places[id] = at
		h.extra = append(h.extra, id)
	}
	return at
}

func cloned[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return map[K]V{}
	}
	return maps.Clone(m)
}

// compact returns the same relationships, all in the tables.
func (h *held) compact() *held {
	t := h.tables
	b := newTablesBuilder(h.relationships())
	for from, id := range t.ids {
		for i := t.outAt[from]; i < t.outAt[from+1]; i++ {
			if _, gone := h.gone[t.words[i].packed()]; !gone {
				b.add(t.words[i], id, t.ids[t.to[i]])
			}
		}
	}
	for _, e := range h.loose {
		b.add(e.word, h.entity(e.from), h.entity(e.to))
	}
	return &held{moment: h.moment, tables: b.build()}
}

// view is what passes a filter and a viewer sees of the relationships in memory.
type view struct {
	*held
	pass *passing
}

// passed is a relationship that a walk passes at one of its ends.
type passed struct {
	from, to uint32
	out      uint32 // where it is in the tables, if loose is 0
	loose    word
}

// other returns the end that is not the given one; of a relationship of an entity with itself, that entity.
func (p passed) other(than uint32) uint32 { return p.from ^ p.to ^ than }

func (v *view) word(p passed) word {
	if p.loose != 0 {
		return p.loose
	}
	return v.tables.words[p.out]
}

// each calls fn for the relationships of the entity at a place, each once, until it returns false.
func (v *view) each(at uint32, d Direction, fn func(passed) bool) {
	t := v.tables
	if int(at) < len(t.ids) {
		if d&Outgoing != 0 {
			for i := t.outAt[at]; i < t.outAt[at+1]; i++ {
				if v.pass[t.words[i].class()] && !v.isGone(i) && !fn(passed{from: at, to: t.to[i], out: i}) {
					return
				}
			}
		}
		if d&Incoming != 0 {
			begin, end := t.inAt[at], t.inAt[at+1]
			from, classes := t.from[begin:end], t.classes[begin:end]
			for i, class := range classes {
				if !v.pass[class%classCount] || from[i] == at && d != Incoming {
					continue
				}
				if out := t.out[begin+uint32(i)]; !v.isGone(out) && !fn(passed{from: from[i], to: at, out: out}) {
					return
				}
			}
		}
	}
	for _, w := range v.near[at] {
		e := v.loose[w.packed()]
		if v.pass[w.class()] && (d&Outgoing != 0 && e.from == at || d&Incoming != 0 && e.to == at) && !fn(passed{from: e.from, to: e.to, loose: w}) {
			return
		}
	}
}

// isGone reports whether a relationship of the tables is no longer as it is there.
func (v *view) isGone(out uint32) bool {
	if len(v.gone) == 0 {
		return false
	}
	_, gone := v.gone[v.tables.words[out].packed()]
	return gone
}

// edge returns a relationship as walks have it, without its share and dates.
func (v *view) edge(p passed) Edge {
	w := v.word(p)
	class := w.class() / markings
	return Edge{ID: w.id(), From: v.entity(p.from), To: v.entity(p.to),
		Kind: domain.RelationshipKinds[class/confidences], Confidence: domain.Confidences[class%confidences]}
}

// The methods below return what those of reading do that read from the database.

func (v *view) edges(ids []domain.ID, d Direction) []Edge {
	var all []Edge
	for _, id := range ids {
		if at, ok := v.place(id); ok {
			v.each(at, d, func(p passed) bool {
				all = append(all, v.edge(p))
				return true
			})
		}
	}
	return distinct(all)
}

func (v *view) between(some, others []domain.ID) []Edge {
	wanted := make(map[uint32]bool, len(others))
	for _, id := range others {
		if at, ok := v.place(id); ok {
			wanted[at] = true
		}
	}
	var all []Edge
	for _, id := range some {
		if at, ok := v.place(id); ok {
			v.each(at, Both, func(p passed) bool {
				if wanted[p.other(at)] {
					all = append(all, v.edge(p))
				}
				return true
			})
		}
	}
	return distinct(all)
}

func (v *view) degrees(ids []domain.ID, d Direction, bound int) map[domain.ID]int {
	degrees := make(map[domain.ID]int, len(ids))
	for _, id := range ids {
		degrees[id] = 0
		if at, ok := v.place(id); ok {
			degrees[id] = v.degree(at, d, bound)
		}
	}
	return degrees
}

func (v *view) degree(at uint32, d Direction, bound int) int {
	n := 0
	v.each(at, d, func(passed) bool {
		n++
		return n != bound
	})
	return n
}

func (v *view) strongest(id domain.ID, limit int) []Edge {
	at, ok := v.place(id)
	if !ok || limit <= 0 {
		return nil
	}
	// The confidence ahead of the packed id, which has two bits less than there is room for.
	rank := func(w word) uint64 { return uint64(w.weakness())<<(64-classBits) | w.packed() }
	var ranks []uint64 // the lowest so far, and some more
	most := uint64(math.MaxUint64)
	cut := func() {
		slices.Sort(ranks)
		if len(ranks) >= limit {
			ranks = ranks[:limit]
			most = ranks[limit-1]
		}
	}
	v.each(at, Both, func(p passed) bool {
		if r := rank(v.word(p)); r < most {
			if ranks = append(ranks, r); len(ranks) > 8*limit {
				cut()
			}
		}
		return true
	})
	cut()
	all := make([]Edge, 0, len(ranks))
	v.each(at, Both, func(p passed) bool {
		if rank(v.word(p)) <= most {
			all = append(all, v.edge(p))
		}
		return true
	})
	return all
}

// spots returns what a search for paths notes of the entities, all empty. What is given back empty is used again.
func (h *held) spots() []spot {
	n := len(h.tables.ids) + len(h.extra)
	if spots, _ := h.tables.unused.Get().(*[]spot); spots != nil && len(*spots) >= n {
		return *spots
	}
	return make([]spot, n)
}

func (h *held) giveBack(spots []spot) { h.tables.unused.Put(&spots) }
