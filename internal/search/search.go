package search

import (
	"cmp"
	"container/heap"
	"context"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search/analysis"
	"github.com/redthread-api/redthread/internal/search/query"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/visibility"
)

// Index reads the indexes of both stores. It is safe for concurrent use.
type Index struct {
	stores     *store.Stores
	desk, live *reader
}

// cacheBytes is the size of the cache of the postings of a store.
const cacheBytes = 24 << 20

// New returns the indexes of the stores.
func New(stores *store.Stores) *Index {
	return &Index{stores: stores, desk: newReader(cacheBytes), live: newReader(cacheBytes)}
}

// Order is the order of what was found.
type Order int

const (
	Relevance Order = iota // the highest score first
	Newest                 // what was published last first
)

// Params say what to look for.
type Params struct {
	Query query.Query
	// Types, Kinds and Languages: a unit has one of them. Nil stands for any; what is empty and not nil
	// denies.
	Types            []domain.Type
	Kinds, Languages []string
	// Links are groups of tags and entities: a unit refers to one of each group. It refers to none of Without.
	// The caller finds those of the filters of Query.
	Links   [][]domain.ID
	Without []domain.ID
	// From and To bound the date that a unit is of; both are included, and zero does not bound.
	From, To domain.Date
	Order    Order
	After    Cursor
	First    int
	Facets   bool // to count
}

// Cursor is a place in an order: of the last hit of a page.
type Cursor struct {
	Key int64
	ID  domain.ID // 0: the beginning
}

// Hit is a document, or an item of an edition (then of type domain.Row), that was found.
type Hit struct {
	ID     domain.ID
	Type   domain.Type
	Score  float64
	Cursor Cursor
}

// Result is a page of what was found.
type Result struct {
	Hits    []Hit
	Total   int // all that was found, exactly
	HasNext bool
	Facets  *Facets // if asked for
}

// Search returns what a viewer finds in the store of the stage of ctx, in the snapshot of ctx if there is
// one.
func (x *Index) Search(ctx context.Context, p Params) (Result, error) {
	e, err := x.begin(ctx)
	if err != nil {
		return Result{}, err
	}
	found, err := e.run(&p)
	if err != nil {
		return Result{}, err
	}
	result := Result{Total: len(found)}
	if p.Facets {
		if result.Facets, err = e.facets(found); err != nil {
			return Result{}, err
		}
	}
	result.Hits = e.page(found, p.Order, p.After, p.First+1)
	if len(result.Hits) > p.First {
		result.Hits, result.HasNext = result.Hits[:p.First], true
	}
	return result, nil
}

// maxRespelled is how many unknown words a query has at most that is respelled: for each all words of names are read.
const maxRespelled = 8

// Respell returns the query of a search in which the words that are found nowhere are replaced by words of names and
// titles that are spelled alike and that the viewer sees; "" if there is none with which the search finds something. It is for searches
// without a result.
func (x *Index) Respell(ctx context.Context, p Params) (string, error) {
	e, err := x.begin(ctx)
	if err != nil {
		return "", err
	}
	q := p.Query
	known, err := e.known(&q)
	if err != nil {
		return "", err
	}
	changed := false
	room := maxRespelled
	q.All = slices.Clone(q.All)
	for i, c := range q.All {
		if c.Not {
			continue
		}
		q.All[i].Any = slices.Clone(c.Any)
		for j, t := range c.Any {
			text, err := e.respellTerm(t, known, &room)
			if err != nil || room < 0 {
				return "", err
			}
			if text != "" {
				q.All[i].Any[j].Text, changed = text, true
			}
		}
	}
	if !changed {
		return "", nil
	}
	text := q.String()
	p.Query, p.First = query.Parse(text), 0
	found, err := e.run(&p)
	if err != nil || len(found) == 0 {
		return "", err
	}
	return text, nil
}

// Found is all that a search finds, for conditions of lists.
type Found struct {
	evaluation *evaluation
	units      list
}

// Find returns all that is found.
func (x *Index) Find(ctx context.Context, p Params) (*Found, error) {
	e, err := x.begin(ctx)
	if err != nil {
		return nil, err
	}
	p.First = 0
	units, err := e.run(&p)
	return &Found{e, units}, err
}

// IDs returns the ids of all, in no order.
func (f *Found) IDs() []domain.ID {
	ids := make([]domain.ID, len(f.units))
	for i, h := range f.units {
		ids[i] = f.evaluation.id(h.number)
	}
	return ids
}

// Newest returns the ids of the first n in the order [Newest] behind a place, unless its id is 0; all holds if no more
// come.
func (f *Found) Newest(published int64, id domain.ID, n int) (ids []domain.ID, all bool) {
	hits := f.evaluation.page(f.units, Newest, Cursor{published, id}, n+1)
	if all = len(hits) <= n; !all {
		hits = hits[:n]
	}
	ids = make([]domain.ID, len(hits))
	for i, h := range hits {
		ids[i] = h.ID
	}
	return ids, all
}

