package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
)

// keptFields are the root fields of queries whose answers may be kept: for as
// long as nothing is published they are the same for all viewers of one
// clearance, role and budget, because they are read from live, behind the
// fence, and from nowhere else. A field that is not here is never kept.
//
// The fields below them that only the desk has are null in live, so the root
// fields tell all.
var keptFields = map[string]bool{
	"node": true, "nodes": true,
	"report": true, "reports": true,
	"narrative": true, "narratives": true,
	"entity": true, "entities": true,
	"relationship": true, "relationships": true,
	"tag": true, "tags": true,
	"source": true, "sources": true,
	"edition": true, "editions": true,
	"asset": true, "assets": true,
	"changes": true,

	"__typename": true, "__schema": true, "__type": true,
}

// mayKeep reports whether the answer to an operation at a stage may be kept.
func mayKeep(op *graphql.OperationContext, stage domain.Stage) bool {
	return stage == domain.Live && op.Operation.Operation == ast.Query && allKept(op.Operation.SelectionSet)
}

// allKept looks at all root fields of a valid document, also at those that
// @skip and @include leave out.
func allKept(set ast.SelectionSet) bool {
	for _, sel := range set {
		kept := false
		switch sel := sel.(type) {
		case *ast.Field:
			kept = keptFields[sel.Name]
		case *ast.InlineFragment:
			kept = allKept(sel.SelectionSet)
		case *ast.FragmentSpread:
			kept = sel.Definition != nil && allKept(sel.Definition.SelectionSet)
		}
		if !kept {
			return false
		}
	}
	return true
}

// keep records in the cache decision that the response may be cached: it was read in the
// snapshot of ctx. Where live is read from somewhere else than it is written
// to, it says how far that has come, and nothing where that is too far behind.
func (s staged) keep(ctx context.Context, marking domain.Marking) error {
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
	decision.Allow(marking)
	return nil
}

// lags reports whether what was read at a sequence is too old to be kept, or
// may be.
func (s staged) lags(ctx context.Context, sequence int64) bool {
	if s.maxLag <= 0 || sequence >= s.desk.Version().Sequence {
		return false // there is nothing newer, as far as is known here
	}
	lag, err := s.desk.LagAt(ctx, sequence)
	return err != nil || lag > s.maxLag
}
