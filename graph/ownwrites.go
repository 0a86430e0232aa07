package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/graph/bounded"
	"github.com/redthread-api/redthread/internal/store"
)

// readOwnWrites is a middleware that reads the payload of each mutation from a
// snapshot of what that mutation wrote, also when others follow meanwhile.
func readOwnWrites(stores *store.Stores) graphql.RootFieldMiddleware {
	return func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
		if graphql.GetOperationContext(ctx).Operation.Operation != ast.Mutation {
			return next(ctx)
		}
		if store.Joined(ctx) && bounded.Exceeded(ctx) {
			return graphql.Null // the transaction is rolled back; the other writers wait for its end
		}
		ctx, end := stores.ReadOwnWrites(ctx)
		defer end() // all of the payload has been read by then
		return next(ctx)
	}
}
