package graph

import (
	"context"
	"fmt"
	"slices"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge"
)

// maxAround is the most entities that a network begins at.
const maxAround = 20

func (r queryResolver) Network(
	ctx context.Context, around []string, depth int, kinds []string, at *domain.Date, minConfidence *string, limit int,
) (*model.Network, error) {
	var problems domain.Problems
	p := knowledge.NetworkParams{Depth: depth, Limit: limit, Filter: edgeFilter(kinds, at, minConfidence)}
	p.Filter.Check(&problems)
	checkRange(&problems, "depth", depth, 1, knowledge.MaxDepth)
	checkRange(&problems, "limit", limit, 1, knowledge.MaxNodes)
	switch {
	case len(around) == 0:
		problems.Add("around", "an id or a slug is required")
	case len(around) > maxAround:
		problems.Add("around", "%d are too many; at most %d", len(around), maxAround)
	case limit >= 1 && len(around) > limit:
		problems.Add("limit", "%d is too low for the %d entities of around", limit, len(around))
	default:
		entities, err := named(ctx, r.Resolver, catalog.Entities, &problems, "around", around)
		if err != nil {
			return nil, err
		}
		for _, e := range entities {
			if e != nil && !slices.Contains(p.Around, e.ID) {
				p.Around = append(p.Around, e.ID)
			}
		}
	}
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	found, err := r.knowledge.Network(ctx, p)
	if err != nil {
		return nil, err
	}
	var ids []domain.ID
	for _, n := range found.Nodes {
		ids = append(ids, n.ID)
	}
	read.DependOnReferring(ctx, catalog.Relationships.Table, ids)
	read.TrackCounted(ctx, catalog.Relationships.Table)
	entities, relationships, err := r.ofGraph(ctx, ids, found.Edges)
	if err != nil {
		return nil, err
	}
	out := &model.Network{Nodes: []*model.NetworkNode{}, Relationships: []*db.Relationship{}, Complete: true}
	for _, n := range found.Nodes {
		node := &model.NetworkNode{Entity: entities[n.ID], Distance: n.Distance, Degree: n.Degree, Hidden: n.Hidden}
		if name := cutNames[n.Cut]; name != "" {
			node.Cut, out.Complete = &name, false
		}
		if node.Entity != nil {
			out.Nodes = append(out.Nodes, node)
		}
	}
	for _, e := range found.Edges {
		if row := relationships[e.ID]; row != nil {
			out.Relationships = append(out.Relationships, row)
		}
	}
	return out, nil
}

// cutNames are the values of the enum NetworkCut.
var cutNames = map[knowledge.Cut]string{knowledge.CutByDepth: "DEPTH", knowledge.CutByLimit: "LIMIT", knowledge.CutAtHub: "HUB"}

func (r queryResolver) Paths(
	ctx context.Context, from, to string, maxLength int, kinds []string, at *domain.Date, minConfidence *string, first int,
) (*model.Paths, error) {
	var problems domain.Problems
	p := knowledge.PathsParams{MaxLength: maxLength, First: first, Filter: edgeFilter(kinds, at, minConfidence)}
	p.Filter.Check(&problems)
	checkRange(&problems, "maxLength", maxLength, 1, knowledge.MaxPathLength)
	checkRange(&problems, "first", first, 1, knowledge.MaxPaths)
	for _, end := range []struct {
		name, ref string
		id        *domain.ID
	}{{"from", from, &p.From}, {"to", to, &p.To}} {
		found, err := named(ctx, r.Resolver, catalog.Entities, &problems, "", []string{end.ref})
		if err != nil {
			return nil, err
		}
		if found[0] == nil {
			problems.Add(end.name, "there is no such entity")
			continue
		}
		*end.id = found[0].ID
	}
	if p.From == p.To && p.From != 0 {
		problems.Add("to", "it is the same entity as from")
	}
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	// What a search passes is too much to name.
	read.DependOnTables(ctx, r.reader, catalog.Relationships.Table)
	found, err := r.knowledge.Paths(ctx, p)
	if err != nil {
		return nil, err
	}
	var ids []domain.ID
	var edges []knowledge.Edge
	for _, path := range found.Paths {
		for _, s := range path.Steps {
			ids = append(ids, s.Start, s.End)
			edges = append(append(edges, s.Edge), s.Others...)
		}
	}
	entities, relationships, err := r.ofGraph(ctx, ids, edges)
	if err != nil {
		return nil, err
	}
	out := &model.Paths{Paths: []*model.Path{}, Outcome: "MORE"}
	switch {
	case found.GaveUp:
		out.Outcome = "GAVE_UP"
	case found.Complete:
		out.Outcome = "COMPLETE"
	}
	for _, path := range found.Paths {
		one := &model.Path{Length: len(path.Steps), WeakestConfidence: path.Weakest}
		for _, s := range path.Steps {
			step := &model.PathStep{Relationship: relationships[s.ID], Start: entities[s.Start], End: entities[s.End],
				Forward: s.From == s.Start, Others: []*db.Relationship{}}
			for _, e := range s.Others {
				step.Others = append(step.Others, relationships[e.ID])
			}
			one.Steps = append(one.Steps, step)
		}
		out.Paths = append(out.Paths, one)
	}
	return out, nil
}

