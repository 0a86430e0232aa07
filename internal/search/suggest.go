package search

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search/analysis"
)

// SuggestParams say what to suggest.
type SuggestParams struct {
	Prefix string
	Types  []domain.Type // nil stands for any
	First  int
}

// Suggest returns what has a name or title with words that begin as the prefix says: names that begin with
// it first, then those in which it makes up more.
func (x *Index) Suggest(ctx context.Context, p SuggestParams) ([]Hit, error) {
	e, err := x.begin(ctx)
	if err != nil {
		return nil, err
	}
	words := analysis.Words(p.Prefix)
	if len(words) == 0 {
		return nil, nil
	}
	whole := endsWord(p.Prefix)
	var found list
	for i, w := range words {
		s := span{term: spaceWord + w.Term}
		if i == len(words)-1 && !whole {
			if utf8.RuneCountInString(w.Term) <= startChars {
				s.term = spaceStart + w.Term
			} else {
				s.prefix = true
			}
		}
		l, err := e.find(s)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			found = l
		} else {
			found = intersect(found, l)
		}
	}
	found = e.filter(found, &Params{Types: p.Types})
	// Names that begin with the prefix; where it is short these are too many to look for.
	if text := calledTerm(words); len(found) > 0 && utf8.RuneCountInString(text) > startChars {
		begins, err := e.find(span{term: text, prefix: true})
		if err != nil {
			return nil, err
		}
		for i := range found {
			begins = skipTo(begins, found[i].number)
			if len(begins) > 0 && begins[0].number == found[i].number {
				found[i].weight += 100
			}
		}
	}
	for i := range found {
		found[i].weight += typeRank[e.blocks[found[i].number>>blockBits].types[found[i].number%blockUnits]]
	}
	return e.page(found, Relevance, Cursor{}, p.First), nil
}

// typeRank orders suggestions with equal names.
var typeRank = [256]float32{domain.Entity: 3, domain.Tag: 2, domain.Narrative: 2, domain.Report: 1}

// endsWord reports whether the last word of a text is complete: something that is no letter follows it.
func endsWord(text string) bool {
	last, _ := utf8.DecodeLastRuneInString(text)
	return unicode.IsSpace(last) || unicode.IsPunct(last)
}

// Begins reports whether a name or title has words that begin as the prefix of a suggestion says.
func Begins(name, prefix string) bool {
	have, want := analysis.Words(name), analysis.Words(prefix)
	whole := endsWord(prefix)
	for i, w := range want {
		if !slices.ContainsFunc(have, func(h analysis.Token) bool {
			return h.Term == w.Term || i == len(want)-1 && !whole && strings.HasPrefix(h.Term, w.Term)
		}) {
			return false
		}
	}
	return len(want) > 0
}

// maxDictionary is how many words of names are compared with a misspelled one.
const maxDictionary = 300_000

// respell returns the word of a name or title, visible to the viewer, that a misspelled word may stand for; "" if
// there is none. A longer word may have two errors.
func (e *evaluation) respell(word string) (string, error) {
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
		count    int
	}
	var all []candidate
	runes := []rune(word)
	d := distances{}
	seen := 0
	err := e.scanTerms(spaceWord, func(term string, count int) bool {
		seen++
		if n := len(term) - len(word); n > 4*allowed || n < -4*allowed {
			return seen < maxDictionary
		}
		if distance := d.between(runes, []rune(term), allowed); distance <= allowed && distance > 0 {
			if i := slices.IndexFunc(all, func(c candidate) bool { return c.term == term }); i >= 0 {
				all[i].count += count
			} else {
				all = append(all, candidate{term, distance, count})
			}
		}
		return seen < maxDictionary
	})
	if err != nil {
		return "", err
	}
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.term, b.term))
	})
	// How often a word stands is counted for the viewer, among the nearest.
	best, most, nearest := "", 0, 0
	for i, c := range all[:min(len(all), 64)] {
		if nearest != 0 && c.distance > nearest {
			break
		}
		l, err := e.find(span{term: spaceWord + c.term})
		if err != nil {
			return "", err
		}
		if len(l) > most {
			best, most, nearest = all[i].term, len(l), c.distance
		}
	}
	return best, nil
}

// scanTerms calls each with the terms of a namespace, without it, and the length of their lists, until it returns
// false. A term comes once for each source.
func (e *evaluation) scanTerms(space string, each func(term string, count int) bool) error {
	scan := func(r blockReader) (more bool, err error) {
		r.seek(space)
		for r.next() {
			term := string(r.term)
			switch {
			case term < space:
			case !strings.HasPrefix(term, space):
				return false, r.err
			case !each(term[len(space):], r.count):
				return false, nil
			}
		}
		return true, r.err
	}
	for i := range e.sources {
		s := &e.sources[i]
		if s.dictionary == nil {
			if _, err := scan(newBlockReader(s.postings, nil)); err != nil {
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
				if more, err := scan(newBlockReader(postings[id], nil)); err != nil || !more {
					if err != nil {
						return err
					}
					break
				}
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
