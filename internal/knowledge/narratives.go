package knowledge

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sort"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// The bounds of a tree of narratives.
const (
	MaxTreeDepth = 6
	MaxTreeNodes = 150
	maxTreePath  = 20
)

// NarrativeTree is a narrative with those below it.
type NarrativeTree struct {
	Path  []domain.ID // above it, from the top down
	Nodes []NarrativeNode
}

// NarrativeNode is a narrative in a tree.
type NarrativeNode struct {
	ID, Parent                        domain.ID // Parent is 0 for the top of the tree
	Depth                             int
	Children, Hidden                  int // Hidden are the children that are not in the tree
	Observations, Targets, Amplifiers int

	key  []byte
	slug string
}

// NarrativeTree returns the tree below a narrative that the viewer sees: at most so many levels and nodes, the nearest. The
// nodes are in the order of the tree, siblings by title.
func (g *Graph) NarrativeTree(ctx context.Context, top domain.ID, depth, limit int) (*NarrativeTree, error) {
	r, err := g.begin(ctx, Filter{})
	if err != nil {
		return nil, err
	}
	condition, bound, err := fence(ctx, "n")
	if err != nil {
		return nil, err
	}
	t := &NarrativeTree{}
	if t.Path, err = r.above(ctx, top, condition, bound); err != nil {
		return nil, err
	}
	nodes := []NarrativeNode{{ID: top}}
	seen := map[domain.ID]bool{top: true}
	for level := []domain.ID{top}; len(level) > 0 && nodes[len(nodes)-1].Depth < depth && len(nodes) < limit; {
		in, set := r.set(level)
		const width = 4
		// What is over the limit is not needed, but for one that is there already: in a circle.
		values, err := r.values(ctx, "SELECT n.id, n.parent_id, n.title_key, n.slug FROM narratives n WHERE n.parent_id"+in+" AND "+condition+
			" ORDER BY n.title_key, n.slug LIMIT ?", width, append(append([]any{set}, bound...), limit-len(nodes)+1)...)
		if err != nil {
			return nil, err
		}
		deeper := nodes[len(nodes)-1].Depth + 1
		level = nil
		for i := 0; i < values.Len() && len(nodes) < limit; i += width {
			at := func(n int) store.Value { return values.At(i + n) }
			id := domain.ID(at(0).Int())
			if seen[id] {
				continue
			}
			seen[id] = true
			level = append(level, id)
			nodes = append(nodes, NarrativeNode{ID: id, Parent: domain.ID(at(1).Int()), Depth: deeper, key: bytes.Clone(at(2).Text), slug: string(at(3).Text)})
		}
	}
	if err := r.countParts(ctx, nodes); err != nil {
		return nil, err
	}
	t.Nodes = inTreeOrder(nodes)
	return t, nil
}

// above returns the narratives above one, from the top down, as far as the viewer sees them.
func (r *reading) above(ctx context.Context, id domain.ID, condition string, bound []any) ([]domain.ID, error) {
	// One statement, whatever is above: how many there are must not depend on what is hidden.
	args := append(append([]any{int64(id)}, bound...), maxTreePath)
	values, err := r.values(ctx, "WITH RECURSIVE up (id, level) AS (SELECT parent_id, 1 FROM narratives WHERE id = ? AND parent_id IS NOT NULL"+
		" UNION ALL SELECT n.parent_id, up.level + 1 FROM up JOIN narratives n ON n.id = up.id WHERE "+condition+" AND up.level < ? AND n.parent_id IS NOT NULL)"+
		" SELECT up.id, up.level FROM up JOIN narratives n ON n.id = up.id WHERE "+condition+" ORDER BY up.level", 2, append(args, bound...)...)
	if err != nil {
		return nil, err
	}
	var path []domain.ID
	for i := 0; i < values.Len(); i += 2 {
		above := domain.ID(values.At(i).Int())
		if above == id || slices.Contains(path, above) {
			break // a circle
		}
		path = append(path, above)
	}
	slices.Reverse(path)
	return path, nil
}

// countParts counts what belongs to narratives, and how many of their children are not among them.
func (r *reading) countParts(ctx context.Context, nodes []NarrativeNode) error {
	ids := make([]domain.ID, len(nodes))
	shown := map[domain.ID]int{}
	for i := range nodes {
		ids[i] = nodes[i].ID
		shown[nodes[i].Parent]++
	}
	child, bound, err := fence(ctx, "n")
	if err != nil {
		return err
	}
	entity, _, err := entityFence(ctx)
	if err != nil {
		return err
	}
	_, set := r.set(ids)
	query := "SELECT v.value, (SELECT count(*) FROM narratives n WHERE n.parent_id = v.value AND " + child + ")," +
		" (SELECT count(*) FROM observations o WHERE o.narrative_id = v.value)," +
		" (SELECT count(DISTINCT e.id) FROM narrative_targets x JOIN entities e ON e.id = x.entity_id WHERE x.narrative_id = v.value AND " + entity + ")," +
		" (SELECT count(DISTINCT e.id) FROM narrative_amplifiers x JOIN entities e ON e.id = x.entity_id WHERE x.narrative_id = v.value AND " + entity + ")" +
		" FROM " + r.eachOf()
	args := slices.Concat(bound, bound, bound, []any{set})
	const width = 5
	values, err := r.values(ctx, query, width, args...)
	if err != nil {
		return err
	}
	at := map[domain.ID]int{}
	for i := 0; i < values.Len(); i += width {
		at[domain.ID(values.At(i).Int())] = i
	}
	for i := range nodes {
		n := &nodes[i]
		number := func(column int) int { return int(values.At(at[n.ID] + column).Int()) }
		n.Children, n.Observations, n.Targets, n.Amplifiers = number(1), number(2), number(3), number(4)
		n.Hidden = max(n.Children-shown[n.ID], 0)
	}
	return nil
}