func edgeFilter(kinds []string, at *domain.Date, minConfidence *string) knowledge.Filter {
	f := knowledge.Filter{Kinds: kinds}
	if at != nil {
		f.At = *at
	}
	if minConfidence != nil {
		f.MinConfidence = *minConfidence
	}
	return f
}

// checkOffset adds a problem with an offset.
func checkOffset(problems *domain.Problems, offset int) {
	if offset < 0 {
		problems.Add("offset", "%d; want 0 or more", offset)
	}
}

func checkRange(problems *domain.Problems, name string, n, least, most int) {
	if n < least || n > most {
		problems.Add(name, "%d; want %d to %d", n, least, most)
	}
}

// ofGraph reads the rows of entities, and of relationships with their ends.
func (r *Resolver) ofGraph(ctx context.Context, ids []domain.ID, edges []knowledge.Edge) (map[domain.ID]*db.Entity, map[domain.ID]*db.Relationship, error) {
	ctx = read.AllColumns(ctx)
	entities, err := read.ByIDs(ctx, r.reader, catalog.Entities, sorted(ids))
	if err != nil || len(edges) == 0 {
		return entities, nil, err
	}
	relationships := make([]domain.ID, len(edges))
	for i := range edges {
		relationships[i] = edges[i].ID
	}
	rows, err := read.ByIDs(ctx, r.reader, catalog.Relationships, sorted(relationships))
	return entities, rows, err
}

func (r entityResolver) Degree(ctx context.Context, obj *db.Entity, direction string, kinds []string, at *domain.Date, minConfidence *string) (int, error) {
	f := edgeFilter(kinds, at, minConfidence)
	var problems domain.Problems
	if f.Check(&problems); problems.Len() > 0 {
		return 0, problems.Err("the arguments are not right")
	}
	name := fmt.Sprintf("degree %s %v %+v", direction, kinds == nil, f)
	degrees, err := read.LoadBatch(ctx, catalog.Entities, obj, name, func(ctx context.Context, _ *read.Reader, rows []*db.Entity) (map[domain.ID]int, error) {
		ids := make([]domain.ID, len(rows))
		for i, row := range rows {
			ids[i] = row.ID
		}
		read.DependOnReferring(ctx, catalog.Relationships.Table, ids)
		read.TrackCounted(ctx, catalog.Relationships.Table)
		return r.knowledge.Degrees(ctx, ids, directions[direction], f)
	})
	return degrees[obj.ID], err
}

// directions are the values of the enum RelationshipDirection.
var directions = map[string]knowledge.Direction{"OUTGOING": knowledge.Outgoing, "INCOMING": knowledge.Incoming, "BOTH": knowledge.Both}

func (r relationshipResolver) Other(ctx context.Context, obj *db.Relationship, than string) (*db.Entity, error) {
	from, err := r.From(ctx, obj)
	if err != nil {
		return nil, err
	}
	to, err := r.To(ctx, obj)
	if err != nil {
		return nil, err
	}
	found, err := read.LoadBatch(ctx, catalog.Relationships, obj, "other than "+than, func(ctx context.Context, _ *read.Reader, _ []*db.Relationship) ([]*db.Entity, error) {
		return named(ctx, r.Resolver, catalog.Entities, nil, "", []string{than})
	})
	if err != nil || found[0] == nil {
		return nil, err
	}
	switch {
	case from != nil && found[0].ID == from.ID:
		return to, nil
	case to != nil && found[0].ID == to.ID:
		return from, nil
	}
	return nil, nil
}
