package knowledge

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge/ownership"
	"github.com/redthread-api/redthread/internal/store"
)

// stakeKinds are the kinds of relationship that matter to ownership.
var stakeKinds = []string{"OWNS", "SUBSIDIARY_OF", "CONTROLS"}

// Stakes are the ownership that is above or below entities on a day, or may be.
type Stakes struct {
	Graph    *ownership.Graph
	Controls []ownership.Control
	// Edges are the relationships by their ids, also those that Graph and Controls left out.
	Edges map[domain.ID]Edge
	// Entities are those that were reached, and those asked for.
	Entities []domain.ID
	// Complete is false if there was more than is read: what Graph says is then not certain.
	Complete bool
}

// maxStakes is how many relationships are read for one question about ownership.
const maxStakes = 50_000

// Above returns the stakes in entities, directly and through others.
func (g *Graph) Above(ctx context.Context, asOf domain.Date, ids ...domain.ID) (*Stakes, error) {
	return g.follow(ctx, asOf, ids, true)
}

// Below returns the stakes that entities hold, directly and through others, and all other stakes in what
// is held.
func (g *Graph) Below(ctx context.Context, asOf domain.Date, ids ...domain.ID) (*Stakes, error) {
	return g.follow(ctx, asOf, ids, false)
}

func (g *Graph) follow(ctx context.Context, asOf domain.Date, ids []domain.ID, up bool) (*Stakes, error) {
	r, err := g.begin(ctx, Filter{Kinds: stakeKinds, At: asOf})
	if err != nil {
		return nil, err
	}
	s := &Stakes{Edges: map[domain.ID]Edge{}, Complete: true}
	// Of an entity that only controls, owners are looked at, and not what controls it.
	seen, controls := map[domain.ID]bool{}, map[domain.ID]bool{}
	frontier := []domain.ID{}
	add := func(id domain.ID, onlyControls bool) {
		if known := seen[id]; known && (onlyControls || !controls[id]) {
			return
		} else if !known {
			s.Entities = append(s.Entities, id)
		}
		seen[id], controls[id] = true, onlyControls
		frontier = append(frontier, id)
	}
	for _, id := range ids {
		add(id, false)
	}
	for len(frontier) > 0 {
		if len(s.Edges) > maxStakes {
			s.Complete = false
			break
		}
		level := frontier
		frontier = nil
		edges, err := r.stakes(ctx, level, up)
		if err != nil {
			return nil, err
		}
		for _, e := range edges {
			owner, owned := ends(&e)
			switch {
			case up && e.Kind == "CONTROLS":
				if controls[owned] {
					continue
				}
				add(owner, true) // it may be listed or reached
			case up:
				add(owner, controls[owned])
			case e.Kind != "CONTROLS":
				add(owned, false)
			}
			s.Edges[e.ID] = e
		}
	}
	if !up && s.Complete {
		// What others hold bounds what those who were asked about can hold.
		edges, err := r.stakes(ctx, s.Entities, true)
		if err != nil {
			return nil, err
		}
		for _, e := range edges {
			s.Edges[e.ID] = e
		}
	}
	return s, s.build(asOf)
}

// ends returns the owner and the owned, or the controlling and the controlled, of a relationship.
func ends(e *Edge) (owner, owned domain.ID) {
	if e.Kind == "SUBSIDIARY_OF" {
		return e.To, e.From
	}
	return e.From, e.To
}

// stakes returns the relationships in which entities are owned, or with up false own.
func (r *reading) stakes(ctx context.Context, ids []domain.ID, up bool) ([]Edge, error) {
	in, set := r.set(ids)
	owned, subsidiary := "r.to_id", "r.from_id"
	if !up {
		owned, subsidiary = subsidiary, owned
	}
	query := "SELECT " + edgeColumns + " FROM relationships r WHERE " + owned + in + " AND " + kindColumn + " <> 'SUBSIDIARY_OF' AND " + r.where +
		" UNION ALL SELECT " + edgeColumns + " FROM relationships r WHERE " + subsidiary + in + " AND " + kindColumn + " = 'SUBSIDIARY_OF' AND " + r.where
	args := append(append([]any{set}, r.args...), set)
	values, err := r.values(ctx, query, edgeWidth, append(args, r.args...)...)
	if err != nil {
		return nil, err
	}
	return distinct(edgesIn(values, edgeWidth)), nil
}

// build makes the graph of what was read.
func (s *Stakes) build(asOf domain.Date) error {
	type pair struct{ owner, owned domain.ID }
	owns := map[pair]bool{}
	for _, e := range s.Edges {
		if e.Kind == "OWNS" {
			owns[pair{e.From, e.To}] = true
		}
	}
	var stakes []ownership.Stake
	for _, id := range slices.Sorted(maps.Keys(s.Edges)) {
		e := s.Edges[id]
		owner, owned := ends(&e)
		if e.Kind == "CONTROLS" {
			s.Controls = append(s.Controls, ownership.Control{ID: e.ID, Controller: owner, Controlled: owned, Since: e.Since, Until: e.Until, Confidence: e.Confidence})
			continue
		}
		if e.Kind == "SUBSIDIARY_OF" && owns[pair{owner, owned}] {
			continue // the stake says more
		}
		share := ownership.Unknown()
		if e.Kind == "OWNS" {
			share = e.Share
		}
		stakes = append(stakes, ownership.Stake{ID: e.ID, Owner: owner, Owned: owned, Share: share, Since: e.Since, Until: e.Until, Confidence: e.Confidence})
	}
	var err error
	s.Graph, err = ownership.New(stakes, ownership.Params{AsOf: asOf})
	return err
}

