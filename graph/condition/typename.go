package condition

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
)

// Typename returns the value of a field __typename; [graphql.Null] and an error in the
// response if [Apply] has marked the field. The generated executor calls it, because
// gqlgen does not run its middleware for these fields.
func Typename(ctx context.Context, op *graphql.OperationContext, f graphql.CollectedField, name string) graphql.Marshaler {
	if len(f.Selections) == 0 { // it has a mark, or nothing
		return graphql.MarshalString(name)
	}
	ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: name, Field: f})
	_, err := op.ResolverMiddleware(ctx, func(context.Context) (any, error) { return name, nil })
	if err != nil {
		op.Error(ctx, graphql.AddFieldLocationToError(ctx, err))
		return graphql.Null
	}
	return graphql.MarshalString(name)
}
