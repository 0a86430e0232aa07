package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/internal/store"
)

// readOwnWrites makes the payload of each mutation show what that mutation has
// left, however many others follow while it is read.
func readOwnWrites(stores *store.Stores) graphql.RootFieldMiddleware {
	return func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
		if graphql.GetOperationContext(ctx).Operation.Operation != ast.Mutation {
			return next(ctx)
		}
		ctx, end := stores.ReadOwnWrites(ctx)
		defer end() // all of the payload has been read by then
		return next(ctx)
	}
}
