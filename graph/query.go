package graph

import (
	"context"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/graph/scalar"
	"github.com/redthread-api/redthread/internal/domain"
)

func (r queryResolver) Node(ctx context.Context, id string) (model.Node, error) {
	nodes, err := r.nodes(ctx, "id", id)
	if err != nil {
		return nil, err
	}
	return nodes[0], nil
}

func (r queryResolver) Nodes(ctx context.Context, ids []string) ([]model.Node, error) {
	return r.nodes(ctx, "ids", ids...)
}

func (r queryResolver) Viewer(ctx context.Context) (*model.Viewer, error) {
	v, err := domain.ViewerFrom(ctx)
	if err != nil {
		return nil, err
	}
	viewer := &model.Viewer{Role: v.Role.String(), Rights: []string{}, Clearance: v.Clearance}
	for _, right := range domain.Rights() {
		if v.May(right) {
			viewer.Rights = append(viewer.Rights, right.String())
		}
	}
	if v.Name != "" {
		viewer.Name = &v.Name
	}
	if id := v.CredentialID(); id != 0 {
		text := id.String()
		viewer.ID = &text
	}
	return viewer, nil
}

type (
	filter = scalar.Input
	order  = read.OrderBy
)

func (r queryResolver) Report(ctx context.Context, id, slug *string) (*db.Report, error) {
	return read.Find(ctx, r.reader, catalog.Reports, id, slug)
}

func (r queryResolver) Reports(ctx context.Context, first *int, after *string, last *int, before *string, f filter, by order) (*model.ReportConnection, error) {
	return read.List(ctx, r.reader, catalog.Reports, args(first, after, last, before, f, &by))
}

func (r queryResolver) Narrative(ctx context.Context, id, slug *string) (*db.Narrative, error) {
	return read.Find(ctx, r.reader, catalog.Narratives, id, slug)
}

func (r queryResolver) Narratives(ctx context.Context, first *int, after *string, last *int, before *string, f filter, by order) (*model.NarrativeConnection, error) {
	return read.List(ctx, r.reader, catalog.Narratives, args(first, after, last, before, f, &by))
}

func (r queryResolver) Entity(ctx context.Context, id, slug *string) (*db.Entity, error) {
	return read.Find(ctx, r.reader, catalog.Entities, id, slug)
}

func (r queryResolver) Entities(ctx context.Context, first *int, after *string, last *int, before *string, f filter, by order) (*model.EntityConnection, error) {
	return read.List(ctx, r.reader, catalog.Entities, args(first, after, last, before, f, &by))
}

func (r queryResolver) Relationship(ctx context.Context, id, slug *string) (*db.Relationship, error) {
	return read.Find(ctx, r.reader, catalog.Relationships, id, slug)
}

func (r queryResolver) Relationships(ctx context.Context, first *int, after *string, last *int, before *string, f filter, by order) (*model.RelationshipConnection, error) {
	return read.List(ctx, r.reader, catalog.Relationships, args(first, after, last, before, f, &by))
}

func (r queryResolver) Tag(ctx context.Context, id, slug *string) (*db.Tag, error) {
	return read.Find(ctx, r.reader, catalog.Tags, id, slug)
}

func (r queryResolver) Tags(ctx context.Context, first *int, after *string, last *int, before *string, f filter, by order) (*model.TagConnection, error) {
	return read.List(ctx, r.reader, catalog.Tags, args(first, after, last, before, f, &by))
}

func (r queryResolver) Source(ctx context.Context, id, slug *string) (*db.Source, error) {
	return read.Find(ctx, r.reader, catalog.Sources, id, slug)
}

func (r queryResolver) Sources(ctx context.Context, first *int, after *string, last *int, before *string, f filter, by order) (*model.SourceConnection, error) {
	return read.List(ctx, r.reader, catalog.Sources, args(first, after, last, before, f, &by))
}

func (r queryResolver) Edition(ctx context.Context, id, slug *string) (*db.Edition, error) {
	return read.Find(ctx, r.reader, catalog.Editions, id, slug)
}

func (r queryResolver) Editions(ctx context.Context, first *int, after *string, last *int, before *string, f filter, by order) (*model.EditionConnection, error) {
	return read.List(ctx, r.reader, catalog.Editions, args(first, after, last, before, f, &by))
}

func (r queryResolver) Asset(ctx context.Context, id, slug *string) (*db.Asset, error) {
	return read.Find(ctx, r.reader, catalog.Assets, id, slug)
}

func (r queryResolver) Assets(ctx context.Context, first *int, after *string, last *int, before *string, f filter, by order) (*model.AssetConnection, error) {
	return read.List(ctx, r.reader, catalog.Assets, args(first, after, last, before, f, &by))
}

// nodes reads anything by id, in the order of the ids.
func (r *Resolver) nodes(ctx context.Context, argument string, ids ...string) ([]model.Node, error) {
	var problems domain.Problems
	if len(ids) > read.MaxPage {
		problems.Add(argument, "%d are too many; at most %d", len(ids), read.MaxPage)
		return nil, problems.Err("the arguments are not right")
	}
	parsed := make([]domain.ID, len(ids))
	for i, s := range ids {
		id, err := domain.ParseID(s)
		if err != nil {
			problems.Add(argument, "%s", err)
		}
		parsed[i] = id
	}
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	found, err := r.byID(ctx, parsed)
	nodes := make([]model.Node, len(ids))
	for i, id := range parsed {
		if d := found[id]; d != nil {
			nodes[i] = d
		}
	}
	return nodes, err
}
