package graph

import (
	"context"
	"slices"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge"
)

// maxActors is the most entities on a page of narrativeActors.
const maxActors = read.MaxPage

func (r narrativeResolver) Tree(ctx context.Context, obj *db.Narrative, depth, limit int) (*model.NarrativeTree, error) {
	ctx = domain.WithStage(ctx, read.StageOf(catalog.Narratives, obj))
	var problems domain.Problems
	checkRange(&problems, "depth", depth, 1, knowledge.MaxTreeDepth)
	checkRange(&problems, "limit", limit, 1, knowledge.MaxTreeNodes)
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	found, err := r.knowledge.NarrativeTree(ctx, obj.ID, depth, limit)
	if err != nil {
		return nil, err
	}
	ids := slices.Clone(found.Path)
	for _, n := range found.Nodes {
		ids = append(ids, n.ID)
	}
	read.DependOnReferring(ctx, catalog.Narratives.Table, ids)
	read.TrackCounted(ctx, catalog.Narratives.Table, catalog.Entities.Table)
	rows, err := read.ByIDs(read.AllColumns(ctx), r.reader, catalog.Narratives, sorted(ids))
	if err != nil {
		return nil, err
	}
	out := &model.NarrativeTree{Path: []*db.Narrative{}, Nodes: []*model.NarrativeTreeNode{}, Complete: true}
	for _, id := range found.Path {
		if row := rows[id]; row != nil {
			out.Path = append(out.Path, row)
		}
	}
	for _, n := range found.Nodes {
		row := rows[n.ID]
		if row == nil {
			continue
		}
		node := &model.NarrativeTreeNode{Narrative: row, Depth: n.Depth, ChildCount: n.Children, Hidden: n.Hidden,
			ObservationCount: n.Observations, TargetCount: n.Targets, AmplifierCount: n.Amplifiers}
		if n.Parent != 0 {
			parent := n.Parent.String()
			node.ParentID = &parent
		}
		out.Complete = out.Complete && n.Hidden == 0
		out.Nodes = append(out.Nodes, node)
	}
	return out, nil
}

func (r queryResolver) NarrativeActors(ctx context.Context, role string, f filter, first, offset int) (*model.NarrativeActors, error) {
	var problems domain.Problems
	checkRange(&problems, "first", first, 0, maxActors)
	checkOffset(&problems, offset)
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	read.DependOnTables(ctx, r.reader, catalog.Narratives.Table, catalog.Entities.Table)
	p := knowledge.ActorsParams{Role: role, First: first, Offset: offset}
	if len(f) > 0 {
		ids, err := r.reader.IDs(ctx, catalog.Narratives.Table, f)
		if err != nil {
			return nil, err
		}
		p.Narratives = append([]domain.ID{}, ids...)
	}
	found, err := r.knowledge.Actors(ctx, p)
	if err != nil {
		return nil, err
	}
	ids := make([]domain.ID, len(found.Actors))
	for i, a := range found.Actors {
		ids[i] = a.ID
	}
	rows, err := read.ByIDs(read.AllColumns(ctx), r.reader, catalog.Entities, sorted(ids))
	if err != nil {
		return nil, err
	}
	out := &model.NarrativeActors{Actors: []*model.NarrativeActor{}, TotalCount: found.Total, NarrativeCount: found.Narratives}
	for _, a := range found.Actors {
		if row := rows[a.ID]; row != nil {
			out.Actors = append(out.Actors, &model.NarrativeActor{Entity: row, NarrativeCount: a.Narratives, ObservationCount: a.Observations})
		}
	}
	return out, nil
}
