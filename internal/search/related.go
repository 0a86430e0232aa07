package search

import (
	"cmp"
	"context"
	"slices"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search/analysis"
	"github.com/redthread-api/redthread/internal/store"
)

// RelatedParams say what to find related documents of.
type RelatedParams struct {
	ID domain.ID
	// Text is what the document is about in words: its title and summary.
	Text, Language string
	Types          []domain.Type // of the related ones; nil stands for any
	First          int
}

// Related is a document that has something to do with another one.
type Related struct {
	Hit
	// Shared are the tags, entities and sources that both refer to and the viewer sees, the rarest first. The
	// document itself is among them where the other one refers to it.
	Shared []domain.ID
	// Words are stems that both texts have, the rarest first.
	Words []string
}

const (
	maxShared     = 24  // links that are looked at
	relatedWords  = 12  // words that are looked at, the rarest
	wordsShare    = 0.5 // how much words count beside links
	commonDivisor = 4   // a link or word that more than this part of all units have tells nothing
	maxReasons    = 5
)

// Related returns what shares rare tags, entities, sources and words with a document.
func (x *Index) Related(ctx context.Context, p RelatedParams) ([]Related, error) {
	e, err := x.begin(ctx)
	if err != nil {
		return nil, err
	}
	own, ok, err := e.numberOf(p.ID)
	if err != nil || !ok {
		return nil, err
	}
	type reason struct {
		link   domain.ID
		word   string
		weight float32
	}
	reasons := map[uint32][]reason{}
	add := func(l list, link domain.ID, word string, factor float64) {
		if len(l) < 2 || float64(len(l)) > e.stats[e.clearance].units/commonDivisor+8 {
			return
		}
		weight := float32(e.rarity(len(l)) * factor)
		for _, h := range l {
			if h.number != own {
				reasons[h.number] = append(reasons[h.number], reason{link, word, weight})
			}
		}
	}
	links, err := e.visibleLinks(own)
	if err != nil {
		return nil, err
	}
	for _, link := range append(links[:min(len(links), maxShared)], p.ID) {
		l, err := e.find(span{term: linkTerm(link)})
		if err != nil {
			return nil, err
		}
		if link == p.ID && len(l) == 1 {
			l = append(l, hit{number: own}) // what refers to the document is related to it, also if it is alone
		}
		add(l, link, "", 1)
	}
	words, err := e.rareWords(p.Text, p.Language)
	if err != nil {
		return nil, err
	}
	for _, w := range words {
		add(w.found, 0, w.term, wordsShare)
	}
	var found list
	for number, why := range reasons {
		h := hit{number: number}
		for _, r := range why {
			h.weight += r.weight
		}
		found = append(found, h)
	}
	found = e.filter(sorted(found), &Params{Types: p.Types})
	var all []Related
	for _, h := range e.page(found, Relevance, Cursor{}, p.First) {
		r := Related{Hit: h}
		number, _, err := e.numberOf(h.ID)
		if err != nil {
			return nil, err
		}
		why := reasons[number]
		slices.SortStableFunc(why, func(a, b reason) int { return cmp.Compare(b.weight, a.weight) })
		for _, w := range why {
			if w.word != "" && len(r.Words) < maxReasons {
				r.Words = append(r.Words, w.word)
			}
			if w.link != 0 && len(r.Shared) < maxReasons {
				r.Shared = append(r.Shared, w.link)
			}
		}
		all = append(all, r)
	}
	return all, nil
}

// numberOf returns the number of a unit that the viewer sees.
func (e *evaluation) numberOf(id domain.ID) (number uint32, ok bool, err error) {
	err = e.db.read(e.ctx, "SELECT number FROM search_units WHERE id = ?", 1, []any{int64(id)}, func(n int64, _ []byte) error {
		number = uint32(n)
		ok = e.sees(number, id)
		return nil
	})
	return number, ok, err
}

// sees reports whether the viewer sees the unit with a number and an id.
func (e *evaluation) sees(number uint32, id domain.ID) bool {
	block := int(number >> blockBits)
	if block >= len(e.blocks) || e.blocks[block] == nil {
		return false
	}
	b, i := e.blocks[block], number%blockUnits
	return b.ids[i] == id && domain.Marking(b.markings[i]) <= e.clearance
}

// visibleLinks returns what a unit refers to, as far as the viewer sees it.
func (e *evaluation) visibleLinks(number uint32) ([]domain.ID, error) {
	block := int(number >> blockBits)
	linked, err := e.reader.linksOf(e.ctx, e.db, e.view, []int{block})
	if err != nil {
		return nil, err
	}
	links := linked[block].of(int(number % blockUnits))
	if len(links) == 0 {
		return nil, nil
	}
	seen := map[domain.ID]bool{}
	engine := e.db.dialect()
	err = e.db.read(e.ctx, "SELECT number FROM search_units WHERE id"+store.InSet(engine), 1, []any{store.IDSet(engine, links)}, func(n int64, _ []byte) error {
		for _, id := range links {
			if e.sees(uint32(n), id) {
				seen[id] = true
			}
		}
		return nil
	})
	return slices.DeleteFunc(links, func(id domain.ID) bool { return !seen[id] }), err
}

// rareWord is a word and the units in which it stands.
type rareWord struct {
	term  string
	found list
}

// rareWords returns the words of a text that stand in the fewest units, in more than one.
func (e *evaluation) rareWords(text, language string) ([]rareWord, error) {
	if language == "" {
		language = defaultLanguage
	}
	var all []rareWord
	seen := map[string]bool{}
	for _, token := range analysis.Analyze(nil, stripMarkup(text), language) {
		if seen[token.Term] || len(seen) >= 64 || len(token.Term) < 3 {
			continue
		}
		seen[token.Term] = true
		l, err := e.find(span{term: token.Term})
		if err != nil {
			return nil, err
		}
		if len(l) > 1 {
			all = append(all, rareWord{token.Term, l})
		}
	}
	slices.SortStableFunc(all, func(a, b rareWord) int { return cmp.Compare(len(a.found), len(b.found)) })
	return all[:min(len(all), relatedWords)], nil
}
