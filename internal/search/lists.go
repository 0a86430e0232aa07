package search

import (
	"cmp"
	"slices"
)

// hit is a unit that a part of a query is found in, with what counts for its score: the weighted
// frequency of BM25F.
type hit struct {
	number uint32
	weight float32
}

// list is hits in the order of their numbers, each number once.
type list []hit

// sorted brings hits into the form of a list. Those of one number are added up.
func sorted(hits []hit) list {
	if len(hits) < 2 {
		return hits
	}
	inOrder := true
	for i := 1; i < len(hits); i++ {
		if hits[i].number <= hits[i-1].number {
			inOrder = false
			break
		}
	}
	if inOrder {
		return hits
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(a.number, b.number) })
	n := 0
	for _, h := range hits {
		if n > 0 && hits[n-1].number == h.number {
			hits[n-1].weight += h.weight
			continue
		}
		hits[n] = h
		n++
	}
	return hits[:n]
}

// unitSums adds up the weights of hits by their numbers, in the order in which [sorted] does. A negative weight
// stands for no hit.
type unitSums []float32

// add adds hits, whose numbers are below units, and returns the slice, emptied.
func (s *unitSums) add(hits []hit, units int) []hit {
	if *s == nil {
		*s = slices.Repeat(unitSums{-1}, units)
	}
	for _, h := range hits {
		if w := &(*s)[h.number]; *w < 0 {
			*w = h.weight
		} else {
			*w += h.weight
		}
	}
	return hits[:0]
}

// list returns the hits with their sums.
func (s unitSums) list() list {
	var all list
	for number, weight := range s {
		if weight >= 0 {
			all = append(all, hit{uint32(number), weight})
		}
	}
	return all
}

// merge returns the hits that are in a or b, with the sum of their weights.
func merge(a, b list) list {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	out := make(list, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].number < b[0].number:
			out, a = append(out, a[0]), a[1:]
		case a[0].number > b[0].number:
			out, b = append(out, b[0]), b[1:]
		default:
			out = append(out, hit{a[0].number, a[0].weight + b[0].weight})
			a, b = a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// intersect returns the hits of a that are in b too, with the sum of their weights.
func intersect(a, b list) list {
	out := make(list, 0, min(len(a), len(b)))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].number < b[0].number:
			a = skipTo(a, b[0].number)
		case a[0].number > b[0].number:
			b = skipTo(b, a[0].number)
		default:
			out = append(out, hit{a[0].number, a[0].weight + b[0].weight})
			a, b = a[1:], b[1:]
		}
	}
	return out
}

// without returns the hits of a that are not in b.
func without(a, b list) list {
	out := make(list, 0, len(a))
	for _, h := range a {
		b = skipTo(b, h.number)
		if len(b) == 0 || b[0].number != h.number {
			out = append(out, h)
		}
	}
	return out
}

// skipTo returns the part of a list from a number on, in steps that double.
func skipTo(a list, number uint32) list {
	step := 1
	for step < len(a) && a[step].number < number {
		step *= 2
	}
	from, to := step/2, min(step+1, len(a))
	at, _ := slices.BinarySearchFunc(a[from:to], number, func(h hit, n uint32) int { return cmp.Compare(h.number, n) })
	return a[from+at:]
}