// begin opens the index for the viewer and stage of ctx.
func (x *Index) begin(ctx context.Context) (*evaluation, error) {
	scope, err := visibility.ScopeOf(ctx)
	if err != nil {
		return nil, err
	}
	reader := x.live
	if domain.StageFrom(ctx) == domain.Desk {
		reader = x.desk
		if store.Joined(ctx) {
			reader = newReader(cacheBytes) // what it reads may be rolled back
		}
	}
	e, err := reader.evaluation(ctx, stageRows{x.stores}, scope.Clearance())
	if err != nil {
		return nil, err
	}
	if m := e.manifest; m.building != 0 && m.analyser == 0 {
		return nil, &domain.Error{Kind: domain.KindUnavailable, Message: "the search index is being made: try again in a few minutes"}
	}
	return e, nil
}

// id returns the id of a unit.
func (e *evaluation) id(number uint32) domain.ID {
	return e.blocks[number>>blockBits].ids[number%blockUnits]
}

// run returns the units that meet a query and its conditions, with their scores.
func (e *evaluation) run(p *Params) (list, error) {
	var found list
	first := true
	var not []list
	for i := range p.Query.All {
		clause := &p.Query.All[i]
		l, err := e.clause(clause)
		if err != nil {
			return nil, err
		}
		switch {
		case clause.Not:
			not = append(not, l)
		case first:
			found, first = l, false
		default:
			found = intersect(found, l)
		}
	}
	for _, group := range p.Links {
		l, err := e.find(linkSpans(group)...)
		if err != nil {
			return nil, err
		}
		for i := range l {
			l[i].weight = 0
		}
		if first {
			found, first = l, false
		} else {
			found = intersect(found, l)
		}
	}
	if first {
		found = e.everything()
	}
	if len(p.Without) > 0 {
		l, err := e.find(linkSpans(p.Without)...)
		if err != nil {
			return nil, err
		}
		not = append(not, l)
	}
	for _, l := range not {
		found = without(found, l)
	}
	found = e.filter(found, p)
	return found, e.finish(found, p)
}

func linkSpans(ids []domain.ID) []span {
	spans := make([]span, len(ids))
	for i, id := range ids {
		spans[i].term = linkTerm(id)
	}
	return spans
}

// clause returns the units in which one of the terms of a clause is found, with scores.
func (e *evaluation) clause(c *query.Clause) (list, error) {
	var found list
	for i := range c.Any {
		l, err := e.phrase(c.Any[i].Positions)
		if err != nil {
			return nil, err
		}
		found = merge(found, e.scored(l))
	}
	return found, nil
}

// everything returns all units that the viewer sees.
func (e *evaluation) everything() list {
	var all list
	for n, b := range e.blocks {
		if b == nil {
			continue
		}
		for i, id := range b.ids {
			if id != 0 && domain.Marking(b.markings[i]) <= e.clearance {
				all = append(all, hit{number: uint32(n<<blockBits | i)})
			}
		}
	}
	return all
}

// condition is what a unit must have, beside its terms.
type condition struct {
	types            [256]bool
	anyType          bool
	kinds, languages []string
	from, to         int32
	without          *condition // what it must not have: one of these
}

// conditionsOf returns the conditions of a search and those in the text of its query.
func conditionsOf(p *Params) []condition {
	own := condition{anyType: p.Types == nil, kinds: p.Kinds, languages: p.Languages, from: math.MinInt32, to: math.MaxInt32}
	for _, t := range p.Types {
		own.types[t] = true
	}
	if day, ok := dayOf(string(p.From)); ok {
		own.from = day
	}
	if p.To != "" {
		own.to = lastDayOf(string(p.To))
	}
	f, not := &p.Query.Filters, &p.Query.Excluded
	written := condition{anyType: f.Types == nil, kinds: f.Kinds, languages: f.Languages, from: math.MinInt32, to: math.MaxInt32}
	written.setTypes(f.Types)
	if day, ok := dayOf(string(f.After)); ok {
		written.from = day
	}
	if day, ok := dayOf(string(f.Before)); ok {
		written.to = day - 1
	}
	if not.Types != nil || not.Kinds != nil || not.Languages != nil {
		written.without = &condition{kinds: not.Kinds, languages: not.Languages}
		written.without.setTypes(not.Types)
	}
	// A date is before a day or on it or later, so that one is excluded through the other.
	if day, ok := dayOf(string(not.After)); ok {
		written.to = min(written.to, day-1)
	}
	if day, ok := dayOf(string(not.Before)); ok {
		written.from = max(written.from, day)
	}
	return []condition{own, written}
}

// setTypes sets types by their names. Items belong to editions.
func (c *condition) setTypes(names []string) {
	for _, name := range names {
		if name == query.Item {
			c.types[domain.Row] = true
		} else if t, ok := domain.ParseType(name); ok {
			c.types[t] = true
			c.types[domain.Row] = c.types[domain.Row] || t == domain.Edition
		}
	}
}