// inTreeOrder returns nodes with each before those below it, and these by title.
func inTreeOrder(nodes []NarrativeNode) []NarrativeNode {
	below := map[domain.ID][]NarrativeNode{}
	for _, n := range nodes[1:] {
		below[n.Parent] = append(below[n.Parent], n)
	}
	out := make([]NarrativeNode, 0, len(nodes))
	var add func(n NarrativeNode)
	add = func(n NarrativeNode) {
		out = append(out, n)
		children := below[n.ID]
		sort.Slice(children, func(i, j int) bool {
			a, b := &children[i], &children[j]
			return cmp.Or(bytes.Compare(a.key, b.key), cmp.Compare(a.slug, b.slug)) < 0
		})
		for _, c := range children {
			add(c)
		}
	}
	add(nodes[0])
	return out
}

// The tables of the parts that entities have in narratives, by the values of the enum NarrativeRole.
var roleTables = map[string]string{"TARGET": "narrative_targets", "AMPLIFIER": "narrative_amplifiers"}

// ActorsParams say which entities with a part in narratives.
type ActorsParams struct {
	Role          string
	Narratives    []domain.ID // only in these; in all where it is nil
	First, Offset int
}

// Actor is an entity with a part in narratives.
type Actor struct {
	ID                       domain.ID
	Narratives, Observations int
}

// Actors are entities with a part in narratives.
type Actors struct {
	Actors            []Actor
	Total, Narratives int // how many entities have a part, and how many narratives were looked at
}

// Actors returns the entities that have a part in narratives, those in most narratives first.
func (g *Graph) Actors(ctx context.Context, p ActorsParams) (*Actors, error) {
	r, err := g.begin(ctx, Filter{})
	if err != nil {
		return nil, err
	}
	narrative, bound, err := fence(ctx, "n")
	if err != nil {
		return nil, err
	}
	entity, _, err := entityFence(ctx)
	if err != nil {
		return nil, err
	}
	args := slices.Concat(bound, bound)
	only, set := "", []any(nil)
	if p.Narratives != nil {
		in, ids := r.set(p.Narratives)
		only, set = " AND n.id"+in, []any{ids}
		args = append(args, ids)
	}
	parts := "SELECT DISTINCT x.entity_id AS entity, n.id AS narrative FROM " + roleTables[p.Role] + " x JOIN narratives n ON n.id = x.narrative_id" +
		" JOIN entities e ON e.id = x.entity_id WHERE " + narrative + " AND " + entity + only
	found := &Actors{}
	values, err := r.values(ctx, "SELECT count(DISTINCT entity) FROM ("+parts+") AS parts", 1, args...)
	if err != nil {
		return nil, err
	}
	found.Total = int(values.At(0).Int())
	if found.Narratives = len(p.Narratives); p.Narratives == nil {
		if values, err = r.values(ctx, "SELECT count(*) FROM narratives n WHERE "+narrative, 1, bound...); err != nil {
			return nil, err
		}
		found.Narratives = int(values.At(0).Int())
	}
	const width = 3
	// The observations of a narrative are counted once, and not for each entity in it.
	args = append(append(args, bound...), set...)
	values, err = r.values(ctx, "SELECT e.id, p.narratives, p.observations FROM (SELECT parts.entity, count(*) AS narratives, CAST(sum(seen.observations) AS bigint) AS observations"+
		" FROM ("+parts+") AS parts JOIN (SELECT n.id AS narrative, count(o.id) AS observations FROM narratives n LEFT JOIN observations o ON o.narrative_id = n.id"+
		" WHERE "+narrative+only+" GROUP BY n.id) AS seen ON seen.narrative = parts.narrative GROUP BY parts.entity) AS p"+
		" JOIN entities e ON e.id = p.entity ORDER BY p.narratives DESC, e.name_key, e.slug LIMIT ? OFFSET ?", width, append(args, p.First, p.Offset)...)
	if err != nil {
		return nil, err
	}
	for i := 0; i < values.Len(); i += width {
		at := func(n int) int64 { return values.At(i + n).Int() }
		found.Actors = append(found.Actors, Actor{ID: domain.ID(at(0)), Narratives: int(at(1)), Observations: int(at(2))})
	}
	return found, nil
}
