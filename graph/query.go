package graph

import (
	"context"

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

type (
	filter = scalar.Input
	order  = read.OrderBy
)

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
