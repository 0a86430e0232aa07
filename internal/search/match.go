package search

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search/names"
	"github.com/redthread-api/redthread/internal/store"
)

// MatchName is a name that is looked for among the entities.
type MatchName struct {
	Name string
	names.Evidence
}

// MatchParams are names, and which matches are wanted.
type MatchParams struct {
	Names []MatchName
	Least float64 // the lowest score
	First int     // of each name
	Kinds []string
}

// EntityMatch is an entity that may be meant by a name.
type EntityMatch struct {
	ID         domain.ID
	Slug       string
	EntityName string  // the primary name
	Score      float64 // from 0 to 1, with the evidence
	Reason     names.Reason
	Name       names.Name // the entity's name that is most like it
	// SameCountry and SameIdentifier tell of the evidence: nil if one side does not know.
	SameCountry, SameIdentifier *bool
}

// maxCandidates is how many entities are compared with a name: those that share the rarest keys with it.
const maxCandidates = 64

// Match returns the entities that names may stand for, the likeliest first, for each name.
func (x *Index) Match(ctx context.Context, p MatchParams) ([][]EntityMatch, error) {
	e, err := x.begin(ctx)
	if err != nil {
		return nil, err
	}
	found := make([][]domain.ID, len(p.Names))
	lists := map[string]list{} // names share keys
	wanted := map[domain.ID]bool{}
	shared := newTally(e.manifest.numbers)
	for i, n := range p.Names {
		if found[i], err = e.candidates(n.Name, p.Kinds, lists, shared); err != nil {
			return nil, err
		}
		for _, id := range found[i] {
			wanted[id] = true
		}
	}
	entities, err := e.entities(wanted)
	if err != nil {
		return nil, err
	}
	matches := make([][]EntityMatch, len(p.Names))
	for i, n := range p.Names {
		looked := names.Prepare(n.Name)
		for _, id := range found[i] {
			entity := entities[id]
			if entity == nil {
				continue
			}
			m := looked.Compare(entity.names)
			score := n.Weigh(m.Score, entity.evidence)
			if score < p.Least {
				continue
			}
			match := EntityMatch{ID: id, Slug: entity.slug, EntityName: entity.names[0].Name.Text, Score: score, Reason: m.Reason, Name: m.Name}
			match.SameCountry, match.SameIdentifier = agrees(n.Evidence, entity.evidence)
			matches[i] = append(matches[i], match)
		}
		slices.SortFunc(matches[i], func(a, b EntityMatch) int {
			return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
		})
		matches[i] = matches[i][:min(len(matches[i]), p.First)]
	}
	return matches, nil
}

// agrees says of the country and the identifiers whether they are the same; nil if one side does not know.
func agrees(a, b names.Evidence) (country, identifier *bool) {
	if a.Country != "" && b.Country != "" {
		same := strings.EqualFold(a.Country, b.Country)
		country = &same
	}
	for _, i := range a.Identifiers {
		for _, j := range b.Identifiers {
			if strings.EqualFold(i.Scheme, j.Scheme) {
				same := strings.EqualFold(i.Value, j.Value) || identifier != nil && *identifier
				identifier = &same
			}
		}
	}
	return country, identifier
}

// candidates returns the entities that share the rarest keys with a name.
func (e *evaluation) candidates(name string, kinds []string, lists map[string]list, shared *tally) ([]domain.ID, error) {
	keys, least := names.QueryKeys(name)
	for _, key := range keys {
		l, ok := lists[key]
		if !ok {
			var err error
			if l, err = e.find(span{term: spaceFuzzy + key}); err != nil {
				return nil, err
			}
			l = e.filter(l, &Params{Kinds: kinds})
			lists[key] = l
		}
		shared.add(l, float32(e.rarity(len(l))))
	}
	best := shared.best(least, maxCandidates, func(a, b hit) int {
		// By id and not by number: numbers are used again, so their order may tell of what is hidden.
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(e.id(b.number), e.id(a.number)))
	})
	ids := make([]domain.ID, len(best))
	for i, h := range best {
		ids[i] = e.id(h.number)
	}
	return ids, nil
}

// tally adds up weights of units. It has a place for each number: with a map, most of the time of a match goes there.
type tally struct {
	weights []float32
	times   []uint16
	touched []uint32
}

func newTally(numbers uint32) *tally {
	return &tally{weights: make([]float32, numbers), times: make([]uint16, numbers)}
}

// add adds a weight to each unit of a list.
func (t *tally) add(l list, weight float32) {
	for i := range l {
		n := l[i].number
		if t.times[n] == 0 {
			t.touched = append(t.touched, n)
		}
		t.weights[n] += weight
		t.times[n]++
	}
}

// best returns the first units, in an order, of those that were added a number of times at least, and begins anew.
func (t *tally) best(times, most int, compare func(a, b hit) int) list {
	found := make(list, 0, 4*most)
	var least float32 // what weighs less has no chance
	for _, n := range t.touched {
		if int(t.times[n]) >= times && t.weights[n] >= least {
			if len(found) == cap(found) {
				slices.SortFunc(found, compare)
				found = found[:most]
				least = found[most-1].weight
			}
			found = append(found, hit{n, t.weights[n]})
		}
		t.weights[n], t.times[n] = 0, 0
	}
	t.touched = t.touched[:0]
	slices.SortFunc(found, compare)
	return found[:min(len(found), most)]
}

// matchEntity is an entity as names are compared with it.
type matchEntity struct {
	slug     string
	names    []names.PreparedName // the primary one first
	evidence names.Evidence
}

// entities reads the names and the evidence of entities that the viewer sees.
func (e *evaluation) entities(wanted map[domain.ID]bool) (map[domain.ID]*matchEntity, error) {
	ids := make([]domain.ID, 0, len(wanted))
	for id := range wanted {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	all := make(map[domain.ID]*matchEntity, len(ids))
	engine := e.db.dialect()
	set := []any{store.IDSet(engine, ids)}
	err := e.db.readTexts(e.ctx, "SELECT id, slug, name, language, country FROM entities WHERE id"+store.InSet(engine), 5, set, func(id int64, texts []string) error {
		all[domain.ID(id)] = &matchEntity{
			slug:     texts[0],
			names:    []names.PreparedName{e.reader.prepared(names.Name{Text: texts[1], Language: texts[2]})},
			evidence: names.Evidence{Country: texts[3]},
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = e.db.readTexts(e.ctx, "SELECT entity_id, text, language, kind FROM entity_names WHERE entity_id"+store.InSet(engine)+" ORDER BY entity_id, position", 4, set, func(id int64, texts []string) error {
		if entity := all[domain.ID(id)]; entity != nil {
			entity.names = append(entity.names, e.reader.prepared(names.Name{Text: texts[0], Language: texts[1], Kind: texts[2]}))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, e.db.readTexts(e.ctx, "SELECT entity_id, scheme, value FROM entity_identifiers WHERE entity_id"+store.InSet(engine), 3, set, func(id int64, texts []string) error {
		if entity := all[domain.ID(id)]; entity != nil {
			entity.evidence.Identifiers = append(entity.evidence.Identifiers, names.Identifier{Scheme: texts[0], Value: texts[1]})
		}
		return nil
	})
}

// prepared returns a name in the form in which it is compared.
func (r *reader) prepared(n names.Name) names.PreparedName {
	if p, ok := r.names.GetIfPresent(n); ok {
		return p
	}
	p := names.PrepareName(n)
	r.names.Set(n, p)
	return p
}
