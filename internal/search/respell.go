package search

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/redthread-api/redthread/internal/search/analysis"
	"github.com/redthread-api/redthread/internal/search/query"
)

// known returns the units in which all words of a query stand that stand anywhere; nil if there is no such unit.
func (e *evaluation) known(q *query.Query) (list, error) {
	var known list
	first := true
	for _, c := range q.All {
		if c.Not || len(c.Any) != 1 {
			continue
		}
		text := c.Any[0].Text
		for _, w := range analysis.Words(text) {
			l, err := e.phrase(analysis.Query(text[w.Start:w.End], false))
			if err != nil {
				return nil, err
			}
			switch {
			case len(l) == 0:
			case first:
				known, first = l, false
			default:
				known = intersect(known, l)
			}
		}
	}
	return known, nil
}

// respellTerm returns the text of a term with its unknown words replaced; "" if there is nothing to replace. The
// name of a field that is unknown, before a colon, stays as it is. It takes the unknown words from room, and does nothing
// once there is none.
func (e *evaluation) respellTerm(t query.Term, known list, room *int) (string, error) {
	text, changed := t.Text, false
	words := analysis.Words(t.Text)
	for i, w := range slices.Backward(words) {
		if i == len(words)-1 && t.Prefix || strings.HasPrefix(t.Text[w.End:], ":") {
			continue
		}
		l, err := e.phrase(analysis.Query(text[w.Start:w.End], false))
		if err != nil || len(l) > 0 {
			if err != nil {
				return "", err
			}
			continue
		}
		if *room--; *room < 0 {
			return "", nil
		}
		right, err := e.respell(w.Term, known)
		if err != nil {
			return "", err
		}
		if right != "" {
			text, changed = text[:w.Start]+right+text[w.End:], true
		}
	}
	if !changed {
		return "", nil
	}
	return text, nil
}

// maxSpellings is how many words that the viewer sees are weighed against each other.
const maxSpellings = 64

// respell returns the word of a name or title, visible to the viewer, that a misspelled word may stand for; "" if
// there is none. A longer word may have two errors. Words that stand in a unit with the other words of the
// query come first, then those with fewer errors, then the more frequent ones.
func (e *evaluation) respell(word string, known list) (string, error) {
	size := utf8.RuneCountInString(word)
	allowed := 2
	if size < 3 {
		return "", nil
	} else if size < 6 {
		allowed = 1
	}
	type candidate struct {
		term     string
		distance int
	}
	var all []candidate
	runes := []rune(word)
	d := distances{}
	err := e.scanTerms(spaceWord, func(term string) {
		if n := len(term) - len(word); n > 4*allowed || n < -4*allowed {
			return
		}
		if distance := d.between(runes, []rune(term), allowed); distance <= allowed && distance > 0 {
			if c := (candidate{term, distance}); !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	})
	if err != nil {
		return "", err
	}
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.term, b.term))
	})
	// Everything is counted for the viewer: words of what is hidden take no place.
	best, visible := candidate{}, 0
	var most struct {
		meets bool
		count int
	}
	for _, c := range all {
		l, err := e.find(span{term: spaceWord + c.term})
		if err != nil {
			return "", err
		}
		if len(l) == 0 {
			continue
		}
		meets := meet(l, known)
		if best.term == "" || meets && !most.meets || meets == most.meets && c.distance == best.distance && len(l) > most.count {
			best, most.meets, most.count = c, meets, len(l)
		}
		if visible++; visible == maxSpellings {
			break
		}
	}
	return best.term, nil
}

// meet reports whether a unit is in both lists.
func meet(a, b list) bool {
	for _, h := range a {
		if b = skipTo(b, h.number); len(b) > 0 && b[0].number == h.number {
			return true
		}
	}
	return false
}

// scanTerms calls each with the terms of a namespace, without it. A term comes once for each source, or more often.
func (e *evaluation) scanTerms(space string, each func(term string)) error {
	scan := func(r blockReader) error {
		r.seek(space)
		for r.next() {
			term := string(r.term)
			switch {
			case term < space:
			case !strings.HasPrefix(term, space):
				return r.err
			default:
				each(term[len(space):])
			}
		}
		return r.err
	}
	for i := range e.sources {
		s := &e.sources[i]
		if s.dictionary == nil {
			if err := scan(newBlockReader(s.postings, nil)); err != nil {
				return err
			}
			continue
		}
		from, to := s.dictionary.blocks(space, span{space, true}.last())
		for chunk := range slices.Chunk(s.dictionary.ids[from:to], 32) {
			postings, err := e.reader.blockData(e.ctx, e.db, chunk, false)
			if err != nil {
				return err
			}
			for _, id := range chunk {
				if err := scan(newBlockReader(postings[id], nil)); err != nil {
					return err
				}
			}
			if err := e.ctx.Err(); err != nil {
				return err
			}
		}
	}
	return e.ctx.Err()
}

// distances computes the optimal string alignment distance: insertions, deletions, substitutions, and
// transpositions of neighbours (Damerau 1964).
type distances struct{ rows [3][]int }

// between returns the distance, or more than limit if it is.
func (d *distances) between(a, b []rune, limit int) int {
	if n := len(a) - len(b); n > limit || n < -limit {
		return limit + 1
	}
	for i := range d.rows {
		d.rows[i] = slices.Grow(d.rows[i][:0], len(b)+1)[:len(b)+1]
	}
	two, one, now := d.rows[0], d.rows[1], d.rows[2]
	for j := range one {
		one[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			n := min(one[j]+1, now[j-1]+1, one[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				n = min(n, two[j-2]+1)
			}
			now[j] = n
			least = min(least, n)
		}
		if least > limit {
			return limit + 1
		}
		two, one, now = one, now, two
	}
	return one[len(b)]
}