// Listing is an entity's place on a list.
type Listing struct {
	ID, Entity                   domain.ID
	Authority, Programme, ListID string
	Since, Until                 domain.Date
}

const listingColumns = "l.id, l.entity_id, l.authority, l.programme, l.list_id, l.since, l.until"

// ListingsOf returns the listings of entities that the viewer sees which hold at a day, or may, in the order of their ids.
func (g *Graph) ListingsOf(ctx context.Context, asOf domain.Date, ids []domain.ID) ([]Listing, error) {
	r, err := g.begin(ctx, Filter{})
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	in, set := r.set(ids)
	return r.listings(ctx, asOf, "l.entity_id"+in, set)
}

// ListingsBy returns the listings by an authority which hold at a day, or may, of entities that the viewer sees.
func (g *Graph) ListingsBy(ctx context.Context, asOf domain.Date, authority string) ([]Listing, error) {
	r, err := g.begin(ctx, Filter{})
	if err != nil {
		return nil, err
	}
	return r.listings(ctx, asOf, "l.authority = ?", authority)
}

// List is what a listing is on: the list of an authority, under a programme, which may be empty.
type List struct{ Authority, Programme string }

// HasList reports whether an entity that the viewer sees has, or had, a listing by an authority under a programme; under any if
// that is empty.
func (g *Graph) HasList(ctx context.Context, l List) (bool, error) {
	condition, args := "l.authority = ?", []any{l.Authority}
	if l.Programme != "" {
		condition, args = condition+" AND l.programme = ?", append(args, l.Programme)
	}
	found, err := g.lists(ctx, "SELECT l.authority, l.programme", condition, "LIMIT 1", args...)
	return len(found) > 0, err
}

// Lists returns the lists that entities which the viewer sees are, or were, on, in the order of their names.
func (g *Graph) Lists(ctx context.Context) ([]List, error) {
	found, err := g.lists(ctx, "SELECT DISTINCT l.authority, l.programme", "1 = 1", "")
	sort.Slice(found, func(i, j int) bool {
		a, b := found[i], found[j]
		return cmp.Or(strings.Compare(a.Authority, b.Authority), strings.Compare(a.Programme, b.Programme)) < 0
	})
	return found, err
}

func (g *Graph) lists(ctx context.Context, begin, condition, end string, args ...any) ([]List, error) {
	r, err := g.begin(ctx, Filter{})
	if err != nil {
		return nil, err
	}
	fence, bound, err := entityFence(ctx)
	if err != nil {
		return nil, err
	}
	values, err := r.values(ctx, begin+" FROM listings l JOIN entities e ON e.id = l.entity_id WHERE "+condition+" AND "+fence+" "+end, 2, append(args, bound...)...)
	if err != nil {
		return nil, err
	}
	var all []List
	for i := 0; i < values.Len(); i += 2 {
		all = append(all, List{string(values.At(i).Text), string(values.At(i + 1).Text)})
	}
	return all, nil
}

func (r *reading) listings(ctx context.Context, asOf domain.Date, condition string, args ...any) ([]Listing, error) {
	fence, bound, err := entityFence(ctx)
	if err != nil {
		return nil, err
	}
	values, err := r.values(ctx, "SELECT "+listingColumns+" FROM listings l JOIN entities e ON e.id = l.entity_id WHERE "+condition+" AND "+fence+" ORDER BY l.id", 7, append(args, bound...)...)
	if err != nil {
		return nil, err
	}
	var all []Listing
	for i := 0; i < values.Len(); i += 7 {
		at := func(n int) store.Value { return values.At(i + n) }
		l := Listing{ID: domain.ID(at(0).Int()), Entity: domain.ID(at(1).Int()), Authority: string(at(2).Text), Programme: string(at(3).Text),
			ListID: string(at(4).Text), Since: domain.Date(at(5).Text), Until: domain.Date(at(6).Text)}
		if domain.MayHold(l.Since, l.Until, asOf) {
			all = append(all, l)
		}
	}
	return all, nil
}

// NameKeys returns the keys that order the names of entities that the viewer sees.
func (g *Graph) NameKeys(ctx context.Context, ids []domain.ID) (map[domain.ID]string, error) {
	r, err := g.begin(ctx, Filter{})
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	fence, bound, err := entityFence(ctx)
	if err != nil {
		return nil, err
	}
	in, set := r.set(ids)
	values, err := r.values(ctx, "SELECT e.id, e.name_key FROM entities e WHERE e.id"+in+" AND "+fence, 2, append([]any{set}, bound...)...)
	if err != nil {
		return nil, err
	}
	keys := make(map[domain.ID]string, len(ids))
	for i := 0; i < values.Len(); i += 2 {
		keys[domain.ID(values.At(i).Int())] = string(values.At(i + 1).Text)
	}
	return keys, nil
}

// Newest returns when the newest of the relationships was last changed at the stage of ctx: in live, published.
func (g *Graph) Newest(ctx context.Context, edges map[domain.ID]Edge) (time.Time, error) {
	r, err := g.begin(ctx, Filter{})
	if err != nil || len(edges) == 0 {
		return time.Time{}, err
	}
	in, set := r.set(slices.Sorted(maps.Keys(edges)))
	values, err := r.values(ctx, "SELECT r.updated_at FROM relationships r WHERE r.id"+in+" AND "+r.where+" ORDER BY r.updated_at DESC LIMIT 1", 1, append([]any{set}, r.args...)...)
	if err != nil || values.Len() == 0 {
		return time.Time{}, err
	}
	return values.At(0).Time(), nil
}
