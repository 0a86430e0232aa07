package search

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// occurrences are the places of terms in units. The places of a term are a list, so that what has to be sorted
// is the terms, each once, and not its places.
type occurrences struct {
	terms  map[string]uint32 // in lists
	lists  []occurrenceList
	places []place
}

// occurrenceList is a term with its first and last place.
type occurrenceList struct {
	term        string
	first, last uint32
}

// place is where a term stands.
type place struct {
	number   uint32 // of the unit
	position uint32
	next     uint32 // place of the same term; 0: none
	field    uint8  // noField: removed
}

const noField = fields

// add adds a place.
func (o *occurrences) add(term string, number uint32, field int, position uint32) {
	if len(o.places) == 0 {
		if o.terms == nil {
			o.terms = map[string]uint32{}
		}
		o.places = append(o.places, place{field: noField}) // 0 ends a list
	}
	list, ok := o.terms[term]
	if !ok {
		list = uint32(len(o.lists))
		o.terms[term] = list
		o.lists = append(o.lists, occurrenceList{term: term})
	}
	o.append(list, place{number: number, position: position, field: uint8(field)})
}

// append adds a place to a list.
func (o *occurrences) append(list uint32, p place) {
	at := uint32(len(o.places))
	if len(o.places) == cap(o.places) { // doubled: append grows long slices by a quarter, and copies them as often
		o.places = slices.Grow(o.places, max(64, len(o.places)))
	}
	o.places = append(o.places, p)
	l := &o.lists[list]
	if l.first == 0 {
		l.first = at
	} else {
		o.places[l.last].next = at
	}
	l.last = at
}

// addAll adds the places of one unit, found ahead.
func (o *occurrences) addAll(other *occurrences, number uint32) {
	for _, list := range other.lists {
		first := &other.places[list.first]
		o.add(list.term, number, int(first.field), first.position)
		into := uint32(len(o.lists) - 1) // where the term is new
		if o.lists[into].term != list.term {
			into = o.terms[list.term]
		}
		for at := first.next; at != 0; at = other.places[at].next {
			o.append(into, place{number: number, position: other.places[at].position, field: other.places[at].field})
		}
	}
}

// remove removes the places in a unit.
func (o *occurrences) remove(number uint32) {
	for i := range o.places {
		if o.places[i].number == number {
			o.places[i].field = noField
		}
	}
}

func (o *occurrences) reset() {
	clear(o.terms)
	o.lists, o.places = o.lists[:0], o.places[:0]
}

// write writes all as postings.
func (o *occurrences) write(w *segmentWriter) error {
	slices.SortFunc(o.lists, func(a, b occurrenceList) int { return cmp.Compare(a.term, b.term) })
	clear(o.terms) // they say where the lists were
	var places []place
	var positions []byte
	for _, list := range o.lists {
		places = places[:0]
		for at := list.first; at != 0; at = o.places[at].next {
			if o.places[at].field != noField {
				places = append(places, o.places[at])
			}
		}
		if !slices.IsSortedFunc(places, comparePlaces) {
			slices.SortFunc(places, comparePlaces)
		}
		for rest := places; len(rest) > 0; {
			p := posting{number: rest[0].number}
			positions = positions[:0]
			field, last := rest[0].field, uint32(0)
			i := 0
			for ; i < len(rest) && rest[i].number == p.number; i++ {
				at := &rest[i]
				if at.field != field {
					field, last = at.field, 0
				}
				p.frequencies[field]++
				positions = binary.AppendUvarint(positions, uint64(at.position-last))
				last = at.position
			}
			if err := w.add(list.term, &p, positions); err != nil {
				return err
			}
			rest = rest[i:]
		}
	}
	return nil
}

func comparePlaces(a, b place) int {
	return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.field, b.field), cmp.Compare(a.position, b.position))
}
