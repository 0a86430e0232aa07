package search

import (
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
