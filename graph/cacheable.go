package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/dependency"
	"github.com/redthread-api/redthread/internal/domain"
)

// cacheableFields are the root fields of queries whose responses may be cached:
// as long as nothing is published they are the same for all viewers of one
// clearance, role and quota, because they are read from live, behind the fence,
// and from nowhere else. A response with a field that is not here is never
// cached.
//
// Fields below them that only the desk has are null in live, so it is enough to
// look at the root fields.
var cacheableFields = map[string]bool{
	"node": true, "nodes": true,
	"report": true, "reports": true,
	"narrative": true, "narratives": true,
	"entity": true, "entities": true,
	"relationship": true, "relationships": true,
	"tag": true, "tags": true,
	"source": true, "sources": true,
	"edition": true, "editions": true,
	"asset": true, "assets": true,
	"series": true, "allSeries": true,
	"changes": true,
	"search":  true, "suggest": true, "matchEntities": true,
	"observations": true, "timeline": true,
	"network": true, "paths": true, "exposureReport": true,
	"narrativeActors": true,

	"__typename": true, "__schema": true, "__type": true,
}

// isCacheable reports whether the response to an operation at a stage may be
// cached.
func isCacheable(op *graphql.OperationContext, stage domain.Stage) bool {
	return stage == domain.Live && op.Operation.Operation == ast.Query && allCacheable(op.Operation.SelectionSet, map[string]bool{})
}

// allCacheable reports whether all root fields of a valid document are
// cacheable, also those that @skip and @include leave out. It looks at each fragment
// once, however often it is spread; seen has those that it has begun.
func allCacheable(set ast.SelectionSet, seen map[string]bool) bool {
	for _, sel := range set {
		cacheable := false
		switch sel := sel.(type) {
		case *ast.Field:
			cacheable = cacheableFields[sel.Name]
		case *ast.InlineFragment:
			cacheable = allCacheable(sel.SelectionSet, seen)
		case *ast.FragmentSpread:
			cacheable = seen[sel.Name]
			if !cacheable && sel.Definition != nil {
				seen[sel.Name] = true
				cacheable = allCacheable(sel.Definition.SelectionSet, seen)
			}
		}
		if !cacheable {
			return false
		}
	}
	return true
}

// setCacheable sets in the decision that the response may be cached: it was read
// in the snapshot of ctx, and depends on the keys. Where live is read from a replica, it sets the sequence
// of that snapshot, and leaves the response not cacheable where the replica lags
// too far behind.
func (s stagedSchema) setCacheable(ctx context.Context, marking domain.Marking, dependsOn []dependency.Key) error {
	decision := transport.CacheDecisionFrom(ctx)
	if decision == nil {
		return nil
	}
	if s.stores.LiveMayLag() {
		sequence, err := s.stores.LiveSequence(ctx)
		if err != nil {
			return err
		}
		decision.ReadAt(sequence)
		if s.lags(ctx, sequence) {
			return nil
		}
	}
	decision.Allow(marking, dependsOn)
	return nil
}

// lags reports whether what was read at a sequence is too old to be cached, or
// may be.
func (s stagedSchema) lags(ctx context.Context, sequence int64) bool {
	if s.maxLag <= 0 || sequence >= s.live.Version().Sequence {
		return false // this process knows of nothing newer
	}
	lag, err := s.live.LagAt(ctx, sequence)
	return err != nil || lag > s.maxLag
}
