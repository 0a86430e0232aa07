package search

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// Facets are how many of the units that were found have each type, kind, language and year, and refer to
// each tag and entity. The most frequent come first.
//
// Links are as the documents have them: the caller shows those of them that the viewer sees.
type Facets struct {
	Types     []Count[domain.Type]
	Kinds     []Count[string]
	Languages []Count[string]
	Years     []Count[int] // the latest first
	Tags      []Count[domain.ID]
	Entities  []Count[domain.ID]
}

// Count is a value and how many units have it.
type Count[T any] struct {
	Value T
	Count int
}

func (e *evaluation) facets(found list) (*Facets, error) {
	var types [256]int
	kinds, languages := map[string]int{}, map[string]int{}
	years := map[int]int{}
	links := map[domain.ID]int{}
	yearOf := yearTable{}
	var blocks []int
	for i, h := range found {
		if b := int(h.number >> blockBits); i == 0 || b != blocks[len(blocks)-1] {
			blocks = append(blocks, b)
		}
	}
	linked, err := e.reader.linksOf(e.ctx, e.db, e.view, blocks)
	if err != nil {
		return nil, err
	}
	var words, targets []int // how often, in the present block
	for len(found) > 0 {
		at := found[0].number >> blockBits
		b, l := e.blocks[at], linked[int(at)]
		words, targets = zeros(words, 2*len(b.words)), zeros(targets, len(l.targets))
		for len(found) > 0 && found[0].number>>blockBits == at {
			i := found[0].number % blockUnits
			found = found[1:]
			types[b.types[i]]++
			words[b.kinds[i]]++
			words[len(b.words)+int(b.languages[i])]++
			years[yearOf.of(b.days[i])]++
			for _, t := range l.at[l.starts[i]:l.starts[i+1]] {
				targets[t]++
			}
		}
		for i, w := range b.words[1:] {
			if n := words[i+1]; n > 0 {
				kinds[w] += n
			}
			if n := words[len(b.words)+i+1]; n > 0 {
				languages[w] += n
			}
		}
		for i, n := range targets {
			if n > 0 {
				links[l.targets[i]] += n
			}
		}
	}
	f := &Facets{Kinds: counts(kinds), Languages: counts(languages), Years: counts(years)}
	slices.SortFunc(f.Years, func(a, b Count[int]) int { return cmp.Compare(b.Value, a.Value) })
	for _, t := range Types() {
		if types[t] > 0 {
			f.Types = append(f.Types, Count[domain.Type]{t, types[t]})
		}
	}
	slices.SortStableFunc(f.Types, func(a, b Count[domain.Type]) int { return cmp.Compare(b.Count, a.Count) })
	for _, c := range counts(links) {
		if c.Value.Type() == domain.Tag {
			f.Tags = append(f.Tags, c)
		} else {
			f.Entities = append(f.Entities, c)
		}
	}
	return f, nil
}

// zeros returns n zeros, in the memory of s if that is large enough.
func zeros(s []int, n int) []int {
	if cap(s) < n {
		return make([]int, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// counts returns how often each value was counted, the most frequent first.
func counts[T cmp.Ordered](of map[T]int) []Count[T] {
	all := make([]Count[T], 0, len(of))
	for _, v := range slices.Sorted(maps.Keys(of)) {
		all = append(all, Count[T]{v, of[v]})
	}
	slices.SortStableFunc(all, func(a, b Count[T]) int { return cmp.Compare(b.Count, a.Count) })
	return all
}

// yearTable is the years of days, which are looked up often.
type yearTable map[int32]int

func (y yearTable) of(day int32) int {
	year, ok := y[day]
	if !ok {
		year = time.Unix(int64(day)*86400, 0).UTC().Year()
		y[day] = year
	}
	return year
}