func (c *condition) holds(b *unitBlock, i uint32) bool {
	kind, language := b.words[b.kinds[i]], b.words[b.languages[i]]
	if !c.anyType && !c.types[b.types[i]] || b.days[i] < c.from || b.days[i] > c.to ||
		c.kinds != nil && !slices.Contains(c.kinds, kind) || c.languages != nil && !spoken(language, c.languages) {
		return false
	}
	w := c.without
	return w == nil || !w.types[b.types[i]] && !slices.Contains(w.kinds, kind) && !spoken(language, w.languages)
}

// filter returns the hits that meet the conditions on units.
func (e *evaluation) filter(found list, p *Params) list {
	conditions := conditionsOf(p)
	out := found[:0]
	for _, h := range found {
		b, i := e.blocks[h.number>>blockBits], h.number%blockUnits
		if conditions[0].holds(b, i) && conditions[1].holds(b, i) {
			out = append(out, h)
		}
	}
	return out
}

// spoken reports whether a language is one of ranges (RFC 4647, basic filtering): "zh" has "zh-Hant".
func spoken(language string, ranges []string) bool {
	return slices.ContainsFunc(ranges, func(r string) bool {
		return language != "" && len(language) >= len(r) && strings.EqualFold(language[:len(r)], r) &&
			(len(language) == len(r) || language[len(r)] == '-')
	})
}

const (
	// calledFactor is what the score is multiplied by where a name or title is the whole query.
	calledFactor = 3
	// beginsFactor is the same where a name or title begins with a query that is the beginning of something.
	beginsFactor = 1.5
	// recentFactor is by how much the score of the newest is higher than that of the oldest; it halves in
	// halfLife.
	recentFactor = 0.15
	halfLife     = 2 * 365 * 24 * 3600 * 1e6
	// sourceFactor is what the score of a source is multiplied by: its title often names what it is
	// about, and what is written about that comes first.
	sourceFactor = 0.5
)

// finish adds to the scores what does not depend on single words.
func (e *evaluation) finish(found list, p *Params) error {
	if p.Order != Relevance || p.First == 0 {
		return nil
	}
	called, factor, err := e.called(&p.Query)
	if err != nil {
		return err
	}
	newest := e.stats[e.clearance].newest
	for j := range found {
		h := &found[j]
		b, i := e.blocks[h.number>>blockBits], h.number%blockUnits
		age := max(float64(newest-b.published[i]), 0)
		h.weight *= float32(1 + recentFactor*math.Exp2(-age/halfLife))
		if b.types[i] == domain.Source {
			h.weight *= sourceFactor
		}
		called = skipTo(called, h.number)
		if len(called) > 0 && called[0].number == h.number {
			h.weight *= factor
		}
	}
	return nil
}

// called returns the units whose name or title is the whole query, or begins with it if the last word of the query
// is the beginning of a word, and what their score is multiplied by.
func (e *evaluation) called(q *query.Query) (list, float32, error) {
	var b strings.Builder
	prefix := false
	for _, c := range q.All {
		if c.Not || len(c.Any) != 1 || prefix {
			return nil, 1, nil
		}
		prefix = c.Any[0].Prefix
		b.WriteString(c.Any[0].Text)
		b.WriteByte(' ')
	}
	words := analysis.Words(b.String())
	if len(words) == 0 {
		return nil, 1, nil
	}
	name := span{term: calledTerm(words), prefix: prefix}
	if !prefix {
		l, err := e.find(name)
		return l, calledFactor, err
	}
	if utf8.RuneCountInString(name.term) <= startChars {
		return nil, 1, nil // too many names begin with it
	}
	l, err := e.find(name)
	return l, beginsFactor, err
}

// page returns the first n hits after a cursor.
func (e *evaluation) page(found list, order Order, after Cursor, n int) []Hit {
	top := hitHeap{}
	for _, h := range found {
		b, i := e.blocks[h.number>>blockBits], h.number%blockUnits
		hit := Hit{ID: b.ids[i], Type: b.types[i], Score: math.Round(float64(h.weight)*1e4) / 1e4}
		hit.Cursor = Cursor{ID: hit.ID, Key: b.published[i]}
		if order == Relevance {
			hit.Cursor.Key = int64(math.Float32bits(h.weight))
		}
		if after.ID != 0 && !after.before(hit.Cursor) {
			continue
		}
		if len(top) < n {
			heap.Push(&top, hit)
		} else if n > 0 && hit.Cursor.before(top[0].Cursor) {
			top[0] = hit
			heap.Fix(&top, 0)
		}
	}
	slices.SortFunc(top, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Cursor.Key, a.Cursor.Key), cmp.Compare(b.ID, a.ID))
	})
	return top
}

// before reports whether a place comes before another one: the higher key, then the higher id.
func (c Cursor) before(d Cursor) bool {
	return c.Key > d.Key || c.Key == d.Key && c.ID > d.ID
}

// hitHeap has the last hit at the top.
type hitHeap []Hit

func (h hitHeap) Len() int           { return len(h) }
func (h hitHeap) Less(i, j int) bool { return h[j].Cursor.before(h[i].Cursor) }
func (h hitHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *hitHeap) Push(x any)        { *h = append(*h, x.(Hit)) }
func (h *hitHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
